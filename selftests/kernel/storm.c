// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that the module hooks, on all CPUs: forks, execs, vforks, threads,
 * page faults of all kinds, writes from outside, exits.
 *
 *	storm [ROUNDS]
 *
 * Without a number until killed. One round is 5 forks, and a vfork and exec.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE	(32 * 4096)

static char *self_path;

static char *map(int flags)
{
	return mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | flags,
		    -1, 0);
}

static void reap(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void forks(void)
{
	char *memory = map(MAP_ANONYMOUS);

	memset(memory, 1, SIZE);
	if (!fork()) {
		memset(memory, 2, SIZE);
		/* An orphan, which ends on its own. */
		if (!fork())
			memset(memory, 3, SIZE / 2);
		_exit(0);
	}
	memset(memory, 4, SIZE);
	reap();
	munmap(memory, SIZE);
}

static void execs(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(self_path, self_path, "0", NULL);
		_exit(127);
	}
	if (!fork()) {
		execl(self_path, self_path, "0", NULL);
		_exit(127);
	}
	reap();
}

static void *fault(void *memory)
{
	char *own = map(MAP_ANONYMOUS);

	memset(memory, 5, SIZE);
	memset(own, 6, SIZE);
	munmap(own, SIZE);
	return NULL;
}

/* The process may end with its threads in the middle of a fault. */
static void threads(void)
{
	char *memory = map(MAP_ANONYMOUS);
	pthread_t thread[4];
	int i;

	memset(memory, 7, SIZE);
	if (!fork()) {
		for (i = 0; i < 4; i++)
			pthread_create(&thread[i], NULL, fault, memory);
		pthread_join(thread[0], NULL);
		_exit(0);
	}
	reap();
	munmap(memory, SIZE);
}

static void reads_and_outside_writes(void)
{
	char *memory = map(MAP_ANONYMOUS), data[SIZE / 8];
	struct iovec from = { data, sizeof(data) };
	struct iovec to = { memory, sizeof(data) };
	volatile char sum = 0;
	pid_t pid;
	int i;

	for (i = 0; i < SIZE; i += 4096)
		sum += memory[i];
	memset(memory, 8, SIZE / 2);
	memset(data, 9, sizeof(data));
	pid = fork();
	if (!pid)
		_exit(pause());
	process_vm_writev(pid, &from, 1, &to, 1, 0);
	kill(pid, SIGKILL);
	reap();
	munmap(memory, SIZE);
}

static void work(void (*kind)(void), long rounds)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (rounds < 0 || rounds--)
		kind();
	_exit(0);
}

int main(int argc, char **argv)
{
	static void (*const kinds[])(void) = {
		forks, execs, threads, reads_and_outside_writes,
	};
	long rounds = argc > 1 ? atol(argv[1]) : -1;
	size_t i;

	if (!rounds)
		return 0;
	self_path = argv[0];
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!fork())
			work(kinds[i], rounds);
	reap();
	return 0;
}
