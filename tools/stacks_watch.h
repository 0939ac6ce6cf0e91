/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that records the stacks of an event while the tool waits for the command.
 */
#ifndef COWSTAT_STACKS_WATCH_H
#define COWSTAT_STACKS_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "perf_event.h"
#include "perf_order.h"
#include "stacks_event.h"
#include "stacks_record.h"

struct stacks_watch {
	struct trace_event event;
	struct trace_event exec;
	struct perf perf;
	struct perf_order order;
	struct recorder recorder;
	pthread_t thread;
	int stop[2];
	__u64 lost;
};

/* These two return 0, or say what is wrong and return EXIT_OWN_FAILURE. */
int stacks_watch_open(struct stacks_watch *watch, const struct stacks_event *event);

/*
 * From the next exec of @pid on. @buffer: bytes a processor. @dwarf: callers are found
 * without frame pointers, too.
 */
int stacks_watch_start(struct stacks_watch *watch, pid_t pid, size_t buffer, bool dwarf);

/* Then all is in @watch->recorder. */
void stacks_watch_stop(struct stacks_watch *watch);
void stacks_watch_close(struct stacks_watch *watch);

#endif
