// SPDX-License-Identifier: GPL-2.0
/*
 * nth N CMD [ARG...]: runs CMD so that the N-th allocation fails that the kernel
 * makes for it and that may fail. Ends with status 200 if there were fewer, else
 * with CMD's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void set_nth(pid_t pid, const char *n)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, n, strlen(n)) < 0) {
		perror(path);
		exit(2);
	}
	close(fd);
}

/* What is left of the count: 0 if the failure has come. */
static long left(pid_t pid)
{
	char path[64];
	FILE *file;
	long n = -1;

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%ld", &n) != 1)
		n = -1;
	if (file)
		fclose(file);
	return n;
}

/* It stops once its program is there, and before it ends. */
int main(int argc, char **argv)
{
	int status;
	long rest = 0;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 127;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT);
	set_nth(pid, argv[1]);
	for (;;) {
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid)
			return 127;
		if (!WIFSTOPPED(status))
			break;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			rest = left(pid);
	}
	if (rest > 0)
		return 200;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
