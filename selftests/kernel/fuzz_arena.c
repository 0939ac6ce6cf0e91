// SPDX-License-Identifier: GPL-2.0
/*
 * All memory that a call can point to is filled with one pattern: a byte that
 * the kernel writes where it should not, or leaves out, is seen.
 *
 * An area, of @pages each:
 *
 *	writable | one page read-only | nothing | writable | nothing
 *
 * The read-only page is also mapped elsewhere, where it can be written. All of
 * it is below 2 GB, for 32-bit calls.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define GUARD	64

struct area {
	unsigned char *map;
	unsigned char *alias;	/* of the same file */
	size_t pages;
};

static struct area arguments = { .pages = 2 };
static struct area arguments_private = { .pages = 2 };
static struct area rows = { .pages = 24 };
static struct area rows_private = { .pages = 24 };

static const char *const place_names[PLACES] = {
	"shared", "private", "end of a page", "across the end of memory",
	"across a read-only page", "read-only", "NULL", "unmapped", "kernel",
};

const char *place_name(enum place place)
{
	return place_names[place];
}

static void *map_at(unsigned char *at, size_t pages, int prot, int flags,
		    int fd, size_t offset)
{
	void *map = mmap(at, pages * PAGE, prot, flags, fd, offset * PAGE);

	if (map == MAP_FAILED)
		cow_die("no memory for the arguments");
	return map;
}

static void area_init(struct area *area, bool shared)
{
	const int rw = PROT_READ | PROT_WRITE;
	size_t n = area->pages, all = 2 * n + 3;
	int flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, all * PAGE))
		cow_die("no memory for the arguments");
	area->map = map_at(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			   MAP_32BIT, -1, 0);
	area->alias = map_at(NULL, all, rw, MAP_SHARED, fd, 0);
	memset(area->alias, PATTERN, all * PAGE);
	map_at(area->map, n, rw, flags, fd, 0);
	map_at(area->map + n * PAGE, 1, PROT_READ, flags, fd, n);
	map_at(area->map + (n + 2) * PAGE, n, rw, flags, fd, n + 2);
	close(fd);
}

void arena_init(void)
{
	area_init(&arguments, true);
	area_init(&arguments_private, false);
	area_init(&rows, true);
	area_init(&rows_private, false);
}

enum place place_any(struct rng *rng)
{
	if (!rng_one_in(rng, 4))
		return rng_below(rng, PLACE_CROSS_NONE);
	return rng_below(rng, PLACES);
}

static unsigned char *kernel_address(struct rng *rng)
{
	static const uint64_t some[] = {
		0xffff888000001000, 0xffffffff81000000, -8, -4096,
		0x800000000000, 0x7ffffffff000, 0x8000000000000000,
		0xffffc90000000000, 0xffffffffff600000,
	};

	return (void *)some[rng_below(rng, sizeof(some) / sizeof(some[0]))];
}

static bool exists(enum place place)
{
	return place < PLACE_NULL;
}

static struct spot spot_in(struct rng *rng, const struct area *area,
			   size_t size, enum place place)
{
	struct spot spot = {
		.place = place, .size = size, .there = size, .writable = size,
	};
	size_t ro = area->pages * PAGE, end = (2 * area->pages + 2) * PAGE;
	size_t part = 1 + rng_below(rng, size - 1), offset = 0;

	switch (place) {
	case PLACE_END:
		offset = end - size;
		break;
	case PLACE_CROSS_NONE:
		offset = end - size + part;
		spot.there = spot.writable = size - part;
		break;
	case PLACE_CROSS_RO:
		offset = ro - part;
		spot.writable = part;
		break;
	case PLACE_RO:
		spot.writable = 0;
		offset = ro + rng_below(rng, PAGE - size % PAGE);
		break;
	default:
		offset = GUARD + rng_below(rng, ro - size - 2 * GUARD);
		break;
	}
	spot.at = area->map + offset;
	spot.from = place == PLACE_RO || place == PLACE_CROSS_RO ?
		area->alias + offset : spot.at;
	return spot;
}

static struct spot nowhere(struct rng *rng, const struct area *area,
			   size_t size, enum place place)
{
	struct spot spot = { .place = place, .size = size };

	if (place == PLACE_UNMAPPED)
		spot.at = area->map + (area->pages + 1) * PAGE +
			  rng_below(rng, PAGE - size % PAGE);
	else if (place == PLACE_KERNEL)
		spot.at = kernel_address(rng);
	return spot;
}

static struct spot spot_of(struct rng *rng, const struct area *shared,
			   const struct area *private, size_t size,
			   enum place place)
{
	if (!exists(place))
		return nowhere(rng, shared, size, place);
	return spot_in(rng, place == PLACE_PRIVATE ? private : shared, size,
		       place);
}

struct spot arena_argument(struct rng *rng, size_t size, enum place place)
{
	return spot_of(rng, &arguments, &arguments_private, size, place);
}

struct spot arena_rows(struct rng *rng, size_t size, enum place place)
{
	return spot_of(rng, &rows, &rows_private, size, place);
}

bool spot_readable(const struct spot *spot)
{
	return exists(spot->place) && spot->there == spot->size;
}

bool spot_writable(const struct spot *spot)
{
	return spot->size && spot->writable == spot->size;
}

bool spot_shared(const struct spot *spot)
{
	return spot->place != PLACE_PRIVATE;
}

static bool all_pattern(const unsigned char *from, size_t size)
{
	return !size || (from[0] == PATTERN &&
			 !memcmp(from, from + 1, size - 1));
}

bool around_is_clean(const struct spot *spot)
{
	if (!exists(spot->place))
		return true;
	if (spot->place != PLACE_RO && !all_pattern(spot->from - GUARD, GUARD))
		return false;
	return !spot_writable(spot) || spot->place == PLACE_END ||
	       all_pattern(spot->from + spot->size, GUARD);
}

bool rows_are_clean(const struct spot *spot, size_t skip)
{
	return !exists(spot->place) || spot->there <= skip ||
	       all_pattern(spot->from + skip, spot->there - skip);
}

void spot_wipe(const struct spot *spot, size_t size)
{
	if (exists(spot->place))
		memset(spot->from, PATTERN,
		       size < spot->there ? size : spot->there);
}
