// SPDX-License-Identifier: GPL-2.0
/* Reports, from structs that no kernel has filled. */
#include <stdlib.h>

#include "counters.h"
#include "report.h"
#include "test_tool.h"
#include "units.h"

static const struct style plain;

static struct cowstat_row rows[] = {
	{
		.pid = 7, .comm = "a",
		.self.value = { [COUNTER_shared] = 1000, [COUNTER_broken] = 1 },
		.tree.value = {
			[COUNTER_forks] = 4, [COUNTER_shared] = 1000, [COUNTER_broken] = 250,
			[COUNTER_broken_anon] = 250, [COUNTER_break_ns] = 500000,
			[COUNTER_break_max_ns] = 150000,
		},
	},
	{ .pid = 8, .ppid = 7, .depth = 1, .comm = "b", .flags = COWSTAT_ROW_EXITED },
	{ .pid = 9, .ppid = 8, .depth = 2, .comm = "c" },
	/* The pid of one that is gone was given again. */
	{ .pid = 8, .ppid = 7, .depth = 1, .comm = "d" },
	{ .pid = 10, .ppid = 8, .depth = 2, .comm = "e", .self.value = { [COUNTER_broken] = 249 } },
};

static struct snapshot snapshot(void)
{
	struct snapshot snapshot = {
		.page_size = 4096,
		.nr_rows = sizeof(rows) / sizeof(*rows),
		.rows = malloc(sizeof(rows)),
		.processes = 5,
	};

	memcpy(snapshot.rows, rows, sizeof(rows));
	return snapshot;
}

