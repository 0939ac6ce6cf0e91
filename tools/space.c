// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "space.h"

static struct space **place_of(struct spaces *spaces, pid_t pid)
{
	struct space **place = &spaces->buckets[(unsigned int)pid % SPACE_BUCKETS];

	while (*place && (*place)->pid != pid)
		place = &(*place)->next;
	return place;
}

static void forget_unwinder(const struct spaces *spaces, struct space *space)
{
	if (space->unwinder)
		spaces->drop_unwinder(space->unwinder);
	space->unwinder = NULL;
}

static void clear(const struct spaces *spaces, struct space *space)
{
	forget_unwinder(spaces, space);
	free(space->mappings);
	space->mappings = NULL;
	space->nr_mappings = 0;
	space->threads = 1;
	space->loading = false;
}

static void drop(struct spaces *spaces, struct space **place)
{
	struct space *space = *place;

	*place = space->next;
	clear(spaces, space);
	free(space);
}

struct space *spaces_get(struct spaces *spaces, pid_t pid)
{
	struct space **place = place_of(spaces, pid);

	if (!*place) {
		*place = calloc(1, sizeof(**place));
		if (!*place)
			abort();
		(*place)->pid = pid;
		(*place)->threads = 1;
	}
	return *place;
}

static void copy_mappings(struct space *to, const struct space *from)
{
	size_t size = from->nr_mappings * sizeof(*from->mappings);

	if (!size)
		return;
	to->mappings = malloc(size);
	if (!to->mappings)
		abort();
	memcpy(to->mappings, from->mappings, size);
	to->nr_mappings = from->nr_mappings;
}

void spaces_fork(struct spaces *spaces, pid_t parent, pid_t child)
{
	struct space *from = spaces_get(spaces, parent);
	struct space *to = spaces_get(spaces, child);

	clear(spaces, to);
	memcpy(to->comm, from->comm, sizeof(to->comm));
	copy_mappings(to, from);
}

void spaces_thread(struct spaces *spaces, pid_t pid)
{
	spaces_get(spaces, pid)->threads++;
}

void spaces_exec(struct spaces *spaces, pid_t pid)
{
	struct space *space = spaces_get(spaces, pid);

	clear(spaces, space);
	space->loading = true;
}

void spaces_loaded(struct spaces *spaces, pid_t pid)
{
	spaces_get(spaces, pid)->loading = false;
}

void spaces_exit(struct spaces *spaces, pid_t pid)
{
	struct space **place = place_of(spaces, pid);

	if (*place && --(*place)->threads <= 0)
		drop(spaces, place);
}

/* The first mapping that ends behind @address. */
static unsigned int first_behind(const struct space *space, __u64 address)
{
	unsigned int low = 0, high = space->nr_mappings;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (space->mappings[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct space *space, unsigned int index, const struct mapping *mapping)
{
	struct mapping *mappings = reallocarray(space->mappings, space->nr_mappings + 1,
						sizeof(*mapping));

	if (!mappings)
		abort();
	memmove(&mappings[index + 1], &mappings[index],
		(space->nr_mappings - index) * sizeof(*mapping));
	mappings[index] = *mapping;
	space->mappings = mappings;
	space->nr_mappings++;
}

static void remove_at(struct space *space, unsigned int index)
{
	space->nr_mappings--;
	memmove(&space->mappings[index], &space->mappings[index + 1],
		(space->nr_mappings - index) * sizeof(*space->mappings));
}

static void cut_start(struct mapping *mapping, __u64 start)
{
	mapping->offset += start - mapping->start;
	mapping->start = start;
}

/* What was there before is mapped over. */
static void make_room(struct space *space, __u64 start, __u64 end)
{
	unsigned int index = first_behind(space, start);

	while (index < space->nr_mappings && space->mappings[index].start < end) {
		struct mapping *old = &space->mappings[index], rest = *old;

		if (old->start < start) {
			old->end = start;
			index++;
			if (rest.end > end) {
				cut_start(&rest, end);
				insert(space, index, &rest);
			}
		} else if (old->end > end) {
			cut_start(old, end);
		} else {
			remove_at(space, index);
		}
	}
}

void spaces_map(struct spaces *spaces, pid_t pid, const struct mapping *mapping)
{
	struct space *space = spaces_get(spaces, pid);

	if (mapping->end <= mapping->start)
		return;
	forget_unwinder(spaces, space);
	make_room(space, mapping->start, mapping->end);
	insert(space, first_behind(space, mapping->start), mapping);
}

const struct mapping *space_find(const struct space *space, __u64 address)
{
	unsigned int index = first_behind(space, address);

	if (index < space->nr_mappings && space->mappings[index].start <= address)
		return &space->mappings[index];
	return NULL;
}

void spaces_free(struct spaces *spaces)
{
	for (int i = 0; i < SPACE_BUCKETS; i++)
		while (spaces->buckets[i])
			drop(spaces, &spaces->buckets[i]);
}
