// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "witness_probe.h"
#include "witness_tree.h"

#define MOST_PIDS	(4 << 20)	/* the kernel's PID_MAX_LIMIT */

bool witness_tree_has(const struct witness_tree *tree, int pid)
{
	return pid > 0 && pid < MOST_PIDS && tree->has[pid];
}

static void add(struct witness_tree *tree, int pid)
{
	if (pid <= 0 || pid >= MOST_PIDS || tree->has[pid])
		return;
	tree->has[pid] = 1;
	tree->nr_tasks++;
}

static void add_child(int parent, int child, void *data)
{
	if (witness_tree_has(data, parent))
		add(data, child);
}

/* They come in no order: a child is found once its parent is. */
int witness_tree_read(struct witness_tree *tree, int root)
{
	unsigned int before;
	int error;

	*tree = (struct witness_tree){ .has = calloc(MOST_PIDS, 1) };
	if (!tree->has)
		abort();
	add(tree, root);
	do {
		before = tree->nr_tasks;
		error = witness_probe_forks(add_child, tree);
	} while (!error && tree->nr_tasks > before);
	return error;
}

void witness_tree_free(struct witness_tree *tree)
{
	free(tree->has);
}
