// SPDX-License-Identifier: GPL-2.0
/*
 * faultcost - what a page fault of each kind and a fork cost, in nanoseconds
 *
 * Prints a line per kind: name, median, lowest and highest of the rounds. Meant
 * for a machine whose clock counts instructions (vm.sh --icount), where rounds
 * differ by little more than the timer's ticks.
 *
 * A round takes all its faults in one go over memory whose page tables exist:
 * the region was touched before and emptied with MADV_DONTNEED. Huge pages are
 * off. The parent runs as SCHED_FIFO and its children do not, so that a new
 * child never runs before the parent waits for it.
 *
 *	faultcost			measure everything
 *	faultcost process-bytes		the module's memory per process
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/cowstat.h>

#define PAGE		4096UL
#define FAULTS		8192UL
#define MIB		(1024UL * 1024)
#define MAX_ROUNDS	64

/* Results of a child, in a shared mapping that is there before the fork. */
static volatile uint64_t *shared;

static void die(const char *what)
{
	fprintf(stderr, "faultcost: %s: %s\n", what, strerror(errno));
	exit(2);
}

static inline uint64_t now(void)
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

/* A system call, so that no handler of the C library runs. */
static pid_t do_fork(void)
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

static void print(const char *name, uint64_t *ns, int rounds, size_t per)
{
	qsort(ns, rounds, sizeof(*ns), cmp);
	printf("%s %.1f %.1f %.1f\n", name, (double)ns[rounds / 2] / per,
	       (double)ns[0] / per, (double)ns[rounds - 1] / per);
	fflush(stdout);
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

static void measure_faults(void)
{
	char *mem = map_anon(FAULTS * PAGE);
	int fd = memfd_create("faultcost", 0);
	char *file;

	measure("zero_fill", zero_fill, mem);
	measure("copy", copy, mem);
	measure("take_over", take_over, mem);
	measure("zero_read", zero_read, mem);
	measure("zero_upgrade", zero_upgrade, mem);
	munmap(mem, FAULTS * PAGE);

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

/* @rounds forks of a process with @bytes of populated memory */
static void measure_fork(const char *name, size_t bytes, int rounds)
{
	uint64_t call[MAX_ROUNDS], whole[MAX_ROUNDS];
	char *mem = map_anon(bytes), label[64];

	write_pages(mem, bytes / PAGE);
	for (int i = -2; i < rounds; i++) {
		uint64_t start = now(), forked;

		if (!do_fork())
			_exit(0);
		forked = now();
		reap();
		if (i < 0)
			continue;
		call[i] = forked - start;
		whole[i] = now() - start;
	}
	snprintf(label, sizeof(label), "fork_%s", name);
	print(label, call, rounds, 1);
	snprintf(label, sizeof(label), "fork_exit_wait_%s", name);
	print(label, whole, rounds, 1);
	munmap(mem, bytes);
}

static int process_bytes(void)
{
	struct cowstat_info info = { .size = sizeof(info) };
	int fd = open("/dev/cowstat", O_RDONLY);

	if (fd < 0 || ioctl(fd, COWSTAT_IOC_INFO, &info))
		die("/dev/cowstat");
	printf("process_bytes %llu\n", (unsigned long long)info.process_bytes);
	return 0;
}

static void be_first(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		die("sched_setscheduler");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "process-bytes"))
		return process_bytes();
	if (argc > 1) {
		fprintf(stderr, "faultcost: no such measure: %s\n", argv[1]);
		return 2;
	}
	be_first();
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	measure_faults();
	measure_fork("4m", 4 * MIB, 63);
	measure_fork("1g", 1024 * MIB, 9);
	return 0;
}
