// SPDX-License-Identifier: GPL-2.0
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "loss.h"
#include "origin.h"
#include "process.h"
#include "scan.h"
#include "space.h"
#include "walk.h"

/* Thread group leaders, each with a reference */
struct crowd {
	struct task_struct **task;
	size_t count;
	size_t capacity;
};

/* Return: how many there are, of which those that fit are referenced. */
static size_t gather(struct crowd *crowd)
{
	struct task_struct *task;
	size_t count = 0;

	crowd->count = 0;
	rcu_read_lock();
	for_each_process(task) {
		if (task->flags & PF_KTHREAD)
			continue;
		if (count++ < crowd->capacity)
			crowd->task[crowd->count++] = get_task_struct(task);
	}
	rcu_read_unlock();
	return count;
}

static void scatter(struct crowd *crowd)
{
	while (crowd->count)
		put_task_struct(crowd->task[--crowd->count]);
	kvfree(crowd->task);
}

static int gather_all(struct crowd *crowd)
{
	size_t needed = 1024;

	for (;;) {
		crowd->capacity = needed;
		crowd->task = kvmalloc_array(needed, sizeof(*crowd->task),
					     GFP_KERNEL);
		if (!crowd->task)
			return -ENOMEM;
		needed = gather(crowd);
		if (needed <= crowd->capacity)
			return 0;
		scatter(crowd);
		needed += needed / 4;
	}
}

static struct cow_process *parent_of_task(const struct cow_process *process)
{
	struct cow_process *parent = NULL;
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(process->pid, PIDTYPE_TGID);
	if (task)
		task = rcu_dereference(task->real_parent);
	if (task)
		parent = cow_process_by_pid(task_tgid(task));
	rcu_read_unlock();
	return parent;
}

/*
 * Who forked whom before the module was there, nobody knows any more; today's
 * parents are the best guess. The kernel lists them before their children, so that
 * most find theirs in the tree. A process that has no children here makes no loop.
 */
static void insert_process(struct cow_process *process)
{
	struct cow_process *parent = parent_of_task(process);

	process->unplaced = !parent;
	cow_process_insert(parent ?: cow_root, process);
}

/*
 * Exiting threads lower signal->live before cow_life_exit() takes the lock.
 * So whoever finds it above 0 here will be seen to exit later. The same goes
 * for @mm: it is referenced, so that cow_life_unmap() is still to come.
 */
static bool insert(struct task_struct *task, struct cow_process *process,
		   struct mm_struct *mm)
{
	struct cow_process *owner;
	struct cow_space *space;

	if (cow_process_by_pid(process->pid))
		return false;
	if (!atomic_read(&task->signal->live))
		return false;

	owner = mm ? cow_space_owner(mm) : NULL;
	process->borrower = !mm || owner;
	insert_process(process);
	if (owner)
		cow_process_borrow(process, owner);
	if (process->borrower)
		return true;
	space = cow_space_bind(mm, process);
	if (space && (task->flags & PF_FORKNOEXEC))
		cow_origin_unknown(space);
	return true;
}

/* The memory of any of its threads: the first one may have exited already. */
static struct mm_struct *get_group_mm(struct task_struct *task)
{
	struct mm_struct *mm = NULL;
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(task, thread) {
		mm = get_task_mm(thread);
		if (mm)
			break;
	}
	rcu_read_unlock();
	return mm;
}

static void add(struct task_struct *task)
{
	struct cow_process *process;
	struct mm_struct *mm;
	bool inserted;

	process = cow_process_alloc(task_tgid(task), COW_MAY_SLEEP);
	if (IS_ERR(process)) {
		cow_lose(cow_root, PTR_ERR(process) == -ENOSPC ?
			 COW_LOSS_limit : COW_LOSS_memory, 1);
		return;
	}
	mm = get_group_mm(task);
	raw_spin_lock(&cow_tree_lock);
	inserted = insert(task, process, mm);
	raw_spin_unlock(&cow_tree_lock);
	if (mm)
		mmput(mm);
	if (!inserted)
		cow_process_free(process);
}

static bool is_tracked(struct task_struct *task)
{
	bool tracked;

	rcu_read_lock();
	tracked = cow_process_by_pid(task_tgid(task));
	rcu_read_unlock();
	return tracked;
}

/* Should there be no memory, it is lost when the scan comes to it, or its child is. */
void cow_scan_forker(void)
{
	struct cow_process *process;
	bool inserted;

	if (!current->mm || (current->flags & PF_KTHREAD) || is_tracked(current))
		return;
	process = cow_process_alloc(task_tgid(current), COW_ATOMIC);
	if (IS_ERR(process))
		return;
	raw_spin_lock(&cow_tree_lock);
	inserted = insert(current, process, current->mm);
	raw_spin_unlock(&cow_tree_lock);
	if (!inserted)
		cow_process_free_later(process);
}

