// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "report.h"
#include "units.h"
#include "version.h"

typedef unsigned long long ull;

/* JSON */

struct json_object *report_number(__u64 value)
{
	return json_object_new_uint64(value);
}

static struct json_object *json_text(const char *text)
{
	char *clean = text_utf8(text);
	struct json_object *json = json_object_new_string(clean);

	free(clean);
	return json;
}

static struct json_object *json_counters(const struct cowstat_counters *set)
{
	struct json_object *json = json_object_new_object();

	for (unsigned int i = 0; i < nr_counters; i++)
		json_object_object_add(json, counters[i].name, report_number(set->value[i]));
	return json;
}

static struct json_object *json_losses(const struct reading_state *state)
{
	struct json_object *json = json_object_new_object();

	for (unsigned int i = 0; i < nr_losses; i++)
		if (state->lost[i])
			json_object_object_add(json, losses[i].name, report_number(state->lost[i]));
	return json;
}

/* RFC 3339, or null. */
static struct json_object *json_moment(__u64 ns)
{
	char moment[UNIT_LEN];

	return ns ? json_object_new_string(unit_moment(moment, ns)) : NULL;
}

static struct json_object *json_command(char **command)
{
	struct json_object *json = json_object_new_array();

	for (; *command; command++)
		json_object_array_add(json, json_text(*command));
	return json;
}

static struct json_object *json_row_state(const struct cowstat_row *row, __u32 lost)
{
	return json_object_new_string(state_name(row->flags & lost ? COWSTAT_STATE_DEGRADED :
								     COWSTAT_STATE_EXACT));
}

static struct json_object *json_process(const struct cowstat_row *row)
{
	struct json_object *json = json_object_new_object();
	bool exited = row->flags & COWSTAT_ROW_EXITED;

	json_object_object_add(json, "pid", json_object_new_int(row->pid));
	json_object_object_add(json, "ppid", json_object_new_int(row->ppid));
	json_object_object_add(json, "depth", report_number(row->depth));
	json_object_object_add(json, "comm", json_text(row->comm));
	json_object_object_add(json, "exited", json_object_new_boolean(exited));
	json_object_object_add(json, "self_state", json_row_state(row, COWSTAT_ROW_SELF_LOST));
	json_object_object_add(json, "tree_state", json_row_state(row, COWSTAT_ROW_TREE_LOST));
	json_object_object_add(json, "tree_procs", report_number(row->tree_procs));
	json_object_object_add(json, "tree_alive", report_number(row->tree_alive));
	json_object_object_add(json, "self", json_counters(&row->self));
	json_object_object_add(json, "tree", json_counters(&row->tree));
	return json;
}

static struct json_object *json_processes(const struct snapshot *snapshot)
{
	struct json_object *json = json_object_new_array();

	for (unsigned int i = 0; i < snapshot->nr_rows; i++)
		json_object_array_add(json, json_process(&snapshot->rows[i]));
	return json;
}

struct json_object *report_json(const struct reading_state *state, __u32 page_size)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "cowstat", json_object_new_string(COWSTAT_VERSION));
	json_object_object_add(json, "state", json_object_new_string(state_name(state->state)));
	json_object_object_add(json, "lost", json_losses(state));
	json_object_object_add(json, "page_size", report_number(page_size));
	return json;
}

/* The root's row is of the same moment as the other rows. */
static const struct cowstat_counters *run_totals(const struct run *run)
{
	return run->snapshot.nr_rows ? &run->snapshot.rows[0].tree : &run->tree.counters;
}

/* Of the numbers of run_totals(). */
static struct reading_state run_state(const struct run *run)
{
	return run->snapshot.nr_rows ? run->snapshot.state :
				       reading_state(run->tree.state, run->tree.lost);
}

struct json_object *report_run_json(const struct run *run)
{
	const struct reading_state state = run_state(run);
	struct json_object *json = report_json(&state, run->snapshot.page_size);

	json_object_object_add(json, "command", json_command(run->command));
	json_object_object_add(json, "exit_status", json_object_new_int(run->exit_status));
	json_object_object_add(json, "elapsed_ns", report_number(run->elapsed_ns));
	json_object_object_add(json, "folded", report_number(run->snapshot.folded));
	json_object_object_add(json, "hidden", report_number(run->snapshot.hidden));
	json_object_object_add(json, "tree", json_counters(run_totals(run)));
	json_object_object_add(json, "processes", json_processes(&run->snapshot));
	return json;
}

