// SPDX-License-Identifier: GPL-2.0
/* From the kernel's records, here written by hand, to stacks. */
#include <stdlib.h>

#include "perf_order.h"
#include "stacks_record.h"
#include "symbol_table.h"
#include "test_tool.h"
#include "trace_event.h"

#define BREAK	1475
#define EXEC	300
#define PAGES_AT 36
#define ROOT	100
#define CHILD	101

/* A record that is being written, a word after the other. */
static struct {
	struct perf_event_header header;
	__u64 words[64];
} record;

static unsigned int nr_words;

static void begin(unsigned int type, unsigned int misc)
{
	memset(&record, 0, sizeof(record));
	record.header.type = type;
	record.header.misc = misc;
	nr_words = 0;
}

static void put(__u64 word)
{
	record.words[nr_words++] = word;
}

static void put_pair(__u32 low, __u32 high)
{
	put(low | (__u64)high << 32);
}

static void put_text(const char *text)
{
	strcpy((char *)&record.words[nr_words], text);
	nr_words += strlen(text) / 8 + 1;
}

/* With what all records but samples have at their end. */
static void give(struct recorder *recorder, pid_t pid)
{
	if (record.header.type != PERF_RECORD_SAMPLE) {
		put_pair(pid, pid);
		put(0);
	}
	record.header.size = sizeof(record.header) + nr_words * sizeof(__u64);
	recorder_take(&record.header, recorder);
}

static void give_comm(struct recorder *recorder, pid_t pid, const char *comm, unsigned int misc)
{
	begin(PERF_RECORD_COMM, misc);
	put_pair(pid, pid);
	put_text(comm);
	give(recorder, pid);
}

static void give_mapping(struct recorder *recorder, pid_t pid, __u64 start, __u64 length,
			 __u64 offset, const char *path)
{
	begin(PERF_RECORD_MMAP2, 0);
	put_pair(pid, pid);
	put(start);
	put(length);
	put(offset);
	nr_words += 4;		/* device, inode, protection */
	put_text(path);
	give(recorder, pid);
}

static void give_task(struct recorder *recorder, unsigned int type, pid_t pid, pid_t parent)
{
	begin(type, 0);
	put_pair(pid, parent);
	put_pair(pid, parent);
	put(0);
	give(recorder, pid);
}

static void give_sample(struct recorder *recorder, pid_t pid, unsigned int event, __u32 pages,
			const __u64 *addresses, unsigned int nr)
{
	__u32 raw[13] = { event };

	begin(PERF_RECORD_SAMPLE, 0);
	put_pair(pid, pid);
	put(0);
	put(nr + 1);
	put(PERF_CONTEXT_USER);
	for (unsigned int i = 0; i < nr; i++)
		put(addresses[i]);
	raw[PAGES_AT / 4] = pages;
	put_pair(sizeof(raw), raw[0]);
	for (unsigned int i = 1; i < 13; i += 2)
		put_pair(raw[i], i + 1 < 13 ? raw[i + 1] : 0);
	give(recorder, pid);
}

static void open_recorder(struct recorder *recorder)
{
	recorder_open(recorder);
	recorder->root = ROOT;
	recorder->event = BREAK;
	recorder->exec_event = EXEC;
	recorder->pages = (struct trace_field){ PAGES_AT, sizeof(__u32) };
}

static void start_program(struct recorder *recorder)
{
	open_recorder(recorder);
	give_comm(recorder, ROOT, "touch", PERF_RECORD_MISC_COMM_EXEC);
	give_mapping(recorder, ROOT, 0x401000, 0x2000, 0x1000, "/bin/touch");
	give_mapping(recorder, ROOT, 0x7f0000, 0x8000, 0x26000, "/lib/libc.so.6");
	give_sample(recorder, ROOT, EXEC, 0, NULL, 0);
}

static int is_frame(const struct recorder *recorder, const struct frame *frame, const char *path,
		    __u64 offset)
{
	return !strcmp(recorder->objects.object[frame->object].path, path) &&
	       frame->offset == offset;
}

static void test_sample(void)
{
	static const __u64 stack[] = { 0x401234, 0x401300, 0x7f0100, 0x1, 0x401400 };
	struct recorder recorder;
	struct stack **sorted;

	start_program(&recorder);
	give_sample(&recorder, ROOT, BREAK, 3, stack, 5);
	give_sample(&recorder, ROOT, BREAK, 512, stack, 5);
	sorted = stacks_sorted(&recorder.stacks);
	tap_ok(recorder.stacks.nr == 1 && sorted[0]->pages == 515 && sorted[0]->events == 2,
	       "samples of the same stack are one, their pages are added");
	tap_ok(!strcmp(sorted[0]->comm, "touch"), "it has the name of the process");
	tap_ok(is_frame(&recorder, &sorted[0]->frames[0], "/bin/touch", 0x1234),
	       "the innermost is a place in a file");
	tap_ok(is_frame(&recorder, &sorted[0]->frames[1], "/bin/touch", 0x12ff) &&
	       is_frame(&recorder, &sorted[0]->frames[2], "/lib/libc.so.6", 0x260ff),
	       "callers are where the call is");
	tap_ok(sorted[0]->nr_frames == 3, "what is no place ends the stack");
	free(sorted);
	recorder_close(&recorder);
}

