// SPDX-License-Identifier: GPL-2.0
/*
 * touch [PAGES]: functions of which each breaks the sharing of a known number of
 * pages, takes pages over, or fills them, for tests that find functions by what
 * they did. At the end it prints of each what the events must say:
 *
 *	EVENT FUNCTION PAGES
 *
 * A function writes one byte of each page of its part of a region and nothing
 * else: no page of its stack is new or shared by then. The programs that look up
 * names find main, run_child and the function on the stack by frame pointers.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE		4096UL
#define DEFAULT_PAGES	4000
#define FEW		100	/* one in so many of the others */
#define STACK_USED	(4 * PAGE)

/* Not inlined, nor copied under another name. */
#define NAMED		__attribute__((noipa))

/* The parts of the region. */
static volatile char *most, *few_child, *few_parent;
static unsigned long pages, few;

#define WRITE_EACH(start, nr) \
	do { \
		for (unsigned long i = 0; i < (nr); i++) \
			(start)[i * PAGE]++; \
	} while (0)

static NAMED void fill_pages(volatile char *start, unsigned long nr)
{
	WRITE_EACH(start, nr);
}

static NAMED void touch_pages_in_child(volatile char *start, unsigned long nr)
{
	WRITE_EACH(start, nr);
}

static NAMED void touch_few_in_child(volatile char *start, unsigned long nr)
{
	WRITE_EACH(start, nr);
}

static NAMED void touch_few_in_parent(volatile char *start, unsigned long nr)
{
	WRITE_EACH(start, nr);
}

static NAMED void take_over_pages(volatile char *start, unsigned long nr)
{
	WRITE_EACH(start, nr);
}

/*
 * Writes to the stack that functions called later use, and to where the kernel tells
 * the thread its processor: newer ones do only as that changes, in any function.
 */
static NAMED void settle_stack(void)
{
	volatile struct rseq *rseq = (void *)((char *)__builtin_thread_pointer() +
					      __rseq_offset);
	volatile char stack[STACK_USED];

	if (__rseq_size)
		rseq->rseq_cs = 0;
	for (unsigned long i = 0; i < STACK_USED; i += PAGE / 2)
		stack[i] = 1;
	(void)stack[0];
}

static NAMED void run_child(void)
{
	settle_stack();
	touch_pages_in_child(most, pages);
	touch_few_in_child(few_child, few);
}

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

/* The child is there with all that it inherited until the parent has written. */
static pid_t fork_child(int *release)
{
	int ends[2];
	char byte;
	pid_t child;

	must(!pipe(ends), "touch: pipe");
	child = fork();
	must(child >= 0, "touch: fork");
	if (!child) {
		close(ends[1]);
		run_child();
		_exit(read(ends[0], &byte, 1) != 0);
	}
	close(ends[0]);
	*release = ends[1];
	return child;
}

static void lay_out(void)
{
	size_t size = (pages + 2 * few) * PAGE;
	char *region = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(region != MAP_FAILED, "touch: mmap");
	must(!madvise(region, size, MADV_NOHUGEPAGE), "touch: madvise");
	most = region;
	few_child = region + pages * PAGE;
	few_parent = few_child + few * PAGE;
	fill_pages(region, pages + 2 * few);
}

static void print_expected(void)
{
	printf("break touch_pages_in_child %lu\n", pages);
	printf("break touch_few_in_child %lu\n", few);
	printf("break touch_few_in_parent %lu\n", few);
	printf("reuse take_over_pages %lu\n", pages);
	printf("zero fill_pages %lu\n", pages + 2 * few);
}

int main(int argc, char **argv)
{
	int release, status = 1;
	pid_t child;

	pages = argc > 1 ? strtoul(argv[1], NULL, 0) : DEFAULT_PAGES;
	few = (pages + FEW - 1) / FEW;
	settle_stack();
	lay_out();
	child = fork_child(&release);
	settle_stack();
	touch_few_in_parent(few_parent, few);
	close(release);
	must(waitpid(child, &status, 0) == child && !status, "touch: the child");
	take_over_pages(most, pages);
	print_expected();
	return 0;
}
