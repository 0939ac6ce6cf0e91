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

#include "say.h"
#include "workload_smaps.h"

#define PAGE_BYTES	4096UL
#define HUGE_BYTES	(PLAN_HUGE * PAGE_BYTES)
#define THP		"/sys/kernel/mm/transparent_hugepage/"

typedef unsigned long long ull;

static int fail_map(const struct workload_plan *plan, int error)
{
	return fail("cannot map %llu pages: %s: choose fewer with --pages",
		    (ull)plan->pages, strerror(error));
}

static bool file_has(const char *path, const char *word)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strstr(text, word);
}

int region_choose_pages(enum plan_memory memory)
{
	bool huge = memory == PLAN_HUGE_PAGES;

	if (prctl(PR_SET_THP_DISABLE, !huge, 0, 0, 0) && errno != EINVAL)
		return fail("cannot choose the size of pages: %s",
			    strerror(errno));
	if (!huge)
		return 0;
	if (!file_has(THP "enabled", "[madvise]") &&
	    !file_has(THP "enabled", "[always]"))
		return fail("there are no transparent huge pages: echo madvise > " THP "enabled");
	if (!file_has(THP "use_zero_page", "1"))
		return fail("there is no huge zero page: echo 1 > " THP "use_zero_page");
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

static int map_file(__u64 size)
{
	int fd = memfd_create("workload", MFD_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = posix_fallocate(fd, 0, size);
	if (!error)
		return fd;
	close(fd);
	return -error;
}

static int map_private(const struct workload_plan *plan, __u64 *base)
{
	__u64 size = plan->pages * PAGE_BYTES;
	bool huge = plan->memory == PLAN_HUGE_PAGES;
	int flags = MAP_PRIVATE | MAP_FIXED;
	void *at = reserve(size);
	int fd = -1;

	if (plan->memory == PLAN_FILE)
		fd = map_file(size);
	else
		flags |= MAP_ANONYMOUS;
	if (plan->memory == PLAN_FILE && fd < 0)
		return fail_map(plan, -fd);
	if (!at || mmap(at, size, PROT_READ | PROT_WRITE, flags, fd, 0) != at)
		return fail_map(plan, errno);
	if (fd >= 0)
		close(fd);
	/* EINVAL: a kernel that knows no huge pages. */
	if (madvise(at, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) &&
	    (huge || errno != EINVAL))
		return fail("cannot choose the size of pages: %s",
			    strerror(errno));
	*base = (__u64)at;
	return 0;
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
	return map_private(plan, base);
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
