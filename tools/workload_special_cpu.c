// SPDX-License-Identifier: GPL-2.0
/*
 * Several processors.
 */
#include "workload_build.h"
#include "workload_need.h"

static void build_roam(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_ROAM, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child wrote %llu shared pages while it was moved from CPU to CPU",
		 (ull)pages);
}

/* A third process holds all pages, so whoever comes first, both have to copy. */
static void build_clash(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	__u32 child;

	filled(plan, PLAN_ANONYMOUS, pages);
	plan_fork(plan, 0);
	child = plan_fork(plan, 0);
	plan_clash(plan, 0, child, workers, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "%u threads of a process and %u of its child wrote the same %llu shared pages at the same time",
		 workers, workers, (ull)pages);
}

static const struct workload list[] = {
	{ "roam", "the child is moved from CPU to CPU while it writes",
	  1000, 1, 0, build_roam, NEED_CPUS },
	{ "clash", "threads of parent and child write the same pages at once",
	  1000, 1, 2, build_clash, NEED_CPUS },
};

const struct workload_list workloads_cpu = WORKLOAD_LIST(list);
