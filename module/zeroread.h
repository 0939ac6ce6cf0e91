/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads of anonymous memory that nobody wrote yet: the shared zero page.
 *
 * The kernel maps the zero page without calling any function that could be
 * hooked. So a read fault of user space on an empty entry of the page table is
 * noted when the handler begins, and looked at again when the task is about to
 * return to user space (as task work): if the zero page is there, it counts.
 * Reads of the same page that overlap are one: only the first is noted. One
 * that another thread overwrites in between is known from that thread's write.
 *
 * The kernel's own reads (a write(2) from such a page, ptrace) can not wait
 * for the return to user space, which may be long in coming. They are counted
 * as the handler begins, when all that could still stop the fault is the OOM
 * killer, or another thread that touches the same page in that instant.
 */
#ifndef COWSTAT_ZEROREAD_H
#define COWSTAT_ZEROREAD_H

#include <linux/types.h>

struct mm_struct;
struct vm_area_struct;

void cow_zeroread_init(void);

/* No hook runs any more: wait for those that are noted. May sleep. */
void cow_zeroread_exit(void);

/* A read fault in anonymous memory. Preemption is off, mmap_lock is held. */
void cow_zeroread_begin(struct vm_area_struct *vma, unsigned long address,
			unsigned int flags);

/* The zero page at @address was replaced by a write. Preemption is off. */
void cow_zeroread_upgraded(struct mm_struct *mm, unsigned long address);

/* The current task is about to map the huge zero page. Preemption is off. */
void cow_zeroread_huge(struct mm_struct *mm);

#endif /* COWSTAT_ZEROREAD_H */
