// SPDX-License-Identifier: GPL-2.0
/*
 * userfaultfd. A range is registered for the step alone, so nobody has to wait
 * for faults that it would report.
 */
#include "workload_op.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/userfaultfd.h>

#ifndef UFFDIO_MOVE
#define UFFD_FEATURE_MOVE	(1 << 16)	/* since Linux 6.8 */
#define UFFDIO_MOVE		_IOWR(UFFDIO, 0x05, struct uffdio_move)
struct uffdio_move {
	__u64 dst;
	__u64 src;
	__u64 len;
	__u64 mode;
	__s64 move;
};
#endif

static __u64 features(enum plan_op op)
{
	if (op == PLAN_UFFD_PROTECT)
		return UFFD_FEATURE_PAGEFAULT_FLAG_WP;
	return op == PLAN_UFFD_MOVE ? UFFD_FEATURE_MOVE : 0;
}

/* Where pages arrive, or are protected. */
static struct uffdio_range target(const struct stage *stage,
				  const struct plan_step *step)
{
	struct uffdio_range range = {
		.start = page_at(stage, step->set.first),
		.len = set_bytes(step->set),
	};

	if (step->op == PLAN_UFFD_MOVE)
		range.start += range.len;
	return range;
}

static long uffd_open(const struct stage *stage, const struct plan_step *step)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features(step->op) };
	struct uffdio_register region = {
		.range = target(stage, step),
		.mode = step->op == PLAN_UFFD_PROTECT ?
			UFFDIO_REGISTER_MODE_WP : UFFDIO_REGISTER_MODE_MISSING,
	};
	long fd = call(userfaultfd, O_CLOEXEC, 0, 0, 0);
	long error;

	if (fd < 0)
		return fd;
	error = call(ioctl, fd, UFFDIO_API, &api, 0);
	if (!error)
		error = call(ioctl, fd, UFFDIO_REGISTER, &region, 0);
	if (!error)
		return fd;
	call(close, fd, 0, 0, 0);
	return error;
}

/* What is copied is of no importance: the plan, which is in shared memory. */
static long copy(long fd, const struct stage *stage, struct uffdio_range range)
{
	struct uffdio_copy arrive = {
		.src = (__u64)stage->plan, .len = PAGE_BYTES,
	};
	long error = 0;

	for (__u64 at = 0; at < range.len && !error; at += PAGE_BYTES) {
		arrive.dst = range.start + at;
		error = call(ioctl, fd, UFFDIO_COPY, &arrive, 0);
	}
	return error;
}

static long protect(long fd, struct uffdio_range range)
{
	struct uffdio_writeprotect protection = {
		.range = range, .mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	long error = call(ioctl, fd, UFFDIO_WRITEPROTECT, &protection, 0);

	if (error)
		return error;
	protection.mode = 0;
	return call(ioctl, fd, UFFDIO_WRITEPROTECT, &protection, 0);
}

static long move(long fd, struct uffdio_range range)
{
	struct uffdio_move pages = {
		.dst = range.start, .src = range.start - range.len,
		.len = range.len,
	};

	return call(ioctl, fd, UFFDIO_MOVE, &pages, 0);
}

static long uffd_play(long fd, const struct stage *stage,
		      const struct plan_step *step)
{
	struct uffdio_zeropage zero = { .range = target(stage, step) };

	switch (step->op) {
	case PLAN_UFFD_COPY:
		return copy(fd, stage, zero.range);
	case PLAN_UFFD_ZERO:
		return call(ioctl, fd, UFFDIO_ZEROPAGE, &zero, 0);
	case PLAN_UFFD_PROTECT:
		return protect(fd, zero.range);
	case PLAN_UFFD_MOVE:
		return move(fd, zero.range);
	default:
		return -EINVAL;
	}
}

int op_uffd(const struct stage *stage, const struct plan_step *step)
{
	long fd = uffd_open(stage, step);
	long error;

	if (fd < 0)
		return fd;
	error = uffd_play(fd, stage, step);
	call(close, fd, 0, 0, 0);
	return error;
}