/* Ancestors that are passed with the lock held */
#define COW_CLIMB	64

/* Processes that are looked for a parent for, from one walk to the next */
#define COW_PLACED_AT_ONCE	64

/* Both are pinned. Return: @to, cow_root, or another one above @at, pinned for it. */
static struct cow_process *climb(struct cow_process *at,
				 const struct cow_process *to)
{
	struct cow_process *up = at;
	unsigned int n = COW_CLIMB;

	raw_spin_lock(&cow_tree_lock);
	while (n-- && up != to && up != cow_root)
		up = cow_parent_of(up);
	cow_process_pin(up);
	cow_process_unpin(at);
	raw_spin_unlock(&cow_tree_lock);
	cond_resched();
	return up;
}

static void unpin(struct cow_process *process)
{
	raw_spin_lock(&cow_tree_lock);
	cow_process_unpin(process);
	raw_spin_unlock(&cow_tree_lock);
}

/*
 * Only the scan moves what lives, so an ancestor stays one when the lock is dropped.
 * @process has a pin, and @at one for here.
 */
static bool is_above(struct cow_process *process, struct cow_process *at)
{
	bool above;

	while (at != process && at != cow_root)
		at = climb(at, process);
	above = at == process;
	unpin(at);
	return above;
}

/* With two pins, or NULL. If @process is about to be folded, its children are next. */
static struct cow_process *find_parent(struct cow_process *process)
{
	struct cow_process *parent;

	raw_spin_lock(&cow_tree_lock);
	parent = parent_of_task(process);
	if (parent) {
		cow_process_pin(parent);
		cow_process_pin(parent);
	}
	process->unplaced = !parent && !process->users;
	raw_spin_unlock(&cow_tree_lock);
	return parent;
}

/*
 * Parents can change while this runs, so that the picture could have a loop, which
 * must not get into the tree. @process has a pin.
 */
static void place(struct cow_process *process)
{
	struct cow_process *parent = find_parent(process);

	if (!parent)
		return;
	if (!is_above(process, parent)) {
		raw_spin_lock(&cow_tree_lock);
		cow_tree_move(&parent->node, &process->node);
		raw_spin_unlock(&cow_tree_lock);
	}
	unpin(parent);
}

/**
 * struct astray - processes that have no parent yet
 * @walk: finds them
 * @count: how many
 * @process: they, each with a pin
 */
struct astray {
	struct cow_walk walk;
	unsigned int count;
	struct cow_process *process[COW_PLACED_AT_ONCE];
};

static void find_astray(struct cow_walk *walk, struct cow_process *process)
{
	struct astray *astray = container_of(walk, struct astray, walk);

	if (!process->unplaced || astray->count == COW_PLACED_AT_ONCE)
		return;
	cow_process_pin(process);
	astray->process[astray->count++] = process;
}

static const struct cow_walk_ops astray_ops = {
	.visit = find_astray,
};

/* Return: false if all have a parent. */
static bool place_some(void)
{
	struct astray astray = {
		.walk = { .ops = &astray_ops, .lane = COW_LANE_CHANGES },
	};
	unsigned int i;

	cow_walk(&astray.walk, cow_root);
	for (i = 0; i < astray.count; i++) {
		place(astray.process[i]);
		unpin(astray.process[i]);
	}
	return astray.count;
}

/*
 * Those that forked before the scan came to them or to their parent, and those whose
 * parent was gone. They are in the tree, with children, while others come and go.
 */
static void place_all(void)
{
	while (place_some())
		;
}

static bool has_called_exec(const struct cow_process *process)
{
	struct task_struct *task;
	bool has = true;

	rcu_read_lock();
	task = pid_task(process->pid, PIDTYPE_TGID);
	if (task)
		has = !(task->flags & PF_FORKNOEXEC);
	rcu_read_unlock();
	return has;
}

/* Who runs the program of its parent: that much of the past the kernel knows. */
static void set_tree(struct cow_walk *walk, struct cow_process *process)
{
	struct cow_process *parent;

	if (process == cow_root)
		return;
	parent = cow_parent_of(process);
	if (parent != cow_root && !has_called_exec(process))
		process->tree = parent->tree;
}

static const struct cow_walk_ops tree_ops = {
	.visit = set_tree,
};

static void find_trees(void)
{
	struct cow_walk walk = { .ops = &tree_ops, .lane = COW_LANE_CHANGES };

	cow_walk(&walk, cow_root);
}

int cow_scan(void)
{
	struct crowd crowd;
	size_t i;
	int ret;

	ret = gather_all(&crowd);
	if (ret)
		return ret;
	for (i = 0; i < crowd.count; i++)
		add(crowd.task[i]);
	scatter(&crowd);
	cow_walk_enter(COW_LANE_CHANGES);
	place_all();
	find_trees();
	cow_walk_leave(COW_LANE_CHANGES);
	return 0;
}
