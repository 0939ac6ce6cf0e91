// SPDX-License-Identifier: GPL-2.0
#include "workload_swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"
#include "workload_setting.h"

#define PAGE_BYTES	4096
#define CONTROL		"/sys/class/zram-control/"
#define SPARE_PAGES	256

/* As the kernel's union swap_header. */
struct header {
	char boot[1024];
	__u32 version;
	__u32 last_page;
	__u32 nr_bad_pages;
	char padding[PAGE_BYTES - 1024 - 12 - 10];
	char magic[10];
};

static char number[16];		/* of the device */
static char device[32];

static void load_zram(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/sbin/modprobe", "modprobe", "-q", "zram", NULL);
		_exit(EXIT_NOT_FOUND);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool swap_is_possible(void)
{
	if (access(CONTROL, F_OK))
		load_zram();
	return !access(CONTROL, F_OK);
}

static void zram_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Nobody can be told if that fails. */
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

static void swap_end(void)
{
	char path[64];

	swapoff(device);
	snprintf(path, sizeof(path), "/sys/block/zram%s/reset", number);
	zram_write(path, "1");
	zram_write(CONTROL "hot_remove", number);
}

static int write_header(__u32 pages)
{
	struct header header = { .version = 1, .last_page = pages - 1 };
	int fd = open(device, O_WRONLY | O_CLOEXEC);
	ssize_t done;

	memcpy(header.magic, "SWAPSPACE2", sizeof(header.magic));
	if (fd < 0)
		return -1;
	done = write(fd, &header, sizeof(header));
	if (done == sizeof(header) && fsync(fd))
		done = -1;
	close(fd);
	return done == sizeof(header) ? 0 : -1;
}

int swap_begin(__u64 pages)
{
	char path[64], size[24];

	pages += SPARE_PAGES;
	if (setting_read(CONTROL "hot_add", number, sizeof(number)))
		return fail("workload: cannot make a zram device: %s",
			    strerror(errno));
	snprintf(device, sizeof(device), "/dev/zram%s", number);
	snprintf(path, sizeof(path), "/sys/block/zram%s/disksize", number);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)pages * PAGE_BYTES);
	setting_on_end(swap_end);
	zram_write(path, size);
	if (write_header(pages) || swapon(device, 0))
		return fail("workload: cannot swap to %s: %s", device,
			    strerror(errno));
	return 0;
}
