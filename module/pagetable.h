/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking at page tables without their locks: a hint, which is true for the moment.
 * Interrupts are off meanwhile, so that no page table is freed, as in the kernel's
 * fast GUP.
 */
#ifndef COWSTAT_PAGETABLE_H
#define COWSTAT_PAGETABLE_H

#include <linux/pgtable.h>

struct mm_struct;

/*
 * The entry for the huge page around @address, none if there is no table for
 * it (anonymous memory has no larger pages). With interrupts off.
 */
pmd_t cow_pagetable_pmd(struct mm_struct *mm, unsigned long address);

/* Is somebody changing the entries for the huge pages around @address? */
bool cow_pagetable_is_busy(struct mm_struct *mm, unsigned long address);

/* The entry for the page at @address, none if there is no table for it. */
pte_t cow_pagetable_pte(struct mm_struct *mm, unsigned long address);

#endif /* COWSTAT_PAGETABLE_H */
