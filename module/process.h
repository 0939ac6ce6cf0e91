/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One tracked process.
 *
 * A process has users: its thread group, from fork until the last thread has
 * exited, each address space that is bound to it (space.h), until the kernel
 * tears that down, and its borrowers. Nothing can be charged to a process without users.
 * It is gone then, and leaves the tree: folded into its parent, unless a tree
 * handle still needs it in its place (keep.h).
 *
 * A vfork child, or any other clone that shares its parent's memory, is a
 * borrower: it is in the tree, so that its later exec needs no memory and
 * knows its ancestors, but it is not shown and counts as no process. What it
 * does is charged to the owner of the memory. An owner whose thread group has
 * exited lives as long as it has borrowers, and is shown by the pid of one.
 *
 * Locking: cow_tree_lock protects the tree, all fields but the shards, and all
 * changes to the two hash tables. It is a raw spinlock since the hooks run
 * with preemption off; its holders never fault or sleep. Look-ups are under
 * RCU, and a process is freed after a grace period. The shards are atomic and
 * only ever grow.
 */
#ifndef COWSTAT_PROCESS_H
#define COWSTAT_PROCESS_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

#include "reserve.h"
#include "space.h"
#include "tree.h"
#include "walk.h"

struct cow_quota;

/* One CPU's part of the counters; four cache lines. */
struct cow_shard {
	atomic64_t tally[COW_TALLIES];
	atomic64_t break_max_ns;
} ____cacheline_aligned;

/**
 * struct cow_process - a process, alive or kept for a tree handle
 * @node: its place in the tree
 * @pid: of the thread group, with a reference
 * @by_pid: in the hash table by @pid, until the process is gone
 * @space: its address space; further ones are allocated
 * @users: the thread group, if @group_alive, the bound address spaces, and @borrowers
 * @group_alive: a thread still runs
 * @borrower: uses the memory of another process until it execs
 * @owner: of a borrower that runs: that other process; NULL if none is tracked
 * @borrowers: of an owner: those of which it is the @owner, the oldest first
 * @borrowing: in the @borrowers of the owner
 * @unplaced: was there before the module; its parent is still to be found
 * @mm: the memory that it runs in, as long as that is bound
 * @pins: baselines (baseline.h) and walks of which this is the root
 * @recorders: those baselines that keep the gone
 * @keeper: the nearest process from here upwards that has recorders, or NULL
 * @kept_by: the keeper that it is kept for, being gone
 * @kept: of a keeper: gone processes that are kept for it
 * @folded: of a keeper: gone processes that were folded all the same
 * @quota: of a keeper: of the user that keeps them
 * @tree: for the tracepoints: the pid of the process that began the program which
 *	this one runs too, without an exec of its own: only such processes share
 *	pages by fork. The process itself, if it has called exec
 * @pending: baselines that wait for this process to fork or to exec
 * @leaving: in the list of those whose children are too many to fold it at once
 * @visit: what the readers' walks left here
 * @uid: the owner when it exited, if its ids were all the same
 * @gid: its group, likewise
 * @dumpable: its memory was, when it let go of it
 * @comm: the program's name when it exited
 * @rcu: frees it
 * @shard: cow_shards of them
 */
struct cow_process {
	struct cow_node node;
	struct pid *pid;
	struct hlist_node by_pid;
	struct cow_space space;

	unsigned int users;
	bool group_alive;
	bool borrower;
	bool unplaced;
	pid_t tree;

	struct mm_struct *mm;

	struct cow_process *owner;
	struct list_head borrowers;
	struct list_head borrowing;

	unsigned int pins;
	unsigned int recorders;
	struct cow_process *keeper;
	struct cow_process *kept_by;
	u32 kept;
	u64 folded;
	struct cow_quota *quota;
	struct list_head pending;
	struct list_head leaving;
	struct cow_visit visit[COW_READ_LANES];

	kuid_t uid;
	kgid_t gid;
	bool dumpable;
	char comm[COWSTAT_COMM_LEN];
	struct rcu_head rcu;

	struct cow_shard shard[];
};

/*
 * The top of the tree. No process: it holds what was folded when no ancestor
 * was left, and what could be charged to nobody.
 */
extern struct cow_process *cow_root;

/* A power of two, at most COW_MAX_SHARDS: memory stays bounded on many CPUs. */
extern unsigned int cow_shards;
extern unsigned int cow_shard_mask;
#define COW_MAX_SHARDS	8

/* What is tracked, borrowers and exited ones with a live mm included. */
extern unsigned int cow_processes;
extern unsigned int cow_max_processes;

/* Those of them that a user would call a process, cow_process_lives(). */
extern unsigned int cow_living;

int cow_process_init(void);
void cow_process_exit(void);
size_t cow_process_bytes(void);

static inline struct cow_process *cow_process_of(struct cow_node *node)
{
	return container_of(node, struct cow_process, node);
}

