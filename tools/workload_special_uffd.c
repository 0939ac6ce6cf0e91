// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that come, move and are protected by userfaultfd.
 */
#include "workload_build.h"
#include "workload_need.h"

static void build_uffd_copy(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	fresh(plan, PLAN_ANONYMOUS, pages);
	plan_do(plan, PLAN_UFFD_COPY, 0, half(plan, 0));
	plan_write(plan, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "UFFDIO_COPY made half of %llu pages, which is nothing; a child copied all",
		 (ull)pages);
}

static void build_uffd_zero(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_ANONYMOUS, pages);
	plan_do(plan, PLAN_UFFD_ZERO, 0, half(plan, 0));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "UFFDIO_ZEROPAGE gave half of %llu pages, then all were written",
		 (ull)pages);
}

static void build_uffd_protect(struct workload_plan *plan, __u64 pages,
			       __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	plan_do(plan, PLAN_UFFD_PROTECT, 0, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_UFFD_PROTECT, 0, half(plan, 0));
	plan_write(plan, 0, half(plan, 0));
	plan_write(plan, child, half(plan, 1));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages that UFFDIO_WRITEPROTECT had protected, which is nothing; then half of them, shared, and the child the other",
		 (ull)pages);
}

static void build_uffd_move(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	half_filled(plan, PLAN_ANONYMOUS, pages);
	plan_do(plan, PLAN_UFFD_MOVE, 0, half(plan, 0));
	plan_write(plan, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "UFFDIO_MOVE moved half of %llu pages to where the other half was to be; all were written, and copied by a child",
		 (ull)pages);
}

static const struct workload list[] = {
	{ "uffd-copy", "pages that come by UFFDIO_COPY",
	  1000, 1, 0, build_uffd_copy, NEED_ROOT | NEED_UFFD },
	{ "uffd-zero", "zero pages that come by UFFDIO_ZEROPAGE, then are written",
	  1000, 1, 0, build_uffd_zero, NEED_ROOT | NEED_UFFD },
	{ "uffd-protect", "pages of its own, then shared ones, after UFFDIO_WRITEPROTECT",
	  1000, 1, 0, build_uffd_protect, NEED_ROOT | NEED_UFFD },
	{ "uffd-move", "pages that come by UFFDIO_MOVE",
	  1000, 2, 0, build_uffd_move, NEED_ROOT | NEED_UFFD | NEED_UFFD_MOVE },
};

const struct workload_list workloads_uffd = WORKLOAD_LIST(list);
