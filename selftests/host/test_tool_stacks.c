// SPDX-License-Identifier: GPL-2.0
/* The reports of 'cowstat stacks', on stacks that no kernel has seen. */
#include <stdlib.h>

#include "counters.h"
#include "report.h"
#include "stacks_report.h"
#include "test_tool.h"

enum { UNKNOWN, EXEC, TOUCH, LIBC };

static struct objects objects;

/* Functions are 0x100 bytes long, and a line is 0x10. */
static void find(void *data, unsigned int object, __u64 offset, struct place *place)
{
	static const char *const names[] = { "touch_pages.constprop.0", "run;child", "main" };

	(void)data;
	*place = (struct place){ 0 };
	if (object != TOUCH || offset >= 0x300)
		return;
	place->function = offset == 0x48 ? "touch_pages" : names[offset / 0x100];
	place->file = "src/touch.c";
	place->line = offset / 0x10;
}

static void add(struct stacks *stacks, const char *comm, __u64 pages, unsigned int nr,
		const struct frame *frames)
{
	stacks_add(stacks, comm, frames, nr, pages, 1);
}

#define STACK(...) \
	sizeof((struct frame[]){ __VA_ARGS__ }) / sizeof(struct frame), \
	(struct frame[]){ __VA_ARGS__ }

static void fill(struct stacks *stacks)
{
	add(stacks, "touch", 6, STACK({ TOUCH, 0x31 }, { TOUCH, 0x111 }, { TOUCH, 0x222 }));
	add(stacks, "touch", 2, STACK({ TOUCH, 0x42 }, { TOUCH, 0x133 }, { TOUCH, 0x222 }));
	add(stacks, "touch", 2, STACK({ TOUCH, 0x48 }, { TOUCH, 0x222 }));
	add(stacks, "sh", 3, STACK({ LIBC, 0x500 }, { LIBC, 0x600 }, { TOUCH, 0x222 }));
	add(stacks, "", 1, STACK({ UNKNOWN, 0 }));
}

static struct stacks_run run_of(__u64 counted, __u64 lost)
{
	static char *command[] = { "./touch", "9\033", NULL };

	return (struct stacks_run){
		.command = command, .exit_status = 3, .elapsed_ns = 1500000,
		.event = stacks_event_find("break"), .page_size = 4096,
		.counted = counted, .lost = lost,
	};
}

static char *text_of(const struct stacks_run *run, unsigned int top)
{
	size_t length;
	char *text;
	FILE *file = open_memstream(&text, &length);

	stacks_report_text(file, (struct style){ 0 }, run, top);
	fclose(file);
	return text;
}

static void test_text(const struct functions *functions)
{
	struct stacks_run run = run_of(14, 0);
	char *text;

	run.functions = *functions;
	text = text_of(&run, 2);
	tap_text(text,
		 "cowstat: ./touch 9?\n"
		 "exit status 3, 1.5 ms, state exact\n"
		 "\n"
		 "Functions that broke the most pages:\n"
		 "\n"
		 "   PAGES            SHARE  FUNCTION\n"
		 "      10     40K   71.4 %  touch_pages (touch.c:3) in touch\n"
		 "                             called by run;child < main\n"
		 "       3     12K   21.4 %  [libc.so.6]\n"
		 "                             called by main\n"
		 "       1    4.0K    7.1 %  in 1 other function\n"
		 "\n"
		 "14 pages in 3 functions; the tree's counter 'broken': 14.\n"
		 "4 pages in functions without a name: [file] has no symbols for them; its debug symbols would (Debian: the packages *-dbg and *-dbgsym).\n",
		 "the text");
	free(text);
}

static int says(const struct functions *functions, __u64 counted, __u64 lost, const char *words)
{
	struct stacks_run run = run_of(counted, lost);
	char *text;
	int found;

	run.functions = *functions;
	text = text_of(&run, 0);
	found = !!strstr(text, words);
	free(text);
	return found;
}

static void test_differences(const struct functions *functions)
{
	tap_ok(says(functions, 20, 7, "\n7 events lost: the list is not complete; the counters are."),
	       "events that were lost are said");
	tap_ok(says(functions, 16, 0, "\n2 pages are not in the list: "), "pages that are missing are");
	tap_ok(says(functions, 13, 0, "\n1 page of the list is not in the counter: "),
	       "and those of others");
}

static void test_folded(const struct functions *functions)
{
	struct stacks_run run = run_of(14, 0);
	size_t length;
	char *text;
	FILE *file = open_memstream(&text, &length);

	run.functions = *functions;
	stacks_report_folded(file, &run);
	fclose(file);
	tap_text(text,
		 "touch;main;run:child;touch_pages 8\n"
		 "sh;main;[libc.so.6];[libc.so.6] 3\n"
		 "touch;main;touch_pages 2\n"
		 "?;[unknown] 1\n", "folded stacks");
	free(text);
}

static struct json_object *at(struct json_object *json, const char *array, size_t index,
			      const char *key)
{
	struct json_object *value;

	json_object_object_get_ex(json, array, &value);
	value = json_object_array_get_idx(value, index);
	json_object_object_get_ex(value, key, &value);
	return value;
}

static void test_json(const struct functions *functions)
{
	struct stacks_run run = run_of(14, 0);
	struct json_object *json;

	run.functions = *functions;
	json = stacks_report_json(&run);
	tap_text(json_object_get_string(at(json, "functions", 0, "function")), "touch_pages",
		 "JSON: the first function");
	tap_ok(json_object_get_int(at(json, "functions", 0, "pages")) == 10 &&
	       json_object_get_int(at(json, "functions", 0, "events")) == 3 &&
	       json_object_get_int(at(json, "functions", 0, "line")) == 3 &&
	       json_object_get_int(at(json, "functions", 0, "line_pages")) == 6,
	       "JSON: its numbers");
	tap_text(json_object_get_string(at(json, "stacks", 0, "frames")),
		 "[ \"touch_pages\", \"run;child\", \"main\" ]", "JSON: the first stack");
	json_object_put(json);
}

int main(void)
{
	struct stacks stacks = { 0 };
	struct functions functions;

	objects_open(&objects);
	tap_ok(objects_find(&objects, &(struct object){ .path = "/bin/touch" }) == TOUCH &&
	       objects_find(&objects, &(struct object){ .path = "/lib/libc.so.6" }) == LIBC &&
	       objects_find(&objects, &(struct object){ .path = "/bin/touch" }) == TOUCH,
	       "an object is there once");
	tap_ok(objects_find(&objects, &(struct object){ .path = "/bin/touch", .build_id_size = 1 }) ==
	       LIBC + 1, "a file of the same name with another build id is another");
	fill(&stacks);
	functions_open(&functions, &stacks, &objects, find, NULL);
	test_text(&functions);
	test_differences(&functions);
	test_folded(&functions);
	test_json(&functions);
	functions_close(&functions);
	stacks_free(&stacks);
	objects_close(&objects);
	return tap_end();
}
