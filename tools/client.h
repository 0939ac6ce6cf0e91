/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's side: the only part of the command that knows the device. All
 * return a negative errno on failure, which client_explain() puts into words.
 */
#ifndef COWSTAT_CLIENT_H
#define COWSTAT_CLIENT_H

#include <linux/cowstat.h>

#include "snapshot.h"

/* A descriptor of /dev/cowstat. */
int client_open(void);

/* A descriptor of the tree of @pid; @flags are COWSTAT_TREE_*. */
int client_open_tree(int device, int pid, __u32 flags);

/* @fd is the device or a tree in these two. */
int client_info(int fd, struct cowstat_info *info);
int client_snapshot(int fd, struct snapshot *snapshot);

int client_process(int device, int pid, struct cowstat_process *process);
int client_read(int tree, struct cowstat_read *read);

/* What is wrong with the device and what to do, in one line without an end. */
const char *client_explain(int error);

#endif
