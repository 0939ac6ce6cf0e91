// SPDX-License-Identifier: GPL-2.0
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "baseline.h"
#include "process.h"
#include "quota.h"
#include "snapshot.h"
#include "viewer.h"

#define COW_BLOCKS_AT_FIRST	16

/* Ancestors that are looked at with the lock held. */
#define COW_CLIMB		1024

/* The row of a process that is outside of what was asked for */
#define COW_NO_ROW		U32_MAX

static void copy_comm(char *comm, const struct cow_process *process)
{
	struct task_struct *task = NULL;

	rcu_read_lock();
	if (cow_process_alive(process))
		task = pid_task(cow_process_pid(process), PIDTYPE_TGID);
	strscpy_pad(comm, task ? task->comm : process->comm, COWSTAT_COMM_LEN);
	rcu_read_unlock();
}

static u32 flags_of(const struct cow_process *process, s32 pid,
		    const struct cow_viewer *viewer)
{
	u32 flags = 0;

	if (!cow_process_counts(process))
		return 0;
	flags |= COW_ROW_PROCESS;
	if (cow_process_alive(process))
		flags |= COW_ROW_ALIVE;
	if (pid && cow_viewer_owns(viewer, process))
		flags |= COW_ROW_OWNED;
	return flags;
}

/* What can be told without its sums. */
static void identify(struct cow_row *row, const struct cow_process *process,
		     const struct cow_viewer *viewer)
{
	row->pid = process->pid ? cow_viewer_pid(viewer, process) : 0;
	row->flags = flags_of(process, row->pid, viewer);
}

/* Would it be in the list, if it were the viewer's? */
static bool belongs(const struct cow_row *row, const struct cow_listing *listing)
{
	return row->pid && (row->flags & COW_ROW_PROCESS) &&
	       (listing->gone || (row->flags & COW_ROW_ALIVE));
}

bool cow_row_listed(const struct cow_row *row, const struct cow_listing *listing)
{
	return belongs(row, listing) && (row->flags & COW_ROW_OWNED);
}

/**
 * struct taking - a snapshot in the making
 * @walk: takes it
 * @listing: what was asked for
 * @snapshot: it
 */
struct taking {
	struct cow_walk walk;
	const struct cow_listing *listing;
	struct cow_snapshot *snapshot;
};

static struct taking *taking_of(struct cow_walk *walk)
{
	return container_of(walk, struct taking, walk);
}

/* What a process that has no row of its own counted is in its nearest ancestor's. */
static void add_to_row(struct cow_row *row, const struct cow_process *process,
		       const struct cow_sums *self)
{
	cow_sums_add(&row->tree, self);
	cow_sums_add(&row->tree, &process->node.gone);
	row->procs += process->node.gone_procs + cow_process_counts(process);
	row->alive += cow_process_lives(process);
}

/* That of a process outside is the system's alone. */
static void add_to_system(struct cow_snapshot *snapshot,
			  const struct cow_process *process)
{
	cow_process_read(process, &snapshot->system);
	cow_sums_add(&snapshot->system, &process->node.gone);
	snapshot->processes += cow_process_lives(process);
}

static void visit_inside(struct taking *taking, struct cow_process *process,
			 const struct cow_visit *above)
{
	struct cow_snapshot *snapshot = taking->snapshot;
	struct cow_visit *at = &process->visit[taking->walk.lane];
	bool is_top = process == taking->listing->top;
	struct cow_row *row = cow_snapshot_row(snapshot, snapshot->count);

	memset(row, 0, sizeof(*row));
	identify(row, process, taking->listing->viewer);
	row->parent = above->row;
	row->ppid = above->ppid;
	row->depth = above->depth;
	cow_process_read(process, &row->self);

	at->row = above->row;
	at->ppid = above->ppid;
	at->depth = above->depth;
	if (belongs(row, taking->listing)) {
		at->ppid = row->pid;
		at->depth++;
	}
	if (!(row->flags & COW_ROW_OWNED))
		snapshot->hidden += belongs(row, taking->listing);
	if (is_top || cow_row_listed(row, taking->listing)) {
		at->row = snapshot->count++;
		copy_comm(row->comm, process);
		add_to_row(row, process, &row->self);
	} else {
		add_to_row(cow_snapshot_row(snapshot, above->row), process,
			   &row->self);
	}
}

/*
 * What the walk has left in the parent of @process. Nothing is above the top of what was
 * asked for; above the root of the tree is nothing to be shown.
 */
static struct cow_visit above_of(const struct taking *taking,
				 const struct cow_process *process)
{
	if (process == taking->listing->top)
		return (struct cow_visit){};
	if (process == cow_root)
		return (struct cow_visit){ .row = COW_NO_ROW };
	return cow_parent_of(process)->visit[taking->walk.lane];
}

/*
 * The rows and the system are of one walk: a process that ends meanwhile is in both,
 * or in none.
 */
static void visit(struct cow_walk *walk, struct cow_process *process)
{
	struct taking *taking = taking_of(walk);
	struct cow_visit above = above_of(taking, process);

	if (above.row != COW_NO_ROW) {
		visit_inside(taking, process, &above);
		return;
	}
	process->visit[walk->lane].row = COW_NO_ROW;
	add_to_system(taking->snapshot, process);
}

