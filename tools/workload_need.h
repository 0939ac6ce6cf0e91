/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a workload needs of the machine and its kernel.
 */
#ifndef COWSTAT_WORKLOAD_NEED_H
#define COWSTAT_WORKLOAD_NEED_H

#include "workload_model.h"

#define NEED_ROOT		0x0001
#define NEED_NODES		0x0002	/* two NUMA nodes with memory */
#define NEED_CPUS		0x0004	/* two of them */
#define NEED_THP		0x0008	/* transparent huge pages */
#define NEED_COLLAPSE		0x0010
#define NEED_FOLIOS		0x0020	/* anonymous memory, 64 KiB at a time */
#define NEED_HUGETLB		0x0040	/* pages of 2 MiB */
#define NEED_KSM		0x0080
#define NEED_SWAP		0x0100
#define NEED_UFFD		0x0200
#define NEED_UFFD_MOVE		0x0400
#define NEED_URING		0x0800
#define NEED_DISK		0x1000
#define NEED_SOFT_DIRTY		0x2000
#define NEED_UNSHARE		0x4000	/* of pages that are pinned to be read */

/* What this kernel does in its own way. */
void need_kernel(struct workload_kernel *kernel);

/* What is missing here, in a few words; NULL: nothing. */
const char *need_missing(unsigned int needs);

/*
 * Make what can be made for the time of a run. 0, or says what is wrong and
 * returns EXIT_OWN_FAILURE; setting_restore() takes it back either way.
 */
int need_prepare(unsigned int needs, const struct workload_expectation *expect);

#endif
