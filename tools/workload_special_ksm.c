// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that KSM has merged.
 */
#include "workload_build.h"
#include "workload_need.h"

static void build_ksm_child(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_do(plan, PLAN_MERGE, 0, pages_all(plan));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child wrote %llu pages that KSM had merged",
		 (ull)pages);
}

static void build_ksm_parent(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_do(plan, PLAN_MERGE, 0, half(plan, 0));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_read(plan, child, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages that a child had too, half of them merged by KSM",
		 (ull)pages);
}

static void build_ksm_alone(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_do(plan, PLAN_MERGE, 0, pages_all(plan));
	plan_begin(plan);
	plan_write(plan, 0, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages that KSM had merged",
		 (ull)pages);
}

static const struct workload list[] = {
	{ "ksm-child", "the child writes pages that KSM merged",
	  1024, 1024, 0, build_ksm_child, NEED_ROOT | NEED_KSM },
	{ "ksm-parent", "the parent writes pages that KSM merged",
	  1024, 1024, 0, build_ksm_parent, NEED_ROOT | NEED_KSM },
	{ "ksm-alone", "the only process writes pages that KSM merged",
	  1024, 1024, 0, build_ksm_alone, NEED_ROOT | NEED_KSM },
};

const struct workload_list workloads_ksm = WORKLOAD_LIST(list);
