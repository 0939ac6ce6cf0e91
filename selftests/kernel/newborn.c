// SPDX-License-Identifier: GPL-2.0
/*
 * For load.sh: loads the module (newborn PATH) while processes fork, and finds
 * each child listed under its own parent.
 *
 * The scan at load meets the sleepers first. Those who fork come last in the
 * kernel's list, so that they are not in the tree yet when their children are born,
 * while their ancestors are.
 *
 * Says what is wrong, and ends with status 1 then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cow_lib.h"

#define SLEEPERS	1000
#define FORKERS		4
#define CHILDREN	1000

/* What all of them share */
static struct {
	int stop;
	int children[FORKERS];
	pid_t child[FORKERS][CHILDREN];
} *common;

static void __attribute__((noreturn)) sleep_on(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static pid_t must_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		cow_die("cannot fork: %s", strerror(errno));
	return pid;
}

/* One child at a time is enough: it stays, and is looked for later. */
static void __attribute__((noreturn)) fork_on(int nr)
{
	int *n = &common->children[nr];
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!__atomic_load_n(&common->stop, __ATOMIC_ACQUIRE)) {
		if (*n == CHILDREN)
			break;
		pid = must_fork();
		if (!pid)
			sleep_on();
		common->child[nr][*n] = pid;
		__atomic_store_n(n, *n + 1, __ATOMIC_RELEASE);
		usleep(5000);
	}
	sleep_on();
}

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		cow_die("cannot load %s: %s", path, strerror(errno));
	close(fd);
}

/* Return: how many are not listed under @parent. */
static int astray(const struct cow_list *list, pid_t parent, int nr)
{
	int count = __atomic_load_n(&common->children[nr], __ATOMIC_ACQUIRE);
	int i, wrong = 0;

	for (i = 0; i < count; i++) {
		const struct cowstat_row *row =
			cow_find(list, common->child[nr][i]);

		if (row && row->ppid == parent)
			continue;
		if (!wrong++)
			printf("# %d of %d: child %d of %d is under %d\n",
			       i, count, common->child[nr][i], parent,
			       row ? row->ppid : -1);
	}
	return wrong;
}

int main(int argc, char **argv)
{
	pid_t forker[FORKERS];
	int i, wrong = 0, few = 0;
	struct cow_list list;

	if (argc != 2)
		cow_die("usage: newborn MODULE");
	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (common == MAP_FAILED)
		cow_die("no shared memory: %s", strerror(errno));
	for (i = 0; i < SLEEPERS; i++)
		if (!must_fork())
			sleep_on();
	for (i = 0; i < FORKERS; i++) {
		forker[i] = must_fork();
		if (!forker[i])
			fork_on(i);
	}
	for (i = 0; i < FORKERS; i++)
		while (!__atomic_load_n(&common->children[i], __ATOMIC_ACQUIRE))
			usleep(1000);
	load(argv[1]);
	__atomic_store_n(&common->stop, 1, __ATOMIC_RELEASE);
	list = must_list(must_open());
	for (i = 0; i < FORKERS; i++) {
		wrong += astray(&list, forker[i], i);
		few += common->children[i] == CHILDREN;
	}
	cow_list_free(&list);
	if (few)
		printf("# the load took longer than the forks\n");
	if (wrong)
		printf("# %d children are not under their parents\n", wrong);
	return wrong || few;
}
