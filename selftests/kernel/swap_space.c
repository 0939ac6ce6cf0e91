// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/swap.h>
#include <unistd.h>

#include "cow_lib.h"
#include "pin.h"
#include "swap_space.h"

#define PAGE	4096

const char *make_swap(void)
{
	if (system("modprobe zram 2>/dev/null"))
		return "there is no zram module";
	if (write_text("/sys/block/zram0/disksize", "32M") ||
	    system("mkswap -q " SWAP " 2>/dev/null") || swapon(SWAP, 0))
		return "zram cannot be used as swap";
	return NULL;
}

void end_swap(void)
{
	swapoff(SWAP);
	write_text("/sys/block/zram0/reset", "1");
}

int swapped(pid_t pid, const char *at, int pages)
{
	char path[64];
	uint64_t entry;
	int fd, i, sum = 0;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY);
	for (i = 0; i < pages; i++) {
		off_t offset = ((uintptr_t)at / PAGE + i) * sizeof(entry);

		if (pread(fd, &entry, sizeof(entry), offset) != sizeof(entry))
			cow_die("cannot read %s", path);
		sum += entry >> 62 & 1;
	}
	close(fd);
	return sum;
}
