/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that is known of the system or of a tree at one moment: what client.c
 * reads and what report.c prints.
 */
#ifndef COWSTAT_SNAPSHOT_H
#define COWSTAT_SNAPSHOT_H

#include <linux/cowstat.h>

#include "counters.h"

struct snapshot {
	__u32 page_size;
	struct reading_state state;	/* of the tree; on the device of the system */
	struct cowstat_counters system;
	__u64 processes;
	__u64 folded;
	__u64 hidden;	/* processes that the reader may not see */
	unsigned int nr_rows;
	struct cowstat_row *rows;
};

#define NO_ROW	-1

/*
 * The parent of each row as an index, NO_ROW for those without. Pids do not
 * tell: among processes that are gone one can occur twice. Freed by the caller.
 */
int *snapshot_parents(const struct snapshot *snapshot);

/* The row of a living process, or NO_ROW. */
int snapshot_find(const struct snapshot *snapshot, int pid);

/* Keep only the trees of the @nr processes in @pids. */
void snapshot_select(struct snapshot *snapshot, const int *pids, unsigned int nr);

void snapshot_free(struct snapshot *snapshot);

#endif
