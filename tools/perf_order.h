/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of several processors in order of time. Each processor's come in order,
 * in rounds in which all of them are read. What is older than the newest record of
 * the round before can have nothing before it any more.
 */
#ifndef COWSTAT_PERF_ORDER_H
#define COWSTAT_PERF_ORDER_H

#include <linux/perf_event.h>
#include <linux/types.h>

typedef void (*perf_take)(const struct perf_event_header *record, void *data);

struct perf_ordered {
	__u64 time;
	__u64 number;		/* as they came: for those of the same time */
	struct perf_event_header *record;
};

struct perf_order {
	struct perf_ordered *waiting;
	unsigned int nr;
	unsigned int room;
	__u64 number;
	__u64 newest;
	__u64 safe;		/* the newest of the round before */
};

/* The order keeps a copy of @record, which is of the time @time. */
void perf_order_add(struct perf_order *order, __u64 time,
		    const struct perf_event_header *record);

/* A round, or all of them, is at its end: hand over what is due. */
void perf_order_round(struct perf_order *order, perf_take take, void *data);
void perf_order_end(struct perf_order *order, perf_take take, void *data);

#endif
