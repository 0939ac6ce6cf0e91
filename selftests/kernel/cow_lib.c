// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cow_lib.h"

const char *const cow_names[COW_NR] = {
#define X(index, name, unit, help) [index] = #name,
	COWSTAT_COUNTERS(X)
#undef X
};

const char *const cow_lost_names[COW_NR_LOST] = {
#define X(index, name, help) [index] = #name,
	COWSTAT_LOSSES(X)
#undef X
};

void cow_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
	_exit(1);
}

static int call(int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

int cow_open(void)
{
	int fd = open(COW_DEVICE, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cow_info(int fd, struct cowstat_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return call(fd, COWSTAT_IOC_INFO, info);
}

int cow_system(int fd, struct cowstat_system *system)
{
	memset(system, 0, sizeof(*system));
	system->size = sizeof(*system);
	return call(fd, COWSTAT_IOC_SYSTEM, system);
}

int cow_process(int fd, pid_t pid, struct cowstat_process *process)
{
	memset(process, 0, sizeof(*process));
	process->size = sizeof(*process);
	process->pid = pid;
	return call(fd, COWSTAT_IOC_PROCESS, process);
}

int cow_tree(int fd, pid_t pid, unsigned int flags)
{
	struct cowstat_tree tree = {
		.size = sizeof(tree), .flags = flags, .pid = pid,
	};

	return call(fd, COWSTAT_IOC_TREE, &tree);
}

int cow_read(int fd, struct cowstat_read *read)
{
	memset(read, 0, sizeof(*read));
	read->size = sizeof(*read);
	return call(fd, COWSTAT_IOC_READ, read);
}

static int list_into(int fd, struct cow_list *list, unsigned int capacity)
{
	memset(&list->head, 0, sizeof(list->head));
	list->head.size = sizeof(list->head);
	list->head.row_size = sizeof(struct cowstat_row);
	list->head.capacity = capacity;
	list->head.rows = (uintptr_t)list->row;
	return call(fd, COWSTAT_IOC_LIST, &list->head);
}

/* Processes come and go: when the array was too short, try with a longer one. */
int cow_list(int fd, struct cow_list *list)
{
	unsigned int capacity;
	int ret;

	list->row = NULL;
	do {
		free(list->row);
		list->row = NULL;
		ret = list_into(fd, list, 0);
		if (ret)
			return ret;
		capacity = list->head.count + 64;
		list->row = calloc(capacity, sizeof(*list->row));
		if (!list->row)
			return -ENOMEM;
		ret = list_into(fd, list, capacity);
	} while (ret == -ENOSPC);
	if (ret)
		cow_list_free(list);
	return ret;
}

void cow_list_free(struct cow_list *list)
{
	free(list->row);
	list->row = NULL;
}

const struct cowstat_row *cow_find(const struct cow_list *list, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < list->head.count; i++)
		if (list->row[i].pid == pid)
			return &list->row[i];
	return NULL;
}

int must_open(void)
{
	int fd = cow_open();

	if (fd < 0)
		cow_die("cannot open %s: %s (is the module loaded?)",
			COW_DEVICE, strerror(-fd));
	return fd;
}

int must_tree(int fd, pid_t pid, unsigned int flags)
{
	int tree = cow_tree(fd, pid, flags);

	if (tree < 0)
		cow_die("no tree handle for pid %d: %s", pid, strerror(-tree));
	return tree;
}

struct cowstat_row must_process(int fd, pid_t pid)
{
	struct cowstat_process process;
	int ret = cow_process(fd, pid, &process);

	if (ret)
		cow_die("no counters of pid %d: %s", pid, strerror(-ret));
	return process.row;
}

struct cowstat_read must_read(int fd)
{
	struct cowstat_read read;
	int ret = cow_read(fd, &read);

	if (ret)
		cow_die("cannot read the tree handle: %s", strerror(-ret));
	return read;
}

struct cowstat_system must_system(int fd)
{
	struct cowstat_system system;
	int ret = cow_system(fd, &system);

	if (ret)
		cow_die("cannot read the system: %s", strerror(-ret));
	return system;
}

struct cowstat_info must_info(int fd)
{
	struct cowstat_info info;
	int ret = cow_info(fd, &info);

	if (ret)
		cow_die("cannot read the module's state: %s", strerror(-ret));
	return info;
}

struct cow_list must_list(int fd)
{
	struct cow_list list;
	int ret = cow_list(fd, &list);

	if (ret)
		cow_die("cannot list: %s", strerror(-ret));
	return list;
}

void cow_add(struct cowstat_counters *sum, const struct cowstat_counters *c)
{
	int i;

	for (i = 0; i < COWSTAT_COUNTERS_MAX; i++)
		if (cow_sums(i))
			sum->value[i] += c->value[i];
		else if (sum->value[i] < c->value[i])
			sum->value[i] = c->value[i];
}

struct cowstat_counters cow_delta(const struct cowstat_counters *from,
				  const struct cowstat_counters *to)
{
	struct cowstat_counters delta;
	int i;

	for (i = 0; i < COWSTAT_COUNTERS_MAX; i++)
		delta.value[i] = to->value[i] - (cow_sums(i) ? from->value[i] : 0);
	return delta;
}

/* The sums that hold in every snapshot: NULL, or the one that does not. */
const char *cow_broken_identity(const struct cowstat_counters *c)
{
	const __u64 *v = c->value;

	if (v[COW_broken] != v[COW_broken_anon] + v[COW_broken_file] +
			     v[COW_broken_ksm] + v[COW_broken_hugetlb])
		return "broken = broken_anon + _file + _ksm + _hugetlb";
	if (v[COW_broken_anon] != v[COW_broken_child] + v[COW_broken_parent])
		return "broken_anon = broken_child + broken_parent";
	if (v[COW_pool_local] + v[COW_pool_remote] !=
	    v[COW_broken] + v[COW_zero_filled])
		return "pool_local + pool_remote = broken + zero_filled";
	if (v[COW_zero_heap] + v[COW_zero_stack] > v[COW_zero_filled])
		return "zero_heap + zero_stack <= zero_filled";
	if (v[COW_zero_upgraded] > v[COW_zero_filled])
		return "zero_upgraded <= zero_filled";
	if (v[COW_zero_huge] > v[COW_zero_filled])
		return "zero_huge <= zero_filled";
	if (v[COW_broken_remote] > v[COW_broken])
		return "broken_remote <= broken";
	return NULL;
}

/*
 * A page waits in a per-CPU batch before it goes to the LRU, with a reference
 * more, and the write that would take it over copies it if that batch is
 * another CPU's. Exact cases therefore run on one CPU.
 */
void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		cow_die("cannot run on CPU %d: %s", cpu, strerror(errno));
}

bool one_numa_node(void)
{
	return access("/sys/devices/system/node/node1", F_OK) != 0;
}

long read_long(const char *path)
{
	FILE *file = fopen(path, "r");
	long value;

	if (!file)
		return -errno;
	if (fscanf(file, "%ld", &value) != 1)
		value = -EINVAL;
	fclose(file);
	return value;
}

/* One of the kernel's own counters, for the whole machine. */
long read_vmstat(const char *name)
{
	FILE *file = fopen("/proc/vmstat", "re");
	long value = -ENOENT;
	char line[128];

	while (file && fscanf(file, "%127s %ld", line, &value) == 2 &&
	       strcmp(line, name))
		value = -ENOENT;
	if (file)
		fclose(file);
	return value;
}

int write_text(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != len)
		ret = -errno;
	close(fd);
	return ret;
}
