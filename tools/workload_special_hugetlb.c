// SPDX-License-Identifier: GPL-2.0
/*
 * Hugetlb pages.
 */
#include "workload_build.h"
#include "workload_need.h"

static void build_hugetlb_child(struct workload_plan *plan, __u64 pages,
				__u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_HUGETLB, pages);
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child wrote %llu shared hugetlb pages",
		 (ull)pages / PLAN_HUGE);
}

static void build_hugetlb_parent(struct workload_plan *plan, __u64 pages,
				 __u32 workers)
{
	__u32 child;

	(void)workers;
	fresh(plan, PLAN_HUGETLB, pages);
	plan_write(plan, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_read(plan, child, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "filled %llu hugetlb pages, and wrote them again with a child that had them too",
		 (ull)pages / PLAN_HUGE);
}

static void build_hugetlb_takeover(struct workload_plan *plan, __u64 pages,
				   __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_HUGETLB, pages);
	child = plan_fork(plan, 0);
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "forked a child that left at once, then wrote %llu hugetlb pages as their last owner",
		 (ull)pages / PLAN_HUGE);
}

static void build_hugetlb_scarce(struct workload_plan *plan, __u64 pages,
				 __u32 workers)
{
	(void)workers;
	filled(plan, PLAN_HUGETLB, pages);
	plan->scarce = true;
	plan_fork(plan, 0);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote %llu shared hugetlb pages when there was no other: the kernel took them from the child",
		 (ull)pages / PLAN_HUGE);
}

static void build_hugetlb_pin(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_HUGETLB, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_do(plan, PLAN_PIN, 0, pages_all(plan));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "forked with %llu hugetlb pages pinned, which the fork copied; the child and the parent wrote all",
		 (ull)pages / PLAN_HUGE);
}

static void build_hugetlb_remote(struct workload_plan *plan, __u64 pages,
				 __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_HUGETLB, pages);
	child = plan_fork(plan, 0);
	plan_write_from(plan, 0, child, PLAN_BY_MEM_FILE, pages_all(plan));
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote %llu shared hugetlb pages of a child by /proc/PID/mem",
		 (ull)pages / PLAN_HUGE);
}

static void build_hugetlb_unshare(struct workload_plan *plan, __u64 pages,
				  __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_HUGETLB, pages);
	child = plan_fork(plan, 0);
	plan_read_from(plan, 0, child, pages_all(plan));
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "process_vm_readv read %llu shared hugetlb pages of a child, which unshared them",
		 (ull)pages / PLAN_HUGE);
}

static void build_hugetlb_shared(struct workload_plan *plan, __u64 pages,
				 __u32 workers)
{
	__u32 child;

	(void)workers;
	fresh(plan, PLAN_HUGETLB_SHARED, pages);
	plan_write(plan, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a process and its child wrote %llu hugetlb pages of a shared mapping",
		 (ull)pages / PLAN_HUGE);
}

static const struct workload list[] = {
	{ "hugetlb-child", "the child writes shared hugetlb pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_hugetlb_child, NEED_ROOT | NEED_HUGETLB },
	{ "hugetlb-parent", "the parent writes shared hugetlb pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_hugetlb_parent, NEED_ROOT | NEED_HUGETLB },
	{ "hugetlb-takeover", "the parent takes over hugetlb pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_hugetlb_takeover, NEED_ROOT | NEED_HUGETLB },
	{ "hugetlb-scarce", "with none to spare the parent takes them from the child",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_hugetlb_scarce, NEED_ROOT | NEED_HUGETLB },
	{ "hugetlb-pin", "hugetlb pages that are pinned are copied by the fork",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_hugetlb_pin, NEED_ROOT | NEED_HUGETLB | NEED_URING },
	{ "hugetlb-remote", "another process writes shared hugetlb pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_hugetlb_remote, NEED_ROOT | NEED_HUGETLB },
	{ "hugetlb-unshare", "shared hugetlb pages are pinned to be read",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_hugetlb_unshare, NEED_ROOT | NEED_HUGETLB | NEED_UNSHARE },
	{ "hugetlb-shared", "a shared mapping of hugetlb pages: nothing",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_hugetlb_shared, NEED_ROOT | NEED_HUGETLB },
};

const struct workload_list workloads_hugetlb = WORKLOAD_LIST(list);
