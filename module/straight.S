/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hook that every fault of the machine passes: most are of no interest, and
 * need no more than to be told so. ftrace would save all argument registers
 * before it, which costs more than all of this.
 *
 * Called from the entry of __handle_mm_fault(vma, address, flags), and goes back
 * there. No register may change.
 */
#include <linux/linkage.h>
#include <asm/nospec-branch.h>

#include "offsets.h"

	.text

SYM_FUNC_START(cow_straight_mm_fault)
	testb	$COW_FAULT_FLAG_WRITE, %dl
	jnz	.Lwrite
	cmpq	$0, COW_VMA_VM_OPS(%rdi)
	je	cow_fault_starts	/* a read of anonymous memory */
	RET
.Lwrite:
	cmpq	$0, COW_VMA_VM_OPS(%rdi)
	jne	cow_fault_starts	/* a write to a file's memory */
	RET
SYM_FUNC_END(cow_straight_mm_fault)
