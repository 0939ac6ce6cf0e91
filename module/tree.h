/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The family tree, by fork.
 *
 * A node that leaves hands its sums, and those that it had been handed, to its
 * parent, and its children too. So the memory is bounded by those that live,
 * and what a tree has counted stays in it.
 *
 * Nothing here locks; the kernel part calls with cow_tree_lock held.
 *
 * Pure: nothing but types of the kernel, tested on the host.
 */
#ifndef COWSTAT_TREE_H
#define COWSTAT_TREE_H

#include "counters.h"

/**
 * struct cow_node - a place in the tree
 * @parent: NULL for the root alone
 * @first: oldest child
 * @last: youngest child
 * @next: the next younger sibling
 * @prev: the next older sibling
 * @gone: sums of the descendants that were folded into this node
 * @gone_procs: how many these were
 * @mark: for the walker's own use, valid as long as the tree is locked
 */
struct cow_node {
	struct cow_node *parent;
	struct cow_node *first;
	struct cow_node *last;
	struct cow_node *next;
	struct cow_node *prev;
	struct cow_sums gone;
	__u64 gone_procs;
	__u32 mark;
};

/* Add @child as the youngest child of @parent. */
void cow_tree_add(struct cow_node *parent, struct cow_node *child);

/* Take @node, with all below it, from where it is to below @parent. */
void cow_tree_move(struct cow_node *parent, struct cow_node *node);

/*
 * Take @node, which is not the root, out: @self and @procs (1 for a process)
 * pass to its parent, its children take its place.
 */
void cow_tree_fold(struct cow_node *node, const struct cow_sums *self,
		   __u64 procs);

/*
 * The node after @node below and including @top, parents before children,
 * or NULL. The next one stays the same if @node is folded after the call.
 */
struct cow_node *cow_tree_next(const struct cow_node *top,
			       const struct cow_node *node);

/* Is @node @top, or below it? */
int cow_tree_below(const struct cow_node *top, const struct cow_node *node);

#endif /* COWSTAT_TREE_H */
