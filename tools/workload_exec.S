/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program that PLAN_EXEC runs: a whole ELF file as a constant.
 *
 * It writes a byte to its standard output, waits for one (or the end of file)
 * on its standard input, and exits. It has no data, so the only anonymous
 * memory that it ever has is what the kernel puts on its stack.
 */
#include <asm/unistd.h>

#define LOAD_AT		0x400000

	.section .rodata
	.globl	workload_program, workload_program_end
	.hidden	workload_program, workload_program_end
	.balign	8
workload_program:
	.byte	0x7f, 'E', 'L', 'F'
	.byte	2, 1, 1, 0		/* 64 bits, little endian, version 1 */
	.quad	0
	.word	2, 62			/* ET_EXEC, EM_X86_64 */
	.long	1
	.quad	LOAD_AT + program_code - workload_program
	.quad	program_segments - workload_program
	.quad	0			/* no sections */
	.long	0
	.word	64, 56, 2		/* header, segment header, segments */
	.word	64, 0, 0

program_segments:
	.long	1, 5			/* PT_LOAD, readable, executable */
	.quad	0, LOAD_AT, LOAD_AT
	.quad	workload_program_end - workload_program
	.quad	workload_program_end - workload_program
	.quad	4096

	.long	0x6474e551, 6		/* PT_GNU_STACK, not executable */
	.quad	0, 0, 0, 0, 0, 16

program_code:
	movl	$__NR_write, %eax
	movl	$1, %edi
	leaq	program_code(%rip), %rsi
	movl	$1, %edx
	syscall
	movl	$__NR_read, %eax
	xorl	%edi, %edi
	movq	%rsp, %rsi		/* a page that is in use */
	movl	$1, %edx
	syscall
	movl	$__NR_exit_group, %eax
	xorl	%edi, %edi
	syscall
	ud2
workload_program_end:

	.section .note.GNU-stack, "", @progbits
