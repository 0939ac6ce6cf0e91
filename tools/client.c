// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client.h"
#include "version.h"

#define DEVICE "/dev/cowstat"

/* ENOSPC in words of its own, by what there is not enough of. */
#define NO_HANDLE	EMFILE
#define NO_READING	EDQUOT

/* Lists that grow between two calls are no reason to try for ever. */
#define ATTEMPTS	8

/* What the module said as it was opened. */
static struct cowstat_info limits;

static int request(int fd, unsigned long number, void *argument)
{
	int result = ioctl(fd, number, argument);

	return result < 0 ? -errno : result;
}

int client_open(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = client_info(fd, &limits);
	if (!error && limits.abi != COWSTAT_ABI)
		error = -EINVAL;
	if (!error)
		return fd;
	close(fd);
	return error;
}

int client_open_tree(int device, int pid, __u32 flags)
{
	struct cowstat_tree tree = { .size = sizeof(tree), .flags = flags, .pid = pid };
	int fd = request(device, COWSTAT_IOC_TREE, &tree);

	return fd == -ENOSPC ? -NO_HANDLE : fd;
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
	for (int attempt = 0; !error && attempt < ATTEMPTS; attempt++) {
		__u32 capacity = answer->count + room;

		free(*rows);
		*rows = calloc(capacity, sizeof(**rows));
		if (!*rows)
			return -ENOMEM;
		error = list(fd, answer, *rows, capacity);
		if (error != -ENOSPC)
			return error;
		room *= 4;
		error = list(fd, answer, NULL, 0);
	}
	return error && error != -ENOSPC ? error : -NO_READING;
}

int client_snapshot(int fd, struct snapshot *snapshot)
{
	struct cowstat_list answer;
	struct cowstat_info info;
	int error;

	*snapshot = (struct snapshot){ 0 };
	error = list_rows(fd, &answer, &snapshot->rows);
	/* After the list: a loss that it tells of has its moment by then. */
	if (!error)
		error = client_info(fd, &info);
	if (error) {
		snapshot_free(snapshot);
		return error;
	}
	snapshot->page_size = info.page_size;
	snapshot->state = reading_state(answer.state, answer.lost);
	if (answer.state != COWSTAT_STATE_EXACT)
		snapshot->state.lost_at = info.lost_at;
	snapshot->nr_rows = answer.count;
	snapshot->folded = answer.folded;
	snapshot->hidden = answer.hidden;
	snapshot->processes = answer.processes;
	snapshot->system = answer.system;
	return 0;
}

/* What a user can have of a limit is half of it: see struct cowstat_info. */
static const char *explain_limit(const char *what, __u64 limit, const char *unit,
				 const char *remedy)
{
	static char line[256];

	if (limit)
		snprintf(line, sizeof(line),
			 "too many %s: a user can have %llu of %llu%s, all users three quarters: %s",
			 what, (unsigned long long)limit / 2, (unsigned long long)limit, unit, remedy);
	else
		snprintf(line, sizeof(line), "too many %s: %s", what, remedy);
	return line;
}

/* The module's own version, as its folder in /sys has it. */
static const char *explain_version(void)
{
	static char line[256];
	char version[32] = "?";
	FILE *file = fopen("/sys/module/cowstat/version", "re");

	if (file) {
		if (fscanf(file, "%31s", version) != 1)
			strcpy(version, "?");
		fclose(file);
	}
	snprintf(line, sizeof(line),
		 "the loaded module (version %s) is %s than this command (version %s): load the one that was built with it",
		 version, limits.abi > COWSTAT_ABI ? "newer" : "older", COWSTAT_VERSION);
	return line;
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
		return explain_version();
	case ESRCH:
		return "no such process: 'cowstat show' lists the processes";
	case NO_HANDLE:
		return explain_limit("tree handles are open", limits.max_handles, " (max_handles)",
				     "end another 'cowstat run', or load the module with more");
	case NO_READING:
		return explain_limit("readings are going on", limits.max_reading_bytes, " bytes",
				     "close other programs that read cowstat, then try again");
	default:
		return strerror(-error);
	}
}
