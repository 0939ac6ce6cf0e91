// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "report.h"
#include "stacks_report.h"
#include "units.h"

typedef unsigned long long ull;

#define STRONG	"\033[1m"
#define FAINT	"\033[2m"
#define NORMAL	"\033[0m"

#define PAGES_WIDTH	8
/* Callers that a line has; the JSON and the folded stacks have all. */
#define CALLERS_MAX	5

static const char *paint(struct style style, const char *sequence)
{
	return style.colour ? sequence : "";
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_printable(FILE *file, const char *text)
{
	char *clean = text_printable(text);

	fputs(clean, file);
	free(clean);
}

static const char *plural(__u64 number)
{
	return number == 1 ? "" : "s";
}

/* Text */

static void print_head(FILE *file, struct style style, const struct stacks_run *run)
{
	char elapsed[UNIT_LEN];

	fprintf(file, "%scowstat:", paint(style, STRONG));
	for (char **word = run->command; *word; word++) {
		fputc(' ', file);
		print_printable(file, *word);
	}
	fprintf(file, "%s\nexit status %d, %s, state %s\n\n", paint(style, NORMAL),
		run->exit_status, unit_time(elapsed, run->elapsed_ns),
		state_name(run->state.state));
}

static void print_titles(FILE *file, struct style style, const struct stacks_run *run)
{
	fprintf(file, "Functions that %s:\n\n", run->event->did);
	fprintf(file, "%s%*s %7s %8s  FUNCTION%s\n", paint(style, STRONG), PAGES_WIDTH, "PAGES",
		"", "SHARE", paint(style, NORMAL));
}

static void print_pages(FILE *file, const struct stacks_run *run, __u64 pages)
{
	char bytes[UNIT_LEN], percent[UNIT_LEN];

	fprintf(file, "%*llu %7s %8s  ", PAGES_WIDTH, (ull)pages,
		unit_bytes(bytes, pages * run->page_size),
		unit_percent(percent, pages, run->functions.stacks.pages));
}

static void print_callers(FILE *file, struct style style, const struct functions *functions,
			  const struct stack *stack)
{
	__u64 before = stack->frames[0].object;
	unsigned int printed = 0;

	for (unsigned int i = 1; i < stack->nr_frames; i++) {
		__u64 caller = stack->frames[i].object;

		if (caller == before)
			continue;
		before = caller;
		if (printed++ == CALLERS_MAX) {
			fputs(" < ...", file);
			break;
		}
		fprintf(file, printed == 1 ? "%s%*s" : " < ", paint(style, FAINT),
			PAGES_WIDTH + 19, "");
		fputs(printed == 1 ? "  called by " : "", file);
		print_printable(file, functions->function[caller]->name);
	}
	if (printed)
		fprintf(file, "%s\n", paint(style, NORMAL));
}

static void print_function(FILE *file, struct style style, const struct stacks_run *run,
			   const struct function *function)
{
	print_pages(file, run, function->pages);
	print_printable(file, function->name);
	if (function->file) {
		fputs(" (", file);
		print_printable(file, base_name(function->file));
		fprintf(file, ":%d)", function->line);
	}
	if (function->named) {
		fputs(" in ", file);
		print_printable(file, function->object);
	}
	fputc('\n', file);
	print_callers(file, style, &run->functions, function->stack);
}

static void print_rest(FILE *file, const struct stacks_run *run, struct function **functions,
		       unsigned int nr)
{
	__u64 pages = 0;

	if (!nr)
		return;
	for (unsigned int i = 0; i < nr; i++)
		pages += functions[i]->pages;
	print_pages(file, run, pages);
	fprintf(file, "in %u other function%s\n", nr, plural(nr));
}

/* Why the counter has another number of pages than the list. */
static void print_difference(FILE *file, const struct stacks_run *run)
{
	__u64 pages = run->functions.stacks.pages;
	__u64 missing = run->counted - pages, foreign = pages - run->counted;

	if (run->lost)
		fprintf(file, "%llu event%s lost: the list is not complete; the counters are. A larger --buffer loses less.\n",
			(ull)run->lost, plural(run->lost));
	else if (pages < run->counted)
		fprintf(file, "%llu page%s not in the list: written from outside of the tree, or after COMMAND had ended.\n",
			(ull)missing, missing == 1 ? " is" : "s are");
	else if (pages > run->counted)
		fprintf(file, "%llu page%s not in the counter: written to the memory of other processes, or after COMMAND had ended.\n",
			(ull)foreign, foreign == 1 ? " of the list is" : "s of the list are");
}

/* What there would be more of, with debug symbols. */
static void print_unnamed(FILE *file, const struct stacks_run *run)
{
	__u64 pages = 0;

	for (unsigned int i = 0; i < run->functions.nr; i++)
		if (!run->functions.function[i]->named)
			pages += run->functions.function[i]->pages;
	if (pages)
		fprintf(file, "%llu page%s in functions without a name: [file] has no symbols for them; its debug symbols would (Debian: the packages *-dbg and *-dbgsym).\n",
			(ull)pages, plural(pages));
}

static void print_totals(FILE *file, const struct stacks_run *run, unsigned int nr)
{
	__u64 pages = run->functions.stacks.pages;

	fprintf(file, "\n%llu page%s in %u function%s; the tree's counter '%s': %llu.\n",
		(ull)pages, plural(pages), nr, plural(nr),
		counters[run->event->counter].name, (ull)run->counted);
	print_difference(file, run);
	print_unnamed(file, run);
}

void stacks_report_text(FILE *file, struct style style, const struct stacks_run *run,
			unsigned int top)
{
	unsigned int nr;
	struct function **functions = functions_sorted(&run->functions, &nr);

	if (!top || top > nr)
		top = nr;
	print_head(file, style, run);
	report_losses(file, style, &run->state);
	print_titles(file, style, run);
	for (unsigned int i = 0; i < top; i++)
		print_function(file, style, run, functions[i]);
	print_rest(file, run, functions + top, nr - top);
	print_totals(file, run, nr);
	free(functions);
}

/* Folded stacks */

/* What makes parts of a line of it. */
static void print_part(FILE *file, const char *text)
{
	char *clean = text_printable(text);

	for (char *mark = clean; *mark; mark++)
		if (*mark == ';')
			*mark = ':';
	fputs(clean, file);
	free(clean);
}

void stacks_report_folded(FILE *file, const struct stacks_run *run)
{
	const struct functions *functions = &run->functions;
	struct stack **stacks = stacks_sorted(&functions->stacks);

	for (unsigned int i = 0; i < functions->stacks.nr; i++) {
		print_part(file, *stacks[i]->comm ? stacks[i]->comm : "?");
		for (unsigned int frame = stacks[i]->nr_frames; frame-- > 0;) {
			fputc(';', file);
			print_part(file, functions->function[stacks[i]->frames[frame].object]->name);
		}
		fprintf(file, " %llu\n", (ull)stacks[i]->pages);
	}
	free(stacks);
}

/* JSON */

static struct json_object *json_name(const char *text)
{
	char *clean = text_utf8(text);
	struct json_object *json = json_object_new_string(clean);

	free(clean);
	return json;
}

static struct json_object *json_command(char **command)
{
	struct json_object *json = json_object_new_array();

	for (; *command; command++)
		json_object_array_add(json, json_name(*command));
	return json;
}

static struct json_object *json_function(const struct function *function)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "function", json_name(function->name));
	json_object_object_add(json, "object", json_name(function->object));
	json_object_object_add(json, "pages", report_number(function->pages));
	json_object_object_add(json, "events", report_number(function->events));
	if (function->file) {
		json_object_object_add(json, "file", json_name(function->file));
		json_object_object_add(json, "line", json_object_new_int(function->line));
		json_object_object_add(json, "line_pages", report_number(function->line_pages));
	}
	return json;
}

