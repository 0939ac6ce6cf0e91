/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who looks, and what that one may see.
 *
 * What counts are the credentials and the pid namespace with which a file was
 * opened, as for the kernel's own files: who is handed an open one sees with
 * the eyes of who opened it.
 */
#ifndef COWSTAT_VIEWER_H
#define COWSTAT_VIEWER_H

#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/uidgid.h>

#include "walk.h"

struct cow_process;
struct cow_quota;

/**
 * struct cow_viewer - an opener of one of cowstat's files
 * @ns: the pid namespace, with a reference
 * @uid: owns the processes that can be seen
 * @gid: is their group
 * @all: has the capability to see all
 * @quota: of the user, with a reference
 */
struct cow_viewer {
	struct pid_namespace *ns;
	kuid_t uid;
	kgid_t gid;
	bool all;
	struct cow_quota *quota;
};

/* The current task opens @file. Return: 0, or -ENOMEM */
int cow_viewer_init(struct cow_viewer *viewer, struct file *file);
void cow_viewer_copy(struct cow_viewer *to, const struct cow_viewer *from);
void cow_viewer_exit(struct cow_viewer *viewer);

/* Where its walks are made. */
static inline enum cow_lane cow_viewer_lane(const struct cow_viewer *viewer)
{
	return viewer->all ? COW_LANE_ROOT : COW_LANE_USERS;
}

/* Both with cow_tree_lock held: is it the viewer's, and under which pid? */
bool cow_viewer_owns(const struct cow_viewer *viewer,
		     const struct cow_process *process);
pid_t cow_viewer_pid(const struct cow_viewer *viewer,
		     const struct cow_process *process);

/*
 * The living process that @nr is for @viewer; 0 is the current task's own.
 * With cow_tree_lock held. Return: NULL if there is none.
 */
struct cow_process *cow_viewer_process(const struct cow_viewer *viewer,
				       pid_t nr);

#endif /* COWSTAT_VIEWER_H */
