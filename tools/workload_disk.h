/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk of this machine, which is only ever read.
 */
#ifndef COWSTAT_WORKLOAD_DISK_H
#define COWSTAT_WORKLOAD_DISK_H

#include <linux/types.h>

/* A descriptor, with these flags of open(2), of one of @size bytes or more; or -1. */
int disk_open(__u64 size, int flags);

#endif
