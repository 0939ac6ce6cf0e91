// SPDX-License-Identifier: GPL-2.0
/*
 * Shared pages that are in swap.
 */
#include "workload_build.h"
#include "workload_need.h"

static void build_swap_child(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_do(plan, PLAN_PAGE_OUT, 0, half(plan, 0));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child wrote %llu shared pages, half of them swapped out",
		 (ull)pages);
}

static void build_swap_read(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_do(plan, PLAN_PAGE_OUT, 0, pages_all(plan));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_READ_INTO, child, half(plan, 0));
	plan_write_from(plan, 0, child, PLAN_BY_VM_WRITEV, half(plan, 1));
	plan_end(plan);
	plan_say(plan, "a child had read(2) write half of %llu shared pages that were swapped out, and its parent wrote the other by process_vm_writev",
		 (ull)pages);
}

static void build_swap_alone(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_do(plan, PLAN_PAGE_OUT, 0, half(plan, 0));
	plan_begin(plan);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages of its own, half of them swapped out",
		 (ull)pages);
}

static const struct workload list[] = {
	{ "swap-child", "the child writes shared pages that are swapped out",
	  1000, 1, 0, build_swap_child, NEED_ROOT | NEED_SWAP },
	{ "swap-read", "read(2), and another process, write shared pages in swap",
	  1000, 1, 0, build_swap_read, NEED_ROOT | NEED_SWAP },
	{ "swap-alone", "pages of its own that are swapped out: nothing",
	  1000, 1, 0, build_swap_alone, NEED_ROOT | NEED_SWAP },
};

const struct workload_list workloads_swap = WORKLOAD_LIST(list);
