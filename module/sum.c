// SPDX-License-Identifier: GPL-2.0
#include <linux/container_of.h>
#include <linux/string.h>

#include "process.h"
#include "sum.h"

struct adding {
	struct cow_walk walk;
	const struct cow_process *top;
	struct cow_tree_sums *sums;
};

static void add(struct cow_walk *walk, struct cow_process *process)
{
	struct adding *adding = container_of(walk, struct adding, walk);
	struct cow_tree_sums *sums = adding->sums;
	struct cow_sums self = {};

	cow_process_read(process, &self);
	if (process == adding->top) {
		sums->self = self;
		sums->top_lives = cow_process_alive(process);
	}
	cow_sums_add(&sums->tree, &self);
	cow_sums_add(&sums->tree, &process->node.gone);
	sums->procs += process->node.gone_procs + cow_process_counts(process);
	sums->alive += cow_process_lives(process);
	sums->unborn += process->borrower && process->group_alive;
}

static const struct cow_walk_ops ops = {
	.visit = add,
	.pass = add,
};

int cow_tree_sum(struct cow_process *top, enum cow_lane lane,
		 struct cow_tree_sums *sums)
{
	struct adding adding = {
		.walk = { .ops = &ops, .lane = lane },
		.top = top,
		.sums = sums,
	};
	int ret = cow_walk_enter(lane);

	if (ret)
		return ret;
	memset(sums, 0, sizeof(*sums));
	cow_walk(&adding.walk, top);
	cow_walk_leave(lane);
	return 0;
}
