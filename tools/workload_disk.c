// SPDX-License-Identifier: GPL-2.0
#include "workload_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "workload_setting.h"

#define SECTOR_BYTES	512

/* What is in memory is no disk. */
static int is_in_memory(const char *name)
{
	return !strncmp(name, "zram", 4) || !strncmp(name, "ram", 3) ||
	       !strncmp(name, "loop", 4);
}

static int try_disk(const char *name, __u64 size, int flags)
{
	char path[300];

	if (name[0] == '.' || is_in_memory(name))
		return -1;
	snprintf(path, sizeof(path), "/sys/block/%s/size", name);
	if (setting_number(path) * SECTOR_BYTES < size)
		return -1;
	snprintf(path, sizeof(path), "/dev/%s", name);
	return open(path, O_RDONLY | O_CLOEXEC | flags);
}

int disk_open(__u64 size, int flags)
{
	DIR *disks = opendir("/sys/block");
	struct dirent *entry;
	int fd = -1;

	if (!disks)
		return -1;
	while (fd < 0 && (entry = readdir(disks)))
		fd = try_disk(entry->d_name, size, flags);
	closedir(disks);
	return fd;
}
