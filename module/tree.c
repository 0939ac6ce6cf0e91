// SPDX-License-Identifier: GPL-2.0
#ifdef COWSTAT_HOST
#include <stddef.h>
#else
#include <linux/stddef.h>
#endif

#include "tree.h"

void cow_tree_add(struct cow_node *parent, struct cow_node *child)
{
	child->parent = parent;
	child->next = NULL;
	child->prev = parent->last;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

/* Put the chain @first..@last where @node is, which may be an empty chain. */
static void replace(struct cow_node *node, struct cow_node *first,
		    struct cow_node *last)
{
	struct cow_node *parent = node->parent;
	struct cow_node *prev = node->prev;
	struct cow_node *next = node->next;

	if (first) {
		first->prev = prev;
		last->next = next;
	} else {
		first = next;
		last = prev;
	}

	if (prev)
		prev->next = first;
	else
		parent->first = first;
	if (next)
		next->prev = last;
	else
		parent->last = last;
}

void cow_tree_move(struct cow_node *parent, struct cow_node *node)
{
	replace(node, NULL, NULL);
	cow_tree_add(parent, node);
}

void cow_tree_fold(struct cow_node *node, const struct cow_sums *self,
		   __u64 procs)
{
	struct cow_node *parent = node->parent;
	struct cow_node *child;

	cow_sums_add(&parent->gone, self);
	cow_sums_add(&parent->gone, &node->gone);
	parent->gone_procs += procs + node->gone_procs;

	for (child = node->first; child; child = child->next)
		child->parent = parent;
	replace(node, node->first, node->last);
}

struct cow_node *cow_tree_next(const struct cow_node *top,
			       const struct cow_node *node)
{
	if (node->first)
		return node->first;
	for (; node != top; node = node->parent)
		if (node->next)
			return node->next;
	return NULL;
}

int cow_tree_below(const struct cow_node *top, const struct cow_node *node)
{
	for (; node; node = node->parent)
		if (node == top)
			return 1;
	return 0;
}
