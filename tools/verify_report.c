// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "report.h"
#include "units.h"
#include "verify_report.h"

typedef unsigned long long ull;

#define GOOD	"\033[32m"
#define BAD	"\033[1;31m"
#define STRONG	"\033[1m"
#define NORMAL	"\033[0m"

static const char *paint(const struct verify_report *report, const char *sequence)
{
	return report->style.colour ? sequence : "";
}

void verify_report_open(struct verify_report *report, bool json, bool brief, __u32 page_size)
{
	const struct output output = { .fd = STDOUT_FILENO };

	*report = (struct verify_report){
		.style = output_style(&output),
		/* The table on a terminal is progress enough. */
		.progress = isatty(STDERR_FILENO) && (json || !isatty(STDOUT_FILENO)),
		.brief = brief,
		.workloads = json ? json_object_new_array() : NULL,
		.page_size = page_size,
	};
}

void verify_report_begin(struct verify_report *report, const char *name)
{
	if (report->progress)
		fprintf(stderr, "\r\033[Kverify: %s (%d of %d)", name, report->nr_done + 1,
			report->nr_workloads);
}

static void clear_progress(const struct verify_report *report)
{
	if (report->progress)
		fputs("\r\033[K", stderr);
}

/* JSON */

static struct json_object *json_compared(const struct compared *compared)
{
	struct json_object *json = json_object_new_object();
	struct json_object *expected = NULL, *difference = NULL;

	if (compared->expected_known) {
		expected = report_number(compared->expected);
		difference = json_object_new_int64(compared->counted - compared->expected);
	}
	json_object_object_add(json, "expected", expected);
	json_object_object_add(json, "counted", report_number(compared->counted));
	json_object_object_add(json, "difference", difference);
	json_object_object_add(json, "verdict",
			       json_object_new_string(verdict_name(compared->verdict)));
	return json;
}

static struct json_object *json_comparison(const struct comparison *comparison)
{
	struct json_object *json = json_object_new_object();
	struct json_object *set = json_object_new_object();

	for (unsigned int i = 0; i < nr_counters; i++)
		json_object_object_add(set, counters[i].name,
				       json_compared(&comparison->counter[i]));
	json_object_object_add(json, "workload", json_object_new_string(comparison->workload));
	json_object_object_add(json, "pages", report_number(comparison->pages));
	json_object_object_add(json, "did", json_object_new_string(comparison->did));
	json_object_object_add(json, "state",
			       json_object_new_string(state_name(comparison->state.state)));
	json_object_object_add(json, "differences", report_number(comparison->nr_wrong));
	json_object_object_add(json, "wpcopy", comparison->wpcopy_known ?
			       report_number(comparison->wpcopy) : NULL);
	json_object_object_add(json, "pagemap", comparison->pagemap_known ?
			       json_compared(&comparison->pagemap) : NULL);
	json_object_object_add(json, "faults", json_object_get(comparison->faults));
	json_object_object_add(json, "counters", set);
	return json;
}

static void print_json(struct verify_report *report)
{
	struct json_object *json = report_json(&report->state, report->page_size);
	size_t length;
	char *text;

	json_object_object_add(json, "compared", report_number(report->nr_compared));
	json_object_object_add(json, "differences", report_number(report->nr_wrong));
	json_object_object_add(json, "skipped", report_number(report->nr_skipped));
	json_object_object_add(json, "not_run", report_number(report->nr_not_run));
	json_object_object_add(json, "workloads", json_object_get(report->workloads));
	text = report_json_text(json, &length);
	fwrite(text, 1, length, stdout);
	free(text);
}

/* Text */

static void print_titles(const struct verify_report *report)
{
	printf("%s%-16s %-13s %10s %10s %10s %10s  %s%s\n", paint(report, STRONG), "WORKLOAD",
	       "COUNTER", "EXPECTED", "COUNTED", "DIFFERENCE", "WPCOPY", "VERDICT",
	       paint(report, NORMAL));
}

static void print_verdict(const struct verify_report *report, enum verdict verdict,
			  const char *note)
{
	printf("  %s%s%s%s\n", paint(report, verdict_is_wrong(verdict) ? BAD : GOOD),
	       verdict_name(verdict), paint(report, NORMAL), note);
}

/* What is compared with the kernel's own count of copies. */
static bool has_wpcopy(const struct comparison *comparison, unsigned int index)
{
	return comparison->wpcopy_known && index == COUNTER_broken;
}

static void print_numbers(const struct comparison *comparison, const char *name,
			  const struct compared *compared)
{
	long long difference = compared->counted - compared->expected;

	printf("%-16s %-13s ", comparison->workload, name);
	if (compared->expected_known)
		printf(difference ? "%10llu %10llu %+10lld" : "%10llu %10llu %10lld",
		       (ull)compared->expected, (ull)compared->counted, difference);
	else
		printf("%10s %10llu %10s", "-", (ull)compared->counted, "-");
}

