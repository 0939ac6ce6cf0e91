/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own count of write-protect copies, summed over a process tree:
 * the field wpcopy_count of its task accounting. Unlike 'broken' it has in it
 * the zero pages that were written and the copies that lost a race, and has not
 * the pages of a private file mapping that were written when not present.
 *
 * The accounting is switched on (the sysctl kernel.task_delayacct) for the
 * processes that are started between wpcopy_open() and wpcopy_close().
 */
#ifndef COWSTAT_WPCOPY_H
#define COWSTAT_WPCOPY_H

#include <stdbool.h>

#include "snapshot.h"
#include "taskstats.h"

struct wpcopy {
	struct taskstats_source source;
	int error;		/* why there is no count, or 0 */
	__u64 before;		/* what the root had when it was begun */
};

/* Failures are no failures of the caller: they are left in @error. */
void wpcopy_open(struct wpcopy *wpcopy);
void wpcopy_close(struct wpcopy *wpcopy);

void wpcopy_begin(struct wpcopy *wpcopy, int root);

/* Of all processes in @tree, alive and gone, since then; false: not known. */
bool wpcopy_end(struct wpcopy *wpcopy, const struct snapshot *tree, __u64 *count);

#endif