struct json_object *report_show_json(const struct snapshot *snapshot, bool whole)
{
	struct json_object *json = report_json(&snapshot->state, snapshot->page_size);

	if (whole) {
		json_object_object_add(json, "lost_at", json_moment(snapshot->state.lost_at));
		json_object_object_add(json, "hidden", report_number(snapshot->hidden));
	}
	json_object_object_add(json, "system", json_counters(&snapshot->system));
	json_object_object_add(json, "processes", json_processes(snapshot));
	return json;
}

char *report_json_text(struct json_object *json, size_t *length)
{
	const char *text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_SPACED |
							  JSON_C_TO_STRING_NOSLASHESCAPE);
	char *copy;

	if (!text || asprintf(&copy, "%s\n", text) < 0)
		abort();
	*length = strlen(copy);
	json_object_put(json);
	return copy;
}

/* Text */

#define STRONG	"\033[1m"
#define FAINT	"\033[2m"
#define WARNING	"\033[1;31m"
#define NORMAL	"\033[0m"

static const char *paint(struct style style, const char *sequence)
{
	return style.colour ? sequence : "";
}

void report_losses(FILE *file, struct style style, const struct reading_state *state)
{
	char moment[UNIT_LEN];

	if (state->state == COWSTAT_STATE_EXACT)
		return;
	fprintf(file, "%sDEGRADED: these numbers may be wrong%s\n", paint(style, WARNING),
		paint(style, NORMAL));
	for (unsigned int i = 0; i < nr_losses; i++)
		if (state->lost[i])
			fprintf(file, "  %-7s %10llu  %s\n", losses[i].name, (ull)state->lost[i],
				losses[i].help);
	if (state->lost_at)
		fprintf(file, "  the last one at %s\n", unit_moment(moment, state->lost_at));
	fputc('\n', file);
}

/*
 * The table of processes. A column is a counter and, where it says so, the
 * memory that so many pages are; the tree comes last, as names can be long and
 * hold spaces.
 */
struct column {
	const char *title;
	unsigned int counter;
	bool tree;
	bool bytes;
};

static const struct column run_columns[] = {
	{ "SHARED", COUNTER_shared, false, true },
	{ "BROKEN", COUNTER_broken, false, true },
	{ "CHILD", COUNTER_broken_child, false, false },
	{ "PARENT", COUNTER_broken_parent, false, false },
	{ "REUSED", COUNTER_reused, false, false },
	{ "ZEROED", COUNTER_zero_filled, false, true },
	{ NULL }
};

static const struct column show_columns[] = {
	{ "SHARED", COUNTER_shared, false, false },
	{ "BROKEN", COUNTER_broken, false, false },
	{ "REUSED", COUNTER_reused, false, false },
	{ "ZEROED", COUNTER_zero_filled, false, false },
	{ "TREE:BROKEN", COUNTER_broken, true, true },
	{ "TREE:ZEROED", COUNTER_zero_filled, true, true },
	{ NULL }
};

#define COLUMNS_MAX	8
#define BYTES_WIDTH	6	/* a space and what unit_bytes() writes */

struct table {
	FILE *file;
	struct style style;
	const struct snapshot *snapshot;
	const struct column *columns;
	int width[COLUMNS_MAX];
	int *parents;
	char *last;		/* is this row the last child of its parent? */
};

static __u64 cell(const struct column *column, const struct cowstat_row *row)
{
	return (column->tree ? &row->tree : &row->self)->value[column->counter];
}

static int column_width(const struct column *column, const struct snapshot *snapshot)
{
	int width = strlen(column->title) - (column->bytes ? BYTES_WIDTH : 0);

	for (unsigned int i = 0; i < snapshot->nr_rows; i++) {
		int digits = snprintf(NULL, 0, "%llu", (ull)cell(column, &snapshot->rows[i]));

		if (digits > width)
			width = digits;
	}
	return width;
}

static void find_last_children(struct table *table)
{
	unsigned int nr = table->snapshot->nr_rows;
	char *has_last = calloc(nr + 1, 1);

	table->parents = snapshot_parents(table->snapshot);
	table->last = calloc(nr + 1, 1);
	if (!has_last || !table->last)
		abort();
	for (unsigned int i = nr; i-- > 0;) {
		int parent = table->parents[i];

		table->last[i] = parent == NO_ROW || !has_last[parent];
		if (parent != NO_ROW)
			has_last[parent] = 1;
	}
	free(has_last);
}

