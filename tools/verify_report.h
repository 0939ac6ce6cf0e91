/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table, or the JSON, of 'cowstat verify' on standard output: the table
 * grows as the workloads end, the JSON comes when all have.
 */
#ifndef COWSTAT_VERIFY_REPORT_H
#define COWSTAT_VERIFY_REPORT_H

#include <stdbool.h>
#include <json-c/json.h>

#include "compare.h"
#include "output.h"

struct verify_report {
	struct style style;
	bool progress;			/* somebody looks at standard error */
	bool brief;			/* nothing but what is wrong, and the end */
	bool titled;			/* the table has begun */
	struct json_object *workloads;	/* NULL: text */
	int nr_workloads;
	int nr_done;			/* compared, skipped or not run */
	int nr_skipped;
	int nr_not_run;
	unsigned int nr_compared;
	unsigned int nr_wrong;
	__u32 page_size;
	struct reading_state state;	/* of all the workloads' counters */
};

void verify_report_open(struct verify_report *report, bool json, bool brief, __u32 page_size);
void verify_report_begin(struct verify_report *report, const char *name);
void verify_report_add(struct verify_report *report, const struct comparison *comparison);
void verify_report_not_run(struct verify_report *report, const char *name, const char *problem);

/* @reason: why this machine cannot do it */
void verify_report_skipped(struct verify_report *report, const char *name, const char *reason);

/* @wpcopy_error: why the kernel's own count is not known, a negative errno, or 0. */
void verify_report_end(struct verify_report *report, int wpcopy_error);
void verify_report_close(struct verify_report *report);

#endif
