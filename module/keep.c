// SPDX-License-Identifier: GPL-2.0
#include <linux/container_of.h>

#include "keep.h"
#include "process.h"
#include "quota.h"
#include "walk.h"

unsigned int cow_max_kept = 4096;

static struct cow_process *outer_keeper(const struct cow_process *keeper)
{
	return cow_parent_of(keeper)->keeper;
}

/* One that keeps no more may still be named by processes below it. */
static struct cow_process *keeper_of(const struct cow_process *process)
{
	struct cow_process *keeper = process->keeper;

	while (keeper && !keeper->recorders)
		keeper = outer_keeper(keeper);
	return keeper;
}

void cow_keep(struct cow_process *process)
{
	struct cow_process *keeper = keeper_of(process);

	if (process->pins)
		return;
	if (keeper && !process->borrower && keeper->kept < cow_max_kept &&
	    cow_quota_charge(keeper->quota, COW_KEPT, 1)) {
		process->kept_by = keeper;
		keeper->kept++;
		return;
	}
	if (!process->borrower)
		for (; keeper; keeper = outer_keeper(keeper))
			keeper->folded++;
	cow_process_fold(process);
}

/* It is to be decided anew who keeps @process, if it is kept. */
static void keep_anew(struct cow_process *process)
{
	struct cow_process *keeper = process->kept_by;

	if (!keeper)
		return;
	process->kept_by = NULL;
	keeper->kept--;
	cow_quota_uncharge(keeper->quota, COW_KEPT, 1);
	cow_keep(process);
}

/* Return: true if @root was no keeper before. */
static bool begin(struct cow_process *root, struct cow_quota *quota)
{
	if (root->recorders++)
		return false;
	root->kept = 0;
	root->folded = 0;
	root->quota = cow_quota_ref(quota);
	return true;
}

void cow_keep_born(struct cow_process *root, struct cow_quota *quota)
{
	if (begin(root, quota))
		root->keeper = root;
}

/**
 * struct change - of the keeper of all that have a certain one
 * @walk: over those below the new or the old keeper
 * @from: the old one
 * @to: the new one; both can be NULL
 */
struct change {
	struct cow_walk walk;
	struct cow_process *from;
	struct cow_process *to;
};

static void change_keeper(struct cow_walk *walk, struct cow_process *process)
{
	struct change *change = container_of(walk, struct change, walk);

	if (process->keeper != change->from)
		return;
	process->keeper = change->to;
	keep_anew(process);
}

static const struct cow_walk_ops change_ops = {
	.visit = change_keeper,
};

static void change_below(struct cow_process *top, struct cow_process *from,
			 struct cow_process *to)
{
	struct change change = {
		.walk = { .ops = &change_ops, .lane = COW_LANE_CHANGES },
		.from = from,
		.to = to,
	};

	cow_walk(&change.walk, top);
}

void cow_keep_begin(struct cow_process *root, struct cow_quota *quota)
{
	struct cow_process *outer;
	bool first;

	cow_walk_enter(COW_LANE_CHANGES);
	raw_spin_lock(&cow_tree_lock);
	outer = root->keeper;
	first = begin(root, quota);
	raw_spin_unlock(&cow_tree_lock);
	if (first)
		change_below(root, outer, root);
	cow_walk_leave(COW_LANE_CHANGES);
}

static void end(struct cow_process *root)
{
	struct cow_process *outer;
	struct cow_quota *quota;

	raw_spin_lock(&cow_tree_lock);
	outer = outer_keeper(root);
	raw_spin_unlock(&cow_tree_lock);
	change_below(root, root, outer);
	raw_spin_lock(&cow_tree_lock);
	quota = root->quota;
	root->quota = NULL;
	raw_spin_unlock(&cow_tree_lock);
	cow_quota_put(quota);
}

void cow_keep_end(struct cow_process *root)
{
	bool last;

	cow_walk_enter(COW_LANE_CHANGES);
	raw_spin_lock(&cow_tree_lock);
	last = !--root->recorders;
	raw_spin_unlock(&cow_tree_lock);
	if (last)
		end(root);
	cow_walk_leave(COW_LANE_CHANGES);
}
