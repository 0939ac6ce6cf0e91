/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Huge zero pages that a write is splitting.
 *
 * For a moment there is no page table then, as if nobody had read from that memory yet.
 * Who finds none asks here whether it was taken away by a split: it takes a view before
 * it looks at the page table, and asks the view afterwards. Nothing waits, so that a
 * split can begin or end at any moment between.
 *
 * A split that has not said for long that it is over, or never will, since its task was
 * killed, is over as well: the next memory at that address, maybe of another process,
 * has nothing to do with it.
 */
#ifndef COWSTAT_SPLIT_H
#define COWSTAT_SPLIT_H

#include <linux/types.h>

struct mm_struct;

/**
 * struct cow_split_view - what was known before the page table was looked at
 * @begun: how many splits had begun, of those with the same hash
 * @going_on: one of this huge page had, and was not over
 * @replaced: another huge page has come into its place a moment ago, or is about to
 */
struct cow_split_view {
	int begun;
	bool going_on;
	bool replaced;
};

/* @address: any in the huge page. Its entry is still there. */
void cow_split_begin(const struct mm_struct *mm, unsigned long address);

/* The table, or another huge page, is in its place. */
void cow_split_end(const struct mm_struct *mm, unsigned long address);

/* Another huge page will be in its place, a few instructions from here. */
void cow_split_replace(const struct mm_struct *mm, unsigned long address);

void cow_split_look(const struct mm_struct *mm, unsigned long address,
		    struct cow_split_view *view);

/* Was one going on at the view, or has one begun since? */
bool cow_split_was(const struct mm_struct *mm, unsigned long address,
		   const struct cow_split_view *view);

#endif /* COWSTAT_SPLIT_H */
