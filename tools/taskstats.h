/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's accounting of tasks over generic netlink: what a process has
 * come to so far, and what each thread came to when it ended. Needs
 * CAP_NET_ADMIN in the initial namespaces.
 */
#ifndef COWSTAT_TASKSTATS_H
#define COWSTAT_TASKSTATS_H

#include <linux/taskstats.h>

struct taskstats_source {
	int requests;
	int endings;
	__u16 family;
};

/* All return 0 or a negative errno. */
int taskstats_open(struct taskstats_source *source);
void taskstats_close(struct taskstats_source *source);

/* Of the process, with all its threads, alive and gone. */
int taskstats_of(struct taskstats_source *source, int pid, struct taskstats *stats);

/* Hand each thread that has ended since the last call to @visit. */
int taskstats_endings(struct taskstats_source *source,
		      void (*visit)(const struct taskstats *stats, void *data), void *data);

#endif
