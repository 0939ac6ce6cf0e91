// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that the kernel merges, swaps out, or pins.
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

static void build_uring(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, half(plan, 0));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_PIN, child, pages_all(plan));
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child registered %llu pages with io_uring, half of them shared, half of them fresh",
		 (ull)pages);
}

static void build_pin_fork(struct workload_plan *plan, __u64 pages,
			   __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_ANONYMOUS, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_do(plan, PLAN_PIN, 0, half(plan, 0));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_write(plan, 0, half(plan, 0));
	plan_end(plan);
	plan_say(plan, "forked with half of %llu pages pinned, which the fork copied; the child wrote all, the parent that half",
		 (ull)pages);
}

static void build_unshare(struct workload_plan *plan, __u64 pages,
			  __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_read_from(plan, 0, child, half(plan, 0));
	plan_write(plan, child, pages_all(plan));
	plan_write(plan, 0, half(plan, 0));
	plan_end(plan);
	plan_say(plan, "process_vm_readv pinned half of %llu shared pages of a child, which unshared them; the child wrote all, the parent that half",
		 (ull)pages);
}

static void build_vmsplice(struct workload_plan *plan, __u64 pages,
			   __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	plan_do(plan, PLAN_SPLICE, 0, half(plan, 0));
	plan_write(plan, 0, half(plan, 0));
	child = plan_fork(plan, 0);
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "put half of %llu pages into a pipe by vmsplice and wrote them, which is nothing; shared by a fork meanwhile, they were copied, and the others taken over",
		 (ull)pages);
}

static const struct workload list[] = {
	{ "ksm-child", "the child writes pages that KSM merged",
	  1024, 1024, 0, build_ksm_child, NEED_ROOT | NEED_KSM },
	{ "ksm-parent", "the parent writes pages that KSM merged",
	  1024, 1024, 0, build_ksm_parent, NEED_ROOT | NEED_KSM },
	{ "ksm-alone", "the only process writes pages that KSM merged",
	  1024, 1024, 0, build_ksm_alone, NEED_ROOT | NEED_KSM },
	{ "swap-child", "the child writes shared pages that are swapped out",
	  1000, 1, 0, build_swap_child, NEED_ROOT | NEED_SWAP },
	{ "swap-read", "read(2), and another process, write shared pages in swap",
	  1000, 1, 0, build_swap_read, NEED_ROOT | NEED_SWAP },
	{ "swap-alone", "pages of its own that are swapped out: nothing",
	  1000, 1, 0, build_swap_alone, NEED_ROOT | NEED_SWAP },
	{ "uring", "the kernel copies shared pages that become buffers of io_uring",
	  1000, 1, 0, build_uring, NEED_ROOT | NEED_URING },
	{ "pin-fork", "pages that are pinned are copied by the fork itself",
	  1000, 1, 0, build_pin_fork, NEED_ROOT | NEED_URING },
	{ "unshare", "shared pages are pinned to be read, by process_vm_readv",
	  1000, 1, 0, build_unshare, NEED_ROOT | NEED_UNSHARE },
	{ "vmsplice", "pages that a pipe holds, before and after a fork",
	  200, 1, 0, build_vmsplice, NEED_ROOT },
};

const struct workload_list workloads_merge = WORKLOAD_LIST(list);
