/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks over the tree that hold nobody up.
 *
 * A walk visits some nodes with cow_tree_lock held, drops it, and goes on. A process
 * that is about to be folded, before the walk has come to it, into a parent that the
 * walk has seen already, is passed to the walk instead: so a walk that sums up misses
 * nothing that was counted before it began, and counts nothing twice.
 *
 * There is one walk at a time in each lane; who comes later waits. Readers with the
 * right to see all have a lane of their own, which nobody else can make them wait in.
 */
#ifndef COWSTAT_WALK_H
#define COWSTAT_WALK_H

#include <linux/types.h>

struct cow_process;
struct cow_walk;

enum cow_lane {
	COW_LANE_USERS,
	COW_LANE_ROOT,
	COW_READ_LANES,
	COW_LANE_CHANGES = COW_READ_LANES,	/* reads nothing */
	COW_LANES
};

/* A walk leaves nodes alone for so many steps of each kind at a time. */
#define COW_WALK_VISITS		32
#define COW_WALK_VISITS_LEAST	4U
#define COW_WALK_STEPS		1024

/* In so many visits all shards of so many processes are read. */
unsigned int cow_walk_visits(void);

/**
 * struct cow_walk_ops - what a walk does
 * @prepare: before each piece, without a lock: make room for COW_WALK_VISITS
 *	visits. May sleep. Return: 0, or an errno that ends the walk
 * @visit: a process, with cow_tree_lock held
 * @pass: @process, which was not visited, is about to be folded into its parent,
 *	which was; with cow_tree_lock held
 */
struct cow_walk_ops {
	int (*prepare)(struct cow_walk *walk);
	void (*visit)(struct cow_walk *walk, struct cow_process *process);
	void (*pass)(struct cow_walk *walk, struct cow_process *process);
};

/**
 * struct cow_walk - one walk
 * @ops: what it does; without @prepare and @pass if it needs none
 * @lane: where
 */
struct cow_walk {
	const struct cow_walk_ops *ops;
	enum cow_lane lane;
};

/**
 * struct cow_visit - what the walk of a reader left in a process
 * @walk: which walk that was
 * @row: of the snapshot that the process is counted in
 * @ppid: of its nearest ancestor in the snapshot, itself included
 * @depth: of that one, plus one
 *
 * Under cow_tree_lock.
 */
struct cow_visit {
	u64 walk;
	u32 row;
	s32 ppid;
	u32 depth;
};

void cow_walk_init(void);

/*
 * The lane is the caller's until cow_walk_leave(). Return: 0, or -EINTR in a lane of
 * readers, if the caller is being killed.
 */
int cow_walk_enter(enum cow_lane lane);
void cow_walk_leave(enum cow_lane lane);

/*
 * Visit @top, which has a pin or is cow_root, and all below it. In the caller's lane;
 * may sleep. Return: 0, or what @prepare says.
 */
int cow_walk(struct cow_walk *walk, struct cow_process *top);

/* Both with cow_tree_lock held, before it happens. */
void cow_walk_fold(struct cow_process *process);
void cow_walk_hoist(struct cow_process *process);

#endif /* COWSTAT_WALK_H */
