/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls without a C library: they return a negative errno. Unused
 * arguments of a system call are harmless.
 */
#ifndef COWSTAT_WORKLOAD_CALL_H
#define COWSTAT_WORKLOAD_CALL_H

#include <asm/unistd.h>

#if defined(__SSP__) || defined(__SSP_STRONG__) || defined(__SSP_ALL__)
#error "no stack protector here: see the rule in the Makefile"
#endif

static inline long call6(long number, long a, long b, long c, long d, long e,
			 long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long result;

	asm volatile("syscall"
		     : "=a" (result)
		     : "a" (number), "D" (a), "S" (b), "d" (c), "r" (r10),
		       "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return result;
}

static inline long call5(long number, long a, long b, long c, long d, long e)
{
	return call6(number, a, b, c, d, e, 0);
}

#define call(number, a, b, c, d) \
	call5(__NR_##number, (long)(a), (long)(b), (long)(c), (long)(d), 0)

#endif
