// SPDX-License-Identifier: GPL-2.0
/*
 * Trace events that are only pretended: linked into the command in place of the
 * functions of perf_event.h and trace_event_find(). $COWSTAT_FAKE says how they behave:
 *
 *	(unset)		the command breaks 12 pages somewhere in /proc/self/exe
 *	no-events	there are no trace events
 *	no-perf		this user may not trace
 *	no-room		there is no room for a buffer
 *	lossy		7 events are lost
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perf_event.h"
#include "say.h"
#include "trace_event.h"

#define BREAK	7
#define EXEC	8

int __wrap_trace_event_find(const char *group, const char *name, struct trace_event *event);
int __wrap_perf_open(struct perf *perf, const struct perf_request *request);
void __wrap_perf_wait(struct perf *perf, int stop, bool busy);
void __wrap_perf_read(struct perf *perf, perf_take take, void *data);
__u64 __wrap_perf_lost(const struct perf *perf);
void __wrap_perf_close(struct perf *perf);

static pid_t pid;
static bool given;

static bool fakes(const char *how)
{
	const char *fake = getenv("COWSTAT_FAKE");

	return fake && !strcmp(fake, how);
}

int __wrap_trace_event_find(const char *group, const char *name, struct trace_event *event)
{
	static const char format[] = "name: x\nID: %d\nformat:\n"
		"\tfield:u32 pages;\toffset:4;\tsize:4;\tsigned:0;\n"
		"\tfield:u64 shared;\toffset:4;\tsize:4;\tsigned:0;\n";
	char *text;
	int error;

	if (fakes("no-events"))
		return fail("no trace event %s:%s", group, name);
	if (asprintf(&text, format, strcmp(group, "sched") ? BREAK : EXEC) < 0)
		abort();
	error = trace_event_parse(event, text);
	free(text);
	return error;
}

int __wrap_perf_open(struct perf *perf, const struct perf_request *request)
{
	(void)perf;
	pid = request->pid;
	return fakes("no-perf") ? -EACCES : fakes("no-room") ? -ENOMEM : 0;
}

void __wrap_perf_wait(struct perf *perf, int stop, bool busy)
{
	(void)perf;
	(void)stop;
	(void)busy;
	usleep(1000);
}

static void give_sample(unsigned int event, __u32 pages, perf_take take, void *data)
{
	struct {
		struct perf_event_header header;
		__u32 pid, tid;
		__u64 time, nr, address;
		__u32 size, id, pages, end;
	} sample = {
		.header = { .type = PERF_RECORD_SAMPLE, .size = sizeof(sample) },
		.pid = pid, .tid = pid, .time = event == EXEC ? 1 : 2, .nr = 1, .address = 0x10,
		.size = 3 * sizeof(__u32), .id = event, .pages = pages,
	};

	take(&sample.header, data);
}

void __wrap_perf_read(struct perf *perf, perf_take take, void *data)
{
	(void)perf;
	if (given)
		return;
	given = true;
	give_sample(EXEC, 0, take, data);
	give_sample(BREAK, 12, take, data);
}

__u64 __wrap_perf_lost(const struct perf *perf)
{
	(void)perf;
	return fakes("lossy") ? 7 : 0;
}

void __wrap_perf_close(struct perf *perf)
{
	(void)perf;
}
