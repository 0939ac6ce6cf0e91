// SPDX-License-Identifier: GPL-2.0
/*
 * read_pin: memory whose other holder has gone is pinned, to be read and not written. The
 * kernel takes it over as for a write, and lets no write through. Huge pages and base
 * pages, each as many times to be written as to be read.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE	(2UL << 20)
#define PAGE	4096UL
#define AREAS	4
#define PAGES	23

static char buffer[HUGE];

/* On the boundary of a huge page. */
static char *get_memory(size_t size, int advice)
{
	char *memory = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	memory = (char *)(((uintptr_t)memory + HUGE - 1) & ~(HUGE - 1));
	if (madvise(memory, size, advice))
		err(1, "madvise");
	memset(memory, 1, size);
	return memory;
}

static void share_and_be_left_alone(void)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	if (child < 0 || waitpid(child, NULL, 0) != child)
		err(1, "fork");
}

static void pin(char *memory, size_t size)
{
	struct iovec local = { buffer, size }, remote = { memory, size };

	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)size)
		err(1, "process_vm_readv");
}

int main(void)
{
	char *huge = get_memory(2 * AREAS * HUGE, MADV_HUGEPAGE);
	char *base = get_memory(2 * PAGES * PAGE, MADV_NOHUGEPAGE);

	/* Its pages are to be there. */
	memset(buffer, 1, sizeof(buffer));
	share_and_be_left_alone();
	memset(buffer, 2, sizeof(buffer));
	for (int i = 0; i < 2 * AREAS; i += 2) {
		pin(huge + i * HUGE, HUGE);
		huge[(i + 1) * HUGE] = 2;
	}
	pin(base, PAGES * PAGE);
	memset(base + PAGES * PAGE, 2, PAGES * PAGE);
	printf("%d huge pages and %d pages pinned, and as many written\n", AREAS, PAGES);
	return 0;
}
