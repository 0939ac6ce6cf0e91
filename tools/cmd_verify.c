// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>

#include "client.h"
#include "commands.h"
#include "compare.h"
#include "counters.h"
#include "pagemap.h"
#include "report.h"
#include "say.h"
#include "subject.h"
#include "verify_report.h"
#include "verify_witness.h"
#include "wpcopy.h"

static const char help[] =
	"Usage: cowstat verify [--all] [--json] [--pages N] [WORKLOAD...]\n"
	"       cowstat verify --quick [--json] [--pages N]\n"
	"       cowstat verify --witness [--json] [--pages N] [WORKLOAD...]\n"
	"       cowstat verify --command [--json] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"Run each workload, or those named, and compare what was counted with what the\n"
	"workload says that it did. A line is a counter: expected, counted, difference.\n"
	"Times have no expected value: they are only checked to be possible. Exit\n"
	"status 0: all as expected; 1: something differs; 2: cowstat itself failed.\n"
	"\n"
	"WPCOPY is, for comparison, the kernel's own count of write-protect copies\n"
	"(taskstats; root only). It has zero_upgraded and races that were lost in it,\n"
	"and has not the first writes to file pages that were not present. The line\n"
	"'pagemap' has the mappings beyond the first of each page as page tables have\n"
	"them (root only), and as the counters do: shared - broken_anon - unshared.\n"
	"\n"
	"  --all        the special workloads too: they need root, or what not every\n"
	"               machine has (then they are skipped), and may change a setting of\n"
	"               the system until they end\n"
	"  --quick      a few workloads, in less than a second: zero-fill, the zero page,\n"
	"               private file pages, copies of a child and of its parent, and pages\n"
	"               taken over. One line if all is as expected, else the lines of the\n"
	"               workloads that differ. 'make load' does it\n"
	"  --witness    compare, in place of what is expected, what the kernel's own\n"
	"               sources say of the whole tree, each with its corrections (root)\n"
	"  --command    the same of a command, until it and its daemons have ended\n"
	"  --json       one JSON object with all counters\n"
	"  --pages N    how many pages the workloads use\n"
	"\n"
	"Examples:\n"
	"  cowstat verify\n"
	"  cowstat verify --quick\n"
	"  cowstat verify --all\n"
	"  cowstat verify --command -- sh -c 'ls | wc -l'\n"
	"  cowstat verify $(cowstat workload --list | awk 'NR == 1 { print $1 }')\n"
	"  cowstat verify --json | jq '.differences'\n";

/* What the module's own calibration can make, by user space's faults, and what it cannot. */
static const char *const quick_names[] = {
	"zero-write", "zero-read", "zero-read-write", "file-private", "child-write",
	"parent-write", "last-owner",
};

#define NR_QUICK	(sizeof(quick_names) / sizeof(quick_names[0]))

struct verification {
	int device;
	bool all;
	bool quick;
	bool witness;
	bool command;
	bool json;
	const char *pages;
	struct verify_report report;
	struct wpcopy wpcopy;
	struct pagemap pagemap;		/* before the work */
};

/* Why a workload did not come to its end. */
struct problem {
	char *text;
	bool skipped;		/* it cannot be done here */
};

static void note_problem(struct problem *problem, struct subject *subject)
{
	problem->text = subject_problem(subject);
	problem->skipped = subject_skipped(subject);
}

static int read_counters(struct verification *verification, int tree, struct counted *counted)
{
	struct snapshot snapshot;
	struct cowstat_read read;
	int error = client_read(tree, &read);

	if (!error)
		error = client_snapshot(tree, &snapshot);
	if (error)
		return fail("cannot read the counters: %s", client_explain(error));
	counted->work = read.counters;
	counted->state = reading_state(read.state, read.lost);
	counted->wpcopy_known = wpcopy_end(&verification->wpcopy, &snapshot, &counted->wpcopy);
	counted->pagemap_known = pagemap_beyond(&verification->pagemap, &snapshot,
						&counted->work, &counted->beyond_by_pagemap);
	counted->beyond = pagemap_expected(&counted->work);
	snapshot_free(&snapshot);
	return 0;
}