static void pass(struct cow_walk *walk, struct cow_process *process)
{
	struct cow_visit *above = &cow_parent_of(process)->visit[walk->lane];
	struct cow_snapshot *snapshot = taking_of(walk)->snapshot;
	struct cow_sums self = {};

	if (above->row == COW_NO_ROW) {
		add_to_system(snapshot, process);
		return;
	}
	cow_process_read(process, &self);
	add_to_row(cow_snapshot_row(snapshot, above->row), process, &self);
}

static bool charge(struct cow_snapshot *snapshot, u64 bytes)
{
	if (!cow_quota_charge(snapshot->quota, COW_READING_BYTES, bytes))
		return false;
	snapshot->bytes += bytes;
	return true;
}

/* Twice as many places for blocks. */
static int grow_blocks(struct cow_snapshot *snapshot)
{
	u32 blocks = snapshot->blocks ? 2 * snapshot->blocks :
					COW_BLOCKS_AT_FIRST;
	struct cow_row **block;

	if (!charge(snapshot, (blocks - snapshot->blocks) * sizeof(*block)))
		return -ENOSPC;
	block = kvcalloc(blocks, sizeof(*block), GFP_KERNEL_ACCOUNT);
	if (!block)
		return -ENOMEM;
	if (snapshot->blocks)
		memcpy(block, snapshot->block,
		       snapshot->blocks * sizeof(*block));
	kvfree(snapshot->block);
	snapshot->block = block;
	snapshot->blocks = blocks;
	return 0;
}

static int add_block(struct cow_snapshot *snapshot)
{
	u32 i = snapshot->capacity / COW_BLOCK_ROWS;
	const size_t bytes = COW_BLOCK_ROWS * sizeof(struct cow_row);
	int ret;

	if (i == snapshot->blocks) {
		ret = grow_blocks(snapshot);
		if (ret)
			return ret;
	}
	if (!charge(snapshot, bytes))
		return -ENOSPC;
	snapshot->block[i] = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!snapshot->block[i])
		return -ENOMEM;
	snapshot->capacity += COW_BLOCK_ROWS;
	return 0;
}

/* One more than are visited: each is written behind the last before it is known. */
static int prepare(struct cow_walk *walk)
{
	struct cow_snapshot *snapshot = taking_of(walk)->snapshot;
	int ret = 0;

	while (!ret && snapshot->capacity <=
	       snapshot->count + cow_walk_visits())
		ret = add_block(snapshot);
	return ret;
}

/* What was made ready and is not needed. */
static void trim(struct cow_snapshot *snapshot)
{
	u32 i = DIV_ROUND_UP(snapshot->count, COW_BLOCK_ROWS);
	const size_t bytes = COW_BLOCK_ROWS * sizeof(struct cow_row);

	for (; i < snapshot->capacity / COW_BLOCK_ROWS; i++) {
		kvfree(snapshot->block[i]);
		snapshot->block[i] = NULL;
		snapshot->bytes -= bytes;
		cow_quota_uncharge(snapshot->quota, COW_READING_BYTES, bytes);
	}
}

static const struct cow_walk_ops ops = {
	.prepare = prepare,
	.visit = visit,
	.pass = pass,
};

static void derive_trees(struct cow_snapshot *snapshot)
{
	u32 i;

	for (i = snapshot->count; i-- > 1;) {
		struct cow_row *row = cow_snapshot_row(snapshot, i);
		struct cow_row *parent = cow_snapshot_row(snapshot, row->parent);

		cow_sums_add(&parent->tree, &row->tree);
		parent->procs += row->procs;
		parent->alive += row->alive;
	}
}

static void subtract_baseline(struct cow_snapshot *snapshot,
			      const struct cow_baseline *baseline)
{
	struct cow_row *top = cow_snapshot_row(snapshot, 0);

	cow_sums_subtract(&top->self, &baseline->self);
	cow_sums_subtract(&top->tree, &baseline->tree);
}

static int take(struct cow_snapshot *snapshot, const struct cow_listing *listing)
{
	struct taking taking = {
		.walk = { .ops = &ops, .lane = cow_viewer_lane(listing->viewer) },
		.listing = listing,
		.snapshot = snapshot,
	};
	int ret;

	ret = cow_walk_enter(taking.walk.lane);
	if (ret)
		return ret;
	ret = cow_walk(&taking.walk, cow_root);
	cow_walk_leave(taking.walk.lane);
	return ret;
}

/* All that follows from what the walk has found. */
static void derive(struct cow_snapshot *snapshot)
{
	const struct cow_row *top = cow_snapshot_row(snapshot, 0);

	derive_trees(snapshot);
	cow_sums_add(&snapshot->system, &top->tree);
	snapshot->processes += top->alive;
}

struct cow_snapshot *cow_snapshot_take(const struct cow_listing *listing)
{
	struct cow_snapshot *snapshot;
	int ret;

