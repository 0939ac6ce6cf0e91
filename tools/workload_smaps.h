/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/PID/smaps, read without allocating.
 */
#ifndef COWSTAT_WORKLOAD_SMAPS_H
#define COWSTAT_WORKLOAD_SMAPS_H

#include <stdbool.h>
#include <linux/types.h>

/**
 * struct smaps_area - one mapping
 * @first: address
 * @end: address behind it
 * @shared: MAP_SHARED
 * @writable: may be written
 * @anonymous: bytes of anonymous pages that are present
 * @huge: the part of @anonymous in huge pages
 * @swap: bytes that are swapped out
 * @name: file, "[stack]", ..., or empty; cut if it is too long
 */
struct smaps_area {
	__u64 first;
	__u64 end;
	bool shared;
	bool writable;
	__u64 anonymous;
	__u64 huge;
	__u64 swap;
	char name[64];
};

/*
 * Call @visit for each mapping, until it returns false. What it does to the
 * mappings may show in those that follow. Returns 0, or -1 with errno set.
 */
int smaps_walk(const char *path,
	       bool (*visit)(const struct smaps_area *area, void *data),
	       void *data);

#endif
