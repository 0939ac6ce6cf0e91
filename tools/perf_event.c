// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "perf_event.h"

/* The order of records needs rounds, also where little happens. */
#define WAIT_MS		100
#define RECORD_MAX	65536

struct perf_ring {
	int event;
	int exec_event;
	struct perf_event_mmap_page *control;
	bool over;		/* no process is left */
};

static int open_event(const struct perf_event_attr *attr, pid_t pid, int cpu)
{
	int fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static struct perf_event_attr basic(const struct perf_request *request, unsigned int event)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(struct perf_event_attr),
		.config = event,
		.sample_period = 1,
		.sample_type = PERF_WANTED | (request->stack ? PERF_SAMPLE_REGS_USER |
					      PERF_SAMPLE_STACK_USER : 0),
		.sample_regs_user = request->registers,
		.sample_stack_user = request->stack,
		.read_format = PERF_FORMAT_LOST,
		.disabled = 1,
		.enable_on_exec = 1,
		.inherit = 1,
		.sample_id_all = 1,
		.exclude_callchain_kernel = 1,
		.watermark = 1,
		.wakeup_watermark = request->buffer / 4,
	};
}

static int open_events(struct perf_ring *ring, const struct perf_request *request, int cpu)
{
	struct perf_event_attr event = basic(request, request->event);
	struct perf_event_attr exec = basic(request, request->exec_event);

	event.mmap = 1;
	event.mmap2 = 1;
	event.build_id = 1;
	event.comm = 1;
	event.comm_exec = 1;
	event.task = 1;
	ring->event = open_event(&event, request->pid, cpu);
	if (ring->event < 0)
		return ring->event;
	ring->exec_event = open_event(&exec, request->pid, cpu);
	if (ring->exec_event < 0)
		return ring->exec_event;
	return 0;
}

static size_t map_size(const struct perf *perf)
{
	return sysconf(_SC_PAGESIZE) + perf->buffer;
}

static int map_ring(struct perf *perf, struct perf_ring *ring)
{
	void *map = mmap(NULL, map_size(perf), PROT_READ | PROT_WRITE, MAP_SHARED, ring->event, 0);

	if (map == MAP_FAILED)
		return -errno;
	ring->control = map;
	if (ioctl(ring->exec_event, PERF_EVENT_IOC_SET_OUTPUT, ring->event))
		return -errno;
	return 0;
}

static int add_ring(struct perf *perf, const struct perf_request *request, int cpu)
{
	struct perf_ring *ring = &perf->rings[perf->nr_rings];
	int error;

	*ring = (struct perf_ring){ .event = -1, .exec_event = -1 };
	error = open_events(ring, request, cpu);
	/* There are gaps in the numbers of processors. */
	if (error == -ENODEV)
		return 0;
	perf->nr_rings++;
	return error ? error : map_ring(perf, ring);
}

int perf_open(struct perf *perf, const struct perf_request *request)
{
	int nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	int error = 0;

	*perf = (struct perf){
		.buffer = request->buffer,
		.rings = calloc(nr_cpus, sizeof(*perf->rings)),
		.bounce = malloc(RECORD_MAX),
	};
	if (!perf->rings || !perf->bounce)
		abort();
	for (int cpu = 0; cpu < nr_cpus && !error; cpu++)
		error = add_ring(perf, request, cpu);
	if (error)
		perf_close(perf);
	return error;
}

static void close_ring(const struct perf *perf, struct perf_ring *ring)
{
	if (ring->control)
		munmap(ring->control, map_size(perf));
	if (ring->exec_event >= 0)
		close(ring->exec_event);
	if (ring->event >= 0)
		close(ring->event);
}

void perf_close(struct perf *perf)
{
	for (unsigned int i = 0; i < perf->nr_rings; i++)
		close_ring(perf, &perf->rings[i]);
	free(perf->rings);
	free(perf->bounce);
}

void perf_wait(struct perf *perf, int stop, bool busy)
{
	struct pollfd *wait = calloc(perf->nr_rings + 1, sizeof(*wait));

	if (!wait)
		abort();
	for (unsigned int i = 0; i < perf->nr_rings; i++) {
		wait[i].fd = perf->rings[i].over ? -1 : perf->rings[i].event;
		wait[i].events = POLLIN;
	}
	wait[perf->nr_rings].fd = stop;
	wait[perf->nr_rings].events = POLLIN;
	if (poll(wait, perf->nr_rings + 1, busy ? 0 : WAIT_MS) > 0)
		for (unsigned int i = 0; i < perf->nr_rings; i++)
			perf->rings[i].over |= !!(wait[i].revents & POLLHUP);
	free(wait);
}

/* Where the buffer ends it goes on at its beginning. */
static void copy_out(const struct perf *perf, const char *buffer, __u64 at, void *to, size_t size)
{
	size_t start = at & (perf->buffer - 1);
	size_t first = perf->buffer - start;

	if (first > size)
		first = size;
	memcpy(to, buffer + start, first);
	memcpy((char *)to + first, buffer, size - first);
}

static void read_ring(const struct perf *perf, struct perf_ring *ring, perf_take take, void *data)
{
	const char *buffer = (char *)ring->control + ring->control->data_offset;
	__u64 head = __atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
	__u64 tail = ring->control->data_tail;

	while (tail < head) {
		struct perf_event_header *record = perf->bounce;

		copy_out(perf, buffer, tail, record, sizeof(*record));
		copy_out(perf, buffer, tail, record, record->size);
		tail += record->size;
		/* Now, so that there is room again. */
		__atomic_store_n(&ring->control->data_tail, tail, __ATOMIC_RELEASE);
		take(record, data);
	}
}

void perf_read(struct perf *perf, perf_take take, void *data)
{
	for (unsigned int i = 0; i < perf->nr_rings; i++)
		read_ring(perf, &perf->rings[i], take, data);
}

__u64 perf_lost(const struct perf *perf)
{
	struct { __u64 value, lost; } count;
	__u64 lost = 0;

	for (unsigned int i = 0; i < perf->nr_rings; i++) {
		if (read(perf->rings[i].event, &count, sizeof(count)) == sizeof(count))
			lost += count.lost;
		if (read(perf->rings[i].exec_event, &count, sizeof(count)) == sizeof(count))
			lost += count.lost;
	}
	return lost;
}

__u64 perf_record_time(const struct perf_event_header *record)
{
	const __u64 *words = (const __u64 *)record;

	/* A sample begins with the ids of its thread, other records end with id and time. */
	return record->type == PERF_RECORD_SAMPLE ? words[2] : words[record->size / 8 - 1];
}
