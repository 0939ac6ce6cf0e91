/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sums of a tree.
 */
#ifndef COWSTAT_SUM_H
#define COWSTAT_SUM_H

#include "counters.h"
#include "walk.h"

struct cow_process;

/**
 * struct cow_tree_sums - a tree in one line
 * @self: the sums of its root alone
 * @tree: the sums of all
 * @procs: processes, alive and gone
 * @alive: those that are alive
 * @unborn: vfork children and the like, which can still become processes
 * @top_lives: the root was alive as it was counted
 */
struct cow_tree_sums {
	struct cow_sums self;
	struct cow_sums tree;
	u64 procs;
	u64 alive;
	u64 unborn;
	bool top_lives;
};

/*
 * Of @top, which has a pin or is cow_root. May sleep. Return: 0, or -EINTR if the
 * caller is being killed.
 */
int cow_tree_sum(struct cow_process *top, enum cow_lane lane,
		 struct cow_tree_sums *sums);

#endif /* COWSTAT_SUM_H */
