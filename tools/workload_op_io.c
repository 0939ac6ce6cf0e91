// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are handed to the kernel for input and output.
 */
#include "workload_op.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/io_uring.h>
#include <linux/uio.h>

int op_read_into(const struct stage *stage, const struct plan_step *step)
{
	struct page_set set = step->set;

	for (; set.first < set.end; set.first += set.stride) {
		long done = call(read, stage->zero, page_at(stage, set.first), 1, 0);

		if (done != 1)
			return done < 0 ? done : -EIO;
	}
	return 0;
}

/* All get what the disk begins with. */
int op_read_direct(const struct stage *stage, const struct plan_step *step)
{
	struct page_set set = step->set;

	for (; set.first < set.end; set.first += set.stride) {
		long done = call(pread64, stage->direct,
				 page_at(stage, set.first), PAGE_BYTES, 0);

		if (done != PAGE_BYTES)
			return done < 0 ? done : -EIO;
	}
	return 0;
}

int op_pin(const struct stage *stage, const struct plan_step *step)
{
	struct iovec buffer = {
		.iov_base = (void *)page_at(stage, step->set.first),
		.iov_len = set_bytes(step->set),
	};
	struct io_uring_params params = { 0 };
	long ring = call(io_uring_setup, 1, &params, 0, 0);

	if (ring < 0)
		return ring;
	return call(io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1);
}

/* The pipe stays open, and full: as large as it has to be. */
int op_splice(const struct stage *stage, const struct plan_step *step)
{
	struct iovec pages = {
		.iov_base = (void *)page_at(stage, step->set.first),
		.iov_len = set_bytes(step->set),
	};
	__s32 pipe[2];
	long error = call(pipe2, pipe, O_CLOEXEC | O_NONBLOCK, 0, 0);

	if (error)
		return error;
	error = call(fcntl, pipe[1], F_SETPIPE_SZ, pages.iov_len, 0);
	if (error < 0)
		return error;
	error = call(vmsplice, pipe[1], &pages, 1, 0);
	if (error < 0)
		return error;
	return (__u64)error == pages.iov_len ? 0 : -ENOSPC;
}
