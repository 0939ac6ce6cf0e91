// SPDX-License-Identifier: GPL-2.0
/*
 * Several NUMA nodes.
 */
#include "workload_build.h"
#include "workload_need.h"

static void place_all(struct workload_plan *plan, __u64 pages,
		      enum plan_place place, const char *where)
{
	__u32 child;

	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_place(plan, place);
	plan_write(plan, 0, half(plan, 0));
	plan_begin(plan);
	plan_read(plan, 0, half(plan, 1));
	plan_write(plan, 0, half(plan, 1));
	child = plan_fork(plan, 0);
	plan_write(plan, child, half(plan, 0));
	plan_write(plan, 0, half(plan, 1));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages that are to come from %s: half of them fresh, all of them shared",
		 (ull)pages, where);
}

static void build_numa_bind(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	(void)workers;
	place_all(plan, pages, PLAN_THERE, "another NUMA node");
}

static void build_numa_interleave(struct workload_plan *plan, __u64 pages,
				  __u32 workers)
{
	(void)workers;
	place_all(plan, pages, PLAN_BY_TURNS, "two NUMA nodes by turns");
}

static void build_numa_local(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	(void)workers;
	place_all(plan, pages, PLAN_HERE, "the local NUMA node");
}

static void build_numa_huge(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_HUGE_PAGES, pages);
	plan_place(plan, PLAN_THERE);
	plan_begin(plan);
	plan_write(plan, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_stride(plan, 5, 37));
	plan_end(plan);
	plan_say(plan, "filled %llu huge pages from another NUMA node; a child wrote here and there",
		 (ull)pages / PLAN_HUGE);
}

static void build_migrate(struct workload_plan *plan, __u64 pages,
			  __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_place(plan, PLAN_HERE);
	plan_write(plan, 0, pages_all(plan));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_MIGRATE, 0, pages_all(plan));
	plan_write(plan, child, half(plan, 0));
	plan_write(plan, 0, half(plan, 1));
	plan_end(plan);
	plan_say(plan, "%llu shared pages were migrated to another NUMA node, then the child wrote one half and the parent the other",
		 (ull)pages);
}

static const struct workload list[] = {
	{ "numa-bind", "all new pages come from another NUMA node",
	  1000, 4, 0, build_numa_bind, NEED_NODES },
	{ "numa-interleave", "new pages come from two NUMA nodes by turns",
	  1000, 4, 0, build_numa_interleave, NEED_NODES },
	{ "numa-local", "all new pages come from the local NUMA node",
	  1000, 4, 0, build_numa_local, NEED_NODES },
	{ "numa-huge", "huge pages come from another NUMA node",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_numa_huge, NEED_NODES | NEED_THP },
	{ "migrate", "shared pages are migrated to another NUMA node, then written",
	  1000, 4, 0, build_migrate, NEED_ROOT | NEED_NODES },
};

const struct workload_list workloads_node = WORKLOAD_LIST(list);
