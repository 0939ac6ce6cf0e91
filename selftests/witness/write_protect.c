// SPDX-License-Identifier: GPL-2.0
/*
 * write_protect: pages that a userfaultfd protects are written by one thread, while
 * another takes the protection away. Each write comes to the kernel twice: it is left to
 * the userfaultfd, and made anew. Base pages that nobody shares, base pages that a child
 * shares, and a huge page.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE	(2UL << 20)
#define PAGE	4096UL
#define PAGES	300
#define SKIPPED	4

static int uffd;

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

static void protect(uintptr_t address, size_t size, int mode)
{
	struct uffdio_writeprotect range = { .range = { address, size }, .mode = mode };

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &range))
		err(1, "UFFDIO_WRITEPROTECT");
}

static void open_uffd(void)
{
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api)) {
		warn("no userfaultfd that protects from writes");
		_exit(SKIPPED);
	}
}

static void watch(char *memory, size_t size)
{
	struct uffdio_register range = {
		.range = { (uintptr_t)memory, size }, .mode = UFFDIO_REGISTER_MODE_WP,
	};

	if (ioctl(uffd, UFFDIO_REGISTER, &range))
		err(1, "UFFDIO_REGISTER");
	protect((uintptr_t)memory, size, UFFDIO_WRITEPROTECT_MODE_WP);
}

/* @data: the size of what is protected at a time */
static void *let_writes_through(void *data)
{
	size_t size = (uintptr_t)data;
	struct uffd_msg message;

	while (read(uffd, &message, sizeof(message)) == sizeof(message)) {
		if (message.event != UFFD_EVENT_PAGEFAULT)
			errx(1, "an event that was not asked for");
		protect(message.arg.pagefault.address & ~(size - 1), size, 0);
	}
	return NULL;
}

static void write_protected(char *memory, size_t size, size_t step)
{
	pthread_t handler;

	watch(memory, size);
	if (pthread_create(&handler, NULL, let_writes_through, (void *)step))
		errx(1, "pthread_create");
	for (size_t i = 0; i < size; i += step)
		((volatile char *)memory)[i] = 2;
	pthread_cancel(handler);
	pthread_join(handler, NULL);
}

int main(void)
{
	char *alone = get_memory(PAGES * PAGE, MADV_NOHUGEPAGE);
	char *shared = get_memory(PAGES * PAGE, MADV_NOHUGEPAGE);
	char *huge = get_memory(HUGE, MADV_HUGEPAGE);
	int hold[2];
	pid_t child;

	if (madvise(alone, PAGES * PAGE, MADV_DONTFORK) || madvise(huge, HUGE, MADV_DONTFORK) ||
	    pipe(hold))
		err(1, "set-up");
	open_uffd();
	child = fork();
	if (!child) {
		close(hold[1]);
		_exit(read(hold[0], &child, 1));
	}
	write_protected(alone, PAGES * PAGE, PAGE);
	write_protected(shared, PAGES * PAGE, PAGE);
	write_protected(huge, HUGE, HUGE);
	close(hold[1]);
	waitpid(child, NULL, 0);
	printf("%d pages alone and %d shared were written, and a huge page\n", PAGES, PAGES);
	return 0;
}
