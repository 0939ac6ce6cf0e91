/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many pages each call stack is charged with. A frame is two numbers that its
 * owner gives a meaning: a file and a place in it, or a function.
 */
#ifndef COWSTAT_STACKS_H
#define COWSTAT_STACKS_H

#include <linux/types.h>

#define STACK_COMM	16

struct frame {
	__u64 object;
	__u64 offset;
};

struct stack {
	struct stack *next;
	__u64 hash;
	__u64 pages;
	__u64 events;
	char comm[STACK_COMM];
	unsigned int nr_frames;
	struct frame frames[];		/* the innermost first */
};

struct stacks {
	struct stack **buckets;
	unsigned int nr_buckets;
	unsigned int nr;
	__u64 pages;
	__u64 events;
};

/* To a stack of these frames, in a process of that name. */
void stacks_add(struct stacks *stacks, const char *comm, const struct frame *frames,
		unsigned int nr_frames, __u64 pages, __u64 events);

/* All, those with the most pages first; an array to be freed. */
struct stack **stacks_sorted(const struct stacks *stacks);

void stacks_free(struct stacks *stacks);

#endif
