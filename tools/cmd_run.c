// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "commands.h"
#include "output.h"
#include "report.h"
#include "say.h"
#include "spawn.h"

static const char help[] =
	"Usage: cowstat run [--json] [-o FILE] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"Run COMMAND, then report the copy-on-write of its whole process tree, counted\n"
	"from COMMAND's exec on; processes that are gone are included. The exit status\n"
	"is COMMAND's, 128 + the signal if it was killed, 127 if it was not found, 126\n"
	"if it could not be executed, and 2 if cowstat itself failed.\n"
	"\n"
	"  --json             one JSON object with all counters\n"
	"  -o, --output FILE  the report goes there, not to standard error; FILE is\n"
	"                     replaced as a whole, at the end\n"
	"\n"
	"Examples:\n"
	"  cowstat run -- sh -c 'ls | wc -l'\n"
	"  cowstat run --json -o build.json -- make -j4\n"
	"  cowstat run -o /dev/stdout -- redis-server --save 60 1\n";

struct request {
	bool json;
	const char *file;
	char **command;
};

static char *compose(const struct run *run, const struct request *request, struct style style,
		     size_t *length)
{
	char *text;
	FILE *file;

	if (request->json)
		return report_json_text(report_run_json(run), length);
	file = open_memstream(&text, length);
	if (!file)
		abort();
	report_run_text(file, style, run);
	fclose(file);
	return text;
}

static int report(struct run *run, int tree, const struct request *request, struct output *output)
{
	int error = client_snapshot(tree, &run->snapshot);
	size_t length;
	char *text;

	if (!error)
		error = client_read(tree, &run->tree);
	/* The command has run: its status is what a script goes by. */
	if (error) {
		fail("cannot read the counters: %s", client_explain(error));
		return run->exit_status;
	}
	text = compose(run, request, output_style(output), &length);
	error = output_write(output, text, length);
	free(text);
	snapshot_free(&run->snapshot);
	return error ? error : run->exit_status;
}

static int run_watched(struct spawn *spawn, int tree, const struct request *request,
		       struct output *output)
{
	struct run run = { .command = request->command };
	int error = spawn_release(spawn);

	if (error)
		return fail_exec(request->command[0], error);
	run.exit_status = spawn_wait(spawn);
	run.elapsed_ns = spawn->elapsed_ns;
	return report(&run, tree, request, output);
}

static int run_on(int device, const struct request *request, struct output *output)
{
	struct spawn spawn;
	int error = spawn_hold(&spawn, request->command);
	int tree, status;

	if (error)
		return fail("cannot start a process: %s", strerror(-error));
	tree = client_open_tree(device, spawn.pid, COWSTAT_TREE_FROM_EXEC | COWSTAT_TREE_KEEP);
	if (tree < 0) {
		spawn_cancel(&spawn);
		return fail("cannot watch the process: %s", client_explain(tree));
	}
	status = run_watched(&spawn, tree, request, output);
	close(tree);
	return status;
}

static int run(const struct request *request)
{
	struct output output;
	int device = client_open();
	int status;

	if (device < 0)
		return fail("%s", client_explain(device));
	status = output_open(&output, request->file);
	if (!status) {
		status = run_on(device, request, &output);
		output_close(&output);
	}
	close(device);
	return status;
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct request request = { 0 };
	int option;

	opterr = 0;
	/* '+': the options after COMMAND are its own. */
	while ((option = getopt_long(argc, argv, "+:jo:h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option == 'j')
			request.json = true;
		else if (option == 'o')
			request.file = optarg;
		else
			return fail_option("run", argv, option);
	}
	if (optind == argc)
		return fail("run: which command? write 'cowstat run -- COMMAND [ARGUMENT...]'");
	request.command = argv + optind;
	return run(&request);
}
