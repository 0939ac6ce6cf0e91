// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "cow_lib.h"
#include "pin.h"

#define IORING_REGISTER_BUFFERS		0
#define IORING_UNREGISTER_BUFFERS	1

void write_outside(pid_t pid, char *at, size_t stride, size_t count)
{
	char byte = 'o';
	struct iovec from = { &byte, 1 }, to = { at, 1 };

	for (; count; count--, to.iov_base += stride)
		if (process_vm_writev(pid, &from, 1, &to, 1, 0) != 1)
			cow_die("process_vm_writev: %s", strerror(errno));
}

void read_outside(pid_t pid, char *at, size_t stride, size_t count)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { at, 1 };

	for (; count; count--, from.iov_base += stride)
		if (process_vm_readv(pid, &to, 1, &from, 1, 0) != 1)
			cow_die("process_vm_readv: %s", strerror(errno));
}

long pin_buffer(struct actor *actor, char *at, size_t size)
{
	struct iovec *buffer = actor_shared_page();
	void *params = actor_shared_page();
	long ring, ret;

	ring = actor_syscall(actor, SYS_io_uring_setup, 4, (long)params);
	if (ring < 0)
		return ring;
	buffer->iov_base = at;
	buffer->iov_len = size;
	ret = actor_syscall(actor, SYS_io_uring_register, ring,
			    IORING_REGISTER_BUFFERS, (long)buffer, 1);
	if (ret)
		cow_die("io_uring pins no buffer: %s", strerror(-ret));
	return ring;
}

void unpin_buffer(struct actor *actor, long ring)
{
	if (actor_syscall(actor, SYS_io_uring_register, ring,
			  IORING_UNREGISTER_BUFFERS, 0, 0))
		cow_die("io_uring keeps its buffer");
}
