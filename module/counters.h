/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is stored for a process, and how the public counters follow from it.
 *
 * Only tallies are stored, of which none is the sum of others; every sum in
 * the table of COWSTAT_COUNTERS is derived from them when it is read. So the
 * sums hold in each reading, under load too, and the fault path adds little.
 *
 * A part of a tally (zero_heap of zero_filled) comes behind it: a writer adds
 * in ascending order, a reader reads in descending order, and never sees a
 * part that is larger than the whole.
 *
 * Pure: nothing but types of the kernel, tested on the host.
 */
#ifndef COWSTAT_COUNTERS_H
#define COWSTAT_COUNTERS_H

#include <linux/cowstat.h>

/* Why numbers may be wrong: a loss is charged as a page is. */
enum cow_loss {
#define COW_LOSS(index, name, help) COW_LOSS_##name = index,
	COWSTAT_LOSSES(COW_LOSS)
#undef COW_LOSS
	COW_NR_LOSSES
};

enum cow_tally {
	COW_FORKS,
	COW_SHARED,
	COW_SHARED_SWAP,
	COW_INHERITED,
	COW_BROKEN_CHILD,
	COW_BROKEN_PARENT,
	COW_BROKEN_FILE,
	COW_BROKEN_KSM,
	COW_BROKEN_HUGETLB,
	COW_BROKEN_REMOTE,
	COW_BROKEN_UNSURE,
	COW_EAGER,
	COW_UNSHARED,
	COW_COLLAPSED,
	COW_FORKS_FAILED,
	COW_REUSED,
	COW_ZERO_FILLED,
	COW_ZERO_HEAP,
	COW_ZERO_STACK,
	COW_ZERO_HUGE,
	COW_ZERO_UPGRADED,
	COW_ZERO_MAPPED,
	COW_POOL_REMOTE,
	COW_BREAK_NS,
	COW_LOST,	/* the first reason of COWSTAT_LOSSES */
	COW_TALLIES = COW_LOST + COW_NR_LOSSES
};

#define COW_BIT(tally)	(1u << (tally))

/* Those of which one is charged for each page that is broken */
#define COW_BROKEN_BITS \
	(COW_BIT(COW_BROKEN_CHILD) | COW_BIT(COW_BROKEN_PARENT) | \
	 COW_BIT(COW_BROKEN_FILE) | COW_BIT(COW_BROKEN_KSM) | \
	 COW_BIT(COW_BROKEN_HUGETLB))

/* Indices of struct cowstat_counters */
enum {
#define COW_INDEX(index, name, unit, help) COW_C_##name = index,
	COWSTAT_COUNTERS(COW_INDEX)
#undef COW_INDEX
};

#define COW_ONE(index, name, unit, help) + 1
#define COW_NR_COUNTERS	(0 COWSTAT_COUNTERS(COW_ONE))

/**
 * struct cow_sums - tallies of one or many processes
 * @tally: sums, by enum cow_tally
 * @break_max_ns: a maximum
 */
struct cow_sums {
	__u64 tally[COW_TALLIES];
	__u64 break_max_ns;
};

static inline void cow_sums_add(struct cow_sums *to, const struct cow_sums *sums)
{
	int i;

	for (i = 0; i < COW_TALLIES; i++)
		to->tally[i] += sums->tally[i];
	if (to->break_max_ns < sums->break_max_ns)
		to->break_max_ns = sums->break_max_ns;
}

/* The maximum has no difference and stays as it is. */
static inline void cow_sums_subtract(struct cow_sums *from,
				     const struct cow_sums *sums)
{
	int i;

	for (i = 0; i < COW_TALLIES; i++)
		from->tally[i] -= sums->tally[i];
}

/* @out must be all zero. */
static inline void cow_counters_fill(struct cowstat_counters *out,
				     const struct cow_sums *sums)
{
	const __u64 *t = sums->tally;
	__u64 *c = out->value;

	c[COW_C_forks] = t[COW_FORKS];
	c[COW_C_shared] = t[COW_SHARED];
	c[COW_C_shared_swap] = t[COW_SHARED_SWAP];
	c[COW_C_inherited] = t[COW_INHERITED];
	c[COW_C_broken_child] = t[COW_BROKEN_CHILD];
	c[COW_C_broken_parent] = t[COW_BROKEN_PARENT];
	c[COW_C_broken_anon] = c[COW_C_broken_child] + c[COW_C_broken_parent];
	c[COW_C_broken_file] = t[COW_BROKEN_FILE];
	c[COW_C_broken_ksm] = t[COW_BROKEN_KSM];
	c[COW_C_broken_hugetlb] = t[COW_BROKEN_HUGETLB];
	c[COW_C_broken] = c[COW_C_broken_anon] + c[COW_C_broken_file] +
			  c[COW_C_broken_ksm] + c[COW_C_broken_hugetlb];
	c[COW_C_broken_remote] = t[COW_BROKEN_REMOTE];
	c[COW_C_broken_unsure] = t[COW_BROKEN_UNSURE];
	c[COW_C_eager] = t[COW_EAGER];
	c[COW_C_unshared] = t[COW_UNSHARED];
	c[COW_C_collapsed] = t[COW_COLLAPSED];
	c[COW_C_forks_failed] = t[COW_FORKS_FAILED];
	c[COW_C_reused] = t[COW_REUSED];
	c[COW_C_zero_filled] = t[COW_ZERO_FILLED];
	c[COW_C_zero_heap] = t[COW_ZERO_HEAP];
	c[COW_C_zero_stack] = t[COW_ZERO_STACK];
	c[COW_C_zero_huge] = t[COW_ZERO_HUGE];
	c[COW_C_zero_upgraded] = t[COW_ZERO_UPGRADED];
	c[COW_C_zero_mapped] = t[COW_ZERO_MAPPED];
	c[COW_C_pool_remote] = t[COW_POOL_REMOTE];
	c[COW_C_pool_local] = c[COW_C_broken] + c[COW_C_zero_filled] -
			      c[COW_C_pool_remote];
	c[COW_C_break_ns] = t[COW_BREAK_NS];
	c[COW_C_break_max_ns] = sums->break_max_ns;
}

static inline int cow_sums_lost(const struct cow_sums *sums)
{
	int i;

	for (i = COW_LOST; i < COW_TALLIES; i++)
		if (sums->tally[i])
			return 1;
	return 0;
}

/* What @sums lost, by reason. Return: COWSTAT_STATE_* */
static inline __u32 cow_losses_fill(__u64 lost[COWSTAT_LOSSES_MAX],
				    const struct cow_sums *sums)
{
	__u32 state = COWSTAT_STATE_EXACT;
	int i;

	for (i = 0; i < COWSTAT_LOSSES_MAX; i++) {
		lost[i] = i < COW_NR_LOSSES ? sums->tally[COW_LOST + i] : 0;
		if (lost[i])
			state = COWSTAT_STATE_DEGRADED;
	}
	return state;
}

#endif /* COWSTAT_COUNTERS_H */
