// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "baseline.h"
#include "compat.h"
#include "events.h"
#include "keep.h"
#include "process.h"

DEFINE_RAW_SPINLOCK(cow_tree_lock);

struct cow_process *cow_root;
unsigned int cow_shards __read_mostly;
unsigned int cow_shard_mask __read_mostly;
unsigned int cow_processes;
unsigned int cow_living;

static struct kmem_cache *process_cache;
static struct cow_reserve process_reserve;
static struct hlist_head *pid_table;
static unsigned int pid_bits;

static struct hlist_head *pid_bucket(const struct pid *pid)
{
	return &pid_table[hash_ptr(pid, pid_bits)];
}

static void process_init(struct cow_process *process, struct pid *pid)
{
	process->pid = get_pid(pid);
	process->tree = pid_nr(pid);
	process->users = 1;
	process->group_alive = true;
	process->uid = INVALID_UID;
	process->gid = INVALID_GID;
	INIT_LIST_HEAD(&process->pending);
	INIT_LIST_HEAD(&process->leaving);
	INIT_LIST_HEAD(&process->borrowers);
	INIT_LIST_HEAD(&process->borrowing);
}

/* A racing pair may pass the limit by one; nothing depends on it. */
struct cow_process *cow_process_alloc(struct pid *pid, enum cow_context context)
{
	struct cow_process *process;

	if (READ_ONCE(cow_processes) >= cow_max_processes)
		return ERR_PTR(-ENOSPC);
	process = cow_reserve_alloc(&process_reserve, context);
	if (!process)
		return ERR_PTR(-ENOMEM);
	process_init(process, pid);
	return process;
}

struct cow_process *cow_process_alloc_apart(void)
{
	return kmem_cache_zalloc(process_cache, GFP_KERNEL);
}

void cow_process_free(struct cow_process *process)
{
	put_pid(process->pid);
	kmem_cache_free(process_cache, process);
}

static void free_by_rcu(struct rcu_head *rcu)
{
	cow_process_free(container_of(rcu, struct cow_process, rcu));
}

void cow_process_free_later(struct cow_process *process)
{
	call_rcu(&process->rcu, free_by_rcu);
}

void cow_process_insert(struct cow_process *parent, struct cow_process *process)
{
	lockdep_assert_held(&cow_tree_lock);

	cow_tree_add(&parent->node, &process->node);
	process->keeper = parent->keeper;
	hlist_add_head_rcu(&process->by_pid, pid_bucket(process->pid));
	WRITE_ONCE(cow_processes, cow_processes + 1);
	if (!process->borrower)
		WRITE_ONCE(cow_living, cow_living + 1);
}

void cow_process_leave_mm(struct cow_process *process, struct mm_struct *mm)
{
	lockdep_assert_held(&cow_tree_lock);

	if (process->mm != mm)
		return;
	process->dumpable = cow_mm_dumpable(mm);
	process->mm = NULL;
}

/* The kernel has no memory that a helper of its could borrow. */
void cow_process_borrow(struct cow_process *borrower, struct cow_process *owner)
{
	lockdep_assert_held(&cow_tree_lock);

	if (owner == cow_root || !owner->users)
		return;
	if (!cow_process_alive(owner))
		WRITE_ONCE(cow_living, cow_living + 1);
	owner->users++;
	borrower->owner = owner;
	list_add_tail(&borrower->borrowing, &owner->borrowers);
}

void cow_process_give_back(struct cow_process *borrower)
{
	struct cow_process *owner = borrower->owner;

	lockdep_assert_held(&cow_tree_lock);

	if (!owner)
		return;
	borrower->owner = NULL;
	list_del_init(&borrower->borrowing);
	if (!cow_process_alive(owner))
		WRITE_ONCE(cow_living, cow_living - 1);
	cow_process_put_user(owner);
}

void cow_process_put_user(struct cow_process *process)
{
	lockdep_assert_held(&cow_tree_lock);

	if (--process->users)
		return;
	hlist_del_rcu(&process->by_pid);
	WRITE_ONCE(cow_processes, cow_processes - 1);
	if (trace_cow_exit_enabled())
		cow_event_exit(process);
	cow_baseline_forget(process);
	cow_keep(process);
}

/* The tallies in ascending order, see counters.h. */
static void pay_back(const struct cow_process *process, struct cow_process *owner)
{
	struct cow_shard *shard = cow_process_shard(owner);
	struct cow_sums sums = {};
	int i;

	cow_process_read(process, &sums);
	for (i = 0; i < COW_TALLIES; i++)
		if (sums.tally[i])
			atomic64_add(sums.tally[i], &shard->tally[i]);
	cow_shard_raise_max(shard, sums.break_max_ns);
}

bool cow_process_pays_back(const struct cow_process *process)
{
	return process->borrower && cow_parent_of(process) != cow_root;
}

/* Children that are moved with the lock held. */
#define COW_CHILDREN_AT_ONCE	64

/*
 * During the scan: where those that are about to be moved belong is as unknown as
 * where @process did.
 */
static void unplace_children(struct cow_process *process)
{
	struct cow_node *child = process->node.first;
	unsigned int n = COW_CHILDREN_AT_ONCE;

	for (; child && n--; child = child->next)
		cow_process_of(child)->unplaced = true;
}

/*
 * What a borrower paid for, the stack of a program that could not be executed, goes
 * to the parent itself: nobody ever sees it as a process. A helper that the kernel
 * ran has no such parent, and counts as a process that is gone.
 */