static inline struct cow_process *cow_parent_of(const struct cow_process *process)
{
	return cow_process_of(process->node.parent);
}

/* Would a user call it a process, alive or gone? */
static inline bool cow_process_counts(const struct cow_process *process)
{
	return process != cow_root && !process->borrower;
}

/* Does anything use its memory? */
static inline bool cow_process_alive(const struct cow_process *process)
{
	return process->group_alive || !list_empty(&process->borrowers);
}

static inline bool cow_process_lives(const struct cow_process *process)
{
	return cow_process_alive(process) && cow_process_counts(process);
}

/* Who stands for it: its own thread group, else the oldest borrower. */
static inline struct pid *cow_process_pid(const struct cow_process *process)
{
	if (!process->group_alive && !list_empty(&process->borrowers))
		process = list_first_entry(&process->borrowers,
					   struct cow_process, borrowing);
	return process->pid;
}

/*
 * The process whose memory @process uses. A borrower itself pays for nothing but
 * the stack of the program it execs.
 */
static inline struct cow_process *cow_process_owner(struct cow_process *process)
{
	while (process->borrower)
		process = process->owner ?: cow_parent_of(process);
	return process;
}

/*
 * A new process with the one user that its thread group is. Then put it in the
 * tree, or free it. Return: ERR_PTR(-ENOSPC) if the limit is reached, or
 * ERR_PTR(-ENOMEM).
 */
struct cow_process *cow_process_alloc(struct pid *pid, enum cow_context context);
void cow_process_free(struct cow_process *process);

/* For sums that are in no tree: to be charged, read and freed. */
struct cow_process *cow_process_alloc_apart(void);

/* The same, from where memory cannot be given back, or others may look at it. */
void cow_process_free_later(struct cow_process *process);

/* Both with cow_tree_lock held. */
void cow_process_insert(struct cow_process *parent, struct cow_process *process);
void cow_process_put_user(struct cow_process *process);

/* @mm, which was bound to it, will not be any more. It can still be looked at. */
void cow_process_leave_mm(struct cow_process *process, struct mm_struct *mm);

/*
 * @borrower uses the memory of @owner from now on, until it execs or exits; with
 * cow_tree_lock held. It may be the last user of the owner, which then is gone.
 */
void cow_process_borrow(struct cow_process *borrower, struct cow_process *owner);
void cow_process_give_back(struct cow_process *borrower);

/* Is what it counted, being a borrower's, to be its parent's? */
bool cow_process_pays_back(const struct cow_process *process);

/*
 * Take it out of the tree for good; with cow_tree_lock held. If it has very many
 * children it stays until a worker has moved them away, and counts as what it is.
 */
void cow_process_fold(struct cow_process *process);

/* With cow_tree_lock held: it stays where it is, alive or not. */
void cow_process_pin(struct cow_process *process);
void cow_process_unpin(struct cow_process *process);

/* Under RCU or cow_tree_lock. */
struct cow_process *cow_process_by_pid(const struct pid *pid);

/* Add what @process counted itself since it was born to @sums. */
void cow_process_read(const struct cow_process *process, struct cow_sums *sums);

static __always_inline struct cow_shard *
cow_process_shard(struct cow_process *process)
{
	return &process->shard[raw_smp_processor_id() & cow_shard_mask];
}

static __always_inline void cow_shard_add(struct cow_shard *shard, u32 bits,
					  u64 n)
{
	for (; bits; bits &= bits - 1)
		atomic64_add(n, &shard->tally[__builtin_ctz(bits)]);
}

void cow_shard_raise_max(struct cow_shard *shard, u64 ns);

/**
 * cow_process_charge() - add to a process's own counters
 * @process: with a user, or cow_root
 * @bits: the tallies, as COW_BIT()s
 * @n: what each of them grows by
 *
 * Under RCU, or with cow_tree_lock held. The shard is this CPU's, to have it at
 * hand, but others can add to it too, hence the atomics.
 */
static __always_inline void cow_process_charge(struct cow_process *process,
					       u32 bits, u64 n)
{
	cow_shard_add(cow_process_shard(process), bits, n);
}

/*
 * @n pages that were broken at once into @whole and its @parts, and the time that
 * it took; as cow_process_charge().
 */
static __always_inline void
cow_process_charge_break(struct cow_process *process, enum cow_tally whole,
			 u32 parts, u64 n, u64 ns)
{
	struct cow_shard *shard = cow_process_shard(process);

	atomic64_add(n, &shard->tally[whole]);
	if (unlikely(parts))
		cow_shard_add(shard, parts, n);
	atomic64_add(ns, &shard->tally[COW_BREAK_NS]);
	if (unlikely(ns > atomic64_read(&shard->break_max_ns)))
		cow_shard_raise_max(shard, ns);
}

#endif /* COWSTAT_PROCESS_H */
