// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>

#include "console.h"
#include "cow_lib.h"

#define CONSOLE_LEVEL	8	/* SYSLOG_ACTION_CONSOLE_LEVEL */

int console_quiet(void)
{
	int level = read_long("/proc/sys/kernel/printk");

	klogctl(CONSOLE_LEVEL, NULL, 2);
	return level;
}

/* Some kernels print on threads of their own, pr/NAME, which sleep when done. */
static bool prints(const char *pid)
{
	char path[300], name[64] = "", state = 'S';
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	stat = fopen(path, "re");
	if (!stat)
		return false;
	if (fscanf(stat, "%*d (%63[^)]) %c", name, &state) != 2)
		name[0] = 0;
	fclose(stat);
	return !strncmp(name, "pr/", 3) && !strchr("SI", state);
}

static bool anyone_prints(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool busy = false;

	while (proc && !busy && (entry = readdir(proc)))
		busy = isdigit((unsigned char)entry->d_name[0]) &&
		       prints(entry->d_name);
	if (proc)
		closedir(proc);
	return busy;
}

void console_loud(int level)
{
	while (anyone_prints())
		sched_yield();
	klogctl(CONSOLE_LEVEL, NULL, level);
}
