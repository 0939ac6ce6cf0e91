/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Consistent pictures of the tree, or of a part of it.
 *
 * The rows are copied under cow_tree_lock, so that no process comes, goes or
 * passes its sums on meanwhile; all that can be derived from them is derived
 * afterwards. Array index 0 is the top of what was asked for.
 */
#ifndef COWSTAT_SNAPSHOT_H
#define COWSTAT_SNAPSHOT_H

#include <linux/cowstat.h>

#include "counters.h"

struct cow_process;
struct cow_viewer;

/**
 * struct cow_tree_sums - a tree in one line
 * @tree: its sums
 * @procs: processes, alive and gone
 * @alive: those that are alive
 * @unborn: vfork children and the like, which can still become processes
 */
struct cow_tree_sums {
	struct cow_sums tree;
	u64 procs;
	u64 alive;
	u64 unborn;
};

/* With cow_tree_lock held. @recent: see cow_process_read(). */
void cow_tree_sum(struct cow_process *top, bool recent,
		  struct cow_tree_sums *sums);

/* @flags of a row */
#define COW_ROW_PROCESS	0x1	/* neither a borrower nor the root */
#define COW_ROW_ALIVE	0x2
#define COW_ROW_OWNED	0x4	/* by the viewer, in its pid namespace */

/**
 * struct cow_row - one process
 * @pid: in the viewer's pid namespace, 0 if it is not in there
 * @parent: index of its parent in the tree; of row 0, itself
 * @ppid: of the nearest ancestor that counts as one, see cowstat_row
 * @depth: how many of those there are
 * @flags: COW_ROW_*
 * @comm: the program's name
 * @self: its own sums
 * @tree: its tree's, and how many are in it
 */
struct cow_row {
	s32 pid;
	u32 parent;
	s32 ppid;
	u32 depth;
	u32 flags;
	char comm[COWSTAT_COMM_LEN];
	struct cow_sums self;
	struct cow_tree_sums tree;
};

/**
 * struct cow_snapshot - a picture
 * @state: COWSTAT_STATE_*, of what is listed
 * @count: rows
 * @capacity: rows that there is room for
 * @processes: living processes in the whole system
 * @lost: what it lost, by reason
 * @system: the system's sums
 * @folded: of a tree handle that keeps the gone: how many are not listed
 * @row: parents before their children
 */
struct cow_snapshot {
	u32 state;
	u32 count;
	u32 capacity;
	u64 processes;
	u64 lost[COWSTAT_LOSSES_MAX];
	u64 folded;
	struct cow_tree_sums system;
	struct cow_row row[];
};

/**
 * struct cow_listing - what to list, for whom
 * @top: below and including this process; NULL lists nothing
 * @viewer: who asks
 * @gone: list those that are gone too
 * @recent: of a tree handle: read break_max_ns so, see cow_process_read()
 * @base_self: of a tree handle: what is taken off the top's own sums
 * @base_tree: ... and off its tree's; NULL for the device
 * @max_before: of a tree handle: what break_max_ns of its tree is at least;
 *	changes with each later handle, so it is read with the rows
 */
struct cow_listing {
	struct cow_process *top;
	const struct cow_viewer *viewer;
	bool gone;
	bool recent;
	const struct cow_sums *base_self;
	const struct cow_sums *base_tree;
	const u64 *max_before;
};

/* May sleep. Return: a snapshot to be freed with kvfree(), or ERR_PTR(). */
struct cow_snapshot *cow_snapshot_take(const struct cow_listing *listing);

/* Is the row one to show, in what was asked for? */
bool cow_row_listed(const struct cow_row *row, const struct cow_listing *listing);

/* One process and its tree, with cow_tree_lock held. */
void cow_row_of(struct cow_process *process, const struct cow_viewer *viewer,
		struct cow_row *row);

/* The public form of a row. */
void cow_row_fill(const struct cow_row *row, struct cowstat_row *out);

#endif /* COWSTAT_SNAPSHOT_H */
