/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Swap space of the workload's own: a device of compressed memory (zram).
 */
#ifndef COWSTAT_WORKLOAD_SWAP_H
#define COWSTAT_WORKLOAD_SWAP_H

#include <stdbool.h>
#include <linux/types.h>

bool swap_is_possible(void);

/* 0, or says what is wrong and returns EXIT_OWN_FAILURE; setting_restore() ends it. */
int swap_begin(__u64 pages);

#endif
