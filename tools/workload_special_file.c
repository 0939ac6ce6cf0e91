// SPDX-License-Identifier: GPL-2.0
/*
 * Files, and the programs that are mapped from them.
 */
#include "workload_build.h"
#include "workload_need.h"

static void build_file_tmpfs(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	__u32 child;

	(void)workers;
	fresh(plan, PLAN_TMPFS, pages);
	plan_write(plan, 0, quarter(plan, 0));
	plan_read(plan, 0, half(plan, 0));
	plan_write(plan, 0, half(plan, 0));
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote half of %llu pages of a private mapping of a tmpfs file, before or after reading; a child wrote all",
		 (ull)pages);
}

static void build_file_drop(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	(void)workers;
	fresh(plan, PLAN_DISK, pages);
	plan_write(plan, 0, half(plan, 0));
	plan_read(plan, 0, half(plan, 1));
	plan_do(plan, PLAN_DROP_CACHE, 0, half(plan, 1));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote half of %llu pages of a private mapping of a disk, and the other after reading it and dropping it from the page cache",
		 (ull)pages);
}

static void build_file_shared(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	__u32 child;

	(void)workers;
	fresh(plan, PLAN_SHARED, pages);
	plan_write(plan, 0, half(plan, 0));
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a process and its child wrote %llu pages of a shared mapping of a file",
		 (ull)pages);
}

static void build_shared_memory(struct workload_plan *plan, __u64 pages,
				__u32 workers)
{
	__u32 child;

	(void)workers;
	fresh(plan, PLAN_SHARED_ANONYMOUS, pages);
	plan_write(plan, 0, half(plan, 0));
	child = plan_fork(plan, 0);
	plan_write(plan, child, pages_all(plan));
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a process and its child wrote %llu pages of shared anonymous memory",
		 (ull)pages);
}

static void build_exec_data(struct workload_plan *plan, __u64 pages,
			    __u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_vfork(plan, 0);
	plan_exec(plan, child, PLAN_WITH_DATA);
	plan_end(plan);
	plan_say(plan, "ran a program that wrote the pages of its .data and its .bss, with %llu pages that it did not get",
		 (ull)pages);
}

static void build_kernel_read(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	__u32 child;

	(void)workers;
	half_filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_READ_INTO, child, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child had read(2) write %llu pages, half of them shared, half of them fresh",
		 (ull)pages);
}

static void build_direct_read(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	__u32 child;

	(void)workers;
	half_filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_do(plan, PLAN_READ_DIRECT, child, half(plan, 0));
	plan_do(plan, PLAN_READ_DIRECT, 0, half(plan, 1));
	plan_write(plan, child, half(plan, 0));
	plan_end(plan);
	plan_say(plan, "O_DIRECT read into %llu pages, half of them shared, half of them fresh",
		 (ull)pages);
}

static const struct workload list[] = {
	{ "file-tmpfs", "a private mapping of a tmpfs file, shared by a fork",
	  1000, 1, 0, build_file_tmpfs, 0 },
	{ "file-drop", "pages of a file that are dropped from the page cache, then written",
	  1000, 1, 0, build_file_drop, NEED_ROOT | NEED_DISK },
	{ "file-shared", "a shared mapping of a file: nothing",
	  1000, 1, 0, build_file_shared, 0 },
	{ "shared-memory", "shared anonymous memory: nothing",
	  1000, 1, 0, build_shared_memory, 0 },
	{ "exec-data", "a program writes its .data and its .bss",
	  1000, 1, 0, build_exec_data, 0 },
	{ "kernel-read", "read(2) into shared pages",
	  1000, 1, 0, build_kernel_read, 0 },
	{ "direct-read", "O_DIRECT reads into shared pages",
	  1000, 1, 0, build_direct_read, NEED_ROOT | NEED_DISK },
};

const struct workload_list workloads_file = WORKLOAD_LIST(list);
