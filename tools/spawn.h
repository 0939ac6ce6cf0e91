/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A child that runs a command in the tool's place: with its terminal, process
 * group, descriptors, signal mask and dispositions, and with the signals that
 * the tool is sent.
 *
 * spawn_hold() forks it, but it waits, so that it can be watched from its
 * exec on; spawn_release() lets it exec; spawn_wait() sees it to its end.
 */
#ifndef COWSTAT_SPAWN_H
#define COWSTAT_SPAWN_H

#include <signal.h>
#include <sys/types.h>
#include <linux/types.h>

struct spawn {
	pid_t pid;
	int go;			/* a byte here, and the child execs */
	int failure;		/* errno of the exec, or its end if it worked */
	__u64 started;
	__u64 elapsed_ns;	/* from its release to its end */
	sigset_t mask;		/* as they were, for the child */
	struct sigaction child_ended;
	struct sigaction broken_pipe;
	struct sigaction file_too_large;
};

/* 0 or a negative errno */
int spawn_hold(struct spawn *spawn, char **command);

/* 0, or the negative errno of the exec: the child is gone then. See fail_exec(). */
int spawn_release(struct spawn *spawn);

/* The exit status as a shell has it: 128 + the signal if it was killed. */
int spawn_wait(struct spawn *spawn);

/* Instead of the two: end the child that was never released. */
void spawn_cancel(struct spawn *spawn);

#endif