static void test_nowhere(void)
{
	static const __u64 stack[] = { 0x10, 0x401300 };
	struct recorder recorder;
	struct stack **sorted;

	start_program(&recorder);
	give_sample(&recorder, ROOT, BREAK, 1, stack, 2);
	give_sample(&recorder, ROOT, BREAK, 1, stack, 0);
	give_sample(&recorder, 999, BREAK, 1, stack, 2);
	sorted = stacks_sorted(&recorder.stacks);
	tap_ok(recorder.stacks.pages == 3, "what is nowhere known is counted all the same");
	tap_ok(sorted[0]->frames[0].object == OBJECT_UNKNOWN &&
	       sorted[1]->frames[0].object == OBJECT_UNKNOWN &&
	       sorted[2]->frames[0].object == OBJECT_UNKNOWN, "as unknown");
	free(sorted);
	recorder_close(&recorder);
}

static void test_begin(void)
{
	static const __u64 stack[] = { 0x401234 };
	struct recorder recorder;

	open_recorder(&recorder);
	give_sample(&recorder, ROOT, BREAK, 5, stack, 1);
	give_sample(&recorder, CHILD, EXEC, 0, NULL, 0);
	give_sample(&recorder, ROOT, BREAK, 5, stack, 1);
	tap_ok(recorder.stacks.pages == 0, "nothing is counted before the command has execed");
	give_sample(&recorder, ROOT, EXEC, 0, NULL, 0);
	give_sample(&recorder, ROOT, BREAK, 7, stack, 1);
	give_sample(&recorder, ROOT, BREAK + 1, 9, stack, 1);
	tap_ok(recorder.stacks.pages == 7, "then only that event is");
	recorder_close(&recorder);
}

static void test_processes(void)
{
	static const __u64 stack[] = { 0x401234 };
	struct recorder recorder;
	struct stack **sorted;

	start_program(&recorder);
	give_task(&recorder, PERF_RECORD_FORK, CHILD, ROOT);
	give_sample(&recorder, CHILD, BREAK, 2, stack, 1);
	tap_ok(recorder.stacks.nr == 1 && recorder.stacks.nr_buckets &&
	       recorder.stacks.pages == 2, "a child has what its parent had");
	give_comm(&recorder, CHILD, "other", PERF_RECORD_MISC_COMM_EXEC);
	give_sample(&recorder, CHILD, BREAK, 20, stack, 1);
	give_mapping(&recorder, CHILD, 0x400000, 0x8000, 0, "/bin/other");
	give_sample(&recorder, CHILD, EXEC, 0, NULL, 0);
	give_sample(&recorder, CHILD, BREAK, 9, stack, 1);
	give_sample(&recorder, ROOT, BREAK, 4, stack, 1);
	sorted = stacks_sorted(&recorder.stacks);
	tap_ok(sorted[0]->frames[0].object == OBJECT_EXEC && sorted[0]->nr_frames == 1 &&
	       sorted[0]->pages == 20, "in an exec it is the kernel that writes");
	tap_ok(is_frame(&recorder, &sorted[1]->frames[0], "/bin/other", 0x1234) &&
	       !strcmp(sorted[1]->comm, "other"), "after an exec it has its own");
	tap_ok(is_frame(&recorder, &sorted[2]->frames[0], "/bin/touch", 0x1234) &&
	       sorted[2]->pages == 6, "and the parent's is as it was");
	free(sorted);
	recorder_close(&recorder);
}

static void test_made_code(void)
{
	static const __u64 stack[] = { 0x600010 };
	struct recorder recorder;
	struct stack **sorted;

	start_program(&recorder);
	give_mapping(&recorder, ROOT, 0x600000, 0x1000, 0, "//anon");
	give_sample(&recorder, ROOT, BREAK, 1, stack, 1);
	sorted = stacks_sorted(&recorder.stacks);
	tap_ok(sorted[0]->frames[0].offset == 0x600010 &&
	       recorder.objects.object[sorted[0]->frames[0].object].pid == ROOT,
	       "code that a process made is known by process and address");
	free(sorted);
	recorder_close(&recorder);
}

static __u64 offset_at(const struct space *space, __u64 address)
{
	const struct mapping *mapping = space_find(space, address);

	return mapping ? address - mapping->start + mapping->offset : 0;
}

