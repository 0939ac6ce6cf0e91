// SPDX-License-Identifier: GPL-2.0
/*
 * cowstat workload: do a known amount of copy-on-write work, and tell what each
 * counter must gain from it.
 *
 * A catalog of plans (workload_catalog.c) is played by processes
 * (workload_engine.c, workload_actor.c) and replayed by a model of the kernel
 * (workload_model.c). Nothing here knows of the module.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>

#include "commands.h"
#include "counters.h"
#include "number.h"
#include "say.h"
#include "workload_catalog.h"
#include "workload_engine.h"
#include "workload_model.h"
#include "workload_need.h"
#include "workload_setting.h"

#define PAGE_BYTES	4096
#define MANY_PAGES	200000

typedef unsigned long long ull;

static const char help[] =
	"Usage: cowstat workload [OPTION...] NAME\n"
	"       cowstat workload --list [--all]\n"
	"\n"
	"Do a known amount of copy-on-write work, then print as JSON what was done and\n"
	"what each counter must gain by it. The module is not needed for that; 'cowstat\n"
	"verify' runs all workloads and compares.\n"
	"\n"
	"  --list         print the names, a line each\n"
	"  --all          with --list: also those of the special ones, which need root, or\n"
	"                 what not every machine has, and may change a setting of the\n"
	"                 system until they end\n"
	"  --pages N      pages to work on\n"
	"  --workers N    processes or threads, where there are any to choose\n"
	"  --steps        stop after each step (textbook), until a line is read\n"
	"  --sync-in FD   wait for a byte from FD, and\n"
	"  --sync-out FD  announce by a byte to FD: 'B' before the work begins, 'E' when\n"
	"                 it is done, 'S' at each of the --steps\n"
	"\n"
	"The expected gain is that of the process and all its children, between 'B' and\n"
	"'E'. 'unchecked' names the counters of which nothing can be said. Exit status 4:\n"
	"this machine or its kernel cannot do it, for the reason that is said.\n"
	"\n"
	"Examples:\n"
	"  cowstat workload child-write --pages 1000\n"
	"  cowstat run -- cowstat workload prefork --workers 4\n"
	"  cowstat workload textbook --steps\n";

struct arguments {
	const struct workload *workload;
	__u64 pages;
	__u64 workers;
	bool list;
	bool all;
	bool help;
	struct engine_options engine;
};

static int parse_number(const char *option, const char *text, ull least,
			ull most, __u64 *number)
{
	if (number_parse(text, least, most, number))
		return fail("workload: --%s is '%s': give a number from %llu to %llu",
			    option, text, least, most);
	return 0;
}

static int parse_descriptor(const char *option, const char *text, int *fd)
{
	__u64 number;

	if (parse_number(option, text, 0, 1 << 20, &number))
		return EXIT_OWN_FAILURE;
	*fd = number;
	if (fcntl(*fd, F_GETFD) < 0)
		return fail("workload: --%s is '%s': there is no such open descriptor",
			    option, text);
	return 0;
}

static int parse_option(struct arguments *arguments, int option)
{
	switch (option) {
	case 'p':
		return parse_number("pages", optarg, 1, WORKLOAD_PAGES_MAX,
				    &arguments->pages);
	case 'w':
		return parse_number("workers", optarg, 1, WORKLOAD_WORKERS_MAX,
				    &arguments->workers);
	case 'i':
		return parse_descriptor("sync-in", optarg,
					&arguments->engine.sync_in);
	case 'o':
		return parse_descriptor("sync-out", optarg,
					&arguments->engine.sync_out);
	case 's':
		arguments->engine.show = true;
		return 0;
	case 'l':
		arguments->list = true;
		return 0;
	case 'a':
		arguments->all = true;
		return 0;
	case 'h':
		arguments->help = true;
		return 0;
	default:
		return 0;
	}
}

/* What the workload makes of the numbers, once it is known. */
static int settle_numbers(struct arguments *arguments)
{
	const struct workload *workload = arguments->workload;

	if (arguments->workers && !workload->workers)
		return fail("workload: '%s' has no --workers to choose",
			    workload->name);
	if (!arguments->workers)
		arguments->workers = workload->workers;
	if (!arguments->pages)
		arguments->pages = workload->pages;
	if (arguments->pages % workload->unit)
		return fail("workload: '%s' needs --pages to be a multiple of %llu",
			    workload->name, (ull)workload->unit);
	if ((arguments->engine.sync_in < 0) != (arguments->engine.sync_out < 0))
		return fail("workload: --sync-in and --sync-out belong together");
	return 0;
}

static int settle_name(struct arguments *arguments, int argc, char **argv)
{
	if (arguments->list || arguments->help)
		return 0;
	if (arguments->all)
		return fail("workload: --all belongs to --list");
	if (optind == argc)
		return fail("workload: which one? 'cowstat workload --list' names them");
	if (argc - optind > 1)
		return fail("workload: one at a time: '%s' is too much",
			    argv[optind + 1]);
	arguments->workload = workload_find(argv[optind]);
	if (!arguments->workload)
		return fail("workload: there is no '%s': 'cowstat workload --list --all' names them all",
			    argv[optind]);
	return settle_numbers(arguments);
}