/*
 * Let it work, and count while all its processes are held. Returns 0, or
 * EXIT_OWN_FAILURE; if it is the workload that failed, @problem says why.
 */
static int count(struct verification *verification, struct subject *subject, int tree,
		 struct counted *counted, struct problem *problem)
{
	struct cowstat_read before;
	int error = client_read(tree, &before);

	if (error)
		return fail("cannot read the counters: %s", client_explain(error));
	counted->longest_before = before.counters.value[COUNTER_break_max_ns];
	wpcopy_begin(&verification->wpcopy, subject->pid);
	pagemap_read(&verification->pagemap, &subject->pid, 1);
	if (subject_go_on(subject) || subject_wait(subject, SUBJECT_DONE)) {
		note_problem(problem, subject);
		return EXIT_OWN_FAILURE;
	}
	return read_counters(verification, tree, counted);
}

static int watch(struct verification *verification, struct subject *subject,
		 struct counted *counted, struct problem *problem)
{
	int tree, error;

	if (subject_wait(subject, SUBJECT_READY)) {
		note_problem(problem, subject);
		return EXIT_OWN_FAILURE;
	}
	tree = client_open_tree(verification->device, subject->pid, COWSTAT_TREE_KEEP);
	if (tree < 0)
		return fail("cannot watch workload '%s': %s", subject->name, client_explain(tree));
	error = count(verification, subject, tree, counted, problem);
	close(tree);
	return error;
}

static int finish(struct subject *subject, char **said, struct problem *problem)
{
	if (!subject_go_on(subject) && !subject_finish(subject, said))
		return 0;
	note_problem(problem, subject);
	return EXIT_OWN_FAILURE;
}

static int work(struct verification *verification, const char *name, struct counted *counted,
		char **said, struct problem *problem)
{
	struct subject subject;
	int error = subject_start(&subject, name, verification->pages);

	if (error)
		return error;
	error = watch(verification, &subject, counted, problem);
	if (!error)
		error = finish(&subject, said, problem);
	else if (!problem->text)
		free(subject_problem(&subject));
	subject_close(&subject);
	return error;
}

static int judge(struct verification *verification, const char *name,
		 const struct counted *counted, const char *said)
{
	struct json_object *json = json_tokener_parse(said);
	struct comparison comparison;
	const char *wrong = compare(&comparison, json, counted);

	if (!wrong)
		verify_report_add(&verification->report, &comparison);
	compare_free(&comparison);
	json_object_put(json);
	return wrong ? fail("cannot understand what workload '%s' said: %s", name, wrong) : 0;
}

static void report_problem(struct verification *verification, const char *name,
			   struct problem *problem)
{
	if (problem->skipped)
		verify_report_skipped(&verification->report, name, problem->text);
	else
		verify_report_not_run(&verification->report, name, problem->text);
	free(problem->text);
}

/* That a workload cannot be done here is no reason not to do the others. */
static int verify_one(struct verification *verification, const char *name)
{
	struct problem problem = { 0 };
	struct counted counted;
	char *said;
	int error;

	verify_report_begin(&verification->report, name);
	error = work(verification, name, &counted, &said, &problem);
	if (problem.text) {
		report_problem(verification, name, &problem);
		return 0;
	}
	if (error)
		return error;
	error = judge(verification, name, &counted, said);
	free(said);
	return error;
}

static int verify_all(struct verification *verification, const char *const *names, int nr)
{
	verification->report.nr_workloads = nr;
	for (int i = 0; i < nr; i++)
		if (verify_one(verification, names[i]))
			return EXIT_OWN_FAILURE;
	verify_report_end(&verification->report, verification->wpcopy.error);
	if (verification->report.nr_wrong)
		return EXIT_DIFFERENT;
	if (verification->report.nr_not_run)
		return fail("verify: %d of %d workloads could not be run: the report says why",
			    verification->report.nr_not_run, nr);
	return 0;
}

/* The report is given to the end that it has come to, and so is the lock. */
static int end_witness(struct verify_witness *witness, int error)
{
	int status = verify_witness_close(witness);

	return error ? error : status;
}

