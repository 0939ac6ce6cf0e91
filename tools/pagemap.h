/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How often anonymous pages are mapped more than once in a tree of processes, from
 * their page tables (/proc/PID/pagemap, /proc/kpageflags; root only).
 *
 * A fork adds a mapping to each page that it shares, and each write to one moves a
 * mapping to a page of its own. As long as nothing else is taken away, the mappings
 * beyond the first of each page are 'shared - broken_anon - unshared'; and that
 * nothing is shows in the number of all mappings, which new pages and forks add to.
 */
#ifndef COWSTAT_PAGEMAP_H
#define COWSTAT_PAGEMAP_H

#include <stdbool.h>

#include "snapshot.h"

struct pagemap {
	bool known;
	__u64 mappings;
	__u64 pages;
};

/* Of the processes in @pids, which must be held; false: it cannot be known. */
bool pagemap_read(struct pagemap *pagemap, const int *pids, unsigned int nr);

/*
 * The mappings beyond the first of each page in @tree, which was the process of
 * @before alone and has come to @counted since then. False: not all of it can be
 * seen, or some of it has gone, so that nothing can be said.
 */
bool pagemap_beyond(const struct pagemap *before, const struct snapshot *tree,
		    const struct cowstat_counters *counted, __u64 *beyond);

/* What the counters say that it is. */
__u64 pagemap_expected(const struct cowstat_counters *counted);

#endif
