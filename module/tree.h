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
 * @children: how many there are
 * @gone: sums of the descendants that were folded into this node
 * @gone_procs: how many these were
 */
struct cow_node {
	struct cow_node *parent;
	struct cow_node *first;
	struct cow_node *last;
	struct cow_node *next;
	struct cow_node *prev;
	__u32 children;
	struct cow_sums gone;
	__u64 gone_procs;
};

/* Add @child as the youngest child of @parent. */
void cow_tree_add(struct cow_node *parent, struct cow_node *child);

/* Take @node, with all below it, from where it is to below @parent. */
void cow_tree_move(struct cow_node *parent, struct cow_node *node);

/*
 * Take @node, which is not the root, out: @procs (1 for a process) and what was folded
 * into it pass to its parent, its children take its place. What it counted itself the
 * caller adds to the parent's @gone, unless @procs is 0: then it has nothing there. Takes
 * as long as there are children: of many, some can be taken out before, by
 * cow_tree_hoist().
 */
void cow_tree_fold(struct cow_node *node, __u64 procs);

/* The oldest @n children of @node, or all, become its older siblings. */
void cow_tree_hoist(struct cow_node *node, unsigned int n);

/**
 * struct cow_cursor - a place in a walk that others change the tree under
 * @top: the walk is of this node and those below; it is not folded meanwhile
 * @node: the place, NULL at the end
 * @done: @node and all below it have been visited; else @node is the next
 *
 * Parents come before children. A node that is added below one that was visited
 * may be visited or not. One that hoists its children can be met a second time.
 */
struct cow_cursor {
	const struct cow_node *top;
	struct cow_node *node;
	int done;
};

void cow_cursor_init(struct cow_cursor *cursor, struct cow_node *top);

/*
 * From a node that has been visited, or is done with, to the next place: a bounded
 * number of instructions, so there are several steps from node to node.
 */
void cow_cursor_step(struct cow_cursor *cursor);

/* Before @node is folded, or hoists its children: do not stay there. */
void cow_cursor_leave(struct cow_cursor *cursor, const struct cow_node *node);

#endif /* COWSTAT_TREE_H */
