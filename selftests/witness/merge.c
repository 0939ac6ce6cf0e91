// SPDX-License-Identifier: GPL-2.0
/*
 * merge: pages that KSM merges are written by several threads at once, so that copies
 * lose races; and pairs are offered to it of which the first is held by a pipe, and cannot
 * be merged. ksmd has made the second a merged page by then, and copies it back itself.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define KSM	"/sys/kernel/mm/ksm/"
#define PAGE	4096UL
#define PAGES	200
#define PAIRS	23
#define THREADS	4
#define SCANS	6
#define SKIPPED	4

static char *merged;
static pthread_barrier_t together;

static long get(const char *path)
{
	FILE *file = fopen(path, "re");
	long value = -1;

	if (!file || fscanf(file, "%ld", &value) != 1)
		value = -1;
	if (file)
		fclose(file);
	return value;
}

static void set(const char *name, long value)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), KSM "%s", name);
	file = fopen(path, "we");
	if (!file)
		return;		/* of another kernel */
	fprintf(file, "%ld", value);
	fclose(file);
}

static char *get_memory(size_t pages)
{
	char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || madvise(memory, pages * PAGE, MADV_NOHUGEPAGE))
		err(1, "mmap");
	return memory;
}

/* A page of its own for each @number. */
static void fill(char *page, int number)
{
	memset(page, 'm', PAGE);
	memcpy(page, &number, sizeof(number));
}

static void wait_for_scans(int scans)
{
	long until = get(KSM "full_scans") + scans;

	while (get(KSM "full_scans") < until)
		usleep(1000);
}

/* The pages of all @nr pipes are held as long as nobody reads them. */
static void hold(char *pages, int nr)
{
	for (int i = 0; i < nr; i++) {
		struct iovec page = { pages + i * PAGE, PAGE };
		int ends[2];

		if (pipe(ends) || vmsplice(ends[1], &page, 1, 0) != (ssize_t)PAGE)
			err(1, "vmsplice");
	}
}

static void offer_pairs(void)
{
	char *pairs = get_memory(2 * PAIRS);

	for (int i = 0; i < 2 * PAIRS; i++)
		fill(pairs + i * PAGE, PAGES + i % PAIRS);
	hold(pairs, PAIRS);
	if (madvise(pairs, 2 * PAIRS * PAGE, MADV_MERGEABLE))
		err(1, "MADV_MERGEABLE");
	wait_for_scans(SCANS);
	if (madvise(pairs, 2 * PAIRS * PAGE, MADV_UNMERGEABLE))
		err(1, "MADV_UNMERGEABLE");
}

static void *write_all(void *data)
{
	for (int i = 0; i < PAGES; i++) {
		pthread_barrier_wait(&together);
		((volatile char *)merged)[i * PAGE + (uintptr_t)data] = 2;
	}
	return NULL;
}

static void write_together(void)
{
	pthread_t threads[THREADS];

	if (pthread_barrier_init(&together, NULL, THREADS))
		errx(1, "pthread_barrier_init");
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, write_all, (void *)(i + sizeof(int))))
			errx(1, "pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static long cow_ksm(void)
{
	FILE *file = fopen("/proc/vmstat", "re");
	char name[64];
	long value;

	while (file && fscanf(file, "%63s %ld", name, &value) == 2)
		if (!strcmp(name, "cow_ksm"))
			return fclose(file), value;
	errx(1, "/proc/vmstat has no cow_ksm");
}

int main(void)
{
	long before = get(KSM "run"), smart = get(KSM "smart_scan");
	long sleep = get(KSM "sleep_millisecs"), scan = get(KSM "pages_to_scan");
	long copies;

	if (before < 0) {
		warnx("no KSM");
		return SKIPPED;
	}
	copies = cow_ksm();
	set("smart_scan", 0);
	set("sleep_millisecs", 1);
	set("pages_to_scan", 4096);
	set("run", 1);
	merged = get_memory(2 * PAGES);
	for (int i = 0; i < 2 * PAGES; i++)
		fill(merged + i * PAGE, i % PAGES);
	if (madvise(merged, 2 * PAGES * PAGE, MADV_MERGEABLE))
		err(1, "MADV_MERGEABLE");
	while (get(KSM "pages_sharing") < PAGES)
		usleep(1000);
	offer_pairs();
	/* No scan is under way once that is written. */
	set("run", 0);
	write_together();
	printf("%d pages merged and written together, %d pairs offered: %ld copies begun\n",
	       PAGES, PAIRS, cow_ksm() - copies);
	set("smart_scan", smart);
	set("sleep_millisecs", sleep);
	set("pages_to_scan", scan);
	set("run", before);
	return 0;
}
