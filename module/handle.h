/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tree handles: files that count one process and all that descends from it.
 *
 * A handle pins its root: when that process is gone it stays in its place in
 * the tree, so that what its living descendants still count is found below it.
 * A handle that keeps the gone makes its root a keeper: the processes below it
 * stay in place as well when they are gone, up to a limit, beyond which they
 * are folded into their parents as ever.
 */
#ifndef COWSTAT_HANDLE_H
#define COWSTAT_HANDLE_H

#include <linux/types.h>

struct cow_process;
struct cow_viewer;

extern unsigned int cow_max_handles;
extern unsigned int cow_max_kept;

/* Open one, see struct cowstat_tree. Return: a descriptor, or an errno. */
int cow_handle_open(const struct cow_viewer *viewer, u32 flags, pid_t pid);

/* All with cow_tree_lock held. */

/* @child is in the tree and has not run. */
void cow_handle_child_born(struct cow_process *child);
void cow_handle_exec(struct cow_process *process);

/* @process has no users any more: keep or fold it. */
void cow_handle_process_gone(struct cow_process *process);
void cow_handle_forget_waiters(struct cow_process *process);

#endif /* COWSTAT_HANDLE_H */
