// SPDX-License-Identifier: GPL-2.0
/*
 * What mappings and their pages are put through.
 */
#include "workload_op.h"

#include <linux/errno.h>
#include <linux/fadvise.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <stdbool.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25	/* since Linux 6.1 */
#endif

#define PAGEMAP_SWAPPED	(1ULL << 62)
#define RETRIES		1000
#define NAP_NS		20000000L
#define NAPS_MOST	30000	/* 10 minutes */

static long map_call(long number, const struct stage *stage, struct page_set set,
		     long argument)
{
	return call5(number, page_at(stage, set.first), set_bytes(set), argument,
		     0, 0);
}

int op_advise(const struct stage *stage, const struct plan_step *step, int advice)
{
	return map_call(__NR_madvise, stage, step->set, advice);
}

int op_unmap(const struct stage *stage, const struct plan_step *step)
{
	return map_call(__NR_munmap, stage, step->set, 0);
}

int op_lock(const struct stage *stage, const struct plan_step *step)
{
	return map_call(__NR_mlock, stage, step->set, 0);
}

int op_protect(const struct stage *stage, const struct plan_step *step)
{
	long error = map_call(__NR_mprotect, stage, step->set, PROT_READ);

	if (error)
		return error;
	return map_call(__NR_mprotect, stage, step->set, PROT_READ | PROT_WRITE);
}

/* From here to there; what was there is gone. */
static long move(__u64 from, __u64 to, __u64 size)
{
	long at = call5(__NR_mremap, from, size, size,
			MREMAP_MAYMOVE | MREMAP_FIXED, to);

	return at < 0 ? at : 0;
}

/* Its place is kept by a mapping that nothing can use meanwhile. */
int op_remap(const struct stage *stage, const struct plan_step *step)
{
	__u64 size = set_bytes(step->set);
	__u64 here = page_at(stage, step->set.first);
	long there = call6(__NR_mmap, 0, size, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	long error;

	if (there < 0)
		return there;
	error = move(here, there, size);
	return error ? error : move(there, here, size);
}

int op_collapse(const struct stage *stage, const struct plan_step *step)
{
	int error = op_advise(stage, step, MADV_HUGEPAGE);

	return error ? error : op_advise(stage, step, MADV_COLLAPSE);
}

static int write_text(const char *path, char text)
{
	long fd = call(open, path, O_WRONLY | O_CLOEXEC, 0, 0);
	long done;

	if (fd < 0)
		return fd;
	done = call(write, fd, &text, 1, 0);
	call(close, fd, 0, 0, 0);
	return done < 0 ? done : 0;
}

int op_soft_dirty(void)
{
	return write_text("/proc/self/clear_refs", '4');
}

/* Is no page of the set in the page cache any more? */
static int check_dropped(const struct stage *stage, struct page_set set)
{
	__u8 cached[OP_BATCH];

	for (__u64 i = set.first; i < set.end; i += OP_BATCH) {
		__u64 many = set.end - i < OP_BATCH ? set.end - i : OP_BATCH;
		long error = call(mincore, page_at(stage, i), many * PAGE_BYTES,
				  cached, 0);

		if (error)
			return error;
		for (__u64 n = 0; n < many; n++)
			if (cached[n] & 1)
				return -EBUSY;
	}
	return 0;
}

int op_drop_cache(const struct stage *stage, const struct plan_step *step)
{
	long error = op_advise(stage, step, MADV_DONTNEED);

	if (!error)
		error = call(fadvise64, stage->file, step->set.first * PAGE_BYTES,
			     set_bytes(step->set), POSIX_FADV_DONTNEED);
	return error ? error : check_dropped(stage, step->set);
}

static void nap(void)
{
	struct __kernel_timespec time = { .tv_nsec = NAP_NS };

	call(nanosleep, &time, 0, 0, 0);
}

/* 1 if all are, 0 if not, or a negative errno. */
static int all_in_swap(const struct stage *stage, struct page_set set)
{
	long fd = call(open, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0, 0);
	int all = fd < 0 ? fd : 1;

	for (__u64 i = set.first; i < set.end && all > 0; i += set.stride) {
		__u64 entry = 0;

		call(pread64, fd, &entry, 8, page_at(stage, i) / PAGE_BYTES * 8);
		all = entry & PAGEMAP_SWAPPED ? 1 : 0;
	}
	call(close, fd, 0, 0, 0);
	return all;
}

/* The kernel may leave out pages that are in use at the moment. */
int op_page_out(const struct stage *stage, const struct plan_step *step)
{
	for (int i = 0; i < RETRIES; i++) {
		int error = op_advise(stage, step, MADV_PAGEOUT);

		if (!error)
			error = all_in_swap(stage, step->set);
		if (error)
			return error < 0 ? error : 0;
		nap();
	}
	return -EBUSY;
}

/* How many pages of this process KSM has merged. */
static long merged(void)
{
	char text[24] = { 0 };
	long fd = call(open, "/proc/self/ksm_merging_pages",
		       O_RDONLY | O_CLOEXEC, 0, 0);
	long number = 0;

	if (fd < 0)
		return fd;
	call(read, fd, text, sizeof(text) - 1, 0);
	call(close, fd, 0, 0, 0);
	for (const char *at = text; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + *at - '0';
	return number;
}

static int await_merged(long pages)
{
	for (int i = 0; i < NAPS_MOST; i++) {
		long now = merged();

		if (now < 0 || now == pages)
			return now < 0 ? now : 0;
		nap();
	}
	return -ETIME;
}

/* KSM runs no longer than that, or it would merge again what was copied. */
int op_merge(const struct stage *stage, const struct plan_step *step)
{
	static const char run[] = "/sys/kernel/mm/ksm/run";
	int error = op_advise(stage, step, MADV_MERGEABLE);
	int end;

	if (!error)
		error = write_text(run, '1');
	if (error)
		return error;
	error = await_merged(pages_count(step->set));
	end = write_text(run, '0');
	return error ? error : end;
}
