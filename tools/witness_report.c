// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "output.h"
#include "report.h"
#include "witness_report.h"

typedef unsigned long long ull;

void witness_report_open(struct witness_report *report, bool json, __u32 page_size)
{
	*report = (struct witness_report){
		.subjects = json ? json_object_new_array() : NULL,
		.page_size = page_size,
	};
}

/* JSON */

static struct json_object *json_testimony(const struct testimony *testimony)
{
	struct json_object *json = json_object_new_object();
	struct json_object *corrections = json_object_new_object();

	for (int i = 0; i < WITNESS_CORRECTIONS && testimony->correction[i].why; i++)
		json_object_object_add(corrections, testimony->correction[i].why,
				       json_object_new_int64(testimony->correction[i].pages));
	json_object_object_add(json, "says", report_number(testimony->says));
	json_object_object_add(json, "corrections", corrections);
	json_object_object_add(json, "of", json_object_new_string(testimony->of));
	json_object_object_add(json, "counted", report_number(testimony->counted));
	json_object_object_add(json, "difference",
			       json_object_new_int64(testimony_difference(testimony)));
	return json;
}

static void add_json(struct witness_report *report, const char *name,
		     const struct testimony *testimonies)
{
	struct json_object *json = json_object_new_object();
	struct json_object *witnesses = json_object_new_object();

	for (int i = 0; i < TESTIMONIES; i++)
		json_object_object_add(witnesses, testimonies[i].source,
				       json_testimony(&testimonies[i]));
	json_object_object_add(json, "name", json_object_new_string(name));
	json_object_object_add(json, "witnesses", witnesses);
	json_object_array_add(report->subjects, json);
}

static void print_json(struct witness_report *report)
{
	struct json_object *json = report_json(&report->state, report->page_size);
	size_t length;
	char *text;

	json_object_object_add(json, "compared", json_object_new_int(report->nr_lines));
	json_object_object_add(json, "differences", json_object_new_int(report->nr_wrong));
	json_object_object_add(json, "skipped", json_object_new_int(report->nr_skipped));
	json_object_object_add(json, "subjects", json_object_get(report->subjects));
	text = report_json_text(json, &length);
	fwrite(text, 1, length, stdout);
	free(text);
}

/* Text */

static void print_titles(const struct witness_report *report)
{
	if (!report->nr_subjects && !report->nr_skipped)
		printf("%-20s %-8s %10s %10s %10s  %-39s %10s\n", "SUBJECT", "WITNESS", "SAYS",
		       "CORRECTION", "COUNTED", "OF", "DIFFERENCE");
}

static void print_testimony(const char *name, const struct testimony *testimony)
{
	long long difference = testimony_difference(testimony);

	printf("%-20s %-8s %10llu %+10lld %10llu  %-39s ", name, testimony->source,
	       (ull)testimony->says, testimony_corrections(testimony), (ull)testimony->counted,
	       testimony->of);
	printf(difference ? "%+10lld\n" : "%10lld\n", difference);
	for (int i = 0; i < WITNESS_CORRECTIONS; i++)
		if (testimony->correction[i].pages)
			printf("%40s %+10lld    %s\n", "", testimony->correction[i].pages,
			       testimony->correction[i].why);
}

static void print_summary(const struct witness_report *report)
{
	printf("%d watched, %d testimonies: ", report->nr_subjects, report->nr_lines);
	if (report->nr_wrong)
		printf("%d differ", report->nr_wrong);
	else
		fputs(report->nr_lines ? "all differences are 0" : "nothing is known", stdout);
	if (report->nr_skipped)
		printf("; %d skipped", report->nr_skipped);
	putchar('\n');
}

void witness_report_add(struct witness_report *report, const char *name,
			const struct testimony testimonies[TESTIMONIES],
			const struct reading_state *state)
{
	reading_state_add(&report->state, state);
	if (report->subjects)
		add_json(report, name, testimonies);
	else
		print_titles(report);
	for (int i = 0; i < TESTIMONIES; i++) {
		if (!report->subjects)
			print_testimony(name, &testimonies[i]);
		report->nr_wrong += !!testimony_difference(&testimonies[i]);
	}
	report->nr_lines += TESTIMONIES;
	report->nr_subjects++;
	fflush(stdout);
}

void witness_report_skipped(struct witness_report *report, const char *name)
{
	if (!report->subjects) {
		print_titles(report);
		printf("%-20s skipped: the workload cannot be done here\n", name);
	}
	report->nr_skipped++;
}

void witness_report_close(struct witness_report *report)
{
	if (report->subjects) {
		print_json(report);
		json_object_put(report->subjects);
		return;
	}
	report_losses(stdout, (struct style){ 0 }, &report->state);
	print_summary(report);
	fflush(stdout);
}
