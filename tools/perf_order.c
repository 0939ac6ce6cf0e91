// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "perf_order.h"

#define FIRST_ROOM	1024

static void make_room(struct perf_order *order)
{
	if (order->nr < order->room)
		return;
	order->room = order->room ? 2 * order->room : FIRST_ROOM;
	order->waiting = reallocarray(order->waiting, order->room, sizeof(*order->waiting));
	if (!order->waiting)
		abort();
}

void perf_order_add(struct perf_order *order, __u64 time, const struct perf_event_header *record)
{
	struct perf_event_header *copy = malloc(record->size);

	if (!copy)
		abort();
	memcpy(copy, record, record->size);
	make_room(order);
	order->waiting[order->nr++] = (struct perf_ordered){ time, order->number++, copy };
	order->bytes += record->size;
	if (time > order->newest)
		order->newest = time;
}

static int compare(const void *a, const void *b)
{
	const struct perf_ordered *one = a, *other = b;

	if (one->time != other->time)
		return one->time < other->time ? -1 : 1;
	return one->number < other->number ? -1 : 1;
}

static void close_gap(struct perf_order *order)
{
	order->nr -= order->first;
	memmove(order->waiting, order->waiting + order->first,
		order->nr * sizeof(*order->waiting));
	order->due -= order->first;
	order->first = 0;
}

static void find_due(struct perf_order *order, __u64 until)
{
	if (!order->nr)
		return;
	close_gap(order);
	qsort(order->waiting, order->nr, sizeof(*order->waiting), compare);
	while (order->due < order->nr && order->waiting[order->due].time <= until)
		order->due++;
}

void perf_order_round(struct perf_order *order)
{
	find_due(order, order->safe);
	order->safe = order->newest;
}

void perf_order_end(struct perf_order *order)
{
	find_due(order, order->newest);
}

struct perf_event_header *perf_order_next(struct perf_order *order)
{
	struct perf_event_header *record;

	if (!perf_order_is_due(order))
		return NULL;
	record = order->waiting[order->first++].record;
	order->bytes -= record->size;
	return record;
}

bool perf_order_is_due(const struct perf_order *order)
{
	return order->first < order->due;
}

unsigned int perf_order_left(const struct perf_order *order)
{
	return order->nr - order->first;
}

void perf_order_free(struct perf_order *order)
{
	for (unsigned int i = order->first; i < order->nr; i++)
		free(order->waiting[i].record);
	free(order->waiting);
	*order = (struct perf_order){ 0 };
}
