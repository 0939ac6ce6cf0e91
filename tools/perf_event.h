/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A trace event as it happens in a process and all its descendants, with their
 * stacks: perf_event_open(2). With it come the records of forks, execs, exits and
 * executable mappings, which say what was where in memory.
 *
 * An event that children inherit has a buffer for each processor. It begins with the
 * next exec of the process.
 */
#ifndef COWSTAT_PERF_EVENT_H
#define COWSTAT_PERF_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <linux/perf_event.h>
#include <linux/types.h>

typedef void (*perf_take)(const struct perf_event_header *record, void *data);

/* What the records have: samples in this order, others at their end. */
#define PERF_WANTED	(PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CALLCHAIN | \
			 PERF_SAMPLE_RAW)

struct perf_request {
	pid_t pid;
	unsigned int event;
	unsigned int exec_event;	/* sched:sched_process_exec: its samples come too */
	size_t buffer;		/* bytes a processor, a power of two */
	__u32 stack;		/* bytes of the stack that a sample has with it, or 0 */
	__u64 registers;	/* with a stack: which registers */
};

struct perf_ring;

struct perf {
	struct perf_ring *rings;
	unsigned int nr_rings;
	size_t buffer;
	void *bounce;
};

/* 0 or a negative errno */
int perf_open(struct perf *perf, const struct perf_request *request);

/*
 * Until there is something to be read, a while has passed, or @stop can be read; no
 * longer than a look takes if @busy.
 */
void perf_wait(struct perf *perf, int stop, bool busy);

/* What there is, each processor's in order; the record is only valid in @take. */
void perf_read(struct perf *perf, perf_take take, void *data);

/* Records for which there was no room. */
__u64 perf_lost(const struct perf *perf);

void perf_close(struct perf *perf);

__u64 perf_record_time(const struct perf_event_header *record);

#endif
