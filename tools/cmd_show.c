// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"
#include "commands.h"
#include "number.h"
#include "report.h"
#include "say.h"

static const char help[] =
	"Usage: cowstat show [--json] [PID...]\n"
	"\n"
	"Show the counters of the system since the module was loaded, and of each\n"
	"process that you may see; or the trees of the processes named. A tree is a\n"
	"process and all that it forked, those that are gone included. Columns are\n"
	"in pages; those that begin with TREE: are of the whole tree.\n"
	"\n"
	"  --json       one JSON object with all counters\n"
	"\n"
	"Examples:\n"
	"  cowstat show\n"
	"  cowstat show $$                          this shell and what it started\n"
	"  cowstat show --json $(pidof postgres)\n"
	"  cowstat show --json | jq '.processes | max_by(.self.broken) | .comm'\n";

static int parse_pid(const char *text)
{
	__u64 pid;

	if (number_parse(text, 1, INT_MAX, &pid))
		return -fail("show: '%s' is not a process id: give a number above 0", text);
	return pid;
}

/* One that is not in the snapshot: may it not be seen, or is it not there? */
static int fail_missing(int device, int pid)
{
	struct cowstat_process process;
	int error = client_process(device, pid, &process);

	return fail("process %d: %s", pid, client_explain(error ? error : -ESRCH));
}

/* Why the numbers of a tree may be wrong, if it is still there to be asked. */
static void add_tree_state(int device, struct reading_state *sum, const struct cowstat_row *row)
{
	struct reading_state state = { .state = COWSTAT_STATE_EXACT };
	struct cowstat_process process;

	if (!(row->flags & COWSTAT_ROW_TREE_LOST))
		return;
	if (!client_process(device, row->pid, &process))
		state = reading_state(process.state, process.lost);
	state.state = COWSTAT_STATE_DEGRADED;
	reading_state_add(sum, &state);
}

/* Of the trees that are in none of the others. */
static struct reading_state trees_state(int device, const struct snapshot *trees)
{
	struct reading_state sum = { .state = COWSTAT_STATE_EXACT };
	int *parents = snapshot_parents(trees);

	for (unsigned int i = 0; i < trees->nr_rows; i++)
		if (parents[i] == NO_ROW)
			add_tree_state(device, &sum, &trees->rows[i]);
	free(parents);
	return sum;
}

static int select_trees(int device, struct snapshot *snapshot, const int *pids, int nr)
{
	for (int i = 0; i < nr; i++)
		if (snapshot_find(snapshot, pids[i]) == NO_ROW)
			return fail_missing(device, pids[i]);
	snapshot_select(snapshot, pids, nr);
	snapshot->state = trees_state(device, snapshot);
	return 0;
}

static void print(const struct snapshot *snapshot, bool json, bool whole)
{
	const struct output output = { .fd = STDOUT_FILENO };
	size_t length;
	char *text;

	if (!json) {
		report_show_text(stdout, output_style(&output), snapshot, whole);
		return;
	}
	text = report_json_text(report_show_json(snapshot, whole), &length);
	fwrite(text, 1, length, stdout);
	free(text);
}

static int show(const int *pids, int nr, bool json)
{
	struct snapshot snapshot;
	int device = client_open();
	int status;

	if (device < 0)
		return fail("%s", client_explain(device));
	status = client_snapshot(device, &snapshot);
	if (status) {
		close(device);
		return fail("cannot list the processes: %s", client_explain(status));
	}
	if (nr)
		status = select_trees(device, &snapshot, pids, nr);
	if (!status)
		print(&snapshot, json, !nr);
	snapshot_free(&snapshot);
	close(device);
	return status;
}

static int show_named(char **names, int nr, bool json)
{
	int pids[nr + 1];

	for (int i = 0; i < nr; i++) {
		pids[i] = parse_pid(names[i]);
		if (pids[i] < 0)
			return -pids[i];
	}
	return show(pids, nr, json);
}

int cmd_show(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool json = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":jh", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option != 'j')
			return fail_option("show", argv, option);
		json = true;
	}
	return show_named(argv + optind, argc - optind, json);
}
