// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "process.h"
#include "snapshot.h"
#include "viewer.h"

#define COW_ROWS_AT_FIRST	64

void cow_tree_sum(struct cow_process *top, bool recent,
		  struct cow_tree_sums *sums)
{
	struct cow_node *node;
	struct cow_sums self, gone;

	memset(sums, 0, sizeof(*sums));
	for (node = &top->node; node; node = cow_tree_next(&top->node, node)) {
		struct cow_process *process = cow_process_of(node);

		cow_process_read(process, recent, &self, &gone);
		cow_sums_add(&sums->tree, &self);
		cow_sums_add(&sums->tree, &gone);
		sums->procs += node->gone_procs + cow_process_counts(process);
		sums->alive += cow_process_lives(process);
		sums->unborn += process->borrower && process->group_alive;
	}
}

static void copy_comm(char *comm, const struct cow_process *process)
{
	struct task_struct *task = NULL;

	rcu_read_lock();
	if (process->group_alive)
		task = pid_task(process->pid, PIDTYPE_TGID);
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
	if (process->group_alive)
		flags |= COW_ROW_ALIVE;
	if (pid && cow_viewer_owns(viewer, process))
		flags |= COW_ROW_OWNED;
	return flags;
}

/* What only the tree itself can tell; the rest follows in derive(). */
static void copy_row(struct cow_row *row, const struct cow_process *process,
		     const struct cow_viewer *viewer, bool recent)
{
	row->pid = process->pid ? cow_viewer_pid(viewer, process) : 0;
	row->ppid = 0;
	row->depth = 0;
	row->flags = flags_of(process, row->pid, viewer);
	copy_comm(row->comm, process);
	cow_process_read(process, recent, &row->self, &row->tree.tree);
	row->tree.procs = process->node.gone_procs + cow_process_counts(process);
	row->tree.alive = cow_process_lives(process);
}

/* With cow_tree_lock held. Return: how many rows it takes. */
static u32 copy_rows(struct cow_snapshot *snapshot,
		     const struct cow_listing *listing)
{
	struct cow_node *top = &listing->top->node;
	struct cow_node *node;
	u32 count = 0;

	for (node = top; node; node = cow_tree_next(top, node), count++) {
		struct cow_row *row = &snapshot->row[count];

		if (count >= snapshot->capacity)
			continue;
		node->mark = count;
		row->parent = node == top ? 0 : node->parent->mark;
		copy_row(row, cow_process_of(node), listing->viewer,
			 listing->recent);
	}
	return count;
}

/* With cow_tree_lock held. The whole tree's sums are derived from its rows. */
static void copy_all(struct cow_snapshot *snapshot,
		     const struct cow_listing *listing)
{
	snapshot->count = listing->top ? copy_rows(snapshot, listing) : 0;
	snapshot->processes = cow_living;
	snapshot->folded = 0;
	if (listing->gone && listing->top)
		snapshot->folded = listing->top->folded;
	if (listing->top != cow_root)
		cow_tree_sum(cow_root, false, &snapshot->system);
}

/* Does a row count as an ancestor of those below it? */
static bool is_ancestor(const struct cow_row *row,
			const struct cow_listing *listing)
{
	return row->pid && (row->flags & COW_ROW_PROCESS) &&
	       (listing->gone || (row->flags & COW_ROW_ALIVE));
}

static void derive(struct cow_snapshot *snapshot,
		   const struct cow_listing *listing)
{
	struct cow_row *row, *parent;
	u32 i;

	for (i = snapshot->count; i-- > 0;) {
		row = &snapshot->row[i];
		cow_sums_add(&row->tree.tree, &row->self);
		if (!i)
			break;
		parent = &snapshot->row[row->parent];
		cow_sums_add(&parent->tree.tree, &row->tree.tree);
		parent->tree.procs += row->tree.procs;
		parent->tree.alive += row->tree.alive;
	}
	for (i = 1; i < snapshot->count; i++) {
		row = &snapshot->row[i];
		parent = &snapshot->row[row->parent];
		if (is_ancestor(parent, listing)) {
			row->ppid = parent->pid;
			row->depth = parent->depth + 1;
		} else {
			row->ppid = parent->ppid;
			row->depth = parent->depth;
		}
	}
}

static struct cow_snapshot *snapshot_alloc(u32 capacity)
{
	struct cow_snapshot *snapshot;

	snapshot = kvmalloc(struct_size(snapshot, row, capacity),
			    GFP_KERNEL_ACCOUNT);
	if (snapshot)
		snapshot->capacity = capacity;
	return snapshot;
}

static void subtract_base(struct cow_snapshot *snapshot,
			  const struct cow_listing *listing, u64 max_before)
{
	struct cow_row *top = snapshot->row;
	u64 *max = &top->tree.tree.break_max_ns;

	if (!snapshot->count || !listing->base_tree)
		return;
	cow_sums_subtract(&top->self, listing->base_self);
	cow_sums_subtract(&top->tree.tree, listing->base_tree);
	*max = max(*max, max_before);
}

struct cow_snapshot *cow_snapshot_take(const struct cow_listing *listing)
{
	u32 capacity = COW_ROWS_AT_FIRST;
	struct cow_snapshot *snapshot;
	u64 max_before = 0;

	for (;;) {
		snapshot = snapshot_alloc(capacity);
		if (!snapshot)
			return ERR_PTR(-ENOMEM);

		raw_spin_lock(&cow_tree_lock);
		copy_all(snapshot, listing);
		if (listing->max_before)
			max_before = *listing->max_before;
		raw_spin_unlock(&cow_tree_lock);

		if (snapshot->count <= snapshot->capacity)
			break;
		capacity = snapshot->count + snapshot->count / 4;
		kvfree(snapshot);
	}

	derive(snapshot, listing);
	if (listing->top == cow_root)
		snapshot->system = snapshot->row[0].tree;
	subtract_base(snapshot, listing, max_before);
	snapshot->state = COWSTAT_STATE_EXACT;
	memset(snapshot->lost, 0, sizeof(snapshot->lost));
	if (snapshot->count)
		snapshot->state = cow_losses_fill(snapshot->lost,
						  &snapshot->row[0].tree.tree);
	return snapshot;
}

bool cow_row_listed(const struct cow_row *row, const struct cow_listing *listing)
{
	return (row->flags & COW_ROW_PROCESS) && (row->flags & COW_ROW_OWNED) &&
	       (listing->gone || (row->flags & COW_ROW_ALIVE));
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
	if (cow_sums_lost(&row->tree.tree))
		out->flags |= COWSTAT_ROW_TREE_LOST;
	memcpy(out->comm, row->comm, sizeof(out->comm));
	out->tree_procs = row->tree.procs;
	out->tree_alive = row->tree.alive;
	cow_counters_fill(&out->self, &row->self);
	cow_counters_fill(&out->tree, &row->tree.tree);
}

void cow_row_of(struct cow_process *process, const struct cow_viewer *viewer,
		struct cow_row *row)
{
	struct cow_process *up;

	copy_row(row, process, viewer, false);
	cow_tree_sum(process, false, &row->tree);
	for (up = cow_parent_of(process); up != cow_root; up = cow_parent_of(up)) {
		pid_t pid = cow_viewer_pid(viewer, up);

		if (!pid || !cow_process_lives(up))
			continue;
		if (!row->depth++)
			row->ppid = pid;
	}
}
