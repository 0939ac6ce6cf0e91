// SPDX-License-Identifier: GPL-2.0
/*
 * Use of another process's memory, page by page.
 */
#include "workload_op.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ptrace.h>
#include <linux/uio.h>
#include <linux/wait.h>

/* The next pages of *set, a byte of each; they are taken off it. */
static __u32 take_batch(const struct stage *stage, struct page_set *set,
			struct iovec *remote, __u8 *marks)
{
	__u32 nr = 0;

	for (; set->first < set->end && nr < OP_BATCH; set->first += set->stride) {
		remote[nr].iov_base = (void *)page_at(stage, set->first);
		remote[nr].iov_len = 1;
		marks[nr++] = page_mark(set->first);
	}
	return nr;
}

static int vm_call(long number, const struct stage *stage,
		   const struct plan_step *step)
{
	struct page_set set = step->set;
	struct iovec remote[OP_BATCH];
	__u8 marks[OP_BATCH];
	__u32 nr;

	while ((nr = take_batch(stage, &set, remote, marks))) {
		struct iovec local = { .iov_base = marks, .iov_len = nr };
		long done = call6(number, stage->pid[step->target],
				  (long)&local, 1, (long)remote, nr, 0);

		if (done != nr)
			return done < 0 ? done : -EFAULT;
	}
	return 0;
}

static char *append(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *append_number(char *at, __u32 number)
{
	if (number >= 10)
		at = append_number(at, number / 10);
	*at++ = '0' + number % 10;
	return at;
}

static long open_memory(__u32 pid)
{
	char path[32];

	*append(append_number(append(path, "/proc/"), pid), "/mem") = '\0';
	return call(open, path, O_RDWR | O_CLOEXEC, 0, 0);
}

static int write_by_file(const struct stage *stage, const struct plan_step *step)
{
	struct page_set set = step->set;
	long fd = open_memory(stage->pid[step->target]);
	long done = fd;

	for (; set.first < set.end && done >= 0; set.first += set.stride) {
		__u8 mark = page_mark(set.first);

		done = call(pwrite64, fd, &mark, 1, page_at(stage, set.first));
	}
	call(close, fd, 0, 0, 0);
	return done < 0 ? done : 0;
}

static int trace_stop(__s32 pid)
{
	__s32 status;
	long error = call(ptrace, PTRACE_SEIZE, pid, 0, 0);

	if (error)
		return error;
	error = call(ptrace, PTRACE_INTERRUPT, pid, 0, 0);
	while (!error || error == -EINTR) {
		error = call(wait4, pid, &status, __WALL, 0);
		if (error == pid)
			return (status & 0xff) == 0x7f ? 0 : -ESRCH;
	}
	return error;
}

static int write_by_ptrace(const struct stage *stage, const struct plan_step *step)
{
	struct page_set set = step->set;
	__s32 pid = stage->pid[step->target];
	long error = trace_stop(pid);

	if (error)
		return error;
	for (; set.first < set.end && !error; set.first += set.stride)
		error = call(ptrace, PTRACE_POKEDATA, pid,
			     page_at(stage, set.first), page_mark(set.first));
	call(ptrace, PTRACE_DETACH, pid, 0, 0);
	return error;
}

int op_write_from(const struct stage *stage, const struct plan_step *step)
{
	switch (step->how) {
	case PLAN_BY_VM_WRITEV:
		return vm_call(__NR_process_vm_writev, stage, step);
	case PLAN_BY_MEM_FILE:
		return write_by_file(stage, step);
	case PLAN_BY_PTRACE:
		return write_by_ptrace(stage, step);
	}
	return -EINVAL;
}

int op_read_from(const struct stage *stage, const struct plan_step *step)
{
	return vm_call(__NR_process_vm_readv, stage, step);
}
