/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What others than the module say of a tree of processes, beside its counters.
 *
 * No source of the kernel counts just what a counter of cowstat does. What it has
 * in it and what it lacks is known, though, and the kernel's tracing counts that
 * too, by the function that each call came from. So a source and its corrections
 * come to the counters to the page, or something is wrong:
 *
 *   rmap	new anonymous pages, each as it is put in place; a huge page is one
 *		call and many pages
 *   wpcopy	copies that the tasks began (taskstats): has those that were not put
 *		in place, and lacks those of file pages that were not present
 *   pgreuse	writes that were let through without a copy (vmstat): has those of
 *		all other processes, and those to pages that nobody else ever had;
 *		a huge page is taken over without it
 *   cow_ksm	copies begun of merged pages (vmstat), of all processes: has those
 *		that were not put in place, and those made without a write
 *
 * What ksmd copies is counted where the memory is, and by no task of the tree: it is
 * taken for the tree's.
 *
 * The tree must be new and must have come to its end.
 */
#ifndef COWSTAT_WITNESS_H
#define COWSTAT_WITNESS_H

#include <linux/cowstat.h>

#include "vmstat.h"
#include "witness_site.h"
#include "wpcopy.h"

#define WITNESS_CORRECTIONS	4

enum {
	TESTIMONY_RMAP,
	TESTIMONY_WPCOPY,
	TESTIMONY_PGREUSE,
	TESTIMONY_COW_KSM,
	TESTIMONIES
};

struct correction {
	const char *why;	/* NULL after the last */
	long long pages;
};

struct testimony {
	const char *source;
	__u64 says;
	struct correction correction[WITNESS_CORRECTIONS];
	const char *of;		/* the counters that this has to come to */
	__u64 counted;
};

/* Calls that were counted of some tasks, by where they came from. */
struct witness_calls {
	__u64 made[WITNESS_SITES];
	__u64 moved[WITNESS_SITES];
	__u64 writes;
	__u64 copies;
	__u64 unshares;		/* of @writes: nothing is to be written */
	__u64 userfaults;	/* of @writes: left to a userfaultfd */
	__u64 huge_unshared;	/* of @moved: huge pages that are to be read */
};

struct witness {
	struct wpcopy wpcopy;
	int ksmd;			/* its pid, 0 if there is none */
	struct witness_calls before;	/* of all tasks */
	struct witness_calls ksmd_before;
	struct vmstat vmstat_before;
};

/* All 0, or EXIT_OWN_FAILURE after saying what is wrong. */
int witness_open(struct witness *witness);
void witness_close(struct witness *witness);

/* Just before the tree's root is forked ... */
int witness_begin(struct witness *witness);

/* ... and when all of the tree is gone; @counted: its counters since its birth. */
int witness_end(struct witness *witness, int root, const struct cowstat_counters *counted,
		struct testimony testimonies[TESTIMONIES]);

/* Says and counted, all corrections made. */
long long testimony_corrections(const struct testimony *testimony);
long long testimony_difference(const struct testimony *testimony);

#endif
