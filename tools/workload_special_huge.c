// SPDX-License-Identifier: GPL-2.0
/*
 * Transparent huge pages, and large folios.
 */
#include "workload_build.h"
#include "workload_need.h"

static void build_huge_zero_write(struct workload_plan *plan, __u64 pages,
				  __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_HUGE_PAGES, pages);
	plan_read(plan, 0, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "read %llu huge pages, which are all the huge zero page, then wrote all",
		 (ull)pages / PLAN_HUGE);
}

static void build_huge_unmap(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_HUGE_PAGES, pages);
	child = plan_fork(plan, 0);
	for (__u64 i = 0; i < pages; i += PLAN_HUGE)
		plan_do(plan, PLAN_DONTNEED, child, pages_range(i + 7, i + 100));
	plan_write(plan, child, pages_stride(plan, 0, 5));
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child dropped a part of each of %llu shared huge pages and wrote here and there; the parent took them over after its end",
		 (ull)pages / PLAN_HUGE);
}

static void build_huge_pin(struct workload_plan *plan, __u64 pages,
			   __u32 workers)
{
	__u32 child;

	(void)workers;
	plan_init(plan, PLAN_HUGE_PAGES, pages);
	plan_write(plan, 0, pages_all(plan));
	plan_do(plan, PLAN_PIN, 0, pages_all(plan));
	plan_begin(plan);
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "forked with %llu huge pages pinned, which the fork split and copied; the child and the parent wrote all",
		 (ull)pages / PLAN_HUGE);
}

static void build_huge_remote(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_HUGE_PAGES, pages);
	child = plan_fork(plan, 0);
	plan_write_from(plan, 0, child, PLAN_BY_VM_WRITEV,
			pages_stride(plan, 5, 37));
	plan_write(plan, child, pages_stride(plan, 1, 37));
	plan_end(plan);
	plan_say(plan, "wrote here and there in %llu shared huge pages of a child by process_vm_writev, which itself wrote elsewhere",
		 (ull)pages / PLAN_HUGE);
}

static void build_huge_unshare(struct workload_plan *plan, __u64 pages,
			       __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_HUGE_PAGES, pages);
	child = plan_fork(plan, 0);
	plan_read_from(plan, 0, child, pages_stride(plan, 5, 37));
	plan_write(plan, child, pages_stride(plan, 0, 5));
	plan_end(plan);
	plan_say(plan, "process_vm_readv read here and there in %llu shared huge pages of a child, which unshared base pages; the child wrote every fifth",
		 (ull)pages / PLAN_HUGE);
}

static void build_huge_collapse(struct workload_plan *plan, __u64 pages,
				__u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_COLLAPSIBLE, pages);
	plan_do(plan, PLAN_COLLAPSE, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_stride(plan, 5, 37));
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "%llu pages were collapsed into huge ones, which is nothing; a child wrote here and there, the parent took them over after its end",
		 (ull)pages);
}

static void build_folios(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	__u32 child;

	(void)workers;
	fresh(plan, PLAN_FOLIOS, pages);
	plan_write(plan, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_stride(plan, 3, 5));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages in folios of 64 KiB; a child wrote every fifth of them",
		 (ull)pages);
}

static const struct workload list[] = {
	{ "huge-zero-write", "writes over the huge zero page",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_huge_zero_write, NEED_THP },
	{ "huge-unmap", "the child drops a part of shared huge pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_huge_unmap, NEED_THP },
	{ "huge-pin", "huge pages that are pinned are split and copied by the fork",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_huge_pin, NEED_ROOT | NEED_THP | NEED_URING },
	{ "huge-remote", "another process writes shared huge pages",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_huge_remote, NEED_ROOT | NEED_THP },
	{ "huge-unshare", "shared huge pages are pinned to be read",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_huge_unshare, NEED_ROOT | NEED_THP | NEED_UNSHARE },
	{ "huge-collapse", "pages that MADV_COLLAPSE makes huge, then shared",
	  2 * PLAN_HUGE, PLAN_HUGE, 0, build_huge_collapse, NEED_THP | NEED_COLLAPSE },
	{ "folios", "64 KiB at a time: filled, shared, written here and there",
	  1024, 16, 0, build_folios, NEED_ROOT | NEED_FOLIOS },
};

const struct workload_list workloads_huge = WORKLOAD_LIST(list);
