/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From records of the kernel, in order of time, to stacks: each sample's pages are
 * charged to its stack, whose addresses become places in what was mapped there at
 * that time. Nothing here talks to the kernel.
 */
#ifndef COWSTAT_STACKS_RECORD_H
#define COWSTAT_STACKS_RECORD_H

#include <stdbool.h>
#include <linux/perf_event.h>

#include "object.h"
#include "space.h"
#include "stacks.h"
#include "trace_event.h"

/* As many as the kernel gives, and more. */
#define FRAMES_MAX	512

/* A sample as the kernel has it; @registers and @stack where they were asked for. */
struct sample {
	__u32 pid;
	__u32 tid;
	__u64 nr_addresses;
	const __u64 *addresses;		/* the innermost first, and marks of the kernel's */
	__u32 raw_size;
	const char *raw;
	const __u64 *registers;		/* NULL: none */
	const char *stack;
	__u64 stack_size;
};

struct recorder {
	pid_t root;			/* counted is from when it has execed */
	unsigned int event;
	unsigned int exec_event;
	struct trace_field pages;	/* where a sample of @event has its pages */
	unsigned int nr_registers;	/* that a sample has, if any */
	bool begun;
	struct objects objects;
	struct spaces spaces;
	struct stacks stacks;
	/* Instead of the addresses that the sample has; returns how many. */
	unsigned int (*unwind)(struct recorder *recorder, struct space *space,
			       const struct sample *sample, __u64 addresses[FRAMES_MAX]);
};

void recorder_open(struct recorder *recorder);

/* A perf_take; @recorder is a struct recorder. */
void recorder_take(const struct perf_event_header *record, void *recorder);

void recorder_close(struct recorder *recorder);

#endif
