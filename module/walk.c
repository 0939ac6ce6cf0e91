// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "process.h"
#include "walk.h"

/**
 * struct lane - a walk at a time
 * @mutex: whose walk it is
 * @cursor: where that is; @node is NULL without one
 * @walk: that one
 * @number: how many there were; marks what was visited
 *
 * All but @mutex under cow_tree_lock.
 */
static struct lane {
	struct mutex mutex;
	struct cow_cursor cursor;
	struct cow_walk *walk;
	u64 number;
} lanes[COW_LANES];

/* Each shard that is read costs, so there are fewer visits where there are many. */
unsigned int cow_walk_visits(void)
{
	return max(COW_WALK_VISITS / cow_shards, COW_WALK_VISITS_LEAST);
}

static bool reads(const struct lane *lane)
{
	return lane < lanes + COW_READ_LANES;
}

static bool was_visited(const struct lane *lane,
			const struct cow_process *process)
{
	return reads(lane) &&
	       process->visit[lane - lanes].walk == lane->number;
}

static void visit(struct lane *lane, struct cow_process *process)
{
	if (reads(lane))
		process->visit[lane - lanes].walk = lane->number;
	lane->walk->ops->visit(lane->walk, process);
}

/* A change can fold a process, which all keepers above it count. */
static unsigned int visits_of(const struct lane *lane)
{
	return reads(lane) ? cow_walk_visits() : COW_WALK_VISITS_LEAST;
}

/* Return: true if there is more to do. */
static bool walk_piece(struct lane *lane)
{
	struct cow_cursor *cursor = &lane->cursor;
	unsigned int visits = visits_of(lane), steps = COW_WALK_STEPS;

	while (cursor->node && steps--) {
		struct cow_node *node = cursor->node;

		if (!cursor->done && !was_visited(lane, cow_process_of(node))) {
			if (!visits--)
				return true;
			visit(lane, cow_process_of(node));
		}
		/* The visit may have folded it: then the cursor has left already. */
		if (cursor->node == node)
			cow_cursor_step(cursor);
	}
	return cursor->node;
}

static void begin(struct lane *lane, struct cow_walk *walk,
		  struct cow_process *top)
{
	raw_spin_lock(&cow_tree_lock);
	lane->number++;
	lane->walk = walk;
	cow_cursor_init(&lane->cursor, &top->node);
	raw_spin_unlock(&cow_tree_lock);
}

static void end(struct lane *lane)
{
	raw_spin_lock(&cow_tree_lock);
	lane->walk = NULL;
	lane->cursor.node = NULL;
	raw_spin_unlock(&cow_tree_lock);
}

int cow_walk(struct cow_walk *walk, struct cow_process *top)
{
	struct lane *lane = &lanes[walk->lane];
	bool more = true;
	int ret = 0;

	lockdep_assert_held(&lane->mutex);

	begin(lane, walk, top);
	while (more) {
		if (walk->ops->prepare)
			ret = walk->ops->prepare(walk);
		if (ret)
			break;
		raw_spin_lock(&cow_tree_lock);
		more = walk_piece(lane);
		raw_spin_unlock(&cow_tree_lock);
		cond_resched();
	}
	end(lane);
	return ret;
}

int cow_walk_enter(enum cow_lane lane)
{
	if (lane < COW_READ_LANES)
		return mutex_lock_killable(&lanes[lane].mutex);
	mutex_lock(&lanes[lane].mutex);
	return 0;
}

void cow_walk_leave(enum cow_lane lane)
{
	mutex_unlock(&lanes[lane].mutex);
}

/*
 * If the parent was not visited there is nothing to do: its own visit is to come, and
 * has what is folded into it. So it is for a process outside of the walk.
 */
static void pass(struct lane *lane, struct cow_process *process)
{
	if (!was_visited(lane, process) &&
	    was_visited(lane, cow_parent_of(process)))
		lane->walk->ops->pass(lane->walk, process);
}

void cow_walk_fold(struct cow_process *process)
{
	struct lane *lane;

	lockdep_assert_held(&cow_tree_lock);

	for (lane = lanes; lane < lanes + COW_LANES; lane++) {
		if (!lane->walk)
			continue;
		pass(lane, process);
		cow_cursor_leave(&lane->cursor, &process->node);
	}
}

/*
 * Its children come to stand before it: who was about to go there is sent to them.
 * Who comes from them meets it again, and was there before.
 */
void cow_walk_hoist(struct cow_process *process)
{
	struct lane *lane;

	lockdep_assert_held(&cow_tree_lock);

	if (!process->node.first)
		return;
	for (lane = lanes; lane < lanes + COW_LANES; lane++)
		if (lane->walk && !lane->cursor.done)
			cow_cursor_leave(&lane->cursor, &process->node);
}

void cow_walk_init(void)
{
	int i;

	for (i = 0; i < COW_LANES; i++)
		mutex_init(&lanes[i].mutex);
}
