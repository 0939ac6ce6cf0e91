// SPDX-License-Identifier: GPL-2.0
#include "workload_need.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>

#include "say.h"
#include "workload_disk.h"
#include "workload_setting.h"
#include "workload_swap.h"

#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define FOLIOS		THP "hugepages-64kB/enabled"
#define HUGE_ALONE	THP "hugepages-2048kB/enabled"
#define KSM		"/sys/kernel/mm/ksm/"
#define HUGETLB		"/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define HUGETLB_TRIES	10
#define MERGE_AT_ONCE	20000

#define FEATURE_MOVE	(1ULL << 16)

static bool kernel_is_from(int major, int minor)
{
	struct utsname name;
	int here_major, here_minor;

	if (uname(&name) ||
	    sscanf(name.release, "%d.%d", &here_major, &here_minor) != 2)
		return false;
	return here_major > major || (here_major == major && here_minor >= minor);
}

static bool is_root(void)
{
	return !geteuid();
}

/* More than "0". */
static bool has_nodes(void)
{
	char text[64];

	return !setting_read("/sys/devices/system/node/has_memory", text,
			     sizeof(text)) && strpbrk(text, ",-");
}

static bool has_cpus(void)
{
	cpu_set_t cpus;

	return !sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) > 1;
}

static bool has_thp(void)
{
	char text[64];

	return !setting_read(THP "enabled", text, sizeof(text)) &&
	       !strstr(text, "[never]") && setting_number(THP "use_zero_page");
}

static bool has_folios(void)
{
	return has_thp() && !access(FOLIOS, F_OK) && !access(HUGE_ALONE, F_OK);
}

static bool has_collapse(void)
{
	return has_thp() && kernel_is_from(6, 1);
}

static bool has_hugetlb(void)
{
	return !access(HUGETLB "nr_hugepages", W_OK);
}

static bool has_ksm(void)
{
	return !access(KSM "run", W_OK) &&
	       !access("/proc/self/ksm_merging_pages", R_OK);
}

static bool uffd_has(__u64 features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	bool has = fd >= 0 && !ioctl(fd, UFFDIO_API, &api);

	if (fd >= 0)
		close(fd);
	return has;
}

static bool has_uffd(void)
{
	return uffd_has(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
}

static bool has_uffd_move(void)
{
	return uffd_has(FEATURE_MOVE);
}

static bool has_uring(void)
{
	struct io_uring_params params = { 0 };
	int fd = syscall(SYS_io_uring_setup, 1, &params);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_disk(void)
{
	int fd = disk_open(0, O_DIRECT);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Where it is not built in, every page has the bit. */
static bool has_soft_dirty(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	bool has = fd >= 0 && write(fd, "4", 1) == 1;

	if (fd >= 0)
		close(fd);
	return has;
}

static bool has_unshare(void)
{
	return kernel_is_from(5, 19);
}

/* In the order in which they are told. */
static const struct {
	unsigned int need;
	bool (*has)(void);
	const char *missing;
} needs_table[] = {
	{ NEED_ROOT, is_root, "it needs root" },
	{ NEED_NODES, has_nodes, "there are no two NUMA nodes with memory" },
	{ NEED_CPUS, has_cpus, "there is one CPU" },
	{ NEED_THP, has_thp,
	  "there are no transparent huge pages, or no huge zero page: see " THP },
	{ NEED_COLLAPSE, has_collapse, "there is no MADV_COLLAPSE" },
	{ NEED_FOLIOS, has_folios,
	  "this kernel has no folios of 64 KiB for anonymous memory" },
	{ NEED_HUGETLB, has_hugetlb, "there are no hugetlb pages of 2 MiB" },
	{ NEED_KSM, has_ksm, "this kernel has no KSM" },
	{ NEED_SWAP, swap_is_possible, "there is no zram to swap to" },
	{ NEED_UFFD, has_uffd, "this kernel has no userfaultfd" },
	{ NEED_UFFD_MOVE, has_uffd_move, "this kernel has no UFFDIO_MOVE" },
	{ NEED_URING, has_uring, "io_uring is not to be had" },
	{ NEED_DISK, has_disk, "there is no disk that can be read" },
	{ NEED_SOFT_DIRTY, has_soft_dirty, "this kernel has no soft-dirty bit" },
	{ NEED_UNSHARE, has_unshare,
	  "this kernel does not unshare pages that are pinned" },
};

void need_kernel(struct workload_kernel *kernel)
{
	kernel->huge_zero_at_once = kernel_is_from(6, 13);
}

const char *need_missing(unsigned int needs)
{
	for (size_t i = 0; i < sizeof(needs_table) / sizeof(*needs_table); i++)
		if (needs & needs_table[i].need && !needs_table[i].has())
			return needs_table[i].missing;
	return NULL;
}

/* The workload switches KSM on and off itself, when its pages are there. */
static int prepare_ksm(void)
{
	if (setting_change(KSM "run", "0") ||
	    setting_change_number(KSM "pages_to_scan", MERGE_AT_ONCE) ||
	    setting_change(KSM "sleep_millisecs", "1"))
		return EXIT_OWN_FAILURE;
	if (!access(KSM "use_zero_pages", F_OK))
		return setting_change(KSM "use_zero_pages", "0");
	return 0;
}

/* The kernel gives up early: it finds more when it is asked again. */
static void ask_for_hugetlb(__u64 wanted)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)wanted);
	for (int i = 0; i < HUGETLB_TRIES; i++) {
		if (setting_number(HUGETLB "nr_hugepages") == wanted)
			return;
		setting_write("/proc/sys/vm/compact_memory", "1");
		setting_write(HUGETLB "nr_hugepages", text);
	}
}

/* As many as are allocated in all, no more and no less are free. */
static int prepare_hugetlb(const struct workload_expectation *expect)
{
	__u64 all = setting_number(HUGETLB "nr_hugepages");
	__u64 not_free = all - setting_number(HUGETLB "free_hugepages");
	__u64 wanted = not_free + expect->allocated / PLAN_HUGE;

	if (setting_change_number(HUGETLB "nr_hugepages", wanted))
		return EXIT_OWN_FAILURE;
	ask_for_hugetlb(wanted);
	if (setting_number(HUGETLB "nr_hugepages") != wanted)
		return fail("workload: the kernel has no memory in one piece for %llu hugetlb pages: free memory",
			    (unsigned long long)wanted);
	return 0;
}

static int prepare_folios(void)
{
	if (setting_change(HUGE_ALONE, "never") ||
	    setting_change(FOLIOS, "madvise"))
		return EXIT_OWN_FAILURE;
	return 0;
}

int need_prepare(unsigned int needs, const struct workload_expectation *expect)
{
	int error = 0;

	if (needs & NEED_KSM)
		error = prepare_ksm();
	if (!error && needs & NEED_HUGETLB)
		error = prepare_hugetlb(expect);
	if (!error && needs & NEED_FOLIOS)
		error = prepare_folios();
	if (!error && needs & NEED_SWAP)
		error = swap_begin(expect->allocated);
	return error;
}