static void test_units(void)
{
	char buffer[UNIT_LEN];
	char *text;

	tap_text(unit_bytes(buffer, 0), "0B", "no bytes");
	tap_text(unit_bytes(buffer, 4096), "4.0K", "a page");
	tap_text(unit_bytes(buffer, 1048575), "1.0M", "almost a megabyte");
	tap_text(unit_bytes(buffer, 1023ULL << 30), "1023G", "almost a terabyte");
	tap_text(unit_bytes(buffer, ~0ULL), "16E", "the most bytes");
	tap_text(unit_time(buffer, 999), "999 ns", "nanoseconds");
	tap_text(unit_time(buffer, 1500000), "1.5 ms", "milliseconds");
	tap_text(unit_percent(buffer, 1, 0), "0.0 %", "a part of nothing");
	text = text_utf8("a\xff\xc3\xa9\xed\xa0\x80");
	tap_text(text, "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		 "invalid UTF-8 is replaced byte by byte");
	free(text);
	text = text_printable("a\033[1m\xc2\x9b\n");
	tap_text(text, "a?[1m??", "no control character reaches a terminal");
	free(text);
}

static void test_snapshot(void)
{
	struct snapshot all = snapshot();
	int *parents = snapshot_parents(&all);
	const int pid = 8;

	tap_ok(parents[0] == NO_ROW && parents[1] == 0 && parents[2] == 1 && parents[3] == 0 &&
	       parents[4] == 3, "children find the right one of two parents with one pid");
	tap_ok(snapshot_find(&all, 8) == 3, "the one that lives is found");
	tap_ok(snapshot_find(&all, 11) == NO_ROW, "one that is not there is not found");
	snapshot_select(&all, &pid, 1);
	tap_ok(all.nr_rows == 4 && all.rows[0].pid == 8 && all.rows[3].pid == 10,
	       "a tree is selected with all its processes");
	free(parents);
	snapshot_free(&all);
}

static char *run_text(struct run *run)
{
	char *text;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	report_run_text(file, plain, run);
	fclose(file);
	return text;
}

static void test_run_text(void)
{
	char *command[] = { "a", "-x", NULL };
	struct run run = {
		.command = command, .exit_status = 3, .elapsed_ns = 1234567890,
		.tree = { .tree_procs = 7, .tree_alive = 4 }, .snapshot = snapshot(),
	};
	char *text;

	run.snapshot.folded = 2;
	text = run_text(&run);
	tap_text(text,
		 "cowstat: a -x\n"
		 "exit status 3, 1.23 s, state exact\n"
		 "\n"
		 "    PID STATE     SHARED    BROKEN CHILD PARENT REUSED  ZEROED  PROCESS\n"
		 "      7 alive 1000  3.9M   1  4.0K     0      0      0 0    0B  a\n"
		 "      8 gone     0    0B   0    0B     0      0      0 0    0B  |- b\n"
		 "      9 alive    0    0B   0    0B     0      0      0 0    0B  |  `- c\n"
		 "      8 alive    0    0B   0    0B     0      0      0 0    0B  `- d\n"
		 "     10 alive    0    0B 249  996K     0      0      0 0    0B     `- e\n"
		 "2 more are gone and not listed: see their nearest ancestor above.\n"
		 "\n"
		 "The tree: 7 processes, 4 alive\n"
		 "  forks                       4            forks that copied the address space (no threads, no vfork)\n"
		 "  shared                   1000      3.9M  pages that these forks made copy-on-write shared\n"
		 "  broken                    250     1000K  pages copied because of a write to a copy-on-write page\n"
		 "  broken_anon               250     1000K  the part of broken: anonymous pages that a fork shared\n"
		 "  break_ns               500000  500.0 us  from the fault to the new page in place, summed over broken\n"
		 "  break_max_ns           150000  150.0 us  the longest of them (a maximum: it does not sum)\n"
		 "\n"
		 "Of 1000 pages that forks shared (3.9M), 250 (25.0 %) were copied later: 1000K.\n"
		 "A copy took 2.0 us on average, 150.0 us at most.\n",
		 "the text of a run");
	free(text);
	run.snapshot.rows[0].tree.value[COUNTER_break_max_ns] = 500001;
	text = run_text(&run);
	tap_ok(strstr(text, "\nA copy took 2.0 us on average.\n") != NULL,
	       "a longest copy from before the run is none of it");
	free(text);
	run.snapshot.state.state = COWSTAT_STATE_DEGRADED;
	run.snapshot.state.lost[0] = 5;
	text = run_text(&run);
	tap_ok(strstr(text, "state degraded\n\nDEGRADED: these numbers may be wrong\n"
			    "  limit            5  processes counted in an ancestor") != NULL,
	       "a degraded state is said before the numbers");
	free(text);
	snapshot_free(&run.snapshot);
}

static __u64 number(struct json_object *json, const char *path)
{
	struct json_object *value;

	return json_pointer_get(json, path, &value) ? ~0ULL : json_object_get_uint64(value);
}

static void test_run_json(void)
{
	char *command[] = { "a\xff", NULL };
	struct run run = { .command = command, .elapsed_ns = 9, .snapshot = snapshot() };
	struct json_object *json, *value;
	size_t length;
	char *text;

	run.snapshot.rows[0].tree.value[COUNTER_broken] = 0x8000000000000001ULL;
	text = report_json_text(report_run_json(&run), &length);
	json = json_tokener_parse(text);
	tap_ok(json && text[length - 1] == '\n', "it is JSON, and a line");
	tap_ok(number(json, "/page_size") == 4096 && number(json, "/elapsed_ns") == 9 &&
	       number(json, "/exit_status") == 0, "the head is there");
	tap_ok(number(json, "/tree/broken") == 0x8000000000000001ULL, "large numbers stay exact");
	tap_ok(number(json, "/processes/4/self/broken") == 249, "each process has its counters");
	json_pointer_get(json, "/command/0", &value);
	tap_text(json_object_get_string(value), "a\xef\xbf\xbd", "the command is valid UTF-8");
	json_pointer_get(json, "/processes/1/exited", &value);
	tap_ok(json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value),
	       "those that are gone are marked");
	json_pointer_get(json, "/tree", &value);
	tap_ok(json_object_object_length(value) == (int)nr_counters, "all counters are there");
	json_object_put(json);
	free(text);
	snapshot_free(&run.snapshot);
}

int main(void)
{
	test_units();
	test_snapshot();
	test_run_text();
	test_run_json();
	return tap_end();
}
