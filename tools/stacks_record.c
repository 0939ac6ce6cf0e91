// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <string.h>

#include "stacks_record.h"

/* The records' layouts, see linux/perf_event.h. */
struct mmap2_record {
	struct perf_event_header header;
	__u32 pid, tid;
	__u64 address, length, offset;
	__u8 build_id_size;
	__u8 reserved[3];
	__u8 build_id[BUILD_ID_MAX];
	__u32 prot, flags;
	char path[];
};

struct comm_record {
	struct perf_event_header header;
	__u32 pid, tid;
	char comm[];
};

/* Of forks and exits */
struct task_record {
	struct perf_event_header header;
	__u32 pid, parent_pid;
	__u32 tid, parent_tid;
	__u64 time;
};

void recorder_open(struct recorder *recorder)
{
	*recorder = (struct recorder){ 0 };
	objects_open(&recorder->objects);
}

void recorder_close(struct recorder *recorder)
{
	stacks_free(&recorder->stacks);
	spaces_free(&recorder->spaces);
	objects_close(&recorder->objects);
}

/* Memory without a file, and that of which the kernel says "//anon", "[heap]". */
static bool is_memory(const char *path)
{
	return !strncmp(path, "//", 2) || !strncmp(path, "/memfd:", 7) ||
	       (path[0] == '[' && strcmp(path, "[vdso]") && strcmp(path, "[vsyscall]"));
}

static void take_mapping(struct recorder *recorder, const struct mmap2_record *record)
{
	bool memory = is_memory(record->path);
	struct object object = {
		.path = (char *)(memory ? "[anon]" : record->path),
		.pid = memory ? record->pid : 0,
	};
	struct mapping mapping = {
		.start = record->address,
		.end = record->address + record->length,
		/* The lists of what JIT compilers made have addresses. */
		.offset = memory ? record->address : record->offset,
	};

	if (record->header.misc & PERF_RECORD_MISC_MMAP_BUILD_ID &&
	    record->build_id_size <= BUILD_ID_MAX) {
		object.build_id_size = record->build_id_size;
		memcpy(object.build_id, record->build_id, record->build_id_size);
	}
	mapping.object = objects_find(&recorder->objects, &object);
	spaces_map(&recorder->spaces, record->pid, &mapping);
}

static void take_comm(struct recorder *recorder, const struct comm_record *record)
{
	struct space *space;

	/* A name of one of its threads is not the process's. */
	if (record->pid != record->tid)
		return;
	if (record->header.misc & PERF_RECORD_MISC_COMM_EXEC)
		spaces_exec(&recorder->spaces, record->pid);
	space = spaces_get(&recorder->spaces, record->pid);
	memset(space->comm, 0, sizeof(space->comm));
	memcpy(space->comm, record->comm, strnlen(record->comm, sizeof(space->comm) - 1));
}

static void take_fork(struct recorder *recorder, const struct task_record *record)
{
	if (record->pid == record->parent_pid)
		spaces_thread(&recorder->spaces, record->pid);
	else
		spaces_fork(&recorder->spaces, record->parent_pid, record->pid);
}

/* What a sample has, one after the other, as PERF_WANTED and the header say. */
static void parse(const struct recorder *recorder, const struct perf_event_header *record,
		  struct sample *sample)
{
	const char *at = (const char *)(record + 1);
	const char *end = (const char *)record + record->size;

	memset(sample, 0, sizeof(*sample));
	memcpy(&sample->pid, at, sizeof(sample->pid));
	memcpy(&sample->tid, at + sizeof(__u32), sizeof(sample->tid));
	at += 2 * sizeof(__u32) + sizeof(__u64);
	memcpy(&sample->nr_addresses, at, sizeof(__u64));
	sample->addresses = (const __u64 *)(at + sizeof(__u64));
	at += (1 + sample->nr_addresses) * sizeof(__u64);
	memcpy(&sample->raw_size, at, sizeof(__u32));
	sample->raw = at + sizeof(__u32);
	at = sample->raw + sample->raw_size;
	if (at >= end || !recorder->nr_registers)
		return;
	/* The registers, if it has them, and the stack with its size before and after. */
	if (*(const __u64 *)at != PERF_SAMPLE_REGS_ABI_NONE) {
		sample->registers = (const __u64 *)at + 1;
		at += recorder->nr_registers * sizeof(__u64);
	}
	at += sizeof(__u64);
	sample->stack_size = *(const __u64 *)at;
	sample->stack = at + sizeof(__u64);
	if (sample->stack_size)
		sample->stack_size = *(const __u64 *)(sample->stack + sample->stack_size);
}

