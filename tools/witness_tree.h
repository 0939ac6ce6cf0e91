/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tasks that descend from one, threads included, as the kernel's tracing has
 * seen them made. A pid that was used again is taken for both.
 */
#ifndef COWSTAT_WITNESS_TREE_H
#define COWSTAT_WITNESS_TREE_H

#include <stdbool.h>

struct witness_tree {
	unsigned int nr_tasks;
	unsigned char *has;	/* by pid */
};

/* 0, or EXIT_OWN_FAILURE after saying what is wrong; freed in any case. */
int witness_tree_read(struct witness_tree *tree, int root);
void witness_tree_free(struct witness_tree *tree);

bool witness_tree_has(const struct witness_tree *tree, int pid);

#endif
