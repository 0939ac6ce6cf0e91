/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hooks in the fault path, and what they charge.
 *
 * All run with preemption off; they sleep, allocate and lock nothing, but for
 * the rare page of an address space that is not bound yet (cow_tree_lock).
 */
#ifndef COWSTAT_FAULT_H
#define COWSTAT_FAULT_H

#include <linux/ftrace.h>

#include "counters.h"

struct mm_struct;
struct vm_area_struct;
struct vm_fault;

/* Tracepoints page_fault_user and page_fault_kernel */
void cow_fault_trap(unsigned long address, unsigned long error_code);

/* Entry of handle_mm_fault */
void cow_fault_handle(struct vm_area_struct *vma, unsigned long address,
		      unsigned int flags);

/* Entry of do_wp_page, and of do_huge_pmd_wp_page */
void cow_fault_replace(struct vm_fault *fault);
void cow_fault_replace_huge(struct vm_fault *fault);

/* Entry of the rmap functions; @caller is where they return to */
void cow_fault_new_page(unsigned long caller, struct page *page,
			struct vm_area_struct *vma, unsigned long address);
void cow_fault_taken_over(unsigned long caller, struct page *page,
			  struct vm_area_struct *vma);

/* Charge @n of each of @bits to the owner of @mm. Preemption is off. */
void cow_fault_charge(struct mm_struct *mm, u32 bits, u64 n);

#endif /* COWSTAT_FAULT_H */
