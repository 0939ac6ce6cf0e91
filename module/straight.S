/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hook that every fault of the machine passes: most are of no interest, and
 * need no more than to be told so. ftrace would save all argument registers
 * before it, which costs more than all of this.
 *
 * Called from the entry of __handle_mm_fault(vma, address, flags), and goes back
 * there. What ftrace's own entry keeps is kept: the registers of arguments and rax;
 * those that functions have to keep are kept by what is called.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/frame.h>
#include <asm/nospec-branch.h>

#include "offsets.h"

	.text

SYM_FUNC_START(cow_straight_mm_fault)
	ANNOTATE_NOENDBR	/* nothing but direct calls and returns come here */
	testb	$COW_FAULT_FLAG_WRITE, %dl
	jnz	.Lwrite
	cmpq	$0, COW_VMA_VM_OPS(%rdi)
	je	.Lstarts	/* a read of anonymous memory */
	RET
.Lwrite:
	cmpq	$0, COW_VMA_VM_OPS(%rdi)
	jne	.Lstarts	/* a write to a file's memory */
	RET
.Lstarts:
	testb	$COW_VM_SHARED, COW_VMA_VM_FLAGS(%rdi)
	jnz	.Lshared
	FRAME_BEGIN
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	call	cow_fault_starts
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	FRAME_END
.Lshared:
	RET
SYM_FUNC_END(cow_straight_mm_fault)