static void fold(struct cow_process *process)
{
	struct cow_process *parent = cow_parent_of(process);
	bool pays_back = cow_process_pays_back(process);

	cow_walk_fold(process);
	if (pays_back)
		pay_back(process, parent);
	else
		cow_process_read(process, &parent->node.gone);
	if (unlikely(process->unplaced))
		unplace_children(process);
	cow_tree_fold(&process->node, !pays_back);
	cow_process_free_later(process);
}

/* Those that have lost their last user, but not their many children. */
static LIST_HEAD(leaving);

/* Return: false if nobody is leaving any more. */
static bool let_one_leave(void)
{
	struct cow_process *process;

	raw_spin_lock(&cow_tree_lock);
	process = list_first_entry_or_null(&leaving, struct cow_process,
					   leaving);
	if (process && process->pins) {
		list_move_tail(&process->leaving, &leaving);
		process = NULL;		/* until that is taken off */
	}
	if (process) {
		cow_walk_hoist(process);
		if (unlikely(process->unplaced))
			unplace_children(process);
		cow_tree_hoist(&process->node, COW_CHILDREN_AT_ONCE);
		if (!process->node.first) {
			list_del(&process->leaving);
			fold(process);
		}
	}
	raw_spin_unlock(&cow_tree_lock);
	return process;
}

static void let_all_leave(struct work_struct *work)
{
	while (let_one_leave())
		cond_resched();
}

static DECLARE_WORK(leaving_work, let_all_leave);

void cow_process_fold(struct cow_process *process)
{
	lockdep_assert_held(&cow_tree_lock);

	if (process->node.children <= COW_CHILDREN_AT_ONCE) {
		fold(process);
		return;
	}
	list_add_tail(&process->leaving, &leaving);
	queue_work(system_unbound_wq, &leaving_work);
}

void cow_process_pin(struct cow_process *process)
{
	lockdep_assert_held(&cow_tree_lock);

	process->pins++;
}

void cow_process_unpin(struct cow_process *process)
{
	lockdep_assert_held(&cow_tree_lock);

	if (--process->pins || process->users || process->kept_by)
		return;
	if (list_empty(&process->leaving))
		cow_keep(process);
	else
		queue_work(system_unbound_wq, &leaving_work);
}

struct cow_process *cow_process_by_pid(const struct pid *pid)
{
	struct cow_process *process;

	hlist_for_each_entry_rcu(process, pid_bucket(pid), by_pid,
				 lockdep_is_held(&cow_tree_lock))
		if (process->pid == pid)
			return process;
	return NULL;
}

static void shard_read(const struct cow_shard *shard, struct cow_sums *sums)
{
	u64 max = atomic64_read(&shard->break_max_ns);
	int i;

	for (i = COW_TALLIES - 1; i >= 0; i--) {
		sums->tally[i] += atomic64_read(&shard->tally[i]);
		smp_rmb();	/* a part before its whole, see counters.h */
	}
	if (sums->break_max_ns < max)
		sums->break_max_ns = max;
}

void cow_process_read(const struct cow_process *process, struct cow_sums *sums)
{
	unsigned int i;

	for (i = 0; i < cow_shards; i++)
		shard_read(&process->shard[i], sums);
}

void cow_shard_raise_max(struct cow_shard *shard, u64 ns)
{
	s64 max = atomic64_read(&shard->break_max_ns);

	while (max < (s64)ns)
		if (atomic64_try_cmpxchg(&shard->break_max_ns, &max, ns))
			break;
}

size_t cow_process_bytes(void)
{
	return kmem_cache_size(process_cache);
}

int cow_process_init(void)
{
	size_t size;

	cow_shards = roundup_pow_of_two(num_possible_cpus());
	cow_shards = min_t(unsigned int, cow_shards, COW_MAX_SHARDS);
	cow_shard_mask = cow_shards - 1;
	size = struct_size(cow_root, shard, cow_shards);
	process_cache = kmem_cache_create("cowstat_process", size,
					  __alignof__(struct cow_process),
					  SLAB_HWCACHE_ALIGN, NULL);
	if (!process_cache)
		return -ENOMEM;

	pid_bits = ilog2(roundup_pow_of_two(cow_max_processes));
	pid_table = kvcalloc(1UL << pid_bits, sizeof(*pid_table), GFP_KERNEL);
	if (!pid_table)
		goto err_destroy_cache;

	cow_root = kmem_cache_zalloc(process_cache, GFP_KERNEL);
	if (!cow_root)
		goto err_free_table;
	if (cow_reserve_init(&process_reserve, process_cache))
		goto err_free_root;
	INIT_LIST_HEAD(&cow_root->pending);
	INIT_LIST_HEAD(&cow_root->borrowers);
	cow_root->users = 1;
	return 0;

err_free_root:
	kmem_cache_free(process_cache, cow_root);
err_free_table:
	kvfree(pid_table);
err_destroy_cache:
	kmem_cache_destroy(process_cache);
	return -ENOMEM;
}

/* No hook and no handle is left: the tree is ours alone. */
void cow_process_exit(void)
{
	struct cow_node *node;

	cancel_work_sync(&leaving_work);
	cow_reserve_exit(&process_reserve);
	while ((node = cow_root->node.first)) {
		struct cow_process *process = cow_process_of(node);

		cow_tree_fold(node, 0);
		cow_process_free(process);
	}
	rcu_barrier();
	cow_process_free(cow_root);
	kvfree(pid_table);
	kmem_cache_destroy(process_cache);
}
