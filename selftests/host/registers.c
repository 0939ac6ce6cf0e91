// SPDX-License-Identifier: GPL-2.0
/*
 * registers: calls the stub of the direct call, as linked with this, as the entry of
 * __handle_mm_fault() would, for each kind of fault, and prints which registers it
 * changes of those that ftrace's own entry keeps. Exit status 1 if there are any.
 */
#include <stdio.h>
#include <string.h>

#include "offsets.h"

#define FAULT_FLAG_UNSHARE	(1 << 10)
#define DIRECTION		(1 << 10)

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, FLAGS = 16 };

extern unsigned long before[16], after[17], seen[3], calls;
extern void (*function)(void);
void call_function(void);
void cow_straight_mm_fault(void);

static const char *const names[16] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
};

static unsigned char vma[4096];

/* Neither ftrace nor the kernel's functions count on these there. */
static int is_free(int n)
{
	return n == R10 || n == R11;
}

static int changes(const char *kind)
{
	int n, changed = 0;

	for (n = 0; n < 16; n++) {
		if (is_free(n) || before[n] == after[n])
			continue;
		printf("# %s changes %s\n", kind, names[n]);
		changed = 1;
	}
	if (after[FLAGS] & DIRECTION) {
		printf("# %s changes the direction of strings\n", kind);
		changed = 1;
	}
	return changed;
}

/* @wanted: what goes on to C is told of the write, or of the read; else nothing is */
static int is_told(const char *kind, int wanted)
{
	unsigned long flags = before[RDX];

	if (calls == (unsigned long)wanted &&
	    (!wanted || (flags & COW_FAULT_FLAG_WRITE ?
			 seen[0] == before[RSI] && (unsigned int)seen[1] == flags :
			 seen[0] == before[RDI] && seen[1] == before[RSI] &&
			 (unsigned int)seen[2] == flags)))
		return 1;
	printf("# %s: %lu calls, with %lx %lx %lx\n", kind, calls,
	       seen[0], seen[1], seen[2]);
	return 0;
}

static int check(const char *kind, unsigned int flags, int file, int shared,
		 int wanted)
{
	int n;

	memset(vma, 0, sizeof(vma));
	vma[COW_VMA_VM_OPS] = file;
	vma[COW_VMA_VM_FLAGS] = shared ? COW_VM_SHARED : 0;
	for (n = 0; n < 16; n++)
		before[n] = 0x1111111111111111UL * n + 0x0123456789abcdefUL;
	before[RDI] = (unsigned long)vma;
	before[RSI] = 0x7f5500001000UL;
	before[RDX] = flags;
	memset(after, 0, sizeof(after));
	calls = 0;
	function = cow_straight_mm_fault;
	call_function();
	return changes(kind) | !is_told(kind, wanted);
}

int main(void)
{
	const unsigned int write = COW_FAULT_FLAG_WRITE;
	int bad = 0;

	bad |= check("a write to a file's memory", write, 1, 0, 1);
	bad |= check("a read of anonymous memory", 0, 0, 0, 1);
	if (STRAIGHT) {
		bad |= check("a write to anonymous memory", write, 0, 0, 0);
		bad |= check("a read of a file's memory", 0, 1, 0, 0);
		bad |= check("a write to shared memory", write, 1, 1, 0);
		bad |= check("a pin", FAULT_FLAG_UNSHARE, 0, 0, 0);
	}
	return bad;
}
