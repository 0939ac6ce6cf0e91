// SPDX-License-Identifier: GPL-2.0
#include "gain.h"

/* With several memory nodes it is not known from which a page will come. */
struct cowstat_counters gain_counters(const struct gain *g,
				      const struct cowstat_counters *got)
{
	struct cowstat_counters c = { };
	__u64 *v = c.value;

	v[COW_forks] = g->forks;
	v[COW_forks_failed] = g->failed;
	v[COW_shared] = g->shared;
	v[COW_shared_swap] = g->swap;
	v[COW_inherited] = g->inherited;
	v[COW_broken_child] = g->child;
	v[COW_broken_parent] = g->parent;
	v[COW_broken_anon] = g->child + g->parent;
	v[COW_broken_unsure] = g->unsure;
	v[COW_broken_file] = g->file;
	v[COW_broken_ksm] = g->ksm;
	v[COW_broken_hugetlb] = g->hugetlb;
	v[COW_broken] = v[COW_broken_anon] + g->file + g->ksm + g->hugetlb;
	v[COW_broken_remote] = g->remote;
	v[COW_eager] = g->eager;
	v[COW_unshared] = g->unshared;
	v[COW_collapsed] = g->collapsed;
	v[COW_zero_huge] = g->huge;
	v[COW_reused] = g->reused;
	v[COW_zero_filled] = g->zero;
	v[COW_zero_heap] = g->heap;
	v[COW_zero_stack] = g->stack;
	v[COW_zero_upgraded] = g->upgraded;
	v[COW_zero_mapped] = g->mapped;
	v[COW_pool_local] = v[COW_broken] + g->zero;
	if (!one_numa_node()) {
		v[COW_pool_local] = got->value[COW_pool_local];
		v[COW_pool_remote] = got->value[COW_pool_remote];
	}
	return c;
}

/* What @pid, alive or gone, has gained since the start of @tree. */
struct cowstat_counters must_gain(int tree, pid_t pid)
{
	struct cow_list list = must_list(tree);
	const struct cowstat_row *row = cow_find(&list, pid);
	struct cowstat_counters self;

	if (!row)
		cow_die("process %d is not listed", pid);
	self = row->self;
	cow_list_free(&list);
	return self;
}
