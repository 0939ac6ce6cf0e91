// SPDX-License-Identifier: GPL-2.0
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "quota.h"

/**
 * struct cow_quota - a user
 * @node: in the hash table
 * @uid: whose
 * @all: one who may see all, and is not limited as a user
 * @users: references
 * @used: of each resource
 */
struct cow_quota {
	struct hlist_node node;
	kuid_t uid;
	bool all;
	refcount_t users;
	u64 used[COW_RESOURCES];
};

u64 cow_quota_max[COW_RESOURCES];

/* Who has a file of the module open; under @quota_mutex. */
static DEFINE_HASHTABLE(quotas, 8);
static DEFINE_MUTEX(quota_mutex);

/* What all have, and all users; for a few instructions, under any other lock. */
static DEFINE_RAW_SPINLOCK(used_lock);
static u64 used_by_all[COW_RESOURCES];
static u64 used_by_users[COW_RESOURCES];

static struct cow_quota *find(kuid_t uid, bool all)
{
	struct cow_quota *quota;

	hash_for_each_possible(quotas, quota, node, __kuid_val(uid))
		if (uid_eq(quota->uid, uid) && quota->all == all)
			return quota;
	return NULL;
}

static struct cow_quota *create(kuid_t uid, bool all)
{
	struct cow_quota *quota = kzalloc(sizeof(*quota), GFP_KERNEL_ACCOUNT);

	if (!quota)
		return NULL;
	quota->uid = uid;
	quota->all = all;
	refcount_set(&quota->users, 1);
	hash_add(quotas, &quota->node, __kuid_val(uid));
	return quota;
}

struct cow_quota *cow_quota_get(kuid_t uid, bool all)
{
	struct cow_quota *quota;

	mutex_lock(&quota_mutex);
	quota = find(uid, all);
	if (quota)
		refcount_inc(&quota->users);
	else
		quota = create(uid, all);
	mutex_unlock(&quota_mutex);
	return quota;
}

struct cow_quota *cow_quota_ref(struct cow_quota *quota)
{
	refcount_inc(&quota->users);
	return quota;
}

void cow_quota_put(struct cow_quota *quota)
{
	if (!refcount_dec_and_mutex_lock(&quota->users, &quota_mutex))
		return;
	hash_del(&quota->node);
	mutex_unlock(&quota_mutex);
	kfree(quota);
}

static bool fits(const struct cow_quota *quota, enum cow_resource resource,
		 u64 n)
{
	u64 max = cow_quota_max[resource];

	if (used_by_all[resource] + n > max)
		return false;
	return quota->all ||
	       (quota->used[resource] + n <= max / 2 &&
		used_by_users[resource] + n <= max - max / 4);
}

bool cow_quota_charge(struct cow_quota *quota, enum cow_resource resource,
		      u64 n)
{
	bool ok;

	raw_spin_lock(&used_lock);
	ok = fits(quota, resource, n);
	if (ok) {
		quota->used[resource] += n;
		used_by_all[resource] += n;
		if (!quota->all)
			used_by_users[resource] += n;
	}
	raw_spin_unlock(&used_lock);
	return ok;
}

void cow_quota_uncharge(struct cow_quota *quota, enum cow_resource resource,
			u64 n)
{
	raw_spin_lock(&used_lock);
	quota->used[resource] -= n;
	used_by_all[resource] -= n;
	if (!quota->all)
		used_by_users[resource] -= n;
	raw_spin_unlock(&used_lock);
}