static struct json_object *json_functions(const struct functions *functions)
{
	struct json_object *json = json_object_new_array();
	unsigned int nr;
	struct function **sorted = functions_sorted(functions, &nr);

	for (unsigned int i = 0; i < nr; i++)
		json_object_array_add(json, json_function(sorted[i]));
	free(sorted);
	return json;
}

static struct json_object *json_stack(const struct functions *functions,
				      const struct stack *stack)
{
	struct json_object *json = json_object_new_object();
	struct json_object *frames = json_object_new_array();

	for (unsigned int i = 0; i < stack->nr_frames; i++)
		json_object_array_add(frames,
				      json_name(functions->function[stack->frames[i].object]->name));
	json_object_object_add(json, "comm", json_name(stack->comm));
	json_object_object_add(json, "pages", report_number(stack->pages));
	json_object_object_add(json, "events", report_number(stack->events));
	json_object_object_add(json, "frames", frames);
	return json;
}

static struct json_object *json_stacks(const struct functions *functions)
{
	struct json_object *json = json_object_new_array();
	struct stack **stacks = stacks_sorted(&functions->stacks);

	for (unsigned int i = 0; i < functions->stacks.nr; i++)
		json_object_array_add(json, json_stack(functions, stacks[i]));
	free(stacks);
	return json;
}

struct json_object *stacks_report_json(const struct stacks_run *run)
{
	struct json_object *json = report_json(&run->state, run->page_size);

	json_object_object_add(json, "command", json_command(run->command));
	json_object_object_add(json, "exit_status", json_object_new_int(run->exit_status));
	json_object_object_add(json, "elapsed_ns", report_number(run->elapsed_ns));
	json_object_object_add(json, "event", json_name(run->event->name));
	json_object_object_add(json, "pages", report_number(run->functions.stacks.pages));
	json_object_object_add(json, "counter", json_name(counters[run->event->counter].name));
	json_object_object_add(json, "counted", report_number(run->counted));
	json_object_object_add(json, "events_lost", report_number(run->lost));
	json_object_object_add(json, "functions", json_functions(&run->functions));
	json_object_object_add(json, "stacks", json_stacks(&run->functions));
	return json;
}
