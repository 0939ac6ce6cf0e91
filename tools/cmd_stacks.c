// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "commands.h"
#include "number.h"
#include "output.h"
#include "report.h"
#include "say.h"
#include "spawn.h"
#include "stacks_report.h"
#include "stacks_watch.h"

static const char help[] =
	"Usage: cowstat stacks [OPTION...] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"Run COMMAND, then report which of its functions, or of those of the processes\n"
	"that it forked, made the kernel copy the most pages: each page that a write broke\n"
	"the sharing of is charged to the function that wrote. Needs the module, and root.\n"
	"\n"
	"  --event NAME       what to look at: 'break', pages copied because of a write\n"
	"                     (if nothing is said); 'reuse', pages taken over without a\n"
	"                     copy; 'zero', fresh pages; 'fork', pages that forks shared\n"
	"  --top N            report N functions (20; 0: all)\n"
	"  --folded           no report, but a line for each stack, for flame graphs\n"
	"  --json             one JSON object with all functions and all stacks\n"
	"  -o, --output FILE  where that goes, instead of standard error; FILE is\n"
	"                     replaced as a whole, at the end\n"
	"  --dwarf            find all callers, by copying 8 KiB of the stack at each event:\n"
	"                     COMMAND runs slower\n"
	"  --buffer MIB       room for events that wait, a processor (4, with --dwarf 32; a\n"
	"                     power of two)\n"
	"\n"
	"How to read it: the function is the one that wrote, in the line with the most of\n"
	"its pages; those that called it follow, for the stack with the most pages. The\n"
	"function is right. Callers are found by frame pointers: what was compiled without\n"
	"them (gcc -fno-omit-frame-pointer has them) hides some or all: --dwarf finds them.\n"
	"'[file]' stands for what has no name, as the symbols are not in the file: install\n"
	"its debug symbols.\n"
	"\n"
	"The exit status is that of 'cowstat run'.\n"
	"\n"
	"Examples:\n"
	"  cowstat stacks -- ./server --workers 4      who copies what the workers share?\n"
	"  cowstat stacks --folded -o s.txt -- ./server && flamegraph.pl s.txt >s.svg\n"
	"  cowstat stacks --event zero -- make         who asks for fresh memory?\n"
	"  cowstat stacks --json -- ./a.out 2>&1 >/dev/null | jq '.functions[0].function'\n";

#define MIB		(1UL << 20)
#define BUFFER_MAX	1024
#define BUFFER		4
#define BUFFER_DWARF	32
#define TOP_MAX		1000000

struct request {
	bool json;
	bool folded;
	bool dwarf;
	__u64 top;
	__u64 buffer;
	const struct stacks_event *event;
	const char *file;
	char **command;
};

static char *compose(const struct stacks_run *run, const struct request *request,
		     struct style style, size_t *length)
{
	char *text;
	FILE *file;

	if (request->json)
		return report_json_text(stacks_report_json(run), length);
	file = open_memstream(&text, length);
	if (!file)
		abort();
	if (request->folded)
		stacks_report_folded(file, run);
	else
		stacks_report_text(file, style, run, request->top);
	fclose(file);
	return text;
}

static void find_place(void *symbols, unsigned int object, __u64 offset, struct place *place)
{
	symbols_place(symbols, object, offset, place);
}

static int write_report(struct stacks_run *run, const struct recorder *recorder,
			const struct request *request, struct output *output)
{
	struct symbols *symbols = symbols_open(&recorder->objects);
	size_t length;
	char *text;
	int error;

	functions_open(&run->functions, &recorder->stacks, &recorder->objects, find_place, symbols);
	text = compose(run, request, output_style(output), &length);
	error = output_write(output, text, length);
	if (!error && request->folded && run->lost)
		fail("%llu events lost: the stacks are not complete: a larger --buffer loses less",
		     (unsigned long long)run->lost);
	free(text);
	functions_close(&run->functions);
	symbols_close(symbols);
	return error;
}

static int report(struct stacks_run *run, const struct stacks_watch *watch, int tree,
		  const struct request *request, struct output *output)
{
	struct cowstat_read read;
	struct cowstat_info info;
	int error = client_read(tree, &read);

	if (!error)
		error = client_info(tree, &info);
	/* As 'cowstat run' does, which says why. */
	if (error) {
		fail("cannot read the counters: %s", client_explain(error));
		return run->exit_status;
	}
	run->page_size = info.page_size;
	run->state = reading_state(read.state, read.lost);
	run->counted = read.counters.value[request->event->counter];
	run->lost = watch->lost;
	error = write_report(run, &watch->recorder, request, output);
	return error ? error : run->exit_status;
}

