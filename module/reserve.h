/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects that lie ready for contexts which cannot wait for memory.
 *
 * Processes are born and exec in probes that run with preemption off, some of
 * it with cow_tree_lock held. On PREEMPT_RT nothing can be allocated there at
 * all, elsewhere it can fail. So some objects are set aside; what is taken of
 * them is replaced by a work item.
 */
#ifndef COWSTAT_RESERVE_H
#define COWSTAT_RESERVE_H

#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/* More than forks can begin before the work item runs, but for real-time tasks. */
#define COW_RESERVE	128

/**
 * struct cow_reserve - objects of one cache
 * @cache: where they come from, and go to when they are freed
 * @lock: for the rest; taken under any lock, takes none
 * @count: how many are there
 * @object: they
 * @refill: makes it full again
 */
struct cow_reserve {
	struct kmem_cache *cache;
	raw_spinlock_t lock;
	unsigned int count;
	void *object[COW_RESERVE];
	struct work_struct refill;
};

/* Who asks for memory. */
enum cow_context {
	COW_MAY_SLEEP,
	COW_ATOMIC,	/* a probe: preemption is off */
	COW_LOCKED,	/* with cow_tree_lock held */
};

int cow_reserve_init(struct cow_reserve *reserve, struct kmem_cache *cache);

/* Nobody takes anything any more. May sleep. */
void cow_reserve_exit(struct cow_reserve *reserve);

/*
 * An object, all zero, or NULL. Whoever forks pays for it, beyond the limit of its
 * cgroup if need be; those of the reserve are not charged.
 */
void *cow_reserve_alloc(struct cow_reserve *reserve, enum cow_context context);

#endif /* COWSTAT_RESERVE_H */
