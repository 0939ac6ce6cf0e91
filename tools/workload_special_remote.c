// SPDX-License-Identifier: GPL-2.0
/*
 * Writes to the memory of another process.
 */
#include "workload_build.h"
#include "workload_need.h"

static void write_both_ways(struct workload_plan *plan, __u64 pages,
			    enum plan_way way, const char *name)
{
	__u32 child;

	half_filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_write_from(plan, 0, child, way, pages_all(plan));
	plan_write(plan, child, pages_all(plan));
	plan_write_from(plan, child, 0, way, half(plan, 1));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages of a child by %s, half of them shared, half of them fresh, and the child fresh pages of its parent",
		 (ull)pages, name);
}

static void build_remote_writev(struct workload_plan *plan, __u64 pages,
				__u32 workers)
{
	(void)workers;
	write_both_ways(plan, pages, PLAN_BY_VM_WRITEV, "process_vm_writev");
}

static void build_remote_mem(struct workload_plan *plan, __u64 pages,
			     __u32 workers)
{
	(void)workers;
	write_both_ways(plan, pages, PLAN_BY_MEM_FILE, "/proc/PID/mem");
}

static void build_remote_poke(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	(void)workers;
	write_both_ways(plan, pages, PLAN_BY_PTRACE, "ptrace");
}

static void build_remote_parent(struct workload_plan *plan, __u64 pages,
				__u32 workers)
{
	__u32 child;

	(void)workers;
	filled(plan, PLAN_ANONYMOUS, pages);
	child = plan_fork(plan, 0);
	plan_write_from(plan, child, 0, PLAN_BY_VM_WRITEV, half(plan, 0));
	plan_exit(plan, child);
	plan_write(plan, 0, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "a child wrote half of %llu shared pages in its parent, which took the others over after its end",
		 (ull)pages);
}

static void build_remote_file(struct workload_plan *plan, __u64 pages,
			      __u32 workers)
{
	__u32 child;

	(void)workers;
	fresh(plan, PLAN_FILE, pages);
	plan_write(plan, 0, quarter(plan, 0));
	child = plan_fork(plan, 0);
	plan_write_from(plan, 0, child, PLAN_BY_MEM_FILE, pages_all(plan));
	plan_end(plan);
	plan_say(plan, "wrote %llu pages of a private file mapping of a child by /proc/PID/mem, a quarter of them shared",
		 (ull)pages);
}

static const struct workload list[] = {
	{ "remote-writev", "another process writes shared pages, by process_vm_writev",
	  1000, 1, 0, build_remote_writev, NEED_ROOT },
	{ "remote-mem", "another process writes shared pages, by /proc/PID/mem",
	  1000, 1, 0, build_remote_mem, NEED_ROOT },
	{ "remote-poke", "another process writes shared pages, by ptrace",
	  1000, 1, 0, build_remote_poke, NEED_ROOT },
	{ "remote-parent", "the child writes shared pages in its parent",
	  1000, 1, 0, build_remote_parent, NEED_ROOT },
	{ "remote-file", "another process writes a private file mapping",
	  1000, 1, 0, build_remote_file, NEED_ROOT },
};

const struct workload_list workloads_remote = WORKLOAD_LIST(list);
