// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/mm.h>

#include "split.h"

#define COW_SPLIT_BITS	8
#define COW_SPLIT_OLD	(10 * HZ)
#define COW_SPLIT_MOMENT	HZ

/**
 * struct split - the last one with this hash
 * @key: its address ^ mm, 0 if it is over
 * @since: jiffies
 * @begun: how many have begun here
 * @replaced: the key of the last one that got another huge page instead
 * @at: when, in jiffies
 */
static struct split {
	unsigned long key;
	unsigned long since;
	atomic_t begun;
	unsigned long replaced;
	unsigned long at;
} splits[1 << COW_SPLIT_BITS];

static unsigned long key_of(const struct mm_struct *mm, unsigned long address)
{
	return (unsigned long)mm ^ (address & PMD_MASK);
}

static struct split *split_of(const struct mm_struct *mm, unsigned long address)
{
	return &splits[hash_64(key_of(mm, address), COW_SPLIT_BITS)];
}

void cow_split_begin(const struct mm_struct *mm, unsigned long address)
{
	struct split *split = split_of(mm, address);

	WRITE_ONCE(split->since, jiffies);
	WRITE_ONCE(split->key, key_of(mm, address));
	smp_mb__before_atomic();	/* pairs with cow_split_look() */
	atomic_inc(&split->begun);
	smp_mb__after_atomic();		/* pairs with cow_split_was() */
}

void cow_split_end(const struct mm_struct *mm, unsigned long address)
{
	struct split *split = split_of(mm, address);

	if (READ_ONCE(split->key) == key_of(mm, address))
		WRITE_ONCE(split->key, 0);
}

void cow_split_replace(const struct mm_struct *mm, unsigned long address)
{
	struct split *split = split_of(mm, address);

	WRITE_ONCE(split->at, jiffies);
	WRITE_ONCE(split->replaced, key_of(mm, address));
	smp_wmb();	/* before it is over: pairs with cow_split_look() */
	cow_split_end(mm, address);
}

/*
 * Whose begin is in @begun has set its key before. If that is gone when it is read here,
 * the split is over, and it is not what takes the table away afterwards.
 */
void cow_split_look(const struct mm_struct *mm, unsigned long address,
		    struct cow_split_view *view)
{
	const struct split *split = split_of(mm, address);

	view->begun = atomic_read(&split->begun);
	smp_rmb();	/* the key after it: pairs with cow_split_begin() */
	view->going_on = READ_ONCE(split->key) == key_of(mm, address) &&
			 time_before(jiffies, READ_ONCE(split->since) + COW_SPLIT_OLD);
	smp_rmb();	/* if that is over: pairs with cow_split_replace() */
	view->replaced = READ_ONCE(split->replaced) == key_of(mm, address) &&
			 time_before(jiffies, READ_ONCE(split->at) + COW_SPLIT_MOMENT);
	smp_rmb();	/* before the page table is looked at */
}

/*
 * That it is going on can not be asked now alone: it may have taken away the table that
 * was not found, and be over since.
 */
bool cow_split_was(const struct mm_struct *mm, unsigned long address,
		   const struct cow_split_view *view)
{
	smp_rmb();	/* after the page table: what took it away had begun */
	return view->going_on ||
	       atomic_read(&split_of(mm, address)->begun) != view->begun;
}