static void print_compared(const struct verify_report *report,
			   const struct comparison *comparison, unsigned int index)
{
	const struct compared *compared = &comparison->counter[index];

	print_numbers(comparison, counters[index].name, compared);
	if (has_wpcopy(comparison, index))
		printf(" %10llu", (ull)comparison->wpcopy);
	else
		printf(" %10s", "-");
	print_verdict(report, compared->verdict, "");
}

static void print_pagemap(const struct verify_report *report, const struct comparison *comparison)
{
	if (!comparison->pagemap_known)
		return;
	print_numbers(comparison, "pagemap", &comparison->pagemap);
	printf(" %10s", "-");
	print_verdict(report, comparison->pagemap.verdict, "");
}

static bool is_shown(const struct comparison *comparison, unsigned int index)
{
	const struct compared *compared = &comparison->counter[index];

	return compared->counted || compared->expected || verdict_is_wrong(compared->verdict) ||
	       (has_wpcopy(comparison, index) && comparison->wpcopy);
}

static void print_zeros(const struct verify_report *report, const struct comparison *comparison)
{
	char note[32];

	if (!comparison->nr_equal_zero)
		return;
	snprintf(note, sizeof(note), " (%u counters)", comparison->nr_equal_zero);
	printf("%-16s %-13s %10d %10d %10d %10s", comparison->workload, "all-others", 0, 0, 0, "-");
	print_verdict(report, VERDICT_EQUAL, note);
}

static void print_comparison(const struct verify_report *report,
			     const struct comparison *comparison)
{
	for (unsigned int i = 0; i < nr_counters; i++)
		if (is_shown(comparison, i))
			print_compared(report, comparison, i);
	print_pagemap(report, comparison);
	print_zeros(report, comparison);
	if (comparison->state.state != COWSTAT_STATE_EXACT)
		printf("%-16s the state is degraded: see below\n", comparison->workload);
	printf("%-16s = %s\n\n", comparison->workload, comparison->did);
}

static void print_summary(const struct verify_report *report)
{
	bool good = !report->nr_wrong && !report->nr_not_run;
	int nr_run = report->nr_done - report->nr_skipped - report->nr_not_run;

	printf("%s%d workload%s, %u counters compared: ", paint(report, good ? GOOD : BAD), nr_run,
	       nr_run == 1 ? "" : "s", report->nr_compared);
	if (report->nr_wrong)
		printf("%u differ", report->nr_wrong);
	else
		fputs(nr_run ? "all as expected" : "nothing is known", stdout);
	if (report->nr_skipped)
		printf("; %d skipped", report->nr_skipped);
	if (report->nr_not_run)
		printf("; %d not run", report->nr_not_run);
	printf("%s\n", paint(report, NORMAL));
}

/* Makes room for the next lines of the table. */
static void begin_lines(struct verify_report *report)
{
	clear_progress(report);
	if (!report->titled)
		print_titles(report);
	report->titled = true;
}

static void add_json_note(struct verify_report *report, const char *name, const char *key,
			  const char *note)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "workload", json_object_new_string(name));
	json_object_object_add(json, key, json_object_new_string(note));
	json_object_array_add(report->workloads, json);
}

static void print_note(struct verify_report *report, const char *name, const char *verdict,
		       const char *colour, const char *note)
{
	begin_lines(report);
	printf("%-16s %s%s%s: %s\n\n", name, paint(report, colour), verdict,
	       paint(report, NORMAL), note);
	fflush(stdout);
}

void verify_report_not_run(struct verify_report *report, const char *name, const char *problem)
{
	if (report->workloads)
		add_json_note(report, name, "not_run", problem);
	else
		print_note(report, name, "NOT RUN", BAD, problem);
	report->nr_done++;
	report->nr_not_run++;
}

void verify_report_skipped(struct verify_report *report, const char *name, const char *reason)
{
	if (report->workloads)
		add_json_note(report, name, "skipped", reason);
	else if (!report->brief)
		print_note(report, name, "skipped", STRONG, reason);
	report->nr_done++;
	report->nr_skipped++;
}

void verify_report_add(struct verify_report *report, const struct comparison *comparison)
{
	if (report->workloads) {
		json_object_array_add(report->workloads, json_comparison(comparison));
	} else if (!report->brief || comparison->nr_wrong) {
		begin_lines(report);
		print_comparison(report, comparison);
		fflush(stdout);
	}
	report->nr_done++;
	report->nr_compared += nr_counters;
	reading_state_add(&report->state, &comparison->state);
	report->nr_wrong += comparison->nr_wrong;
}

void verify_report_end(struct verify_report *report, int wpcopy_error)
{
	clear_progress(report);
	if (report->workloads) {
		print_json(report);
		return;
	}
	report_losses(stdout, report->style, &report->state);
	if (wpcopy_error && !report->brief)
		printf("WPCOPY, the kernel's own count, is not known: %s\n",
		       strerror(-wpcopy_error));
	print_summary(report);
	/* Before what may be said on standard error. */
	fflush(stdout);
}

void verify_report_close(struct verify_report *report)
{
	json_object_put(report->workloads);
}
