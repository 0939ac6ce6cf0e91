// SPDX-License-Identifier: GPL-2.0
/*
 * Takes all that it can get, then does so again.
 *
 *	hungry processes ROUNDS		a fork bomb, until a fork fails
 *	hungry memory ROUNDS		a tree that copies, until one of it is killed
 *
 * To be run where the one or the other is limited. All that it started are gone
 * when it ends; the status is 1 if it met no limit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than half of what limits.sh allows. */
#define SIZE	(30 << 20)

/* Return: how many of them were killed. */
static int reap_all(void)
{
	int status, killed = 0;

	while (wait(&status) > 0 || errno == EINTR)
		killed += WIFSIGNALED(status);
	return killed;
}

static void explode(int full)
{
	while (fork() >= 0)
		;
	if (errno == EAGAIN)
		while (write(full, "", 1) < 0 && errno == EINTR)
			;
	for (;;)
		pause();
}

/* One of them says that a fork failed; the rest of the limit may be others'. */
static bool processes(void)
{
	int full[2];
	char byte;
	bool met;
	pid_t pid;

	if (pipe(full))
		return false;
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		explode(full[1]);
	}
	close(full[1]);
	if (pid < 0) {
		close(full[0]);
		return errno == EAGAIN;
	}
	met = read(full[0], &byte, 1) == 1;
	close(full[0]);
	setpgid(pid, pid);
	kill(-pid, SIGKILL);
	reap_all();
	return met;
}

static void fill_and_fork(void)
{
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(1);
	memset(memory, 1, SIZE);
	fork();
	memset(memory, 2, SIZE);
	fork();
	memset(memory, 3, SIZE);
	_exit(0);
}

static bool memory(void)
{
	if (!fork())
		fill_and_fork();
	return reap_all() > 0;
}

int main(int argc, char **argv)
{
	bool (*meal)(void) = NULL;
	int i, rounds;

	if (argc == 3 && !strcmp(argv[1], "processes"))
		meal = processes;
	if (argc == 3 && !strcmp(argv[1], "memory"))
		meal = memory;
	rounds = meal ? atoi(argv[2]) : 0;
	if (rounds < 1) {
		fprintf(stderr, "usage: hungry processes|memory ROUNDS\n");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (i = 1; i <= rounds; i++)
		if (!meal()) {
			printf("round %d: no limit on %s was met\n", i, argv[1]);
			return 1;
		}
	return 0;
}