static int parse(struct arguments *arguments, int argc, char **argv)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "all", no_argument, NULL, 'a' },
		{ "pages", required_argument, NULL, 'p' },
		{ "workers", required_argument, NULL, 'w' },
		{ "steps", no_argument, NULL, 's' },
		{ "sync", no_argument, NULL, 'y' },	/* implied */
		{ "sync-in", required_argument, NULL, 'i' },
		{ "sync-out", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int option;

	*arguments = (struct arguments){
		.engine = { .sync_in = -1, .sync_out = -1 },
	};
	optind = 1;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return fail_option(argv[0], argv, option);
		if (parse_option(arguments, option))
			return EXIT_OWN_FAILURE;
	}
	return settle_name(arguments, argc, argv);
}

static void print_list(bool all)
{
	const struct workload *workload;

	for (unsigned int i = 0; (workload = workload_at(i, all)); i++)
		printf("%-17s %s\n", workload->name, workload->help);
}

/* In pages; 0 if /proc does not tell. */
static __u64 memory_available(void)
{
	char text[1024] = "";
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	char *line;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	line = strstr(text, "MemAvailable:");
	return line ? strtoull(line + 13, NULL, 10) * 1024 / PAGE_BYTES : 0;
}

static int check_memory(const struct workload_expectation *expect)
{
	__u64 available = memory_available();

	if (available && expect->allocated > available)
		return fail("workload: needs %llu MiB of memory and %llu are available: choose fewer --pages",
			    (ull)expect->allocated >> 8, (ull)available >> 8);
	if (expect->allocated > MANY_PAGES && isatty(STDERR_FILENO))
		fprintf(stderr, "writing %llu MiB of memory ...\n",
			(ull)expect->allocated >> 8);
	return 0;
}

/* With one NUMA node, all memory is local. */
static bool one_node(void)
{
	char text[16] = "";
	int fd = open("/sys/devices/system/node/online", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return true;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return !strcmp(text, "0\n");
}

static bool foreseeable(const struct workload_plan *plan,
			const struct workload_expectation *expect,
			unsigned int counter)
{
	if (counter == COUNTER_broken_unsure)
		return !expect->unsure;
	if (counter == COUNTER_pool_local || counter == COUNTER_pool_remote)
		return plan->placed || one_node();
	return !counter_is_time(counter);
}

static void add_counters(struct json_object *json,
			 const struct workload_plan *plan,
			 const struct workload_expectation *expect)
{
	struct json_object *expected = json_object_new_object();
	struct json_object *unchecked = json_object_new_array();

	for (unsigned int i = 0; i < nr_counters; i++) {
		const char *name = counters[i].name;

		if (foreseeable(plan, expect, i))
			json_object_object_add(expected, name,
				json_object_new_uint64(expect->counters.value[i]));
		else
			json_object_array_add(unchecked,
					      json_object_new_string(name));
	}
	json_object_object_add(json, "expected", expected);
	json_object_object_add(json, "unchecked", unchecked);
}

static void add_faults(struct json_object *json,
		       const struct workload_expectation *expect, __u64 faults)
{
	struct json_object *both;

	if (!expect->faults_known)
		return;
	both = json_object_new_object();
	json_object_object_add(both, "expected",
			       json_object_new_uint64(expect->faults));
	json_object_object_add(both, "taken", json_object_new_uint64(faults));
	json_object_object_add(json, "faults", both);
}

static void print_json(const struct arguments *arguments,
		       const struct workload_plan *plan,
		       const struct workload_expectation *expect, __u64 faults)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "workload",
		json_object_new_string(arguments->workload->name));
	json_object_object_add(json, "pages",
			       json_object_new_uint64(plan->pages));
	json_object_object_add(json, "did", json_object_new_string(plan->did));
	add_counters(json, plan, expect);
	add_faults(json, expect, faults);
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
						  JSON_C_TO_STRING_SPACED));
	json_object_put(json);
}

static int play(const struct arguments *arguments,
		const struct workload_plan *plan,
		struct workload_expectation *expect)
{
	__u64 faults;
	int error = need_prepare(arguments->workload->needs, expect);

	if (!error)
		error = engine_run(plan, &arguments->engine, expect, &faults);
	setting_restore();
	if (!error)
		print_json(arguments, plan, expect, faults);
	return error;
}

static int run(const struct arguments *arguments)
{
	const struct workload *workload = arguments->workload;
	struct workload_plan *plan = engine_alloc(sizeof(*plan));
	struct workload_expectation expect;
	struct workload_kernel kernel;
	const char *missing;

	if (!plan)
		return fail("workload: no memory for the plan");
	workload->build(plan, arguments->pages, arguments->workers);
	need_kernel(&kernel);
	workload_expect(plan, &kernel, &expect);
	if (expect.error)
		return fail("workload: '%s' cannot be done like this: %s",
			    workload->name, expect.error);
	missing = need_missing(workload->needs);
	if (missing) {
		fail("workload: %s", missing);
		return EXIT_SKIPPED;
	}
	if (check_memory(&expect))
		return EXIT_OWN_FAILURE;
	return play(arguments, plan, &expect);
}

int cmd_workload(int argc, char **argv)
{
	struct arguments arguments;
	int error = parse(&arguments, argc, argv);

	if (error)
		return error;
	if (arguments.help)
		fputs(help, stdout);
	else if (arguments.list)
		print_list(arguments.all);
	else
		return run(&arguments);
	return 0;
}
