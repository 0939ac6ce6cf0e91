// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel and others do to pages that forks share: swap, huge pages that
 * are made and split, merging of equal pages, mappings that move, memory that is
 * given back, and writes by a tracer.
 *
 *	churn [ROUNDS]
 *
 * Without a number until killed. Says what it could not do, and ends with
 * status 1 then; what the kernel does not have is no failure.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define PAGE		4096
#define HUGE		(512 * PAGE)
#define SIZE		(64 * PAGE)

static int failed;

static void wrong(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	failed = 1;
}

static char *map(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		wrong("mmap");
		exit(1);
	}
	return at;
}

static void write_pages(char *at, size_t size, size_t step)
{
	size_t i;

	for (i = 0; i < size; i += step)
		at[i]++;
}

/* A child and its parent write to what they share. */
static void share(char *at, size_t size)
{
	pid_t pid = fork();

	if (!pid) {
		write_pages(at, size, PAGE);
		_exit(0);
	}
	write_pages(at, size, 3 * PAGE);
	if (pid < 0)
		wrong("fork");
	else
		waitpid(pid, NULL, 0);
}

static void swap_out(void)
{
	char *at = map(SIZE);

	madvise(at, SIZE, MADV_NOHUGEPAGE);
	write_pages(at, SIZE, PAGE);
	if (madvise(at, SIZE, MADV_PAGEOUT))
		wrong("MADV_PAGEOUT");
	share(at, SIZE);
	munmap(at, SIZE);
}

static char *huge_aligned(char *at)
{
	return (char *)(((uintptr_t)at + HUGE - 1) & -(uintptr_t)HUGE);
}

/*
 * One huge page is made of small ones, one at once, which needs a write that no
 * read comes before; a child's writes split both.
 */
static void huge_pages(void)
{
	char *area = map(3 * HUGE);
	char *at = huge_aligned(area);

	madvise(at, HUGE, MADV_NOHUGEPAGE);
	write_pages(at, HUGE, PAGE);
	madvise(at, 2 * HUGE, MADV_HUGEPAGE);
	madvise(at, HUGE, MADV_COLLAPSE);
	at[HUGE] = 1;
	share(at, 2 * HUGE);
	munmap(area, 3 * HUGE);
}

static void move(void)
{
	char *at = map(SIZE), *there;

	write_pages(at, SIZE, PAGE);
	share(at, SIZE / 2);
	there = mremap(at, SIZE, 3 * SIZE, MREMAP_MAYMOVE);
	if (there == MAP_FAILED) {
		wrong("mremap");
		return;
	}
	write_pages(there, 3 * SIZE, PAGE);
	munmap(there, 3 * SIZE);
}

static void give_back(void)
{
	char *at = map(SIZE);

	write_pages(at, SIZE, PAGE);
	madvise(at, SIZE / 2, MADV_FREE);
	madvise(at + SIZE / 2, SIZE / 2, MADV_DONTNEED);
	share(at, SIZE);
	munmap(at, SIZE);
}

/* Return: how often all memory was looked through for equal pages, 0 if never. */
static long scans(void)
{
	FILE *file = fopen("/sys/kernel/mm/ksm/full_scans", "re");
	long n = 0;

	if (file && fscanf(file, "%ld", &n) != 1)
		n = 0;
	if (file)
		fclose(file);
	return n;
}

static char *equal_pages(void)
{
	char *at = map(SIZE);

	madvise(at, SIZE, MADV_NOHUGEPAGE);
	memset(at, 'x', SIZE);
	madvise(at, SIZE, MADV_MERGEABLE);
	return at;
}

/* A page is merged in the second scan that finds it unchanged. */
static void wait_for_merging(long since)
{
	if (access("/sys/kernel/mm/ksm/full_scans", F_OK))
		return;
	while (scans() < since + 3)
		usleep(10000);
}

static void trace(void)
{
	char *at = map(SIZE);
	pid_t pid;
	size_t i;

	write_pages(at, SIZE, PAGE);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
		wrong("fork");
		return;
	}
	for (i = 0; i < SIZE; i += PAGE)
		if (ptrace(PTRACE_POKEDATA, pid, at + i, (void *)i))
			wrong("PTRACE_POKEDATA");
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, 0);
	munmap(at, SIZE);
}

static void churn(void)
{
	long since = scans();
	char *equal = equal_pages();

	swap_out();
	huge_pages();
	move();
	give_back();
	trace();
	wait_for_merging(since);
	share(equal, SIZE);
	munmap(equal, SIZE);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : -1;

	while ((rounds < 0 || rounds--) && !failed)
		churn();
	return failed;
}
