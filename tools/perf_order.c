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

static void hand_over(struct perf_order *order, __u64 until, perf_take take, void *data)
{
	unsigned int nr = 0;

	qsort(order->waiting, order->nr, sizeof(*order->waiting), compare);
	while (nr < order->nr && order->waiting[nr].time <= until) {
		take(order->waiting[nr].record, data);
		free(order->waiting[nr++].record);
	}
	order->nr -= nr;
	memmove(order->waiting, order->waiting + nr, order->nr * sizeof(*order->waiting));
}

void perf_order_round(struct perf_order *order, perf_take take, void *data)
{
	if (order->nr)
		hand_over(order, order->safe, take, data);
	order->safe = order->newest;
}

void perf_order_end(struct perf_order *order, perf_take take, void *data)
{
	if (order->nr)
		hand_over(order, order->newest, take, data);
	free(order->waiting);
	*order = (struct perf_order){ 0 };
}
