/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Birth, exec and death of processes, as the kernel reports them.
 *
 * Each function takes cow_tree_lock and runs with preemption off; memory comes
 * from a reserve, if need be. A process that can not be tracked is counted in its
 * nearest tracked ancestor, and that is counted as lost.
 */
#ifndef COWSTAT_LIFE_H
#define COWSTAT_LIFE_H

#include <linux/sched.h>

/* From then on forks are counted, and not merely followed. */
void cow_life_begin(void);

/* @task is complete but has not run; the current task made it. */
void cow_life_fork(struct task_struct *task, unsigned long clone_flags);

/* The current task runs a new program. */
void cow_life_exec(struct task_struct *task);

/* @task is exiting and has let go of its memory. */
void cow_life_exit(struct task_struct *task);

/* The last user of @mm has gone. Return: false if it was not bound. */
bool cow_life_unmap(struct mm_struct *mm);

/* The last user of @mm, which was not bound, has gone: that of a failed fork? */
void cow_life_unbound(const struct mm_struct *mm);

/*
 * The process that pays for what happens in @mm, if no process is bound to it;
 * @exec if the current task is building it for an exec. Never NULL, but
 * cow_root if there is nobody. With cow_tree_lock held.
 */
struct cow_process *cow_life_payer(const struct mm_struct *mm, bool exec);

#endif /* COWSTAT_LIFE_H */
