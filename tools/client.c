// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client.h"

#define DEVICE "/dev/cowstat"

static int request(int fd, unsigned long number, void *argument)
{
	int result = ioctl(fd, number, argument);

	return result < 0 ? -errno : result;
}

int client_open(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	struct cowstat_info info;
	int error;

	if (fd < 0)
		return -errno;
	error = client_info(fd, &info);
	if (!error && info.abi != COWSTAT_ABI)
		error = -EINVAL;
	if (!error)
		return fd;
	close(fd);
	return error;
}

int client_open_tree(int device, int pid, __u32 flags)
{
	struct cowstat_tree tree = { .size = sizeof(tree), .flags = flags, .pid = pid };

	return request(device, COWSTAT_IOC_TREE, &tree);
}

int client_info(int fd, struct cowstat_info *info)
{
	*info = (struct cowstat_info){ .size = sizeof(*info) };
	return request(fd, COWSTAT_IOC_INFO, info);
}

int client_process(int device, int pid, struct cowstat_process *process)
{
	*process = (struct cowstat_process){ .size = sizeof(*process), .pid = pid };
	return request(device, COWSTAT_IOC_PROCESS, process);
}

int client_read(int tree, struct cowstat_read *read)
{
	*read = (struct cowstat_read){ .size = sizeof(*read) };
	return request(tree, COWSTAT_IOC_READ, read);
}

static int list(int fd, struct cowstat_list *list, struct cowstat_row *rows, __u32 capacity)
{
	*list = (struct cowstat_list){
		.size = sizeof(*list),
		.row_size = sizeof(*rows),
		.rows = (unsigned long)rows,
		.capacity = capacity,
	};
	return request(fd, COWSTAT_IOC_LIST, list);
}

/* Processes come and go between the two calls: try with ever more room. */
static int list_rows(int fd, struct cowstat_list *answer, struct cowstat_row **rows)
{
	int error = list(fd, answer, NULL, 0);
	__u32 room = 64;

	*rows = NULL;
	while (!error) {
		__u32 capacity = answer->count + room;

		free(*rows);
		*rows = calloc(capacity, sizeof(**rows));
		if (!*rows)
			return -ENOMEM;
		error = list(fd, answer, *rows, capacity);
		if (error != -ENOSPC)
			break;
		room *= 4;
		error = list(fd, answer, NULL, 0);
	}
	return error;
}

int client_snapshot(int fd, struct snapshot *snapshot)
{
	struct cowstat_list answer;
	int error;

	*snapshot = (struct snapshot){ 0 };
	error = list_rows(fd, &answer, &snapshot->rows);
	/* After the list: what was lost until then is in both. */
	if (!error)
		error = client_info(fd, &snapshot->info);
	if (error) {
		snapshot_free(snapshot);
		return error;
	}
	snapshot->nr_rows = answer.count;
	snapshot->folded = answer.folded;
	snapshot->processes = answer.processes;
	snapshot->system = answer.system;
	return 0;
}

const char *client_explain(int error)
{
	switch (-error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "no " DEVICE ": the module is not loaded: as root, run 'insmod cowstat.ko'";
	case EACCES:
	case EPERM:
		return "no permission: the process is another user's: run cowstat as root or with CAP_PERFMON";
	case EINVAL:
	case ENOTTY:
		return "the loaded module is of another version than this command: load the one that was built with it";
	case ESRCH:
		return "no such process: 'cowstat show' lists the processes";
	case ENOSPC:
		return "too many tree handles are open: end some other 'cowstat run', then try again";
	default:
		return strerror(-error);
	}
}
