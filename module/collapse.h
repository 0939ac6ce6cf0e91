/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Collapses: khugepaged, or who calls madvise(MADV_COLLAPSE), copies the pages of
 * a page table into a larger one.
 *
 * Which of them others hold too is known as long as they are mapped. So it is
 * noted as the kernel takes the page table away, to be counted when the new page
 * is in place; a collapse that fails in between counts nothing. Meanwhile the
 * address space is locked: nobody adds to the page table or to those who hold its
 * pages, but others can let go of one, which was copied all the same.
 *
 * A page that lies in swap too, and that was shared before, counts as shared: who
 * holds the swap entry can not be seen from here.
 */
#ifndef COWSTAT_COLLAPSE_H
#define COWSTAT_COLLAPSE_H

#include <linux/pgtable.h>

struct task_struct;
struct vm_area_struct;

/* The page table at @pmd is about to be taken away, its lock is held. */
void cow_collapse_begin(const struct vm_area_struct *vma, unsigned long address,
			pmd_t *pmd);

/*
 * The new page of @pages is in place at @address. Return: how many of those that
 * it replaces were shared.
 */
unsigned long cow_collapse_end(unsigned long address, unsigned long pages);

/* @task exits. */
void cow_collapse_forget(const struct task_struct *task);

#endif /* COWSTAT_COLLAPSE_H */
