// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "stacks_unwind.h"
#include "stacks_watch.h"

/* To unwind a stack takes long: between so many there is a look at the buffers. */
#define TURN		64
/* More is not taken out of the buffers before it has been worked on. */
#define WAITING_MAX	(1UL << 30)
#define PROGRESS_SECONDS 2

int stacks_watch_open(struct stacks_watch *watch, const struct stacks_event *event)
{
	int error;

	memset(watch, 0, sizeof(*watch));
	error = trace_event_find("cowstat", event->event, &watch->event);
	if (error)
		return error;
	recorder_open(&watch->recorder);
	if (trace_event_field(&watch->event, event->field, &watch->recorder.pages))
		error = fail("the trace event cowstat:%s has no field '%s': load the module that was built with this command",
			     event->event, event->field);
	else
		error = trace_event_find("sched", "sched_process_exec", &watch->exec);
	if (error)
		stacks_watch_close(watch);
	return error;
}

void stacks_watch_close(struct stacks_watch *watch)
{
	recorder_close(&watch->recorder);
	trace_event_free(&watch->exec);
	trace_event_free(&watch->event);
}

static void order(const struct perf_event_header *record, void *data)
{
	struct stacks_watch *watch = data;

	perf_order_add(&watch->order, perf_record_time(record), record);
}

static bool is_stopped(const struct stacks_watch *watch)
{
	char byte;

	return read(watch->stop[0], &byte, 1) == 1;
}

static bool work(struct stacks_watch *watch)
{
	struct perf_event_header *record = perf_order_next(&watch->order);

	if (record)
		recorder_take(record, &watch->recorder);
	free(record);
	return record;
}

static void work_a_turn(struct stacks_watch *watch)
{
	for (int i = 0; i < TURN && work(watch); i++)
		;
}

static void work_to_the_end(struct stacks_watch *watch)
{
	time_t said = time(NULL);

	perf_order_end(&watch->order);
	while (work(watch)) {
		if (time(NULL) - said < PROGRESS_SECONDS)
			continue;
		said = time(NULL);
		fprintf(stderr, "cowstat: %u records are left to work on\n",
			perf_order_left(&watch->order));
	}
}

static void *record(void *data)
{
	struct stacks_watch *watch = data;
	bool stopped;

	do {
		perf_wait(&watch->perf, watch->stop[0], perf_order_is_due(&watch->order));
		/* Before the last round: all has happened by then. */
		stopped = is_stopped(watch);
		if (watch->order.bytes < WAITING_MAX || stopped)
			perf_read(&watch->perf, order, watch);
		perf_order_round(&watch->order);
		work_a_turn(watch);
	} while (!stopped);
	work_to_the_end(watch);
	perf_order_free(&watch->order);
	return NULL;
}

static int fail_open(int error)
{
	switch (-error) {
	case EACCES:
	case EPERM:
		return fail("no permission to trace: run cowstat as root or with CAP_PERFMON");
	case ENOMEM:
	case EINVAL:
		return fail("no room for the buffers of events: %s: give a smaller --buffer",
			    strerror(-error));
	default:
		return fail("cannot trace the command: %s", strerror(-error));
	}
}

static int start_thread(struct stacks_watch *watch)
{
	int error;

	if (pipe2(watch->stop, O_CLOEXEC | O_NONBLOCK))
		return fail("cannot make a pipe: %s", strerror(errno));
	error = pthread_create(&watch->thread, NULL, record, watch);
	if (!error)
		return 0;
	close(watch->stop[0]);
	close(watch->stop[1]);
	return fail("cannot start a thread: %s", strerror(error));
}

int stacks_watch_start(struct stacks_watch *watch, pid_t pid, size_t buffer, bool dwarf)
{
	struct perf_request request = {
		.pid = pid,
		.event = watch->event.id,
		.exec_event = watch->exec.id,
		.buffer = buffer,
		.stack = dwarf ? UNWIND_STACK : 0,
		.registers = dwarf ? UNWIND_REGISTERS : 0,
	};
	int error;

	watch->recorder.root = pid;
	watch->recorder.event = request.event;
	watch->recorder.exec_event = request.exec_event;
	if (dwarf)
		stacks_unwind(&watch->recorder);
	error = perf_open(&watch->perf, &request);
	if (error)
		return fail_open(error);
	error = start_thread(watch);
	if (error)
		perf_close(&watch->perf);
	return error;
}

void stacks_watch_stop(struct stacks_watch *watch)
{
	/* An empty pipe has room for a byte. */
	while (write(watch->stop[1], "s", 1) < 0 && errno == EINTR)
		;
	pthread_join(watch->thread, NULL);
	watch->lost = perf_lost(&watch->perf);
	perf_close(&watch->perf);
	close(watch->stop[0]);
	close(watch->stop[1]);
}
