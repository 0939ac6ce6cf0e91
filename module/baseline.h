/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Moments from which tree handles count: now, the birth of a child, an exec.
 *
 * Handles that wait for the same moment of the same process share one baseline, so
 * that a fork or an exec has a few to deal with, however many handles there are. A
 * baseline pins its root: when that process is gone it stays in its place in the tree,
 * so that what its living descendants still count is found below it.
 */
#ifndef COWSTAT_BASELINE_H
#define COWSTAT_BASELINE_H

#include <linux/list.h>
#include <linux/task_work.h>
#include <linux/types.h>

#include "counters.h"

struct cow_process;
struct cow_viewer;

/**
 * struct cow_baseline - where tree handles start
 * @users: handles, and the work; under cow_tree_lock, as all that follows
 * @flags: COWSTAT_TREE_* that they were opened with
 * @quota: of the user who opened the first
 * @root: the tree's root, pinned; NULL as long as it is not born
 * @pending: in the list of the forker, or of the root for its exec
 * @starting: @work is under way
 * @started: they count; if the root ends without the exec they never do
 * @self: the root's own counters at that moment
 * @tree: the tree's
 * @work: finds @tree when the root, which has children, is about to run its program
 */
struct cow_baseline {
	unsigned int users;
	u32 flags;
	struct cow_quota *quota;
	struct cow_process *root;
	struct list_head pending;
	bool starting;
	bool started;
	struct cow_sums self;
	struct cow_sums tree;
	struct callback_head work;
};

/* See struct cowstat_tree. May sleep. Return: a baseline, or ERR_PTR(). */
struct cow_baseline *cow_baseline_open(const struct cow_viewer *viewer,
				       u32 flags, pid_t pid);
void cow_baseline_close(struct cow_baseline *baseline);

/* All with cow_tree_lock held. */

/* @child is in the tree and has not run. */
void cow_baseline_child_born(struct cow_process *child);

/* @process, the current task's, runs another program. */
void cow_baseline_exec(struct cow_process *process);

/* @process will neither fork nor exec any more. */
void cow_baseline_forget(struct cow_process *process);

#endif /* COWSTAT_BASELINE_H */
