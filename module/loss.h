/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was lost, and therefore whether numbers are exact.
 *
 * A loss is charged to the process that it happened to (counters.h): so each sum
 * of counters, of the system, of a tree, since whenever, has its own losses.
 */
#ifndef COWSTAT_LOSS_H
#define COWSTAT_LOSS_H

#include <linux/types.h>

#include "counters.h"

struct cow_process;
struct mm_struct;

/* Under RCU or with cow_tree_lock held. @process: cow_root if nobody is known. */
void cow_lose(struct cow_process *process, enum cow_loss reason, u64 n);

/* The owner of @mm loses. Any context. */
void cow_lose_in(const struct mm_struct *mm, enum cow_loss reason, u64 n);

/* All losses, by reason, without asking the tree. Return: COWSTAT_STATE_* */
u32 cow_losses_in_all(u64 lost[COWSTAT_LOSSES_MAX]);

/* When the last loss was, in nanoseconds since 1970; 0 if there was none. */
u64 cow_loss_last(void);

const char *cow_loss_name(enum cow_loss reason);

#endif /* COWSTAT_LOSS_H */
