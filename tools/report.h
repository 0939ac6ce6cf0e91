/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports, as text and as JSON, from what was read before: nothing here talks
 * to the kernel, and nothing fails but for lack of memory.
 */
#ifndef COWSTAT_REPORT_H
#define COWSTAT_REPORT_H

#include <stdbool.h>
#include <stdio.h>
#include <json-c/json.h>

#include "counters.h"
#include "output.h"
#include "snapshot.h"

/* A command that was run, and its tree. */
struct run {
	char **command;
	int exit_status;
	__u64 elapsed_ns;
	struct cowstat_read tree;
	struct snapshot snapshot;
};

struct json_object *report_run_json(const struct run *run);

/* @whole: all processes, and the system; else trees that were selected. */
struct json_object *report_show_json(const struct snapshot *snapshot, bool whole);

void report_run_text(FILE *file, struct style style, const struct run *run);
void report_show_text(FILE *file, struct style style, const struct snapshot *snapshot, bool whole);

/* The head that all JSON has: program, version, state and what was lost. */
struct json_object *report_json(const struct reading_state *state, __u32 page_size);

/* A counter, and no sign: for json_object_object_add(). */
struct json_object *report_number(__u64 value);

/* Prominent if the state is degraded, nothing if it is exact. */
void report_losses(FILE *file, struct style style, const struct reading_state *state);

/* Consumes @json. Text to be freed. */
char *report_json_text(struct json_object *json, size_t *length);

#endif
