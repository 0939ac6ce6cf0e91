/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Take-overs of a page of a large folio, which newer kernels do without a call of
 * any function that could be hooked.
 *
 * A write to such a page that others may hold is noted as it begins, and looked at
 * again when its task is about to return to user space (as task work): if the same
 * page is there, and the process's alone, it was taken over. The write of another
 * process's task to it (ptrace) is not seen, nor a page that another thread has
 * unmapped or forked in that moment.
 */
#ifndef COWSTAT_TAKEOVER_H
#define COWSTAT_TAKEOVER_H

#include "compat.h"

struct vm_fault;

void cow_takeover_begin_slowly(const struct vm_fault *fault);

/* A write to a present page begins; its page table is locked. */
static __always_inline void cow_takeover_begin(const struct vm_fault *fault)
{
	if (COW_TAKES_OVER_LARGE)
		cow_takeover_begin_slowly(fault);
}

/* No hook runs any more: wait for those that are noted. May sleep. */
void cow_takeover_exit(void);

#endif /* COWSTAT_TAKEOVER_H */
