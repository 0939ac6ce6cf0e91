// SPDX-License-Identifier: GPL-2.0
/*
 * For load.sh: a thread that has begun to write and does not get on, to a page of a
 * large folio that a fork has shared, which userfaultfd protects, and nobody resolves.
 *
 * Says so in a line when it is, and stays until killed.
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

#define PAGE	4096UL
#define HUGE	(2UL << 20)

static volatile char *at;

static char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	return memory;
}

static void *write_to_it(void *unused)
{
	*at = 2;
	return NULL;
}

static int userfaultfd(void)
{
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		errx(3, "the kernel's userfaultfd does not protect");
	return fd;
}

static void protect(int fd, char *page)
{
	struct uffdio_register range = {
		.range = { (uintptr_t)page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect on = {
		.range = range.range, .mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	if (ioctl(fd, UFFDIO_REGISTER, &range) ||
	    ioctl(fd, UFFDIO_WRITEPROTECT, &on))
		errx(3, "the kernel's userfaultfd does not protect");
}

static void stuck_write(pthread_t *thread)
{
	char *huge = (char *)(((uintptr_t)map(2 * HUGE) + HUGE - 1) & -HUGE);
	struct uffd_msg message;
	int fd = userfaultfd();

	madvise(huge, HUGE, MADV_HUGEPAGE);
	memset(huge, 1, HUGE);
	if (!fork())
		_exit(0);
	wait(NULL);
	at = huge + HUGE / 2;
	protect(fd, huge + HUGE / 2);
	pthread_create(thread, NULL, write_to_it, NULL);
	if (read(fd, &message, sizeof(message)) != sizeof(message))
		err(1, "read");
}

int main(void)
{
	pthread_t thread;

	stuck_write(&thread);
	puts("stuck");
	fflush(stdout);
	pthread_join(thread, NULL);
	return 1;
}
