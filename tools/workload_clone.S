/* SPDX-License-Identifier: GPL-2.0 */
/*
 * long workload_clone(unsigned long flags, void *stack,
 *		       void (*start)(void *first, unsigned long second),
 *		       void *first, unsigned long second)
 *
 * clone(2) whose child begins in start() on a stack of its own and never comes
 * back. What the child needs is passed in registers: on its stack it would be
 * overwritten if that stack were in use.
 */
#include <asm/unistd.h>

	.text
	.globl	workload_clone
	.hidden	workload_clone
	.type	workload_clone, @function
workload_clone:
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	movq	%rdx, %rbx
	movq	%rcx, %r12
	movq	%r8, %r13
	andq	$-16, %rsi
	xorl	%edx, %edx		/* parent_tid */
	xorl	%r10d, %r10d		/* child_tid */
	xorl	%r8d, %r8d		/* tls */
	movl	$__NR_clone, %eax
	syscall
	testq	%rax, %rax
	jz	1f
	popq	%r13
	popq	%r12
	popq	%rbx
	ret
1:	xorl	%ebp, %ebp
	movq	%r12, %rdi
	movq	%r13, %rsi
	call	*%rbx
	ud2
	.size	workload_clone, . - workload_clone

	.section .note.GNU-stack, "", @progbits
