/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hooks in the fault path, and what they charge.
 *
 * They sleep, allocate and lock nothing, but for the rare page of an address
 * space that is not bound yet (cow_tree_lock). ftrace calls a hook as it finds
 * the function, so preemption is as it is there: off, or at least under RCU, at
 * the commit points and in do_wp_page(), where the page table is locked; on, as
 * a rule, in the others.
 *
 * Each is one function with all that is frequent inlined: this is the path
 * whose instructions are counted.
 */
#ifndef COWSTAT_FAULT_H
#define COWSTAT_FAULT_H

#include <linux/types.h>

#include "compat.h"

struct ftrace_ops;
struct ftrace_regs;
struct mm_struct;
struct pt_regs;
struct vm_area_struct;

/* Tracepoints page_fault_user and page_fault_kernel */
void cow_probe_page_fault(void *data, unsigned long address,
			  struct pt_regs *regs, unsigned long error_code);
void cow_probe_kernel_fault(void *data, unsigned long address,
			    struct pt_regs *regs, unsigned long error_code);

/* Entries of the kernel's functions that they are named after */
#define COW_HOOK(name) \
	void name(unsigned long ip, unsigned long caller, \
		  struct ftrace_ops *ops, struct ftrace_regs *fregs)

COW_HOOK(cow_on_handle_mm_fault);
COW_HOOK(cow_on_do_wp_page);
COW_HOOK(cow_on_do_huge_pmd_wp_page);
COW_HOOK(cow_on_new_anon_rmap);
COW_HOOK(cow_on_new_anon_rmap_by_page);
COW_HOOK(cow_on_move_anon_rmap);
COW_HOOK(cow_on_set_access_flags);
COW_HOOK(cow_on_huge_zero_page);
COW_HOOK(cow_on_hugetlb_fault);
COW_HOOK(cow_on_new_hugetlb_rmap);
COW_HOOK(cow_on_copy_hugetlb);
COW_HOOK(cow_on_collapse);

/*
 * The same as cow_on_handle_mm_fault(), called straight from the entry of the
 * kernel's function (straight.S), which leaves to C the faults that are of interest.
 */
void cow_straight_mm_fault(void);
void cow_fault_starts(struct vm_area_struct *vma, unsigned long address,
		      unsigned int flags);

/* Charge the owner of @mm: @n of each of @bits. Any context of a task. */
void cow_fault_charge(struct mm_struct *mm, u32 bits, u64 n);

#endif /* COWSTAT_FAULT_H */
