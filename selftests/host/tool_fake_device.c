// SPDX-License-Identifier: GPL-2.0
/*
 * A /dev/cowstat that is only pretended: linked into the command in place of
 * open() and ioctl(). $COWSTAT_FAKE says how it behaves:
 *
 *	(unset)		one tree of four processes, exact
 *	absent, denied	it cannot be opened
 *	newer, older	it is of another version
 *	crowded		the list grows between the two calls that read it
 *	degraded	some numbers of the tree, and of the system, may be wrong
 *	elsewhere	some of the system's, and of process 102, may be wrong
 *	foreign		processes are hidden
 *	no-tree		there is no room for a tree handle
 *	no-reading	there is no room for a reading
 *	revoked		what runs may be looked at, but not what has ended
 *	unsure		it is not known whose some pages were
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/cowstat.h>

#include "counters.h"

#define DEVICE "/dev/cowstat"

int __real_open(const char *path, int flags, mode_t mode);
int __real_ioctl(int fd, unsigned long request, void *argument);
int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

static const struct cowstat_row rows[] = {
	{
		.pid = 100, .comm = "make", .tree_procs = 4, .tree_alive = 1,
		.flags = COWSTAT_ROW_EXITED,
		.self.value = { [COUNTER_forks] = 2, [COUNTER_shared] = 40 },
		.tree.value = {
			[COUNTER_forks] = 3, [COUNTER_shared] = 60, [COUNTER_broken] = 12,
			[COUNTER_broken_anon] = 9, [COUNTER_broken_file] = 3,
			[COUNTER_broken_child] = 9, [COUNTER_break_ns] = 24000,
			[COUNTER_break_max_ns] = 9000,
		},
	},
	{
		.pid = 101, .ppid = 100, .depth = 1, .comm = "sh", .tree_procs = 2,
		.tree_alive = 1, .flags = COWSTAT_ROW_EXITED,
		.self.value = { [COUNTER_forks] = 1, [COUNTER_shared] = 20 },
	},
	{
		.pid = 102, .ppid = 101, .depth = 2, .comm = "cc \033[1m\xff", .tree_procs = 1,
		.tree_alive = 1,
		.self.value = { [COUNTER_broken] = 12, [COUNTER_broken_anon] = 9 },
	},
	{
		.pid = 103, .ppid = 100, .depth = 1, .comm = "ld", .tree_procs = 1,
		.flags = COWSTAT_ROW_EXITED,
	},
};

#define NR_ROWS (sizeof(rows) / sizeof(*rows))

static int calls_of_list;

static bool fakes(const char *how)
{
	const char *fake = getenv("COWSTAT_FAKE");

	return fake && !strcmp(fake, how);
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	if (strcmp(path, DEVICE))
		return __real_open(path, flags, mode);
	if (fakes("absent"))
		return refuse(ENOENT);
	if (fakes("denied"))
		return refuse(EACCES);
	return __real_open("/dev/null", flags, 0);
}

/* Every fork of the command has the same device: this one is the tree's descriptor. */
static int tree = -1;

static __u32 state(int fd, __u64 *lost)
{
	bool bad = fakes("degraded") || (fakes("elsewhere") && fd != tree);

	lost[2] = bad ? 7 : 0;
	return bad ? COWSTAT_STATE_DEGRADED : COWSTAT_STATE_EXACT;
}

static int info(struct cowstat_info *info)
{
	/* What one says to whose request has another size. */
	if (fakes("older"))
		return refuse(ENOTTY);
	if (info->size != sizeof(*info) || info->flags)
		return refuse(EINVAL);
	info->abi = COWSTAT_ABI + fakes("newer");
	info->max_handles = 1024;
	info->max_reading_bytes = 1 << 20;
	info->page_size = 4096;
	info->nr_counters = nr_counters;
	info->nr_losses = nr_losses;
	info->state = state(-1, info->lost);
	info->lost_at = info->state ? 1791000000123456789ULL : 0;
	return 0;
}

static void copy_rows(struct cowstat_row *to)
{
	memcpy(to, rows, sizeof(rows));
	if (fakes("elsewhere"))
		to[2].flags |= COWSTAT_ROW_SELF_LOST | COWSTAT_ROW_TREE_LOST;
	if (fakes("unsure"))
		to[0].tree.value[COUNTER_broken_unsure] = 4;
}

static int list(int fd, struct cowstat_list *list)
{
	__u32 count = NR_ROWS;

	if (list->size != sizeof(*list) || list->row_size != sizeof(*rows) || list->flags)
		return refuse(EINVAL);
	if (fakes("crowded") && list->capacity && calls_of_list++ < 2)
		return refuse(ENOSPC);
	if (fakes("no-reading"))
		return refuse(ENOSPC);
	if (fakes("revoked"))
		return refuse(EACCES);
	list->count = count;
	list->state = state(fd, list->lost);
	list->hidden = fakes("foreign") ? 12 : 0;
	list->folded = 2;
	list->processes = 77;
	list->system = (struct cowstat_counters){ .value = { [COUNTER_broken] = 5000 } };
	if (list->capacity)
		copy_rows((void *)(unsigned long)list->rows);
	return 0;
}

static int read_tree(int fd, struct cowstat_read *read)
{
	if (read->size != sizeof(*read) || read->flags)
		return refuse(EINVAL);
	if (fakes("revoked"))
		return refuse(EACCES);
	read->state = state(fd, read->lost);
	read->tree_state = COWSTAT_TREE_ORPHANED;
	read->tree_procs = 4;
	read->tree_alive = 1;
	read->counters = rows[0].tree;
	return 0;
}

static int process(struct cowstat_process *process)
{
	if (process->size != sizeof(*process) || process->flags)
		return refuse(EINVAL);
	if (process->pid != 102)
		return refuse(process->pid == 1 ? EACCES : ESRCH);
	process->row = rows[2];
	process->lost[3] = 5;
	process->state = COWSTAT_STATE_DEGRADED;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	switch (request) {
	case COWSTAT_IOC_INFO:
		return info(argument);
	case COWSTAT_IOC_LIST:
		return list(fd, argument);
	case COWSTAT_IOC_READ:
		return read_tree(fd, argument);
	case COWSTAT_IOC_PROCESS:
		return process(argument);
	case COWSTAT_IOC_TREE:
		if (fakes("no-tree"))
			return refuse(ENOSPC);
		tree = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		return tree;
	default:
		return __real_ioctl(fd, request, argument);
	}
}
