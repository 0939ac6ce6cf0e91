// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "baseline.h"
#include "calibrate.h"
#include "collapse.h"
#include "compat.h"
#include "events.h"
#include "flight.h"
#include "life.h"
#include "loss.h"
#include "origin.h"
#include "process.h"
#include "scan.h"
#include "space.h"

/* How far up to look for a tracked ancestor. */
#define COW_ANCESTORS	32

static bool counting;

void cow_life_begin(void)
{
	WRITE_ONCE(counting, true);
}

/*
 * The nearest tracked process of @task and its ancestors. Only for those that
 * are not in the tree, so today's parents have to do.
 */
static struct cow_process *nearest_tracked(struct task_struct *task)
{
	struct cow_process *process;
	int i;

	for (i = 0; i < COW_ANCESTORS && task->pid; i++) {
		process = cow_process_by_pid(task_tgid(task));
		if (process)
			return process;
		task = rcu_dereference(task->real_parent);
	}
	return cow_root;
}

/*
 * Whose task has to do with memory that is nobody's yet: the current one, if it is its
 * own or it is building it. Others write to what a fork or an exec has just made, a
 * moment before that is announced: then it is the kernel's owner of it.
 */
static struct task_struct *task_of(const struct mm_struct *mm, bool exec)
{
	return exec || mm == current->mm ? current : cow_mm_owner(mm);
}

struct cow_process *cow_life_payer(const struct mm_struct *mm, bool exec)
{
	struct cow_process *process = cow_space_owner(mm);
	struct task_struct *task;

	lockdep_assert_held(&cow_tree_lock);

	if (!process)
		process = cow_calibrate_payer(mm);
	if (process)
		return process;

	rcu_read_lock();
	task = task_of(mm, exec);
	process = task ? nearest_tracked(task) : cow_root;
	rcu_read_unlock();
	if (process->pid != task_tgid(current))
		process = cow_process_owner(process);
	if (process == cow_root)
		cow_lose(process, COW_LOSS_owner, 1);
	return process;
}

/* The process that the current task forks from. */
static struct cow_process *forker(void)
{
	struct cow_process *process = NULL;

	if (current->mm)
		process = cow_space_owner(current->mm);
	if (!process) {
		rcu_read_lock();
		process = cow_process_owner(nearest_tracked(current));
		rcu_read_unlock();
	}
	return process;
}

/*
 * What a fork copied is what the child's memory consists of right after. Shared
 * hugetlb memory it leaves to be faulted in, unless userfaultfd protects that
 * from writes.
 */
static void charge_fork(struct cow_process *parent, struct cow_process *child,
			struct task_struct *task)
{
	struct cow_copied copied = cow_space_take_copied(task->mm);
	struct cow_fork fork = {
		.eager = copied.eager,
		.shared = cow_mm_counter(task->mm, MM_ANONPAGES) +
			  cow_mm_hugetlb(task->mm),
		.shared_swap = cow_mm_counter(task->mm, MM_SWAPENTS),
	};

	if (!READ_ONCE(counting))
		return;
	fork.shared -= min(fork.shared, copied.eager + copied.hugetlb);
	cow_process_charge(parent, COW_BIT(COW_FORKS), 1);
	cow_process_charge(parent, COW_BIT(COW_SHARED), fork.shared);
	if (fork.shared_swap)
		cow_process_charge(parent, COW_BIT(COW_SHARED_SWAP),
				   fork.shared_swap);
	cow_process_charge(child ?: parent, COW_BIT(COW_INHERITED),
			   fork.shared);
	if (fork.eager)
		cow_process_charge(child ?: parent, COW_BIT(COW_EAGER),
				   fork.eager);
	if (trace_cow_fork_enabled())
		cow_event_fork(&fork, parent, child, task);
}

static void insert_child(struct cow_process *parent, struct cow_process *child,
			 struct mm_struct *mm)
{
	child->borrower = !mm;
	child->unplaced = parent == cow_root;
	if (mm && parent != cow_root)
		child->tree = parent->tree;
	cow_process_insert(parent, child);
	if (mm)
		cow_space_bind(mm, child);
	else
		cow_process_borrow(child, parent);
	cow_baseline_child_born(child);
}

static bool reuses(struct mm_struct *mm)
{
	bool can;

	rcu_read_lock();
	can = cow_origin_can_reuse();
	rcu_read_unlock();
	return can && cow_origin_reused(mm);
}

/* A process that could not be tracked is counted in @process. */
static void lose_process(struct cow_process *process, long error)
{
	cow_lose(process, error == -ENOSPC ? COW_LOSS_limit : COW_LOSS_memory,
		 1);
}

/*
 * @mm: the child's own memory, or NULL if it borrows it, or has none yet. When the
 * module is loaded its scan may have met the child before: it is in the kernel's
 * list a moment before this is called.
 */
