// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <linux/kernel-page-flags.h>

#include "counters.h"
#include "pagemap.h"

#define PAGE_BYTES	4096
#define PRESENT		(1ULL << 63)
#define OF_FILE		(1ULL << 61)
#define FRAME		((1ULL << 55) - 1)
#define FLAG(name)	(1ULL << KPF_##name)
#define CHUNK		512

struct frames {
	int flags;		/* /proc/kpageflags */
	bool failed;
	size_t nr, room;
	__u64 *frame;
};

/* Merged pages are shared without a fork, hugetlb pages are mapped as one. */
static void take(struct frames *frames, __u64 entry)
{
	__u64 frame = entry & FRAME, flags;

	if (!(entry & PRESENT) || (entry & OF_FILE))
		return;
	if (!frame || pread(frames->flags, &flags, sizeof(flags), frame * sizeof(flags)) !=
		      sizeof(flags) || (flags & (FLAG(KSM) | FLAG(HUGE))))
		frames->failed = true;
	else if (flags & FLAG(ANON)) {
		if (frames->nr == frames->room) {
			frames->room = frames->room ? 2 * frames->room : CHUNK;
			frames->frame = realloc(frames->frame, frames->room * sizeof(frame));
			if (!frames->frame)
				abort();
		}
		frames->frame[frames->nr++] = frame;
	}
}

static void take_range(struct frames *frames, int fd, __u64 from, __u64 to)
{
	__u64 entry[CHUNK];

	while (from < to) {
		size_t nr = (to - from) / PAGE_BYTES < CHUNK ? (to - from) / PAGE_BYTES : CHUNK;
		ssize_t size = nr * sizeof(*entry);

		if (pread(fd, entry, size, from / PAGE_BYTES * sizeof(*entry)) != size) {
			frames->failed = true;
			return;
		}
		for (size_t i = 0; i < nr; i++)
			take(frames, entry[i]);
		from += nr * PAGE_BYTES;
	}
}

static void take_process(struct frames *frames, int pid)
{
	unsigned long long from, to;
	char path[64], line[1024];
	FILE *maps;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (fd < 0 || !maps)
		frames->failed = true;
	/* The last page of all, [vsyscall], is not the process's. */
	while (!frames->failed && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx", &from, &to) == 2 && !(from >> 63))
			take_range(frames, fd, from, to);
	if (maps)
		fclose(maps);
	if (fd >= 0)
		close(fd);
}

static int by_number(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static void count_frames(struct pagemap *pagemap, struct frames *frames)
{
	if (frames->nr)
		qsort(frames->frame, frames->nr, sizeof(*frames->frame), by_number);
	pagemap->mappings = frames->nr;
	for (size_t i = 0; i < frames->nr; i++)
		if (!i || frames->frame[i] != frames->frame[i - 1])
			pagemap->pages++;
}

bool pagemap_read(struct pagemap *pagemap, const int *pids, unsigned int nr)
{
	struct frames frames = { .flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC) };

	*pagemap = (struct pagemap){ 0 };
	if (frames.flags < 0)
		return false;
	for (unsigned int i = 0; i < nr && !frames.failed; i++)
		take_process(&frames, pids[i]);
	count_frames(pagemap, &frames);
	pagemap->known = !frames.failed;
	free(frames.frame);
	close(frames.flags);
	return pagemap->known;
}

static bool read_tree(struct pagemap *pagemap, const struct snapshot *tree)
{
	int *pids = calloc(tree->nr_rows + 1, sizeof(*pids));
	bool known = !tree->folded;

	if (!pids)
		abort();
	for (unsigned int i = 0; i < tree->nr_rows; i++) {
		pids[i] = tree->rows[i].pid;
		known = known && !(tree->rows[i].flags & COWSTAT_ROW_EXITED);
	}
	known = known && pagemap_read(pagemap, pids, tree->nr_rows);
	free(pids);
	return known;
}

/* What was put in place where nothing was, or not one's own. */
static __u64 added(const __u64 *counted)
{
	return counted[COUNTER_inherited] + counted[COUNTER_eager] +
	       counted[COUNTER_zero_filled] + counted[COUNTER_broken_file];
}

bool pagemap_beyond(const struct pagemap *before, const struct snapshot *tree,
		    const struct cowstat_counters *counted, __u64 *beyond)
{
	struct pagemap now;

	if (!before->known || before->mappings != before->pages || !read_tree(&now, tree))
		return false;
	*beyond = now.mappings - now.pages;
	return now.mappings - before->mappings == added(counted->value);
}

__u64 pagemap_expected(const struct cowstat_counters *counted)
{
	return counted->value[COUNTER_shared] - counted->value[COUNTER_broken_anon] -
	       counted->value[COUNTER_unshared];
}
