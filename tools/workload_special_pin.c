// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that somebody else holds: io_uring, a reader, a pipe.
 */
#include "workload_build.h"
#include "workload_need.h"

static void build_uring(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	__u32 child;

	(void)workers;
	half_filled(plan, PLAN_ANONYMOUS, pages);
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
	{ "uring", "the kernel copies shared pages that become buffers of io_uring",
	  1000, 1, 0, build_uring, NEED_ROOT | NEED_URING },
	{ "pin-fork", "pages that are pinned are copied by the fork itself",
	  1000, 1, 0, build_pin_fork, NEED_ROOT | NEED_URING },
	{ "unshare", "shared pages are pinned to be read, by process_vm_readv",
	  1000, 1, 0, build_unshare, NEED_ROOT | NEED_UNSHARE },
	{ "vmsplice", "pages that a pipe holds, before and after a fork",
	  200, 1, 0, build_vmsplice, NEED_ROOT },
};

const struct workload_list workloads_pin = WORKLOAD_LIST(list);