	snapshot = kzalloc(sizeof(*snapshot), GFP_KERNEL_ACCOUNT);
	if (!snapshot)
		return ERR_PTR(-ENOMEM);
	snapshot->quota = cow_quota_ref(listing->viewer->quota);
	ret = take(snapshot, listing);
	if (ret)
		goto err_free;
	trim(snapshot);
	if (!snapshot->count)
		return snapshot;
	derive(snapshot);
	if (listing->gone)
		snapshot->folded = READ_ONCE(listing->top->folded);
	if (listing->baseline)
		subtract_baseline(snapshot, listing->baseline);
	snapshot->state = cow_losses_fill(snapshot->lost,
					  &cow_snapshot_row(snapshot, 0)->tree);
	return snapshot;

err_free:
	cow_snapshot_free(snapshot);
	return ERR_PTR(ret);
}

void cow_snapshot_free(struct cow_snapshot *snapshot)
{
	u32 i;

	if (!snapshot)
		return;
	for (i = 0; i < snapshot->blocks; i++)
		kvfree(snapshot->block[i]);
	kvfree(snapshot->block);
	cow_quota_uncharge(snapshot->quota, COW_READING_BYTES, snapshot->bytes);
	cow_quota_put(snapshot->quota);
	kfree(snapshot);
}

void cow_row_fill(const struct cow_row *row, struct cowstat_row *out)
{
	memset(out, 0, sizeof(*out));
	out->pid = row->pid;
	out->ppid = row->ppid;
	out->depth = row->depth;
	if (!(row->flags & COW_ROW_ALIVE))
		out->flags = COWSTAT_ROW_EXITED;
	if (cow_sums_lost(&row->self))
		out->flags |= COWSTAT_ROW_SELF_LOST;
	if (cow_sums_lost(&row->tree))
		out->flags |= COWSTAT_ROW_TREE_LOST;
	memcpy(out->comm, row->comm, sizeof(out->comm));
	out->tree_procs = row->procs;
	out->tree_alive = row->alive;
	cow_counters_fill(&out->self, &row->self);
	cow_counters_fill(&out->tree, &row->tree);
}

/* With cow_tree_lock held. */
static void pass_ancestor(struct cow_row *row, const struct cow_process *up,
			  const struct cow_viewer *viewer)
{
	pid_t pid = up->pid ? cow_viewer_pid(viewer, up) : 0;

	if (!pid || !cow_process_lives(up))
		return;
	if (!row->depth++)
		row->ppid = pid;
}

/*
 * @from, which is pinned, is done with: so are some of its ancestors then. Return: the
 * last of them, which has the pin instead, or NULL if there is no other above.
 */
static struct cow_process *climb(struct cow_row *row, struct cow_process *from,
				 const struct cow_viewer *viewer)
{
	struct cow_process *up, *last = NULL;
	unsigned int n = COW_CLIMB;

	raw_spin_lock(&cow_tree_lock);
	for (up = cow_parent_of(from); up != cow_root && n--;
	     up = cow_parent_of(up)) {
		pass_ancestor(row, up, viewer);
		last = up;
	}
	if (up == cow_root)
		last = NULL;
	else
		cow_process_pin(last);
	cow_process_unpin(from);
	raw_spin_unlock(&cow_tree_lock);
	cond_resched();
	return last;
}

/* With cow_tree_lock held. Return: the process, pinned, or ERR_PTR(). */
static struct cow_process *find(const struct cow_viewer *viewer, pid_t pid,
				struct cow_row *row)
{
	struct cow_process *process = cow_viewer_process(viewer, pid);

	if (!process)
		return ERR_PTR(-ESRCH);
	if (!cow_viewer_owns(viewer, process))
		return ERR_PTR(-EACCES);
	memset(row, 0, sizeof(*row));
	identify(row, process, viewer);
	copy_comm(row->comm, process);
	cow_process_pin(process);
	return process;
}

/* As the sums were read it may have ended, or be out of the viewer's reach. */
static int recheck(const struct cow_viewer *viewer,
		   const struct cow_process *process,
		   const struct cow_tree_sums *sums)
{
	bool owns;

	if (!sums->top_lives)
		return -ESRCH;
	raw_spin_lock(&cow_tree_lock);
	owns = cow_viewer_owns(viewer, process);
	raw_spin_unlock(&cow_tree_lock);
	return owns ? 0 : -EACCES;
}

int cow_row_of(const struct cow_viewer *viewer, pid_t pid, struct cow_row *row)
{
	struct cow_process *process;
	struct cow_tree_sums sums;
	int ret;

	raw_spin_lock(&cow_tree_lock);
	process = find(viewer, pid, row);
	raw_spin_unlock(&cow_tree_lock);
	if (IS_ERR(process))
		return PTR_ERR(process);

	ret = cow_tree_sum(process, cow_viewer_lane(viewer), &sums);
	if (!ret)
		ret = recheck(viewer, process, &sums);
	while (process)
		process = climb(row, process, viewer);
	row->self = sums.self;
	row->tree = sums.tree;
	row->procs = sums.procs;
	row->alive = sums.alive;
	return ret;
}
