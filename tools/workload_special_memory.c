// SPDX-License-Identifier: GPL-2.0
/*
 * What processes do to their mappings between a fork and the writes.
 */
#include "workload_build.h"
#include "workload_need.h"

static void build_dontneed(struct workload_plan *plan, __u64 pages,
			   __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_DONTNEED, child, half(plan, 1));
	plan_write(plan, child, pages_all(plan));
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child dropped half of %llu shared pages by MADV_DONTNEED, then wrote all, and its parent after its end",
		 (ull)pages);
}

/* Nobody needs the memory, so all pages are there still. */
static void build_free(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_FREE, child, half(plan, 1));
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child gave half of %llu shared pages up by MADV_FREE, then wrote all",
		 (ull)pages);
}

static void build_mremap(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_REMAP, child, pages_all(plan));
	plan_do(plan, PLAN_REMAP, 0, pages_all(plan));
	plan_write(plan, child, half(plan, 0));
	plan_write(plan, 0, half(plan, 1));
	plan_end(plan);
	plan_say(plan, "a child and its parent moved %llu shared pages away and back by mremap, then wrote a half each",
		 (ull)pages);
}

static void build_munmap(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_UNMAP, child, half(plan, 0));
	plan_write(plan, 0, half(plan, 0));
	plan_write(plan, child, half(plan, 1));
	plan_exit(plan, child);
	plan_write(plan, 0, half(plan, 1));
	plan_end(plan);
	plan_say(plan, "a child unmapped half of %llu shared pages, which its parent took over, and wrote the other",
		 (ull)pages);
}

static void build_mprotect(struct workload_plan *plan, __u64 pages,
			   __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	plan_do(plan, PLAN_PROTECT, 0, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_PROTECT, child, pages_all(plan));
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "protected %llu pages and wrote them, which is nothing; a child did the same with them shared, and copied",
		 (ull)pages);
}

static void build_soft_dirty(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	plan_do(plan, PLAN_SOFT_DIRTY, 0, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_SOFT_DIRTY, child, pages_all(plan));
	plan_write(plan, child, half(plan, 1));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages that are followed by soft-dirty bits, which is nothing; a child did the same with half of them shared, and copied",
		 (ull)pages);
}

static void build_populate(struct workload_plan *plan, __u64 pages,
			   __u32 workers)
{
	__u32 child;

	(void)workers;
	half_filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_POPULATE, child, pages_all(plan));
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child had %llu pages made by MADV_POPULATE_WRITE, half of them shared, half of them fresh",
		 (ull)pages);
}

static void build_mlock(struct workload_plan *plan, __u64 pages, __u32 workers)
{
	__u32 child;

	(void)workers;
	half_filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_LOCK, child, pages_all(plan));
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child locked %llu pages, half of them shared, half of them fresh",
		 (ull)pages);
}

static const struct workload list[] = {
	{ "dontneed", "the child drops shared pages by MADV_DONTNEED, then writes",
	  1000, 1, 0, build_dontneed, 0 },
	{ "free", "the child gives shared pages up by MADV_FREE, then writes",
	  1000, 1, 0, build_free, 0 },
	{ "mremap", "shared pages are moved by mremap, then written",
	  1000, 1, 0, build_mremap, 0 },
	{ "munmap", "the child unmaps shared pages, the parent takes them over",
	  1000, 1, 0, build_munmap, 0 },
	{ "mprotect", "pages of its own, then shared ones, after mprotect",
	  1000, 1, 0, build_mprotect, 0 },
	{ "soft-dirty", "pages of its own, then shared ones, followed by soft-dirty bits",
	  1000, 1, 0, build_soft_dirty, NEED_SOFT_DIRTY },
	{ "populate", "the kernel copies shared pages, by MADV_POPULATE_WRITE",
	  1000, 1, 0, build_populate, 0 },
	{ "mlock", "the kernel copies shared pages, by mlock",
	  1000, 1, 0, build_mlock, NEED_ROOT },
};

const struct workload_list workloads_memory = WORKLOAD_LIST(list);
