/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a workload expected beside what was counted. Pure: no kernel, no output.
 */
#ifndef COWSTAT_COMPARE_H
#define COWSTAT_COMPARE_H

#include <stdbool.h>
#include <json-c/json.h>
#include <linux/cowstat.h>

#include "counters.h"

enum verdict {
	VERDICT_EQUAL,		/* as expected */
	VERDICT_DIFFERS,
	VERDICT_UNSURE,		/* not as expected, but within broken_unsure */
	VERDICT_PLAUSIBLE,	/* no one value is expected, but this can be */
	VERDICT_IMPOSSIBLE,	/* ... and this cannot */
};

struct compared {
	enum verdict verdict;
	bool expected_known;
	__u64 expected;
	__u64 counted;
};

struct comparison {
	char *workload;
	char *did;
	__u64 pages;
	struct reading_state state;
	bool wpcopy_known;
	__u64 wpcopy;			/* the kernel's own count of copies */
	bool pagemap_known;
	struct compared pagemap;	/* what page tables say beside the counters */
	struct json_object *faults;	/* expected and taken, or NULL */
	unsigned int nr_equal_zero;	/* expected 0, counted 0 */
	unsigned int nr_wrong;
	struct compared counter[COWSTAT_COUNTERS_MAX];
};

/* What was counted during the work. */
struct counted {
	struct cowstat_counters work;
	struct reading_state state;	/* of @work */
	__u64 longest_before;		/* break_max_ns as the work began: no delta is made of it */
	bool wpcopy_known;
	__u64 wpcopy;
	bool pagemap_known;
	__u64 beyond_by_pagemap;	/* as in pagemap.h */
	__u64 beyond;
};

/*
 * @said: the JSON of the workload. Returns NULL, or what is wrong with it;
 * either way compare_free() is to follow.
 */
const char *compare(struct comparison *comparison, struct json_object *said,
		    const struct counted *counted);

void compare_free(struct comparison *comparison);

bool verdict_is_wrong(enum verdict verdict);
const char *verdict_name(enum verdict verdict);

#endif
