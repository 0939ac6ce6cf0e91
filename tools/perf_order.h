/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of several processors in order of time. Each processor's come in order,
 * in rounds in which all of them are read. What is older than the newest record of
 * the round before can have nothing before it any more: it is due.
 */
#ifndef COWSTAT_PERF_ORDER_H
#define COWSTAT_PERF_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/perf_event.h>
#include <linux/types.h>

struct perf_ordered {
	__u64 time;
	__u64 number;		/* as they came: for those of the same time */
	struct perf_event_header *record;
};

struct perf_order {
	struct perf_ordered *waiting;
	unsigned int first;	/* those before it are gone */
	unsigned int due;	/* those before it are in order */
	unsigned int nr;
	unsigned int room;
	size_t bytes;		/* of the records that wait */
	__u64 number;
	__u64 newest;
	__u64 safe;		/* the newest of the round before */
};

/* The order keeps a copy of @record, which is of the time @time. */
void perf_order_add(struct perf_order *order, __u64 time,
		    const struct perf_event_header *record);

/* A round, or all of them, is at its end. */
void perf_order_round(struct perf_order *order);
void perf_order_end(struct perf_order *order);

/* The next that is due, to be freed, or NULL. */
struct perf_event_header *perf_order_next(struct perf_order *order);

bool perf_order_is_due(const struct perf_order *order);
unsigned int perf_order_left(const struct perf_order *order);

void perf_order_free(struct perf_order *order);

#endif
