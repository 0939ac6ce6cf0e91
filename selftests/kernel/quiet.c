// SPDX-License-Identifier: GPL-2.0
/*
 * A program without a C library, for what an exec itself costs: it writes to a
 * page of its data and to one of its bss, says so on file descriptor 0, and
 * sleeps.
 */
#include <sys/syscall.h>

#define PAGE	4096

static char data[PAGE + 64] = { 1 };
static char bss[4 * PAGE];

void _start(void);

static long raw_syscall(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("syscall" : "=a"(ret)
		     : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}

void _start(void)
{
	*(volatile char *)&data[0] = 2;
	*(volatile char *)&bss[2 * PAGE] = 1;
	raw_syscall(SYS_write, 0, (long)data, 1);
	for (;;)
		raw_syscall(SYS_pause, 0, 0, 0);
}