static int run_watched(struct spawn *spawn, struct stacks_watch *watch, int tree,
		       const struct request *request, struct output *output)
{
	struct stacks_run run = { .command = request->command, .event = request->event };
	int error = spawn_release(spawn);

	if (!error)
		run.exit_status = spawn_wait(spawn);
	stacks_watch_stop(watch);
	if (error)
		return fail_exec(request->command[0], error);
	run.elapsed_ns = spawn->elapsed_ns;
	return report(&run, watch, tree, request, output);
}

static int run_tree(struct spawn *spawn, struct stacks_watch *watch, int tree,
		    const struct request *request, struct output *output)
{
	int error = stacks_watch_start(watch, spawn->pid, request->buffer * MIB, request->dwarf);

	if (!error)
		return run_watched(spawn, watch, tree, request, output);
	spawn_cancel(spawn);
	return error;
}

static int run_on(int device, struct stacks_watch *watch, const struct request *request,
		  struct output *output)
{
	struct spawn spawn;
	int error = spawn_hold(&spawn, request->command);
	int tree, status;

	if (error)
		return fail("cannot start a process: %s", strerror(-error));
	tree = client_open_tree(device, spawn.pid, COWSTAT_TREE_FROM_EXEC);
	if (tree < 0) {
		spawn_cancel(&spawn);
		return fail("cannot watch the process: %s", client_explain(tree));
	}
	status = run_tree(&spawn, watch, tree, request, output);
	close(tree);
	return status;
}

static int run_with_output(int device, const struct request *request)
{
	struct stacks_watch watch;
	struct output output;
	int status = stacks_watch_open(&watch, request->event);

	if (status)
		return status;
	status = output_open(&output, request->file);
	if (!status) {
		status = run_on(device, &watch, request, &output);
		output_close(&output);
	}
	stacks_watch_close(&watch);
	return status;
}

static int run(const struct request *request)
{
	int device = client_open();
	int status;

	if (device < 0)
		return fail("%s", client_explain(device));
	status = run_with_output(device, request);
	close(device);
	return status;
}

static int parse_top(struct request *request, const char *text)
{
	if (!number_parse(text, 0, TOP_MAX, &request->top))
		return 0;
	return fail("stacks: '%s' is not a number of functions: give 1 or more, or 0 for all",
		    text);
}

static int parse_buffer(struct request *request, const char *text)
{
	if (!number_parse(text, 1, BUFFER_MAX, &request->buffer) &&
	    !(request->buffer & (request->buffer - 1)))
		return 0;
	return fail("stacks: '%s' is no size of a buffer: give 1, 2, 4, ... %d", text, BUFFER_MAX);
}

static int parse_event(struct request *request, const char *text)
{
	request->event = stacks_event_find(text);
	if (request->event)
		return 0;
	return fail("stacks: no event '%s': the events are break, reuse, zero and fork", text);
}

static int take_option(struct request *request, char **argv, int option)
{
	switch (option) {
	case 'j':
		request->json = true;
		return 0;
	case 'f':
		request->folded = true;
		return 0;
	case 'd':
		request->dwarf = true;
		return 0;
	case 'o':
		request->file = optarg;
		return 0;
	case 'e':
		return parse_event(request, optarg);
	case 't':
		return parse_top(request, optarg);
	case 'b':
		return parse_buffer(request, optarg);
	default:
		return fail_option("stacks", argv, option);
	}
}

int cmd_stacks(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "folded", no_argument, NULL, 'f' },
		{ "dwarf", no_argument, NULL, 'd' },
		{ "output", required_argument, NULL, 'o' },
		{ "event", required_argument, NULL, 'e' },
		{ "top", required_argument, NULL, 't' },
		{ "buffer", required_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct request request = { .event = stacks_events, .top = 20 };
	int option, error = 0;

	opterr = 0;
	/* '+': the options after COMMAND are its own. */
	while (!error && (option = getopt_long(argc, argv, "+:o:h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		error = take_option(&request, argv, option);
	}
	if (error)
		return error;
	if (request.json && request.folded)
		return fail("stacks: --json has the stacks too: leave out --folded or --json");
	if (optind == argc)
		return fail("stacks: which command? write 'cowstat stacks -- COMMAND [ARGUMENT...]'");
	request.command = argv + optind;
	if (!request.buffer)
		request.buffer = request.dwarf ? BUFFER_DWARF : BUFFER;
	return run(&request);
}
