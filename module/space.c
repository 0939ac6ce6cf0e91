// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat.h"
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
 * Forks that have something to note are rare, and two at the same time are
 * rarer: a short list will do, and is looked at only if it is not empty.
 */
#define COW_NOTED_FORKS	64

/* @before: hugetlb pages as the mapping began that is being copied, if @shared */
struct noted {
	struct mm_struct *mm;
	struct cow_copied copied;
	unsigned long before;
	bool shared;
};

static DEFINE_RAW_SPINLOCK(noted_lock);
static atomic_t noted_forks;
static struct noted noted[COW_NOTED_FORKS];

static struct noted *find_noted(const struct mm_struct *mm)
{
	int i;

	for (i = 0; i < COW_NOTED_FORKS; i++)
		if (noted[i].mm == mm)
			return &noted[i];
	return NULL;
}

/* Return: NULL if there is no room. */
static struct noted *get_noted(struct mm_struct *mm)
{
	struct noted *fork = find_noted(mm);

	if (fork)
		return fork;
	fork = find_noted(NULL);
	if (!fork)
		return NULL;
	*fork = (struct noted){ .mm = mm };
	atomic_inc(&noted_forks);
	return fork;
}

void cow_space_note_eager(struct mm_struct *mm, unsigned long pages)
{
	struct noted *fork;

	raw_spin_lock(&noted_lock);
	fork = get_noted(mm);
	if (fork)
		fork->copied.eager += pages;
	raw_spin_unlock(&noted_lock);
	if (!fork)
		cow_lose_in(current->mm, COW_LOSS_flight, 1);
}

static void end_hugetlb(struct noted *fork)
{
	if (fork->shared)
		fork->copied.hugetlb += cow_mm_hugetlb(fork->mm) - fork->before;
	fork->shared = false;
}

void cow_space_note_hugetlb(struct mm_struct *mm, bool shared)
{
	struct noted *fork;

	if (!shared && !atomic_read(&noted_forks))
		return;

	raw_spin_lock(&noted_lock);
	fork = shared ? get_noted(mm) : find_noted(mm);
	if (fork) {
		end_hugetlb(fork);
		fork->before = cow_mm_hugetlb(mm);
		fork->shared = shared;
	}
	raw_spin_unlock(&noted_lock);
	if (shared && !fork)
		cow_lose_in(current->mm, COW_LOSS_flight, 1);
}

struct cow_copied cow_space_take_copied(struct mm_struct *mm)
{
	struct cow_copied copied = {};
	struct noted *fork;

	if (likely(!atomic_read(&noted_forks)))
		return copied;

	raw_spin_lock(&noted_lock);
	fork = find_noted(mm);
	if (fork) {
		end_hugetlb(fork);
		copied = fork->copied;
		fork->mm = NULL;
		atomic_dec(&noted_forks);
	}
	raw_spin_unlock(&noted_lock);
	return copied;
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
