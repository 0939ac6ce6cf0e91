/* SPDX-License-Identifier: GPL-2.0 */
/* The events that the kernel counts for the whole system: /proc/vmstat. */
#ifndef COWSTAT_VMSTAT_H
#define COWSTAT_VMSTAT_H

#include <linux/types.h>

struct vmstat {
	__u64 pgreuse;		/* writes that were let through without a copy */
	__u64 cow_ksm;		/* copies begun of a page that KSM has merged */
};

/* 0, or EXIT_OWN_FAILURE after saying what is wrong. */
int vmstat_read(struct vmstat *vmstat);

#endif
