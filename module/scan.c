// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "loss.h"
#include "origin.h"
#include "process.h"
#include "scan.h"
#include "space.h"

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
	process->unplaced = true;
	process->borrower = !mm || owner;
	cow_process_insert(cow_root, process);
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
 * parents are the best guess. They can change while this runs, so that the
 * picture could have a loop, which must not get into the tree.
 */
static void place(struct cow_process *process)
{
	struct cow_process *parent = parent_of_task(process);

	process->unplaced = false;
	if (!parent || cow_tree_below(&process->node, &parent->node))
		return;
	cow_tree_move(&parent->node, &process->node);
}

/* All that have no parent yet, those included that were born meanwhile. */
static void place_all(void)
{
	struct cow_node *node, *next;

	raw_spin_lock(&cow_tree_lock);
	for (node = cow_root->node.first; node; node = next) {
		next = node->next;
		if (cow_process_of(node)->unplaced)
			place(cow_process_of(node));
	}
	raw_spin_unlock(&cow_tree_lock);
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
static void find_trees(void)
{
	struct cow_node *node = &cow_root->node;

	raw_spin_lock(&cow_tree_lock);
	while ((node = cow_tree_next(&cow_root->node, node))) {
		struct cow_process *process = cow_process_of(node);
		struct cow_process *parent = cow_parent_of(process);

		if (parent != cow_root && !has_called_exec(process))
			process->tree = parent->tree;
	}
	raw_spin_unlock(&cow_tree_lock);
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
	place_all();
	find_trees();
	return 0;
}
