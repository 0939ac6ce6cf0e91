// SPDX-License-Identifier: GPL-2.0
/*
 * What straight.S has to know of C: compiled to offsets.h, and no part of the
 * module.
 */
#define COMPILE_OFFSETS

#include <linux/kbuild.h>
#include <linux/mm_types.h>
#include <linux/mm.h>

int main(void)
{
	DEFINE(COW_FAULT_FLAG_WRITE, FAULT_FLAG_WRITE);
	DEFINE(COW_VM_SHARED, VM_SHARED);
	OFFSET(COW_VMA_VM_FLAGS, vm_area_struct, vm_flags);
	OFFSET(COW_VMA_VM_OPS, vm_area_struct, vm_ops);
	return 0;
}