static unsigned int user_addresses(const struct sample *sample, __u64 addresses[FRAMES_MAX])
{
	unsigned int nr = 0;

	for (__u64 i = 0; i < sample->nr_addresses && nr < FRAMES_MAX; i++)
		if (sample->addresses[i] < (__u64)PERF_CONTEXT_MAX)
			addresses[nr++] = sample->addresses[i];
	return nr;
}

/* Callers are where the call is, not where it returns to, which may be in another line. */
static unsigned int locate(const struct space *space, const __u64 *addresses, unsigned int nr,
			   struct frame *frames)
{
	unsigned int located = 0;

	for (unsigned int i = 0; i < nr; i++) {
		__u64 address = addresses[i] - (i > 0);
		const struct mapping *mapping = space_find(space, address);

		/* Where functions keep no frame pointer, the rest is no stack. */
		if (!mapping && i)
			break;
		frames[located].object = mapping ? mapping->object : OBJECT_UNKNOWN;
		frames[located++].offset = mapping ? address - mapping->start + mapping->offset : 0;
	}
	return located;
}

/* Little-endian, as everything here. */
static __u64 pages_of(const struct recorder *recorder, const struct sample *sample)
{
	__u64 pages = 0;

	memcpy(&pages, sample->raw + recorder->pages.offset, recorder->pages.size);
	return pages;
}

static unsigned int find_stack(struct recorder *recorder, struct space *space,
			       const struct sample *sample, struct frame *frames)
{
	__u64 addresses[FRAMES_MAX];
	unsigned int nr = 0;

	/* The kernel lays out the new program; where the old one was says nothing. */
	if (space->loading) {
		*frames = (struct frame){ OBJECT_EXEC, 0 };
		return 1;
	}
	if (recorder->unwind && sample->registers)
		nr = recorder->unwind(recorder, space, sample, addresses);
	if (!nr)
		nr = user_addresses(sample, addresses);
	/* Not even an address: nothing of it is known. */
	if (!nr)
		addresses[nr++] = 0;
	return locate(space, addresses, nr, frames);
}

static void charge(struct recorder *recorder, const struct sample *sample)
{
	struct space *space = spaces_get(&recorder->spaces, sample->pid);
	struct frame frames[FRAMES_MAX];
	unsigned int nr = find_stack(recorder, space, sample, frames);

	stacks_add(&recorder->stacks, space->comm, frames, nr, pages_of(recorder, sample), 1);
}

static void take_exec(struct recorder *recorder, const struct sample *sample)
{
	spaces_loaded(&recorder->spaces, sample->pid);
	recorder->begun |= sample->pid == (__u32)recorder->root;
}

static void take_sample(struct recorder *recorder, const struct perf_event_header *record)
{
	struct sample sample;
	__u16 event;

	parse(recorder, record, &sample);
	if (sample.raw_size < sizeof(event))
		return;
	/* The first field of all events. */
	memcpy(&event, sample.raw, sizeof(event));
	if (event == recorder->exec_event)
		take_exec(recorder, &sample);
	else if (event == recorder->event && recorder->begun &&
		 sample.raw_size >= recorder->pages.offset + recorder->pages.size)
		charge(recorder, &sample);
}

void recorder_take(const struct perf_event_header *record, void *data)
{
	struct recorder *recorder = data;
	const void *layout = record;

	switch (record->type) {
	case PERF_RECORD_MMAP2:
		take_mapping(recorder, layout);
		break;
	case PERF_RECORD_COMM:
		take_comm(recorder, layout);
		break;
	case PERF_RECORD_FORK:
		take_fork(recorder, layout);
		break;
	case PERF_RECORD_EXIT:
		spaces_exit(&recorder->spaces, ((const struct task_record *)layout)->pid);
		break;
	case PERF_RECORD_SAMPLE:
		take_sample(recorder, record);
		break;
	}
}
