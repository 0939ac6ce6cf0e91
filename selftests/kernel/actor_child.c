// SPDX-License-Identifier: GPL-2.0
/*
 * The actor's own side. Nothing here may write to memory outside of the
 * mailbox, the stack and what a command names: no libc, no globals.
 */
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <time.h>

#include "actor.h"

#define ESRCH	3

static inline long raw_syscall(long nr, long a, long b, long c, long d, long e,
			       long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
		       "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}

/* The new process or thread starts in actor_main(), on its own stack. */
long actor_raw_clone(unsigned long flags, struct actor *child)
{
	register long r10 asm("r10") = 0;
	register long r8 asm("r8") = 0;
	register struct actor *start asm("r12") = child;
	long ret;

	asm volatile("syscall\n\t"
		     "test	%%rax, %%rax\n\t"
		     "jnz	1f\n\t"
		     "xor	%%ebp, %%ebp\n\t"
		     "mov	%%r12, %%rdi\n\t"
		     "call	actor_main\n\t"
		     "1:"
		     : "=a"(ret)
		     : "a"(SYS_clone), "D"(flags), "S"(child->stack_end),
		       "d"(0), "r"(r10), "r"(r8), "r"(start)
		     : "rcx", "r11", "memory");
	return ret;
}

static void touch(struct actor *self, bool write)
{
	volatile char *at = (char *)self->arg[0];
	long i;

	for (i = 0; i < self->arg[2]; i++, at += self->arg[1]) {
		if (write)
			*at = i + 1;
		else
			(void)*at;
		*(volatile long *)&self->progress = i + 1;
	}
}

static long carry_out(struct actor *self)
{
	long *arg = self->arg;

	if (self->command == ACTOR_SYSCALL)
		return raw_syscall(arg[0], arg[1], arg[2], arg[3], arg[4],
				   arg[5], arg[6]);
	if (self->command == ACTOR_CLONE)
		return actor_raw_clone(arg[0], (struct actor *)arg[1]);
	while (self->command == ACTOR_WRITE_ON)
		touch(self, true);
	touch(self, self->command == ACTOR_WRITE);
	return 0;
}

/* An actor whose test has died has nothing to wait for. */
static void wait_for_post(struct actor *self, unsigned int seen)
{
	struct timespec limit = { .tv_sec = 2 };

	while (__atomic_load_n(&self->posted, __ATOMIC_ACQUIRE) == seen) {
		raw_syscall(SYS_futex, (long)&self->posted, FUTEX_WAIT, seen,
			    (long)&limit, 0, 0);
		if (raw_syscall(SYS_kill, self->driver, 0, 0, 0, 0, 0) == -ESRCH)
			raw_syscall(SYS_exit_group, 1, 0, 0, 0, 0, 0);
	}
}

void actor_main(struct actor *self)
{
	unsigned int seen = 0;

	for (;;) {
		wait_for_post(self, seen);
		seen++;
		self->result = carry_out(self);
		__atomic_store_n(&self->done, seen, __ATOMIC_RELEASE);
		raw_syscall(SYS_futex, (long)&self->done, FUTEX_WAKE, 1, 0, 0,
			    0);
	}
}
