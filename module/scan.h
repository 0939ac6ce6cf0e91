/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Putting the processes into the tree that were there before the module.
 */
#ifndef COWSTAT_SCAN_H
#define COWSTAT_SCAN_H

/*
 * With the hooks of life.h in place, so that no process is missed: one that is
 * born or dies meanwhile is seen by either or by both. May sleep.
 */
int cow_scan(void);

/*
 * The current task forks before the scan has come to it: it goes into the tree, for
 * the child to have its place there. With preemption off.
 */
void cow_scan_forker(void);

#endif /* COWSTAT_SCAN_H */
