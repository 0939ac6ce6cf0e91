// SPDX-License-Identifier: GPL-2.0
#include "workload_region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <linux/mman.h>

#include "say.h"
#include "workload_disk.h"
#include "workload_smaps.h"

#define PAGE_BYTES	4096UL
#define HUGE_BYTES	(PLAN_HUGE * PAGE_BYTES)

typedef unsigned long long ull;

static int fail_map(const struct workload_plan *plan, int error)
{
	return fail("cannot map %llu pages: %s: choose fewer with --pages",
		    (ull)plan->pages, strerror(error));
}

static bool may_be_huge(enum plan_memory memory)
{
	return memory == PLAN_HUGE_PAGES || memory == PLAN_COLLAPSIBLE ||
	       memory == PLAN_FOLIOS;
}

int region_choose_pages(enum plan_memory memory)
{
	bool huge = may_be_huge(memory);

	if (prctl(PR_SET_THP_DISABLE, !huge, 0, 0, 0) && errno != EINVAL)
		return fail("cannot choose the size of pages: %s",
			    strerror(errno));
	return 0;
}

/* Unusable pages around it, so that it is a mapping of its own. */
static void *reserve(__u64 size)
{
	char *whole = mmap(NULL, size + 2 * HUGE_BYTES, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	__u64 first = (__u64)whole + PAGE_BYTES + HUGE_BYTES - 1;

	if (whole == MAP_FAILED)
		return NULL;
	return (void *)(first / HUGE_BYTES * HUGE_BYTES);
}

static int file = -1;

int region_file(void)
{
	return file;
}

static int make_file(const char *tmpfs, __u64 size)
{
	int fd, error;

	if (tmpfs)
		fd = open(tmpfs, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	else
		fd = memfd_create("workload", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = posix_fallocate(fd, 0, size);
	if (!error)
		return fd;
	close(fd);
	return -error;
}

/* A descriptor, -1 for anonymous memory, or a negative errno but that. */
static int open_file(enum plan_memory memory, __u64 size)
{
	int fd;

	switch (memory) {
	case PLAN_FILE:
	case PLAN_SHARED:
		return make_file(NULL, size);
	case PLAN_TMPFS:
		return make_file("/dev/shm", size);
	case PLAN_DISK:
		fd = disk_open(size, 0);
		return fd < 0 ? -ENOSPC : fd;
	default:
		return -1;
	}
}

static int map_flags(enum plan_memory memory)
{
	switch (memory) {
	case PLAN_FILE:
	case PLAN_TMPFS:
	case PLAN_DISK:
		return MAP_PRIVATE;
	case PLAN_SHARED:
		return MAP_SHARED;
	case PLAN_SHARED_ANONYMOUS:
		return MAP_SHARED | MAP_ANONYMOUS;
	case PLAN_HUGETLB:
		return MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB;
	case PLAN_HUGETLB_SHARED:
		return MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB;
	default:
		return MAP_PRIVATE | MAP_ANONYMOUS;
	}
}

static int advise_size(enum plan_memory memory, void *at, __u64 size)
{
	bool huge = memory == PLAN_HUGE_PAGES || memory == PLAN_FOLIOS;

	if (memory == PLAN_HUGETLB || memory == PLAN_HUGETLB_SHARED)
		return 0;
	/* EINVAL: a kernel that knows no huge pages. */
	if (madvise(at, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) &&
	    (huge || errno != EINVAL))
		return fail("cannot choose the size of pages: %s",
			    strerror(errno));
	return 0;
}

static int map_pages(const struct workload_plan *plan, __u64 *base)
{
	__u64 size = plan->pages * PAGE_BYTES;
	void *at = reserve(size);

	file = open_file(plan->memory, size);
	if (file < -1)
		return fail_map(plan, -file);
	if (!at || mmap(at, size, PROT_READ | PROT_WRITE,
			MAP_FIXED | map_flags(plan->memory), file, 0) != at)
		return fail_map(plan, errno);
	*base = (__u64)at;
	return advise_size(plan->memory, at, size);
}

static int map_heap(const struct workload_plan *plan, __u64 *base)
{
	__u64 here = (__u64)sbrk(0);
	__u64 pad = -here % PAGE_BYTES;
	__u64 at = (__u64)sbrk(pad + plan->pages * PAGE_BYTES);

	if (at != here)
		return fail("cannot grow the heap by %llu pages: %s: choose fewer with --pages or raise the limit with ulimit -d",
			    (ull)plan->pages, strerror(errno));
	*base = at + pad;
	return 0;
}

static int map_stack(const struct workload_plan *plan,
		     const struct quiet *quiet, __u64 *base)
{
	__u64 in_use = quiet->stack_top - quiet->stack_floor;
	__u64 size = plan->pages * PAGE_BYTES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit))
		return fail("cannot read the limit of the stack: %s",
			    strerror(errno));
	if (limit.rlim_cur < in_use + size)
		return fail("the stack is limited to %llu KiB, %llu pages more than now need %llu: choose fewer with --pages or raise it with ulimit -s",
			    (ull)limit.rlim_cur >> 10, (ull)plan->pages,
			    (ull)(in_use + size) >> 10);
	*base = quiet->stack_floor - size;
	return 0;
}

int region_map(const struct workload_plan *plan, const struct quiet *quiet,
	       __u64 *base)
{
	if (plan->memory == PLAN_HEAP)
		return map_heap(plan, base);
	if (plan->memory == PLAN_STACK)
		return map_stack(plan, quiet, base);
	return map_pages(plan, base);
}

struct huge_check {
	__u64 base;
	__u64 small;		/* bytes that are not in huge pages */
};

static bool check_area(const struct smaps_area *area, void *data)
{
	struct huge_check *check = data;

	if (area->first == check->base)
		check->small = area->anonymous - area->huge;
	return area->first != check->base;
}

int region_check_huge(const struct workload_plan *plan, __u64 base)
{
	struct huge_check check = { .base = base };

	if (plan->memory != PLAN_HUGE_PAGES)
		return 0;
	if (smaps_walk("/proc/self/smaps", check_area, &check))
		return fail("cannot read /proc/self/smaps: %s",
			    strerror(errno));
	if (check.small)
		return fail("the kernel had no huge page left: free memory, or try echo 1 > /proc/sys/vm/compact_memory");
	return 0;
}
