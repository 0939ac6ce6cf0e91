// SPDX-License-Identifier: GPL-2.0
/*
 * NUMA nodes: where pages come from, and where they are moved to.
 */
#include "workload_op.h"

#include <linux/errno.h>
#include <linux/mempolicy.h>

#define NODES_MOST	1024

int op_place(const struct stage *stage, const struct plan_step *step)
{
	__u64 nodes[NODES_MOST / 64] = { 0 };
	int policy = step->how == PLAN_BY_TURNS ? MPOL_INTERLEAVE : MPOL_BIND;

	if (step->how != PLAN_THERE)
		nodes[stage->node_here / 64] |= 1ULL << stage->node_here % 64;
	if (step->how != PLAN_HERE)
		nodes[stage->node_there / 64] |= 1ULL << stage->node_there % 64;
	return call5(__NR_mbind, page_at(stage, step->set.first),
		     set_bytes(step->set), policy, (long)nodes, NODES_MOST);
}

/* Also such as other processes have; they follow. */
static long move(const struct stage *stage, __u64 first, __u32 many)
{
	__u64 pages[OP_BATCH];
	__s32 nodes[OP_BATCH], status[OP_BATCH];
	long error;

	for (__u32 i = 0; i < many; i++) {
		pages[i] = page_at(stage, first + i);
		nodes[i] = stage->node_there;
		status[i] = -1;
	}
	error = call6(__NR_move_pages, 0, many, (long)pages, (long)nodes,
		      (long)status, MPOL_MF_MOVE_ALL);
	for (__u32 i = 0; i < many && !error; i++)
		if (status[i] != (__s32)stage->node_there)
			error = status[i] < 0 ? status[i] : -EBUSY;
	return error > 0 ? -EBUSY : error;
}

int op_migrate(const struct stage *stage, const struct plan_step *step)
{
	struct page_set set = step->set;
	long error = 0;

	for (; set.first < set.end && !error; set.first += OP_BATCH) {
		__u64 many = set.end - set.first;

		error = move(stage, set.first, many < OP_BATCH ? many : OP_BATCH);
	}
	return error;
}
