// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "loss.h"
#include "process.h"
#include "space.h"

struct hlist_head *cow_mm_table __read_mostly;
unsigned int cow_mm_shift __read_mostly;

static struct kmem_cache *space_cache;
static struct cow_reserve space_reserve;

/*
 * The one in the process is free, unless the address space before the exec
 * lives on: lent to a vfork child, or held by a reader of /proc/PID/mem.
 */
static struct cow_space *space_get(struct cow_process *process)
{
	if (!process->space.mm)
		return &process->space;
	return cow_reserve_alloc(&space_reserve, COW_LOCKED);
}

struct cow_space *cow_space_bind(struct mm_struct *mm,
				 struct cow_process *process)
{
	struct cow_space *space;

	lockdep_assert_held(&cow_tree_lock);

	space = space_get(process);
	if (!space) {
		cow_lose(process, COW_LOSS_memory, 1);
		return NULL;
	}
	space->mm = mm;
	space->process = process;
	process->mm = mm;
	space->past = (struct cow_past){};
	process->users++;
	hlist_add_head_rcu(&space->by_mm, cow_space_bucket(mm));
	return space;
}

static void free_by_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(space_cache, container_of(rcu, struct cow_space, rcu));
}

bool cow_space_release(struct mm_struct *mm)
{
	struct cow_process *process;
	struct cow_space *space;

	raw_spin_lock(&cow_tree_lock);
	space = cow_space_find(mm);
	if (space) {
		process = space->process;
		hlist_del_rcu(&space->by_mm);
		cow_process_leave_mm(process, mm);
		space->mm = NULL;
		if (space != &process->space)
			call_rcu(&space->rcu, free_by_rcu);
		cow_process_put_user(process);
	}
	raw_spin_unlock(&cow_tree_lock);
	return space;
}

/*
 * Pinned pages at fork are rare, and forks that copy some at the same time
 * are rarer: a short list will do, and is looked at only if it is not empty.
 */
#define COW_EAGER_FORKS	64

static DEFINE_RAW_SPINLOCK(eager_lock);
static atomic_t eager_forks;
static struct {
	struct mm_struct *mm;
	unsigned long pages;
} eager[COW_EAGER_FORKS];

void cow_space_note_eager(struct mm_struct *mm, unsigned long pages)
{
	int i, unused = -1;

	raw_spin_lock(&eager_lock);
	for (i = 0; i < COW_EAGER_FORKS && eager[i].mm != mm; i++)
		if (!eager[i].mm)
			unused = i;
	if (i == COW_EAGER_FORKS && unused >= 0) {
		i = unused;
		eager[i].mm = mm;
		eager[i].pages = 0;
		atomic_inc(&eager_forks);
	}
	if (i < COW_EAGER_FORKS)
		eager[i].pages += pages;
	raw_spin_unlock(&eager_lock);
	if (i == COW_EAGER_FORKS)
		cow_lose_in(current->mm, COW_LOSS_flight, pages);
}

unsigned long cow_space_take_eager(struct mm_struct *mm)
{
	unsigned long pages = 0;
	int i;

	if (likely(!atomic_read(&eager_forks)))
		return 0;

	raw_spin_lock(&eager_lock);
	for (i = 0; i < COW_EAGER_FORKS; i++) {
		if (eager[i].mm != mm)
			continue;
		pages = eager[i].pages;
		eager[i].mm = NULL;
		atomic_dec(&eager_forks);
		break;
	}
	raw_spin_unlock(&eager_lock);
	return pages;
}

static size_t buckets(void)
{
	return 1UL << (64 - cow_mm_shift);
}

int cow_space_init(void)
{
	cow_mm_shift = 64 - ilog2(roundup_pow_of_two(cow_max_processes));
	cow_mm_table = kvcalloc(buckets(), sizeof(*cow_mm_table), GFP_KERNEL);
	if (!cow_mm_table)
		return -ENOMEM;
	space_cache = kmem_cache_create("cowstat_space",
					sizeof(struct cow_space), 0, 0, NULL);
	if (!space_cache)
		goto err_free_table;
	if (cow_reserve_init(&space_reserve, space_cache))
		goto err_destroy_cache;
	return 0;

err_destroy_cache:
	kmem_cache_destroy(space_cache);
err_free_table:
	kvfree(cow_mm_table);
	return -ENOMEM;
}

/* Spaces outside of their process are the few that an exec left in use. */
void cow_space_exit(void)
{
	struct hlist_node *next;
	struct cow_space *space;
	size_t i;

	cow_reserve_exit(&space_reserve);
	for (i = 0; i < buckets(); i++)
		hlist_for_each_entry_safe(space, next, &cow_mm_table[i], by_mm)
			if (space != &space->process->space)
				kmem_cache_free(space_cache, space);
	rcu_barrier();
	kmem_cache_destroy(space_cache);
	kvfree(cow_mm_table);
}
