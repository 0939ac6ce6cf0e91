// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"

#define FAULTS		8192UL
#define MAX_ROUNDS	64
#define MAX_THREADS	2

/* Results of a child, in a shared mapping that is there before the fork. */
static volatile uint64_t *shared;

void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(errno));
	exit(2);
}

uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static uint64_t write_pages(volatile char *mem, size_t pages)
{
	uint64_t start = now();

	for (size_t i = 0; i < pages; i++)
		mem[i * PAGE] = 1;
	return now() - start;
}

static uint64_t read_pages(volatile char *mem, size_t pages)
{
	uint64_t start = now();

	for (size_t i = 0; i < pages; i++)
		(void)mem[i * PAGE];
	return now() - start;
}

static char *map(size_t bytes, int flags, int fd)
{
	char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (mem == MAP_FAILED || madvise(mem, bytes, MADV_NOHUGEPAGE))
		die("mmap");
	return mem;
}

static char *map_anon(size_t bytes)
{
	return map(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void empty(char *mem)
{
	if (madvise(mem, FAULTS * PAGE, MADV_DONTNEED))
		die("madvise");
}

pid_t do_fork(void)
{
	pid_t pid = syscall(SYS_fork);

	if (pid < 0)
		die("fork");
	return pid;
}

static void reap(void)
{
	int status;

	if (wait(&status) < 0 || status)
		die("child");
}

static uint64_t zero_fill(char *mem)
{
	empty(mem);
	return write_pages(mem, FAULTS);
}

static uint64_t zero_read(char *mem)
{
	empty(mem);
	return read_pages(mem, FAULTS);
}

static uint64_t zero_upgrade(char *mem)
{
	zero_read(mem);
	return write_pages(mem, FAULTS);
}

static uint64_t copy(char *mem)
{
	zero_fill(mem);
	if (!do_fork()) {
		*shared = write_pages(mem, FAULTS);
		_exit(0);
	}
	reap();
	return *shared;
}

static uint64_t take_over(char *mem)
{
	zero_fill(mem);
	if (!do_fork())
		_exit(0);
	reap();
	return write_pages(mem, FAULTS);
}

static int cmp(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The round that is the @typical'th from the least, the least, and the most */
static void print_round(const char *name, uint64_t *ns, int rounds, size_t per,
			int typical)
{
	qsort(ns, rounds, sizeof(*ns), cmp);
	printf("%s %.1f %.1f %.1f\n", name, (double)ns[typical] / per,
	       (double)ns[0] / per, (double)ns[rounds - 1] / per);
	fflush(stdout);
}

static void print(const char *name, uint64_t *ns, int rounds, size_t per)
{
	print_round(name, ns, rounds, per, rounds / 2);
}

/*
 * What is done once a round has more or fewer of the timer's interrupts in it: the
 * round with the fewest is what it costs itself.
 */
static void print_least(const char *name, uint64_t *ns, int rounds)
{
	print_round(name, ns, rounds, 1, 0);
}

static void measure(const char *name, uint64_t (*kind)(char *), char *mem)
{
	const int rounds = 7;
	uint64_t ns[MAX_ROUNDS];

	kind(mem);
	for (int i = 0; i < rounds; i++)
		ns[i] = kind(mem);
	print(name, ns, rounds, FAULTS);
}

void measure_main_faults(void)
{
	char *mem = map_anon(FAULTS * PAGE);

	measure("zero_fill", zero_fill, mem);
	measure("copy", copy, mem);
	measure("take_over", take_over, mem);
	munmap(mem, FAULTS * PAGE);
}

static void measure_zero_page(void)
{
	char *mem = map_anon(FAULTS * PAGE);

	measure("zero_read", zero_read, mem);
	measure("zero_upgrade", zero_upgrade, mem);
	munmap(mem, FAULTS * PAGE);
}

static void measure_file(void)
{
	int fd = memfd_create("faultcost", 0);
	char *file;

	if (fd < 0 || ftruncate(fd, FAULTS * PAGE))
		die("memfd");
	file = map(FAULTS * PAGE, MAP_SHARED, fd);
	memset(file, 1, FAULTS * PAGE);
	munmap(file, FAULTS * PAGE);
	file = map(FAULTS * PAGE, MAP_PRIVATE, fd);
	measure("cache_read", zero_read, file);
	measure("file_write", zero_fill, file);
	munmap(file, FAULTS * PAGE);
	close(fd);
}

void measure_faults(void)
{
	measure_main_faults();
	measure_zero_page();
	measure_file();
}

void measure_fork(const char *name, size_t bytes, int rounds)
{
	char *mem = map_anon(bytes), label[64];
	uint64_t call[MAX_ROUNDS];

	write_pages(mem, bytes / PAGE);
	for (int i = -2; i < rounds; i++) {
		uint64_t start = now();

		if (!do_fork())
			_exit(0);
		if (i >= 0)
			call[i] = now() - start;
		reap();
	}
	snprintf(label, sizeof(label), "fork_%s", name);
	print_least(label, call, rounds);
	munmap(mem, bytes);
}

/* Waits to be told to go, with all that it needs for that in place. */
static void exit_when_told(int ready, int go)
{
	char byte = 0;

	for (int i = 0; i < 2; i++)
		if (syscall(SYS_write, ready, &byte, 1) != 1 ||
		    syscall(SYS_read, go, &byte, 1) != 1)
			break;
	syscall(SYS_exit_group, 0);
}

static void tell(int ready, int go)
{
	char byte = 0;

	if (read(ready, &byte, 1) != 1 || write(go, &byte, 1) != 1)
		die("pipe");
}

/* From when a child is told to end until its parent has seen the end. */
static uint64_t one_exit(int ready[2], int go[2])
{
	uint64_t start;

	if (!do_fork())
		exit_when_told(ready[1], go[0]);
	tell(ready[0], go[1]);
	tell(ready[0], go[1]);
	start = now();
	reap();
	return now() - start;
}

void measure_exit(size_t bytes, int rounds)
{
	char *mem = map_anon(bytes);
	uint64_t ns[MAX_ROUNDS];
	int ready[2], go[2];

	if (pipe(ready) || pipe(go))
		die("pipe");
	write_pages(mem, bytes / PAGE);
	for (int i = -2; i < rounds; i++) {
		uint64_t taken = one_exit(ready, go);

		if (i >= 0)
			ns[i] = taken;
	}
	print("exit", ns, rounds, 1);
	munmap(mem, bytes);
}

struct share {
	pthread_t thread;
	pthread_barrier_t *start;
	char *mem;
	int cpu;
	uint64_t ns;
};

static void *fill_share(void *data)
{
	struct share *share = data;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(share->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
	pthread_barrier_wait(share->start);
	share->ns = write_pages(share->mem, FAULTS);
	return NULL;
}

/* Zero-fills by so many threads at once, each on a processor of its own. */
static uint64_t fill_together(char *mem, int threads)
{
	struct share share[MAX_THREADS];
	pthread_barrier_t start;
	uint64_t ns = 0;

	pthread_barrier_init(&start, NULL, threads);
	for (int i = 0; i < threads; i++) {
		share[i] = (struct share){ .start = &start, .cpu = i,
					   .mem = mem + i * FAULTS * PAGE };
		if (pthread_create(&share[i].thread, NULL, fill_share, &share[i]))
			die("pthread_create");
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(share[i].thread, NULL);
		ns = share[i].ns > ns ? share[i].ns : ns;
	}
	return ns;
}

void measure_threads(int threads)
{
	const int rounds = 31;
	uint64_t ns[MAX_ROUNDS];
	char *mem = map_anon(threads * FAULTS * PAGE);
	char label[64];

	for (int i = -2; i < rounds; i++) {
		uint64_t taken = fill_together(mem, threads);

		if (i >= 0)
			ns[i] = taken;
		if (madvise(mem, threads * FAULTS * PAGE, MADV_DONTNEED))
			die("madvise");
	}
	snprintf(label, sizeof(label), "zero_fill_by_%d", threads);
	print(label, ns, rounds, FAULTS);
	munmap(mem, threads * FAULTS * PAGE);
}

void be_first(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		die("sched_setscheduler");
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
}
