// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>

#include "reserve.h"

/* Return: false if it was full. */
static bool put(struct cow_reserve *reserve, void *object)
{
	bool room;

	raw_spin_lock(&reserve->lock);
	room = reserve->count < COW_RESERVE;
	if (room)
		reserve->object[reserve->count++] = object;
	raw_spin_unlock(&reserve->lock);
	return room;
}

static void *get(struct cow_reserve *reserve)
{
	void *object = NULL;

	raw_spin_lock(&reserve->lock);
	if (reserve->count)
		object = reserve->object[--reserve->count];
	raw_spin_unlock(&reserve->lock);
	return object;
}

static void *alloc(struct cow_reserve *reserve, gfp_t gfp)
{
	return kmem_cache_zalloc(reserve->cache, gfp | __GFP_NOWARN);
}

static bool fill(struct cow_reserve *reserve)
{
	void *object;

	do {
		object = alloc(reserve, GFP_KERNEL);
	} while (object && put(reserve, object));

	if (!object)
		return false;
	kmem_cache_free(reserve->cache, object);
	return true;
}

/* If there is no memory, the next one who takes something tries again. */
static void refill(struct work_struct *work)
{
	fill(container_of(work, struct cow_reserve, refill));
}

static void *take(struct cow_reserve *reserve)
{
	void *object = get(reserve);

	queue_work(system_highpri_wq, &reserve->refill);
	return object;
}

void *cow_reserve_alloc(struct cow_reserve *reserve, enum cow_context context)
{
	void *object = NULL;

	if (context == COW_MAY_SLEEP)
		return alloc(reserve, GFP_KERNEL);
	if (context == COW_ATOMIC && !IS_ENABLED(CONFIG_PREEMPT_RT))
		object = alloc(reserve, GFP_ATOMIC | __GFP_ACCOUNT);
	return object ?: take(reserve);
}

static void empty(struct cow_reserve *reserve)
{
	void *object;

	while ((object = get(reserve)))
		kmem_cache_free(reserve->cache, object);
}

int cow_reserve_init(struct cow_reserve *reserve, struct kmem_cache *cache)
{
	reserve->cache = cache;
	raw_spin_lock_init(&reserve->lock);
	INIT_WORK(&reserve->refill, refill);
	if (fill(reserve))
		return 0;
	empty(reserve);
	return -ENOMEM;
}

void cow_reserve_exit(struct cow_reserve *reserve)
{
	cancel_work_sync(&reserve->refill);
	empty(reserve);
}
