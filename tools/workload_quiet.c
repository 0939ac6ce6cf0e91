// SPDX-License-Identifier: GPL-2.0
#include "workload_quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/mempolicy.h>

#include "say.h"
#include "workload_smaps.h"

#define PAGE_BYTES	4096UL
#define STACK_ROUND	(128UL << 10)
#define STACK_BELOW	(256UL << 10)
#define HEAP_SIZE	(1UL << 20)
#define RSEQ_SIGNATURE	0x53053053	/* glibc's, on x86 */
#define RSEQ_FIRST_SIZE	32U

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE	67	/* since Linux 6.4 */
#endif

/* Initial stack pointer: above it, the kernel built the stack before the exec. */
extern void *__libc_stack_end;

/* Writes what is there already, without reading it first. */
static void pages_keep(__u64 first, __u64 end)
{
	for (__u64 at = first; at < end; at += PAGE_BYTES)
		asm volatile("lock orb $0, %0" : "+m" (*(char *)at));
}

static bool find_stack(const struct smaps_area *area, void *data)
{
	struct quiet *quiet = data;

	if (strcmp(area->name, "[stack]"))
		return true;
	quiet->stack_top = area->end;
	return false;
}

static __u64 round_up(__u64 size, __u64 to)
{
	return (size + to - 1) / to * to;
}

/* Pages of the stack that were there when the program began, or less than 0. */
static int pages_at_exec(const struct quiet *quiet)
{
	__u64 first = (__u64)__libc_stack_end / PAGE_BYTES;
	__u64 end = quiet->stack_top / PAGE_BYTES;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int present = 0;
	__u64 entry;

	if (fd < 0)
		return -1;
	for (__u64 page = first; page < end && present >= 0; page++) {
		if (pread(fd, &entry, 8, page * 8) != 8)
			present = -1;
		else
			present += entry >> 63;
	}
	close(fd);
	return present;
}

/*
 * Where the kernel puts the beginning of the stack differs from run to run, and
 * so does what is in use. Only the strings of the arguments and the environment
 * are always as far from the top. So the stack is pinned to a fixed size below
 * them, and to as much more as the kernel took before the program began: what
 * is counted from then on is the same in every run.
 */
static __u64 stack_size(const struct quiet *quiet, __u64 at_exec)
{
	__u64 here = (__u64)__builtin_frame_address(0);
	__u64 strings = (__u64)program_invocation_name;
	__u64 size = STACK_BELOW;

	if (strings > here && strings < quiet->stack_top)
		size += round_up(quiet->stack_top - strings, STACK_ROUND);
	while (quiet->stack_top - size > here - STACK_ROUND)
		size += STACK_ROUND;
	return size + at_exec * PAGE_BYTES;
}

static int pin_stack(struct quiet *quiet)
{
	struct rlimit limit;
	int at_exec;
	__u64 size;

	if (smaps_walk("/proc/self/smaps", find_stack, quiet) ||
	    !quiet->stack_top)
		return fail("cannot read /proc/self/smaps: is /proc mounted?");
	at_exec = pages_at_exec(quiet);
	if (at_exec < 0)
		return fail("cannot read /proc/self/pagemap: %s",
			    strerror(errno));
	size = stack_size(quiet, at_exec);
	if (!getrlimit(RLIMIT_STACK, &limit) && limit.rlim_cur < size)
		return fail("the stack is limited to %llu KiB, a workload needs %llu: raise it with ulimit -s",
			    (unsigned long long)limit.rlim_cur >> 10,
			    (unsigned long long)size >> 10);
	quiet->stack_floor = quiet->stack_top - size;
	pages_keep(quiet->stack_floor, quiet->stack_top);
	return 0;
}

/* One fixed piece of heap, enough for all that is to come. */
static int pin_heap(void)
{
	char *piece;

	mallopt(M_MMAP_THRESHOLD, 2 * HEAP_SIZE);
	mallopt(M_TRIM_THRESHOLD, 4 * HEAP_SIZE);
	mallopt(M_TOP_PAD, HEAP_SIZE);
	piece = malloc(HEAP_SIZE);
	if (!piece)
		return fail("no memory for a heap of 1 MiB");
	pages_keep((__u64)piece, (__u64)piece + HEAP_SIZE);
	free(piece);
	return 0;
}

/*
 * Whether the last holder takes a page over depends on references that other
 * CPUs may hold for a while; so there is only one.
 */
static int pin_cpu(struct quiet *quiet)
{
	cpu_set_t one;
	long size;
	int cpu;

	size = syscall(SYS_sched_getaffinity, 0, sizeof(quiet->cpus),
		       quiet->cpus);
	cpu = sched_getcpu();
	if (size < 0 || cpu < 0)
		return fail("cannot read the CPU affinity: %s", strerror(errno));
	quiet->cpu_size = size;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return fail("cannot stay on one CPU: %s", strerror(errno));
	return 0;
}

/*
 * The kernel writes there, in a child too, where that memory will be missing. It has
 * been told a size that holds all that it knows, but no less than the first had.
 */
static int drop_rseq(void)
{
	char *self = __builtin_thread_pointer();
	unsigned int size = __rseq_size < RSEQ_FIRST_SIZE ? RSEQ_FIRST_SIZE : __rseq_size;

	if (!__rseq_size)
		return 0;
	if (syscall(SYS_rseq, self + __rseq_offset, size, 1, RSEQ_SIGNATURE))
		return fail("cannot leave restartable sequences: %s",
			    strerror(errno));
	return 0;
}

/*
 * Pages that the kernel merges, or unmaps to see who uses them, fault where no
 * plan says so. Kernels that do neither refuse; a policy that somebody chose
 * for this process stays.
 */
static void keep_pages(void)
{
	int policy;

	prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0);
	if (!syscall(SYS_get_mempolicy, &policy, NULL, 0, NULL, 0) &&
	    policy == MPOL_DEFAULT)
		syscall(SYS_set_mempolicy, MPOL_LOCAL, NULL, 0);
}

static int become_reaper(void)
{
	signal(SIGCHLD, SIG_DFL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return fail("cannot adopt orphans: %s", strerror(errno));
	return 0;
}

int quiet_pin(struct quiet *quiet)
{
	memset(quiet, 0, sizeof(*quiet));
	keep_pages();
	return pin_stack(quiet) || pin_heap() || pin_cpu(quiet) ||
	       drop_rseq() || become_reaper() ? EXIT_OWN_FAILURE : 0;
}

struct region {
	__u64 first;
	__u64 end;
	bool failed;
};

static void leave_out(struct region *region, __u64 first, __u64 end)
{
	if (first < end &&
	    madvise((void *)first, end - first, MADV_DONTFORK))
		region->failed = true;
}

static __u64 below(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

static __u64 above(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

static bool isolate_area(const struct smaps_area *area, void *data)
{
	struct region *region = data;

	if (area->shared || (!area->writable && !area->anonymous))
		return true;
	leave_out(region, area->first, below(area->end, region->first));
	leave_out(region, above(area->first, region->end), area->end);
	return !region->failed;
}

int quiet_isolate(__u64 region, __u64 region_size)
{
	struct region keep = { .first = region, .end = region + region_size };

	if (smaps_walk("/proc/self/smaps", isolate_area, &keep))
		return fail("cannot read /proc/self/smaps: is /proc mounted?");
	if (keep.failed)
		return fail("cannot leave memory out of forks: %s",
			    strerror(errno));
	return 0;
}
