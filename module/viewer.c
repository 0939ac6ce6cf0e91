// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "process.h"
#include "quota.h"
#include "viewer.h"

int cow_viewer_init(struct cow_viewer *viewer, struct file *file)
{
	viewer->uid = file->f_cred->fsuid;
	viewer->gid = file->f_cred->fsgid;
	viewer->all = file_ns_capable(file, &init_user_ns, CAP_PERFMON) ||
		      file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN);
	viewer->quota = cow_quota_get(viewer->uid, viewer->all);
	if (!viewer->quota)
		return -ENOMEM;
	viewer->ns = get_pid_ns(task_active_pid_ns(current));
	return 0;
}

void cow_viewer_copy(struct cow_viewer *to, const struct cow_viewer *from)
{
	*to = *from;
	get_pid_ns(to->ns);
	cow_quota_ref(to->quota);
}

void cow_viewer_exit(struct cow_viewer *viewer)
{
	put_pid_ns(viewer->ns);
	cow_quota_put(viewer->quota);
}

static bool owns_task(const struct cow_viewer *viewer, struct task_struct *task)
{
	const struct cred *cred = __task_cred(task);

	return cow_task_dumpable(task) &&
	       uid_eq(cred->uid, viewer->uid) &&
	       uid_eq(cred->euid, viewer->uid) &&
	       uid_eq(cred->suid, viewer->uid) &&
	       gid_eq(cred->gid, viewer->gid) &&
	       gid_eq(cred->egid, viewer->gid) &&
	       gid_eq(cred->sgid, viewer->gid);
}

/* Memory that is bound is not torn down before cow_tree_lock is dropped. */
static bool is_dumpable(const struct cow_process *process)
{
	if (process->mm)
		return cow_mm_dumpable(process->mm);
	return process->dumpable;
}

static bool owned_at_exit(const struct cow_viewer *viewer,
			  const struct cow_process *process)
{
	return uid_eq(process->uid, viewer->uid) &&
	       gid_eq(process->gid, viewer->gid);
}

/* As ptrace has it for who reads. */
bool cow_viewer_owns(const struct cow_viewer *viewer,
		     const struct cow_process *process)
{
	struct task_struct *task = NULL;
	bool owns;

	if (viewer->all)
		return true;
	rcu_read_lock();
	if (cow_process_alive(process))
		task = pid_task(cow_process_pid(process), PIDTYPE_TGID);
	owns = task ? owns_task(viewer, task) :
		      owned_at_exit(viewer, process);
	rcu_read_unlock();
	return owns && is_dumpable(process);
}

pid_t cow_viewer_pid(const struct cow_viewer *viewer,
		     const struct cow_process *process)
{
	return pid_nr_ns(cow_process_pid(process), viewer->ns);
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

	if (process)
		process = cow_process_owner(process);
	return process && cow_process_lives(process) &&
	       cow_viewer_pid(viewer, process) ? process : NULL;
}
