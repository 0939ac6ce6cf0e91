/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads of anonymous memory that nobody wrote yet: the shared zero page.
 *
 * The kernel maps the zero page without calling any function that could be
 * hooked. So a read fault of user space on an empty entry of the page table is
 * noted when the handler begins, and looked at again when the task is about to
 * return to user space (as task work): if the zero page is there, it counts.
 * Reads of the same page that overlap are one: only the first is noted. One
 * that another thread overwrites in between is known from that thread's write,
 * as it begins.
 *
 * The kernel's own reads (a write(2) from such a page, ptrace) can not wait
 * for the return to user space, which may be long in coming. They are counted
 * as the handler begins, when all that could still stop the fault is the OOM
 * killer, or another thread that touches the same page in that instant.
 */
#ifndef COWSTAT_ZEROREAD_H
#define COWSTAT_ZEROREAD_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

struct mm_struct;
struct vm_area_struct;
struct vm_fault;

void cow_zeroread_init(void);

/* No hook runs any more: wait for those that are noted. May sleep. */
void cow_zeroread_exit(void);

/* A read fault in private anonymous memory. mmap_lock is held. */
void cow_zeroread_begin(struct vm_area_struct *vma, unsigned long address,
			unsigned int flags);

/* How many reads are noted. */
extern atomic_t cow_zeroread_notes;

void cow_zeroread_overwrite_slowly(const struct vm_fault *fault);

/*
 * A write is about to replace a page, or to split a huge one, which may be the
 * zero page. Afterwards would be too late: the kernel clears the entry first,
 * and a read that finds it empty then is noted, but was answered long before.
 * For a single page its entry is locked.
 */
static __always_inline void cow_zeroread_overwrite(const struct vm_fault *fault)
{
	if (unlikely(atomic_read(&cow_zeroread_notes)))
		cow_zeroread_overwrite_slowly(fault);
}

void cow_zeroread_split(const struct vm_fault *fault);

/* The current task is about to map the huge zero page. */
void cow_zeroread_huge(struct mm_struct *mm);

#endif /* COWSTAT_ZEROREAD_H */