static void fork_process(struct task_struct *task, struct mm_struct *mm)
{
	struct cow_process *new, *child, *parent;
	bool reused = mm && reuses(mm);

	if (unlikely(!READ_ONCE(counting)))
		cow_scan_forker();
	new = cow_process_alloc(task_tgid(task), COW_ATOMIC);
	raw_spin_lock(&cow_tree_lock);
	parent = forker();
	child = cow_process_by_pid(task_tgid(task));
	if (!child && !IS_ERR(new)) {
		child = new;
		new = NULL;
		insert_child(parent, child, mm);
	}
	if (!child)
		lose_process(parent, PTR_ERR(new));
	if (mm) {
		cow_origin_fork(cow_space_find(mm), reused);
		charge_fork(parent, child, task);
	}
	raw_spin_unlock(&cow_tree_lock);
	if (!IS_ERR_OR_NULL(new))
		cow_process_free_later(new);
}

void cow_life_fork(struct task_struct *task, unsigned long clone_flags)
{
	if (clone_flags & CLONE_THREAD)
		return;
	if (task->flags & PF_KTHREAD)
		return;
	fork_process(task, clone_flags & CLONE_VM ? NULL : task->mm);
}

/* One that could not be tracked at its fork, or a helper that the kernel ran. */
static struct cow_process *late_process(struct task_struct *task)
{
	struct cow_process *parent, *process;

	rcu_read_lock();
	parent = nearest_tracked(rcu_dereference(task->real_parent));
	parent = cow_process_owner(parent);
	rcu_read_unlock();
	process = cow_process_alloc(task_tgid(task), COW_LOCKED);
	if (IS_ERR(process)) {
		lose_process(parent, PTR_ERR(process));
		return NULL;
	}
	process->unplaced = parent == cow_root;
	process->borrower = true;
	cow_process_insert(parent, process);
	return process;
}

void cow_life_exec(struct task_struct *task)
{
	struct cow_process *process;

	raw_spin_lock(&cow_tree_lock);
	process = cow_process_by_pid(task_tgid(task)) ?: late_process(task);
	if (process && !cow_space_owner(task->mm)) {
		if (process->borrower)
			WRITE_ONCE(cow_living, cow_living + 1);
		cow_process_give_back(process);
		process->borrower = false;
		process->tree = pid_nr(process->pid);
		cow_space_bind(task->mm, process);
	}
	if (process)
		cow_baseline_exec(process);
	raw_spin_unlock(&cow_tree_lock);
}

/* As it will be asked for when the task is no more. */
static void remember(struct cow_process *process, struct task_struct *task)
{
	const struct cred *cred = current_real_cred();

	rcu_read_lock();
	if (uid_eq(cred->uid, cred->euid) && uid_eq(cred->uid, cred->suid) &&
	    cow_task_dumpable(task))
		process->uid = cred->uid;
	rcu_read_unlock();
	if (gid_eq(cred->gid, cred->egid) && gid_eq(cred->gid, cred->sgid))
		process->gid = cred->gid;
	strscpy(process->comm, task->group_leader->comm,
		sizeof(process->comm));
}

/*
 * Two last threads that exit at the same time can both come here, and the
 * process may even be gone for the second: either is harmless.
 */
static void exit_group(struct task_struct *task)
{
	struct cow_process *process;

	raw_spin_lock(&cow_tree_lock);
	process = cow_process_by_pid(task_tgid(task));
	if (process && process->group_alive) {
		cow_process_give_back(process);
		process->group_alive = false;
		if (!process->borrower && !cow_process_alive(process))
			WRITE_ONCE(cow_living, cow_living - 1);
		remember(process, task);
		cow_process_put_user(process);
	}
	raw_spin_unlock(&cow_tree_lock);
}

void cow_life_exit(struct task_struct *task)
{
	cow_flight_land(task);
	cow_collapse_forget(task);
	if (!atomic_read(&task->signal->live))
		exit_group(task);
}

bool cow_life_unmap(struct mm_struct *mm)
{
	cow_space_take_copied(mm);
	return cow_space_release(mm);
}

/*
 * The memory of a child that will not be: fork has given it the program's file, and
 * drops it in the context of the parent. So does an exec with the memory that it
 * was building; but that is the current task's own, or has no file yet.
 */
static bool is_failed_fork(const struct mm_struct *mm)
{
	return READ_ONCE(counting) && current->mm && current->mm != mm &&
	       rcu_access_pointer(mm->exe_file) && !cow_mm_is_owned(mm);
}

/* A task that is not tracked drops its old memory so when it has called exec. */
void cow_life_unbound(const struct mm_struct *mm)
{
	if (!is_failed_fork(mm))
		return;
	raw_spin_lock(&cow_tree_lock);
	if (cow_process_by_pid(task_tgid(current)))
		cow_process_charge(forker(), COW_BIT(COW_FORKS_FAILED), 1);
	cow_origin_fork(NULL, false);
	raw_spin_unlock(&cow_tree_lock);
}
