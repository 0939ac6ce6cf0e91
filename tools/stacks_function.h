/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The functions that did it: stacks by the names of functions, and for each function
 * what it did itself, in which line and called by whom. What has no name goes by the
 * file that it is in: "[libc.so.6]".
 */
#ifndef COWSTAT_STACKS_FUNCTION_H
#define COWSTAT_STACKS_FUNCTION_H

#include <stdbool.h>

#include "object.h"
#include "stacks.h"
#include "symbol.h"

struct function {
	char *name;		/* "[libc.so.6]": none is known */
	bool named;
	const char *object;
	unsigned int index;
	__u64 pages;		/* that it did, not those that it called */
	__u64 events;
	const char *file;	/* where it did most of it; NULL: not known */
	int line;
	__u64 line_pages;
	const struct stack *stack;	/* with the most of its pages; it is frames[0] */
};

struct functions {
	struct function **function;	/* frame.object of @stacks is an index of this */
	unsigned int nr;
	void *by_name;
	struct stacks stacks;
};

typedef void (*place_finder)(void *data, unsigned int object, __u64 offset,
			     struct place *place);

/* @stacks have objects, and offsets in them. All three are used until it is closed. */
void functions_open(struct functions *functions, const struct stacks *stacks,
		    const struct objects *objects, place_finder find, void *data);

/* Those that did something, those with the most pages first; to be freed. */
struct function **functions_sorted(const struct functions *functions, unsigned int *nr);

void functions_close(struct functions *functions);

#endif