static int witness_workloads(struct verification *verification, char **names, int nr)
{
	struct verify_witness witness;
	int error = verify_witness_open(&witness, verification->device, verification->json);

	if (error)
		return error;
	for (int i = 0; i < nr && !error; i++)
		error = verify_witness_workload(&witness, names[i], verification->pages);
	return end_witness(&witness, error);
}

static int witness_command(struct verification *verification, char **command)
{
	struct verify_witness witness;
	int error = verify_witness_open(&witness, verification->device, verification->json);

	if (error)
		return error;
	return end_witness(&witness, verify_witness_command(&witness, command));
}

static int verify_names(struct verification *verification, char **names, int nr)
{
	if (verification->witness)
		return witness_workloads(verification, names, nr);
	return verify_all(verification, (const char *const *)names, nr);
}

/* The first word of each line. */
static int split_list(char *list, char **names)
{
	int nr = 0;

	for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
		line[strcspn(line, " \t")] = '\0';
		if (*line)
			names[nr++] = line;
	}
	return nr;
}

static int check_names(char **names, int nr, char **known, int nr_known)
{
	for (int i = 0; i < nr; i++) {
		int k = 0;

		while (k < nr_known && strcmp(names[i], known[k]))
			k++;
		if (k == nr_known)
			return fail("verify: no workload '%s': 'cowstat workload --list --all' names all",
				    names[i]);
	}
	return 0;
}

static int verify_listed(struct verification *verification, char **names, int nr)
{
	char **known;
	int nr_known, status;
	char *list;

	if (subject_list(nr || verification->all, &list))
		return EXIT_OWN_FAILURE;
	known = calloc(strlen(list) + 1, sizeof(*known));
	if (!known)
		abort();
	nr_known = split_list(list, known);
	status = check_names(names, nr, known, nr_known);
	if (!status && nr)
		status = verify_names(verification, names, nr);
	else if (!status)
		status = verify_names(verification, known, nr_known);
	free(known);
	free(list);
	return status;
}

static int verify_expected(struct verification *verification, char **names, int nr)
{
	struct cowstat_info info;
	int status = client_info(verification->device, &info);

	if (status)
		return fail("%s", client_explain(status));
	verify_report_open(&verification->report, verification->json, verification->quick,
			   info.page_size);
	/* A workload that is gone is to end in a message. */
	signal(SIGPIPE, SIG_IGN);
	wpcopy_open(&verification->wpcopy);
	if (verification->quick)
		status = verify_all(verification, quick_names, NR_QUICK);
	else
		status = verify_listed(verification, names, nr);
	wpcopy_close(&verification->wpcopy);
	verify_report_close(&verification->report);
	return status;
}

static int verify(struct verification *verification, char **names, int nr)
{
	int status;

	if (verification->command && !nr)
		return fail("verify: which command? write 'cowstat verify --command -- COMMAND [ARGUMENT...]'");
	if (verification->quick &&
	    (nr || verification->all || verification->witness || verification->command))
		return fail("verify: --quick has workloads of its own: leave out what else was asked for");
	verification->device = client_open();
	if (verification->device < 0)
		return fail("%s", client_explain(verification->device));
	if (verification->command)
		status = witness_command(verification, names);
	else if (verification->witness)
		status = verify_listed(verification, names, nr);
	else
		status = verify_expected(verification, names, nr);
	close(verification->device);
	return status;
}

int cmd_verify(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "quick", no_argument, NULL, 'q' },
		{ "witness", no_argument, NULL, 'w' },
		{ "command", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "pages", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct verification verification = { 0 };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":aqwcjp:h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option == 'a')
			verification.all = true;
		else if (option == 'q')
			verification.quick = true;
		else if (option == 'j')
			verification.json = true;
		else if (option == 'w')
			verification.witness = true;
		else if (option == 'c')
			verification.command = true;
		else if (option == 'p')
			verification.pages = optarg;
		else
			return fail_option("verify", argv, option);
	}
	return verify(&verification, argv + optind, argc - optind);
}
