/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that are gone, and stay in the tree for the tree handles that list them.
 *
 * The root of such a handle is a keeper: the processes below it stay in place when they
 * are gone, up to a limit, beyond which they are folded into their parents as ever. One
 * that is kept belongs to its nearest keeper; when that keeps no more, to the next one
 * above.
 */
#ifndef COWSTAT_KEEP_H
#define COWSTAT_KEEP_H

#include <linux/types.h>

struct cow_process;
struct cow_quota;

/* The most that one keeper keeps. */
extern unsigned int cow_max_kept;

/* @process has no users any more: keep or fold it. With cow_tree_lock held. */
void cow_keep(struct cow_process *process);

/* @root, which was just born, keeps for @quota. With cow_tree_lock held. */
void cow_keep_born(struct cow_process *root, struct cow_quota *quota);

/*
 * @root, which is pinned, keeps for one more, or one less. May sleep. While this goes
 * on, one that ends below it may be kept or not.
 */
void cow_keep_begin(struct cow_process *root, struct cow_quota *quota);
void cow_keep_end(struct cow_process *root);

#endif /* COWSTAT_KEEP_H */