/* Deeper levels would leave no room for the name. */
#define BRANCHES_MAX	12

/* From the outermost level inwards; 0 is the level of the row itself. */
static void print_branches(const struct table *table, int row, unsigned int level)
{
	static const char *const ascii[] = { "|  ", "   ", "|- ", "`- " };
	static const char *const utf8[] = { "│  ", "   ", "├─ ", "└─ " };
	const char *const *branch = table->style.utf8 ? utf8 : ascii;
	int parent = table->parents[row];

	if (parent == NO_ROW)
		return;
	if (level == BRANCHES_MAX) {
		fputs(".. ", table->file);
		return;
	}
	print_branches(table, parent, level + 1);
	fputs(branch[(level ? 0 : 2) + table->last[row]], table->file);
}

static void print_titles(const struct table *table)
{
	fprintf(table->file, "%s%7s %-5s", paint(table->style, STRONG), "PID", "STATE");
	for (int i = 0; table->columns[i].title; i++) {
		int width = table->width[i] + (table->columns[i].bytes ? BYTES_WIDTH : 0);

		fprintf(table->file, " %*s", width, table->columns[i].title);
	}
	fprintf(table->file, "  PROCESS%s\n", paint(table->style, NORMAL));
}

static void print_cells(const struct table *table, const struct cowstat_row *row)
{
	char bytes[UNIT_LEN];

	for (int i = 0; table->columns[i].title; i++) {
		__u64 pages = cell(&table->columns[i], row);

		fprintf(table->file, " %*llu", table->width[i], (ull)pages);
		if (table->columns[i].bytes)
			fprintf(table->file, " %*s", BYTES_WIDTH - 1,
				unit_bytes(bytes, pages * table->snapshot->page_size));
	}
}

static bool is_degraded(const struct cowstat_row *row)
{
	return row->flags & (COWSTAT_ROW_SELF_LOST | COWSTAT_ROW_TREE_LOST);
}

static void print_row(const struct table *table, int index)
{
	const struct cowstat_row *row = &table->snapshot->rows[index];
	bool gone = row->flags & COWSTAT_ROW_EXITED;
	char *comm = text_printable(row->comm);

	fprintf(table->file, "%s%7d%c%-5s", paint(table->style, gone ? FAINT : ""), row->pid,
		is_degraded(row) ? '*' : ' ', gone ? "gone" : "alive");
	print_cells(table, row);
	fputs("  ", table->file);
	print_branches(table, index, 0);
	fprintf(table->file, "%s%s\n", comm, paint(table->style, gone ? NORMAL : ""));
	free(comm);
}

/* Depth first, whatever the order of the rows. */
static void print_subtrees(const struct table *table, int parent)
{
	for (unsigned int i = parent + 1; i < table->snapshot->nr_rows; i++) {
		if (table->parents[i] != parent)
			continue;
		print_row(table, i);
		print_subtrees(table, i);
	}
}

/* What the table does not have. */
static void print_notes(FILE *file, const struct snapshot *snapshot)
{
	bool degraded = false;

	for (unsigned int i = 0; i < snapshot->nr_rows; i++)
		degraded |= is_degraded(&snapshot->rows[i]);
	if (degraded)
		fputs("*: numbers of this process, or of its tree, may be wrong.\n", file);
	if (snapshot->folded)
		fprintf(file, "%llu more %s gone and not listed: see their nearest ancestor above.\n",
			(ull)snapshot->folded, snapshot->folded == 1 ? "is" : "are");
	if (snapshot->hidden)
		fprintf(file, "%llu more process%s not yours.\n", (ull)snapshot->hidden,
			snapshot->hidden == 1 ? " is" : "es are");
}

static void print_processes(FILE *file, struct style style, const struct snapshot *snapshot,
			    const struct column *columns)
{
	struct table table = {
		.file = file, .style = style, .snapshot = snapshot, .columns = columns,
	};

	for (int i = 0; columns[i].title; i++)
		table.width[i] = column_width(&columns[i], snapshot);
	find_last_children(&table);
	print_titles(&table);
	print_subtrees(&table, NO_ROW);
	free(table.parents);
	free(table.last);
	print_notes(file, snapshot);
}

static const char *counter_note(char note[UNIT_LEN], unsigned int index, __u64 value,
				__u32 page_size)
{
	if (counter_is_time(index))
		return unit_time(note, value);
	if (counter_is_pages(index))
		return unit_bytes(note, value * page_size);
	return "";
}

