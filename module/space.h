/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which process an address space belongs to: a hash table by mm.
 *
 * An address space is bound when its process is born or has called exec, and
 * released when the kernel begins to tear it down, after which it can have no
 * faults. So an mm in the table is a live one.
 *
 * An address space that fork is still filling is not in the table yet. What is
 * to be known of its pages is noted aside until then: those that fork copies at
 * once, since they are pinned, and those of shared hugetlb memory, which the
 * kernel counts with the private ones.
 */
#ifndef COWSTAT_SPACE_H
#define COWSTAT_SPACE_H

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "origin.h"

struct cow_process;

/* See process.h. */
extern raw_spinlock_t cow_tree_lock;

/**
 * struct cow_space - an address space and its process
 * @by_mm: in the hash table; under cow_tree_lock and RCU
 * @mm: NULL if not in use; compared, never dereferenced
 * @process: that it is charged to
 * @past: what tells of its pages
 * @rcu: frees it, if it is not part of its process
 */
struct cow_space {
	struct hlist_node by_mm;
	struct mm_struct *mm;
	struct cow_process *process;
	struct cow_past past;
	struct rcu_head rcu;
};

int cow_space_init(void);
void cow_space_exit(void);

/*
 * With cow_tree_lock held. @process gains a user. Return: the new space, of a program
 * that was executed just now, or NULL, which is counted as lost.
 */
struct cow_space *cow_space_bind(struct mm_struct *mm,
				 struct cow_process *process);

/* Takes cow_tree_lock. Return: false if @mm was not bound. */
bool cow_space_release(struct mm_struct *mm);

extern struct hlist_head *cow_mm_table;
extern unsigned int cow_mm_shift;

static __always_inline struct hlist_head *
cow_space_bucket(const struct mm_struct *mm)
{
	return &cow_mm_table[((unsigned long)mm * GOLDEN_RATIO_64) >>
			     cow_mm_shift];
}

/* Mostly it is the first of its bucket: that is looked at without a loop. */
static __always_inline struct cow_space *
cow_space_find(const struct mm_struct *mm)
{
	struct hlist_head *bucket = cow_space_bucket(mm);
	struct cow_space *space =
		hlist_entry_safe(rcu_dereference_check(hlist_first_rcu(bucket),
				 rcu_read_lock_any_held() ||
				 lockdep_is_held(&cow_tree_lock)),
				 struct cow_space, by_mm);

	if (likely(space && space->mm == mm))
		return space;
	hlist_for_each_entry_rcu(space, bucket, by_mm,
				 lockdep_is_held(&cow_tree_lock))
		if (space->mm == mm)
			return space;
	return NULL;
}

/*
 * The process that @mm is bound to, or NULL. Under RCU, @mm is missed if it is
 * being bound anew at this moment; a look-up with cow_tree_lock held is sure.
 */
static __always_inline struct cow_process *
cow_space_owner(const struct mm_struct *mm)
{
	struct cow_space *space = cow_space_find(mm);

	return space ? READ_ONCE(space->process) : NULL;
}

/**
 * struct cow_copied - what a fork did to its child's memory
 * @eager: pages that it copied
 * @hugetlb: pages of shared hugetlb memory whose entries it copied
 */
struct cow_copied {
	unsigned long eager;
	unsigned long hugetlb;
};

/*
 * Fork has copied @pages into @mm, or begins with a mapping of hugetlb pages. Any
 * context of the task that forks.
 */
void cow_space_note_eager(struct mm_struct *mm, unsigned long pages);
void cow_space_note_hugetlb(struct mm_struct *mm, bool shared);

/* What was noted, which is forgotten with that. */
struct cow_copied cow_space_take_copied(struct mm_struct *mm);

#endif /* COWSTAT_SPACE_H */
