/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts that the kernel's tracing keeps: how often each task has come to a
 * function, and from where. Each is a kprobe with a histogram of its own, in a
 * tracing instance of its own, so that nobody else's tracing is disturbed. The
 * module has no part in it.
 *
 * Needs root and tracefs. One user at a time: what an earlier one has left, if it
 * was killed, is removed first.
 */
#ifndef COWSTAT_WITNESS_PROBE_H
#define COWSTAT_WITNESS_PROBE_H

#include <stdbool.h>
#include <linux/types.h>

enum witness_probe {
	WITNESS_NEW,		/* a new anonymous page is put in place */
	WITNESS_MOVED,		/* an anonymous page becomes its writer's alone */
	WITNESS_WRITE,		/* a write to a page that may not be written begins */
	WITNESS_COPY,		/* what taskstats counts as a write-protect copy ends */
	WITNESS_UNSHARE,	/* as WITNESS_WRITE, of those that are to be read alone */
	WITNESS_USERFAULT,	/* a write of WITNESS_WRITE is left to a userfaultfd */
	WITNESS_HUGE,		/* as WITNESS_WRITE, of huge pages; not to be read */
	WITNESS_PROBES
};

/* Both 0, or EXIT_OWN_FAILURE after saying what is wrong. */
int witness_probe_open(void);
void witness_probe_close(void);

/*
 * Hand each task and caller of the probed function to @visit. Returns 0, or
 * EXIT_OWN_FAILURE after saying what is wrong, as when a hit was not counted.
 */
int witness_probe_read(enum witness_probe probe,
		       void (*visit)(int pid, const char *caller, __u64 calls, void *data),
		       void *data);

/*
 * The same of what became a task's alone, as WITNESS_MOVED, since it was to be read.
 * Of huge pages: others are moved by others than WITNESS_HUGE.
 */
int witness_probe_unshared(void (*visit)(int pid, const char *caller, __u64 calls, void *data),
			   void *data);

/* The same for each task that was made since witness_probe_open(). */
int witness_probe_forks(void (*visit)(int parent, int child, void *data), void *data);

/* Has the kernel a function or a variable of that name? */
bool witness_probe_knows(const char *symbol);

#endif
