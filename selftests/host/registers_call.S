/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stub of the direct call, in user space: what calls it, with all registers set,
 * and what it calls, which changes all that a function may.
 */
	.bss
	.globl	before, after, seen, calls, function
before:		.skip	16 * 8		/* as the processor numbers them */
after:		.skip	17 * 8		/* and the flags */
seen:		.skip	3 * 8
calls:		.skip	8
function:	.skip	8
stack:		.skip	8

	.text

/* each LOAD-OR-STORE: of all registers but that of the stack */
.macro each what
	\what	%rax, 0
	\what	%rcx, 1
	\what	%rdx, 2
	\what	%rbx, 3
	\what	%rbp, 5
	\what	%rsi, 6
	\what	%rdi, 7
	\what	%r8, 8
	\what	%r9, 9
	\what	%r10, 10
	\what	%r11, 11
	\what	%r12, 12
	\what	%r13, 13
	\what	%r14, 14
	\what	%r15, 15
.endm

.macro load register, n
	mov	before + 8 * \n, \register
.endm

.macro store register, n
	mov	\register, after + 8 * \n
.endm

/* call_function(): calls it, with the registers of before, and stores after */
	.globl	call_function
call_function:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, stack
	mov	%rsp, before + 8 * 4
	each	load
	call	*function
	each	store
	mov	%rsp, after + 8 * 4
	mov	stack, %rsp
	pushf
	pop	%rax
	mov	%rax, after + 8 * 16
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.globl	cow_flight_handle, cow_zeroread_begin
cow_flight_handle:
cow_zeroread_begin:
	incq	calls
	mov	%rdi, seen
	mov	%rsi, seen + 8
	mov	%rdx, seen + 16
	.irp	register, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
	mov	$0x5ca1ab1e, %\register
	.endr
	test	%rax, %rax
	ret

/* Of the kernel's, what its objects call */
	.globl	__x86_return_thunk, __fentry__
__x86_return_thunk:
__fentry__:
	ret

	.section .note.GNU-stack, "", @progbits
