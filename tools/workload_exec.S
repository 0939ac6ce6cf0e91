/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The programs that PLAN_EXEC runs: whole ELF files as constants.
 *
 * They write a byte to their standard output, wait for one (or the end of file)
 * on their standard input, and exit. The plain one has no data, so the only
 * anonymous memory that it ever has is what the kernel puts on its stack. The
 * other first writes the pages of its .data, the last of which is half a page of
 * the file that the kernel has to complete, and of its .bss.
 */
#include <asm/unistd.h>

#include "workload_exec.h"

#define LOAD_AT		0x400000
#define DATA_AT		0x600000
#define PAGE_BYTES	4096

/* "Here I am", until somebody says go on. */
.macro	announce_and_exit
	movl	$__NR_write, %eax
	movl	$1, %edi
	movl	$LOAD_AT, %esi
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
.endm

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
	announce_and_exit
workload_program_end:

	.globl	workload_program_data, workload_program_data_end
	.hidden	workload_program_data, workload_program_data_end
	.balign	8
workload_program_data:
	.byte	0x7f, 'E', 'L', 'F'
	.byte	2, 1, 1, 0
	.quad	0
	.word	2, 62
	.long	1
	.quad	LOAD_AT + data_code - workload_program_data
	.quad	data_segments - workload_program_data
	.quad	0
	.long	0
	.word	64, 56, 3
	.word	64, 0, 0

data_segments:
	.long	1, 5
	.quad	0, LOAD_AT, LOAD_AT
	.quad	data_code_end - workload_program_data
	.quad	data_code_end - workload_program_data
	.quad	PAGE_BYTES

	.long	1, 6			/* PT_LOAD, readable, writable */
	.quad	PAGE_BYTES, DATA_AT, DATA_AT
	.quad	EXEC_DATA_PAGES * PAGE_BYTES - PAGE_BYTES / 2
	.quad	(EXEC_DATA_PAGES + EXEC_BSS_PAGES) * PAGE_BYTES
	.quad	PAGE_BYTES

	.long	0x6474e551, 6
	.quad	0, 0, 0, 0, 0, 16

data_code:
	movl	$DATA_AT, %ebx
	movl	$(EXEC_DATA_PAGES + EXEC_BSS_PAGES), %ecx
1:	movb	$1, (%rbx)
	addq	$PAGE_BYTES, %rbx
	decl	%ecx
	jnz	1b
	announce_and_exit
data_code_end:
	.org	workload_program_data + PAGE_BYTES
	.fill	EXEC_DATA_PAGES * PAGE_BYTES - PAGE_BYTES / 2, 1, 0x55
workload_program_data_end:

	.section .note.GNU-stack, "", @progbits
