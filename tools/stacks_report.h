/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reports of 'cowstat stacks': text, JSON, and folded stacks.
 */
#ifndef COWSTAT_STACKS_REPORT_H
#define COWSTAT_STACKS_REPORT_H

#include <stdio.h>
#include <json-c/json.h>
#include <linux/cowstat.h>

#include "counters.h"
#include "output.h"
#include "stacks_event.h"
#include "stacks_function.h"

/* A command that was run, and what its functions did. */
struct stacks_run {
	char **command;
	int exit_status;
	__u64 elapsed_ns;
	const struct stacks_event *event;
	__u32 page_size;
	struct reading_state state;	/* of the tree's counters */
	__u64 counted;		/* by the tree's counter */
	__u64 lost;		/* events that are not in @functions */
	struct functions functions;
};

/* @top: how many functions, 0 for all */
void stacks_report_text(FILE *file, struct style style, const struct stacks_run *run,
			unsigned int top);

/* A line a stack, as flame graphs are made of: "comm;outer;inner pages" */
void stacks_report_folded(FILE *file, const struct stacks_run *run);

struct json_object *stacks_report_json(const struct stacks_run *run);

#endif
