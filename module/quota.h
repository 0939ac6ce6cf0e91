/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each user may take of the things that are limited.
 *
 * One user can have half of each, all users together three quarters, so that a
 * quarter is left for those who have the right to see all: they are only limited by
 * what there is.
 */
#ifndef COWSTAT_QUOTA_H
#define COWSTAT_QUOTA_H

#include <linux/types.h>
#include <linux/uidgid.h>

enum cow_resource {
	COW_HANDLES,		/* tree handles */
	COW_KEPT,		/* gone processes that stay in the tree for handles */
	COW_READING_BYTES,	/* memory of readings */
	COW_RESOURCES
};

struct cow_quota;

/* Set before the first use. */
extern u64 cow_quota_max[COW_RESOURCES];

/* @all: has the right to see all. May sleep. Return: NULL if there is no memory. */
struct cow_quota *cow_quota_get(kuid_t uid, bool all);
struct cow_quota *cow_quota_ref(struct cow_quota *quota);
void cow_quota_put(struct cow_quota *quota);

/* Any context of a task. Return: false if that is too much. */
bool cow_quota_charge(struct cow_quota *quota, enum cow_resource resource,
		      u64 n);
void cow_quota_uncharge(struct cow_quota *quota, enum cow_resource resource,
			u64 n);

#endif /* COWSTAT_QUOTA_H */
