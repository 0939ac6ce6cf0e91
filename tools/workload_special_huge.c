// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages, of all kinds.
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

const struct workload_list workloads_huge = WORKLOAD_LIST(list);