static void print_counters(FILE *file, const struct cowstat_counters *set, __u32 page_size)
{
	char note[UNIT_LEN];
	bool none = true;

	for (unsigned int i = 0; i < nr_counters; i++) {
		__u64 value = set->value[i];

		if (!value)
			continue;
		none = false;
		fprintf(file, "  %-14s %14llu %9s  %s\n", counters[i].name, (ull)value,
			counter_note(note, i, value, page_size), counters[i].help);
	}
	if (none)
		fprintf(file, "  all counters are 0\n");
}

static void print_shared(FILE *file, const struct cowstat_counters *set, __u32 page_size)
{
	__u64 shared = set->value[COUNTER_shared];
	__u64 broken = set->value[COUNTER_broken_anon];
	char all[UNIT_LEN], part[UNIT_LEN], percent[UNIT_LEN];

	/* Copies of pages that were shared before this tree was watched. */
	if (!shared || broken > shared)
		return;
	fprintf(file, "Of %llu pages that forks shared (%s), %llu (%s) were copied later: %s.\n",
		(ull)shared, unit_bytes(all, shared * page_size), (ull)broken,
		unit_percent(percent, broken, shared), unit_bytes(part, broken * page_size));
}

static void print_break_time(FILE *file, const struct cowstat_counters *set)
{
	__u64 broken = set->value[COUNTER_broken];
	char average[UNIT_LEN], most[UNIT_LEN];

	if (!broken || !set->value[COUNTER_break_ns])
		return;
	fprintf(file, "A copy took %s on average",
		unit_time(average, set->value[COUNTER_break_ns] / broken));
	/* The longest can be of a time before these numbers began. */
	if (set->value[COUNTER_break_max_ns] <= set->value[COUNTER_break_ns])
		fprintf(file, ", %s at most", unit_time(most, set->value[COUNTER_break_max_ns]));
	fputs(".\n", file);
}

static void print_unsure(FILE *file, const struct cowstat_counters *set)
{
	__u64 unsure = set->value[COUNTER_broken_unsure];

	if (!unsure)
		return;
	fprintf(file, "The kernel has not kept whose %llu page%s:\n", (ull)unsure,
		unsure == 1 ? " was" : "s were");
	fprintf(file, "broken_child and broken_parent are each wrong by %llu at most.\n",
		(ull)unsure);
}

static void print_totals(FILE *file, const struct cowstat_counters *set, __u32 page_size)
{
	print_counters(file, set, page_size);
	fputc('\n', file);
	print_shared(file, set, page_size);
	print_break_time(file, set);
	print_unsure(file, set);
}

static void print_command(FILE *file, char **command)
{
	for (; *command; command++) {
		char *word = text_printable(*command);

		fprintf(file, " %s", word);
		free(word);
	}
}

static void print_run_head(FILE *file, struct style style, const struct run *run,
			   const struct reading_state *state)
{
	char elapsed[UNIT_LEN];

	fprintf(file, "%scowstat:", paint(style, STRONG));
	print_command(file, run->command);
	fprintf(file, "%s\nexit status %d, %s, state %s\n\n", paint(style, NORMAL),
		run->exit_status, unit_time(elapsed, run->elapsed_ns),
		state_name(state->state));
}

void report_run_text(FILE *file, struct style style, const struct run *run)
{
	const struct reading_state state = run_state(run);
	__u32 page_size = run->snapshot.page_size;

	print_run_head(file, style, run, &state);
	report_losses(file, style, &state);
	print_processes(file, style, &run->snapshot, run_columns);
	fprintf(file, "\n%sThe tree: %llu process%s, %llu alive%s\n", paint(style, STRONG),
		(ull)run->tree.tree_procs, run->tree.tree_procs == 1 ? "" : "es",
		(ull)run->tree.tree_alive, paint(style, NORMAL));
	print_totals(file, run_totals(run), page_size);
}

void report_show_text(FILE *file, struct style style, const struct snapshot *snapshot, bool whole)
{
	report_losses(file, style, &snapshot->state);
	if (whole) {
		fprintf(file, "%sThe system: %llu processes, state %s%s\n", paint(style, STRONG),
			(ull)snapshot->processes, state_name(snapshot->state.state),
			paint(style, NORMAL));
		print_totals(file, &snapshot->system, snapshot->page_size);
		fputc('\n', file);
	}
	print_processes(file, style, snapshot, show_columns);
}
