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
	parent->children++;
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
	node->parent->children--;
	cow_tree_add(parent, node);
}

void cow_tree_fold(struct cow_node *node, __u64 procs)
{
	struct cow_node *parent = node->parent;
	struct cow_node *child;

	/* Without folded processes @gone is 0, and to add that takes as long. */
	if (node->gone_procs)
		cow_sums_add(&parent->gone, &node->gone);
	parent->gone_procs += procs + node->gone_procs;

	for (child = node->first; child; child = child->next)
		child->parent = parent;
	parent->children += node->children - 1;
	replace(node, node->first, node->last);
}

static void take_out_first(struct cow_node *node)
{
	struct cow_node *first = node->first;

	node->first = first->next;
	if (node->first)
		node->first->prev = NULL;
	else
		node->last = NULL;
	node->children--;
}

static void put_before(struct cow_node *node, struct cow_node *next)
{
	struct cow_node *parent = next->parent;

	node->parent = parent;
	node->prev = next->prev;
	node->next = next;
	if (next->prev)
		next->prev->next = node;
	else
		parent->first = node;
	next->prev = node;
	parent->children++;
}

void cow_tree_hoist(struct cow_node *node, unsigned int n)
{
	struct cow_node *first;

	for (; n && (first = node->first); n--) {
		take_out_first(node);
		put_before(first, node);
	}
}

void cow_cursor_init(struct cow_cursor *cursor, struct cow_node *top)
{
	cursor->top = top;
	cursor->node = top;
	cursor->done = 0;
}

static void go_past(struct cow_cursor *cursor)
{
	struct cow_node *node = cursor->node;

	cursor->done = !node->next;
	cursor->node = node->next ? node->next : node->parent;
}

void cow_cursor_step(struct cow_cursor *cursor)
{
	struct cow_node *node = cursor->node;

	if (cursor->done) {
		if (node == cursor->top)
			cursor->node = NULL;
		else
			go_past(cursor);
	} else if (node->first) {
		cursor->node = node->first;
	} else {
		cursor->done = 1;
	}
}

void cow_cursor_leave(struct cow_cursor *cursor, const struct cow_node *node)
{
	if (cursor->node != node)
		return;
	if (!cursor->done && node->first)
		cursor->node = node->first;
	else
		go_past(cursor);
}