static void test_spaces(void)
{
	struct spaces spaces = { 0 };
	struct space *space = spaces_get(&spaces, 1);

	spaces_map(&spaces, 1, &(struct mapping){ 0x1000, 0x9000, 0x100000, 1 });
	spaces_map(&spaces, 1, &(struct mapping){ 0x3000, 0x4000, 0x200000, 2 });
	tap_ok(space->nr_mappings == 3 && offset_at(space, 0x2fff) == 0x101fff &&
	       offset_at(space, 0x3000) == 0x200000 && offset_at(space, 0x4000) == 0x103000,
	       "a mapping in the middle of another leaves both ends of it");
	spaces_map(&spaces, 1, &(struct mapping){ 0x2000, 0x5000, 0x300000, 3 });
	tap_ok(space->nr_mappings == 3 && offset_at(space, 0x1fff) == 0x100fff &&
	       offset_at(space, 0x3000) == 0x301000 && offset_at(space, 0x5000) == 0x104000,
	       "one over several takes their place");
	tap_ok(!space_find(space, 0xfff) && !space_find(space, 0x9000), "beside them is nothing");
	spaces_thread(&spaces, 1);
	spaces_exit(&spaces, 1);
	tap_ok(spaces_get(&spaces, 1)->nr_mappings == 3, "one thread less is not the end");
	spaces_exit(&spaces, 1);
	tap_ok(spaces_get(&spaces, 1)->nr_mappings == 0, "the last one is");
	spaces_free(&spaces);
}

static char handed_over[64];

static void hand_over(struct perf_order *order)
{
	struct perf_event_header *header;

	while ((header = perf_order_next(order))) {
		size_t length = strlen(handed_over);

		snprintf(handed_over + length, sizeof(handed_over) - length, "%u ", header->type);
		free(header);
	}
}

static void add(struct perf_order *order, __u64 time, unsigned int type)
{
	struct perf_event_header header = { .type = type, .size = sizeof(header) };

	perf_order_add(order, time, &header);
}

static void test_order(void)
{
	struct perf_order order = { 0 };

	add(&order, 10, 1);
	add(&order, 30, 3);
	add(&order, 20, 2);
	perf_order_round(&order);
	tap_ok(!perf_order_is_due(&order), "after one round nothing is sure to be in order");
	add(&order, 25, 9);
	add(&order, 40, 4);
	perf_order_round(&order);
	hand_over(&order);
	tap_text(handed_over, "1 2 9 3 ", "after two, what is older than the first round");
	add(&order, 40, 5);
	perf_order_end(&order);
	free(perf_order_next(&order));
	tap_ok(perf_order_left(&order) == 1 && order.bytes == sizeof(struct perf_event_header),
	       "one is left");
	add(&order, 50, 6);
	perf_order_end(&order);
	hand_over(&order);
	tap_text(handed_over, "1 2 9 3 5 6 ", "those of one time come as they came");
	perf_order_free(&order);
}

static void test_format(void)
{
	static const char format[] =
		"name: cow_break\nID: 1475\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
		"\tfield:u64 huge_pages;\toffset:16;\tsize:8;\tsigned:0;\n"
		"\tfield:u32 pages;\toffset:36;\tsize:4;\tsigned:0;\n\nprint fmt: \"%u\", REC->pages\n";
	struct trace_event event;
	struct trace_field field;

	tap_ok(!trace_event_parse(&event, format) && event.id == 1475, "the id of an event");
	tap_ok(!trace_event_field(&event, "pages", &field) && field.offset == 36 && field.size == 4,
	       "a field of it");
	tap_ok(trace_event_field(&event, "page", &field) && trace_event_field(&event, "ages", &field),
	       "not one that has a part of its name");
	trace_event_free(&event);
	tap_ok(trace_event_parse(&event, "name: x\n"), "no id, no event");
}

static void test_mounts(void)
{
	char mounts[] = "proc /proc proc rw 0 0\ntracefs /a\\040b tracefs rw 0 0\n";
	char none[] = "proc /proc proc rw 0 0\n";
	FILE *file = fmemopen(mounts, strlen(mounts), "r");
	char *point = trace_mount_point(file);

	tap_text(point ? point : "", "/a b", "where tracefs is mounted");
	free(point);
	fclose(file);
	file = fmemopen(none, strlen(none), "r");
	tap_ok(!trace_mount_point(file), "or that it is not");
	fclose(file);
}

static void test_symbols(void)
{
	struct symbol_table table = { 0 };
	char map[] = "100 10 py::f:/a b.py\nrubbish\n200 8 g\n";
	FILE *file = fmemopen(map, strlen(map), "r");

	symbol_table_add(&table, &(struct symbol){ 0x20, 0x10, "__libc_malloc", 2, 0 });
	symbol_table_add(&table, &(struct symbol){ 0x40, 0x8, "free", 0, 0 });
	symbol_table_add(&table, &(struct symbol){ 0x20, 0x10, "malloc", 0, 0 });
	symbol_table_sort(&table);
	tap_text(symbol_table_find(&table, 0x2f), "malloc", "of two names the better one");
	tap_ok(!symbol_table_find(&table, 0x1f) && !symbol_table_find(&table, 0x30) &&
	       !symbol_table_find(&table, 0x48), "none between functions");
	symbol_table_free(&table);
	symbol_table_read(&table, file);
	tap_text(symbol_table_find(&table, 0x10f), "py::f:/a b.py", "a name from a list");
	tap_ok(table.nr == 2 && !symbol_table_find(&table, 0x110), "which may have rubbish in it");
	symbol_table_free(&table);
	fclose(file);
}

int main(void)
{
	test_sample();
	test_nowhere();
	test_begin();
	test_processes();
	test_made_code();
	test_spaces();
	test_order();
	test_format();
	test_mounts();
	test_symbols();
	return tap_end();
}
