/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pictures of the tree, or of a part of it, in which all sums hold.
 *
 * The rows are copied by a walk (walk.h); all that can be derived from them is derived
 * afterwards. There is a row for each process that the viewer may see, and one, the
 * first, for the top of what was asked for. What all others counted is in the row of
 * their nearest ancestor that has one.
 */
#ifndef COWSTAT_SNAPSHOT_H
#define COWSTAT_SNAPSHOT_H

#include <linux/cowstat.h>

#include "sum.h"

struct cow_baseline;
struct cow_process;
struct cow_quota;
struct cow_viewer;

/* @flags of a row */
#define COW_ROW_PROCESS	0x1	/* neither a borrower nor the root */
#define COW_ROW_ALIVE	0x2
#define COW_ROW_OWNED	0x4	/* by the viewer, in its pid namespace */

/**
 * struct cow_row - one process
 * @pid: in the viewer's pid namespace, 0 if it is not in there
 * @parent: index of the row that its tree belongs to; of row 0, itself
 * @ppid: of the nearest ancestor that counts as one, see cowstat_row
 * @depth: how many of those there are
 * @flags: COW_ROW_*
 * @comm: the program's name
 * @self: its own sums
 * @tree: its tree's
 * @procs: processes of the tree, alive and gone
 * @alive: those that are alive
 */
struct cow_row {
	s32 pid;
	u32 parent;
	s32 ppid;
	u32 depth;
	u32 flags;
	char comm[COWSTAT_COMM_LEN];
	struct cow_sums self;
	struct cow_sums tree;
	u64 procs;
	u64 alive;
};

/**
 * struct cow_snapshot - a picture
 * @state: COWSTAT_STATE_*, of what is listed
 * @count: rows
 * @capacity: rows that there is room for
 * @blocks: places for pointers in @block
 * @block: the rows, parents before their children, COW_BLOCK_ROWS in each
 * @bytes: what all of it takes, charged to @quota
 * @quota: of the reader
 * @processes: living processes in the whole system
 * @hidden: processes that the viewer may not see
 * @folded: of a tree handle that keeps the gone: how many are not listed
 * @lost: what was lost, by reason
 * @system: the system's sums
 */
struct cow_snapshot {
	u32 state;
	u32 count;
	u32 capacity;
	u32 blocks;
	struct cow_row **block;
	u64 bytes;
	struct cow_quota *quota;
	u64 processes;
	u64 hidden;
	u64 folded;
	u64 lost[COWSTAT_LOSSES_MAX];
	struct cow_sums system;
};

/* Some 9 KiB */
#define COW_BLOCK_ROWS	16

/**
 * struct cow_listing - what to list, for whom
 * @top: below and including this process, pinned; NULL lists nothing
 * @viewer: who asks
 * @gone: list those that are gone too
 * @baseline: of a tree handle: what is taken off the top's sums; NULL for the device
 */
struct cow_listing {
	struct cow_process *top;
	const struct cow_viewer *viewer;
	bool gone;
	const struct cow_baseline *baseline;
};

/*
 * May sleep. Return: a snapshot, or ERR_PTR(): -ENOSPC if the user has too many
 * readings open, -ENOMEM, -EINTR.
 */
struct cow_snapshot *cow_snapshot_take(const struct cow_listing *listing);
void cow_snapshot_free(struct cow_snapshot *snapshot);

static inline struct cow_row *cow_snapshot_row(const struct cow_snapshot *snapshot,
					       u32 i)
{
	return &snapshot->block[i / COW_BLOCK_ROWS][i % COW_BLOCK_ROWS];
}

/* Is the row one to show, in what was asked for? */
bool cow_row_listed(const struct cow_row *row, const struct cow_listing *listing);

/*
 * One process by its pid, and its tree. Return: 0, -ESRCH, -EACCES, or -EINTR if the
 * caller is being killed.
 */
int cow_row_of(const struct cow_viewer *viewer, pid_t pid, struct cow_row *row);

/* The public form of a row. */
void cow_row_fill(const struct cow_row *row, struct cowstat_row *out);

#endif /* COWSTAT_SNAPSHOT_H */
