/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of the witnesses: a line for each, and under it one for each of its
 * corrections that is not zero.
 */
#ifndef COWSTAT_WITNESS_REPORT_H
#define COWSTAT_WITNESS_REPORT_H

#include <stdbool.h>
#include <json-c/json.h>

#include "counters.h"
#include "witness.h"

struct witness_report {
	struct json_object *subjects;	/* NULL: text */
	int nr_subjects;
	int nr_skipped;
	int nr_lines;
	int nr_wrong;
	__u32 page_size;
	struct reading_state state;	/* of all that was watched */
};

void witness_report_open(struct witness_report *report, bool json, __u32 page_size);
void witness_report_add(struct witness_report *report, const char *name,
			const struct testimony testimonies[TESTIMONIES],
			const struct reading_state *state);
void witness_report_skipped(struct witness_report *report, const char *name);

/* Prints what is left to print, and frees all. */
void witness_report_close(struct witness_report *report);

#endif
