// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>

#include "process.h"
#include "viewer.h"

void cow_viewer_init(struct cow_viewer *viewer, struct file *file)
{
	viewer->ns = get_pid_ns(task_active_pid_ns(current));
	viewer->uid = file->f_cred->euid;
	viewer->all = file_ns_capable(file, &init_user_ns, CAP_PERFMON) ||
		      file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN);
}

void cow_viewer_copy(struct cow_viewer *to, const struct cow_viewer *from)
{
	*to = *from;
	get_pid_ns(to->ns);
}

void cow_viewer_exit(struct cow_viewer *viewer)
{
	put_pid_ns(viewer->ns);
}

static bool owns_task(kuid_t uid, struct task_struct *task)
{
	const struct cred *cred = __task_cred(task);

	return uid_eq(cred->uid, uid) && uid_eq(cred->euid, uid) &&
	       uid_eq(cred->suid, uid);
}

bool cow_viewer_owns(const struct cow_viewer *viewer,
		     const struct cow_process *process)
{
	struct task_struct *task = NULL;
	bool owns;

	if (viewer->all)
		return true;
	rcu_read_lock();
	if (process->group_alive)
		task = pid_task(process->pid, PIDTYPE_TGID);
	owns = task ? owns_task(viewer->uid, task) :
		      uid_eq(process->uid, viewer->uid);
	rcu_read_unlock();
	return owns;
}

pid_t cow_viewer_pid(const struct cow_viewer *viewer,
		     const struct cow_process *process)
{
	return pid_nr_ns(process->pid, viewer->ns);
}

struct cow_process *cow_viewer_process(const struct cow_viewer *viewer,
				       pid_t nr)
{
	struct cow_process *process = NULL;
	struct pid *pid;

	rcu_read_lock();
	pid = nr ? find_pid_ns(nr, viewer->ns) : task_tgid(current);
	if (pid)
		process = cow_process_by_pid(pid);
	rcu_read_unlock();

	while (process && process->borrower)
		process = cow_parent_of(process);
	return process && process->group_alive && process != cow_root &&
	       cow_viewer_pid(viewer, process) ? process : NULL;
}
