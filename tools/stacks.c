// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "stacks.h"

#define FIRST_BUCKETS	256

/* FNV-1a */
static __u64 hash_bytes(__u64 hash, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	while (size--)
		hash = (hash ^ *byte++) * 0x100000001b3;
	return hash;
}

static __u64 hash_of(const char comm[STACK_COMM], const struct frame *frames, unsigned int nr)
{
	__u64 hash = hash_bytes(0xcbf29ce484222325, comm, STACK_COMM);

	return hash_bytes(hash, frames, nr * sizeof(*frames));
}

static struct stack **bucket_of(const struct stacks *stacks, __u64 hash)
{
	return &stacks->buckets[hash & (stacks->nr_buckets - 1)];
}

static void grow(struct stacks *stacks)
{
	struct stacks old = *stacks;

	stacks->nr_buckets = old.nr_buckets ? 4 * old.nr_buckets : FIRST_BUCKETS;
	stacks->buckets = calloc(stacks->nr_buckets, sizeof(*stacks->buckets));
	if (!stacks->buckets)
		abort();
	for (unsigned int i = 0; i < old.nr_buckets; i++) {
		while (old.buckets[i]) {
			struct stack *stack = old.buckets[i];
			struct stack **bucket = bucket_of(stacks, stack->hash);

			old.buckets[i] = stack->next;
			stack->next = *bucket;
			*bucket = stack;
		}
	}
	free(old.buckets);
}

static struct stack *find(const struct stacks *stacks, __u64 hash, const char comm[STACK_COMM],
			  const struct frame *frames, unsigned int nr)
{
	struct stack *stack = *bucket_of(stacks, hash);

	while (stack && (stack->hash != hash || stack->nr_frames != nr ||
			 memcmp(stack->comm, comm, STACK_COMM) ||
			 memcmp(stack->frames, frames, nr * sizeof(*frames))))
		stack = stack->next;
	return stack;
}

static struct stack *insert(struct stacks *stacks, __u64 hash, const char comm[STACK_COMM],
			    const struct frame *frames, unsigned int nr)
{
	struct stack *stack = calloc(1, sizeof(*stack) + nr * sizeof(*frames));
	struct stack **bucket = bucket_of(stacks, hash);

	if (!stack)
		abort();
	stack->hash = hash;
	stack->nr_frames = nr;
	memcpy(stack->comm, comm, STACK_COMM);
	memcpy(stack->frames, frames, nr * sizeof(*frames));
	stack->next = *bucket;
	*bucket = stack;
	stacks->nr++;
	return stack;
}

void stacks_add(struct stacks *stacks, const char *comm, const struct frame *frames,
		unsigned int nr_frames, __u64 pages, __u64 events)
{
	char name[STACK_COMM] = "";
	struct stack *stack;
	__u64 hash;

	if (stacks->nr >= stacks->nr_buckets)
		grow(stacks);
	memcpy(name, comm, strnlen(comm, STACK_COMM - 1));
	hash = hash_of(name, frames, nr_frames);
	stack = find(stacks, hash, name, frames, nr_frames);
	if (!stack)
		stack = insert(stacks, hash, name, frames, nr_frames);
	stack->pages += pages;
	stack->events += events;
	stacks->pages += pages;
	stacks->events += events;
}

/* Of those with as many pages, always the same is first. */
static int compare(const void *a, const void *b)
{
	const struct stack *one = *(struct stack *const *)a, *other = *(struct stack *const *)b;

	if (one->pages != other->pages)
		return one->pages < other->pages ? 1 : -1;
	return one->hash < other->hash ? 1 : one->hash > other->hash ? -1 : 0;
}

struct stack **stacks_sorted(const struct stacks *stacks)
{
	struct stack **all = calloc(stacks->nr + 1, sizeof(*all));
	unsigned int nr = 0;

	if (!all)
		abort();
	for (unsigned int i = 0; i < stacks->nr_buckets; i++)
		for (struct stack *stack = stacks->buckets[i]; stack; stack = stack->next)
			all[nr++] = stack;
	qsort(all, nr, sizeof(*all), compare);
	return all;
}

void stacks_free(struct stacks *stacks)
{
	for (unsigned int i = 0; i < stacks->nr_buckets; i++) {
		while (stacks->buckets[i]) {
			struct stack *stack = stacks->buckets[i];

			stacks->buckets[i] = stack->next;
			free(stack);
		}
	}
	free(stacks->buckets);
	*stacks = (struct stacks){ 0 };
}
