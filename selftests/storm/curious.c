// SPDX-License-Identifier: GPL-2.0
/*
 * What the curiosity of an ordinary user costs others.
 *
 *	curious chain PROCESSES HANDLES WAITERS LONGEST
 *	curious readers SLEEPERS READERS SECONDS LONGEST
 *
 * chain: a chain of processes, tree handles on them, and handles that wait for the
 * exec of the first; then that one calls exec, half of the chain is killed, and all
 * handles are closed. readers: beside sleeping processes readers of every kind read
 * for so long. Another user's process forks all the while. Its longest fork may take
 * LONGEST milliseconds, or some times as long as when nobody asks for anything:
 * beside the same chain without handles (which on a small machine takes long to
 * die), or beside processes that burn as much time. Ends with status 1 if it took
 * longer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kernel/cow_lib.h"

#define USER		65534
#define TIMES_CHAIN	2
/*
 * Some hundreds that end at once keep all processors busy: how long one that forks waits
 * for its turn is luck, and differs by a factor of five with nobody asking for anything.
 * What an exit costs those who wait for the lock is bounded in instructions (lockcost).
 */
#define TIMES_EXITS	8
#define TIMES_READERS	4
#define MEMBERS_MOST	4096
#define READERS_MOST	64

/* Shared by all */
static struct board {
	double longest;		/* of the forks since it was last set to 0, in ms */
	unsigned long forks;
	unsigned long reads;
	pid_t first;		/* of the chain, or the parent of the sleepers */
	pid_t member[MEMBERS_MOST];
} *board;

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static pid_t must_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		cow_die("cannot fork: %s", strerror(errno));
	return pid;
}

static void become_user(void)
{
	struct rlimit many = { 100000, 100000 }, files = { 8192, 8192 };

	if (setrlimit(RLIMIT_NPROC, &many) || setrlimit(RLIMIT_NOFILE, &files) ||
	    setgroups(0, NULL) || setresgid(USER, USER, USER) ||
	    setresuid(USER, USER, USER))
		cow_die("cannot become an ordinary user: %s", strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
}

static void tell(int fd)
{
	if (write(fd, "t", 1) != 1)
		cow_die("nobody to tell");
}

static void await(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		cow_die("nobody has told");
}

static pid_t start_bystander(void)
{
	pid_t pid = must_fork(), child;
	double start, took;

	if (pid)
		return pid;
	for (;;) {
		start = now();
		child = must_fork();
		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
		took = now() - start;
		if (board->longest < took)
			board->longest = took;
		board->forks++;
	}
}

/*
 * Since it was last asked, and for @ms more; and so many forks that there is
 * something to tell of, and that one which was held up has ended.
 */
static double longest_for(double ms)
{
	unsigned long forks = board->forks;
	double end = now() + ms, longest;

	while (now() < end || board->forks < forks + 20)
		usleep(10000);
	longest = board->longest;
	board->longest = 0;
	return longest;
}

static void end(pid_t *pids, int n)
{
	int i;

	for (i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
}

/* As readers are there, but with nothing to ask for. */
static void burn(void)
{
	static char buffer[4096];
	int fd = open("/proc/self/stat", O_RDONLY);

	for (;;)
		if (pread(fd, buffer, sizeof(buffer), 0) < 0)
			_exit(1);
}

static void list(int fd)
{
	struct cow_list all;

	if (!cow_list(fd, &all))
		cow_list_free(&all);
}

static void read_text(void)
{
	static char buffer[65536];
	int fd = open(COW_PROCFILE, O_RDONLY);

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	close(fd);
}

static void open_and_close(int device, unsigned int flags)
{
	int tree = cow_tree(device, board->first, flags);

	if (tree >= 0)
		close(tree);
}

/* One of each kind in turn */
static void read_all(int device, int tree, unsigned int kind)
{
	struct cowstat_info info;
	struct cowstat_system system;
	struct cowstat_process process;
	struct cowstat_read counters;

	switch (kind % 10) {
	case 0: cow_system(device, &system); break;
	case 1: cow_info(device, &info); break;
	case 2: cow_process(device, board->first, &process); break;
	case 3: cow_read(tree, &counters); break;
	case 4: list(device); break;
	case 5: list(tree); break;
	case 6: read_text(); break;
	case 7: open_and_close(device, 0); break;
	case 8: open_and_close(device, COWSTAT_TREE_KEEP); break;
	case 9: open_and_close(device, COWSTAT_TREE_FROM_EXEC); break;
	}
}

static void read_on(unsigned int kind)
{
	int device, tree;

	become_user();
	device = must_open();
	tree = must_tree(device, board->first, 0);
	for (;; kind++) {
		read_all(device, tree, kind);
		__atomic_add_fetch(&board->reads, 1, __ATOMIC_RELAXED);
	}
}

/* Return: the longest fork, in ms, beside so many that burn time, or that read */
static double beside(int n, bool reading, double ms)
{
	pid_t pids[READERS_MOST];
	double longest;
	int i;

	for (i = 0; i < n; i++) {
		pids[i] = must_fork();
		if (pids[i])
			continue;
		if (reading)
			read_on(i * 3);
		become_user();
		burn();
	}
	longest = longest_for(ms);
	end(pids, n);
	longest_for(0);
	return longest;
}

static int judge(const char *what, double calm, double hot, double most, int times)
{
	bool fine = hot <= most || hot <= times * calm;

	printf("# %s: longest fork %.1f ms, calm %.1f ms, may be %.0f ms%s\n", what,
	       hot, calm, most, fine ? "" : ": TOO LONG");
	return !fine;
}

/* A child of the user's that makes the sleepers; killed, they all end. */
static pid_t start_sleepers(int n)
{
	int ready[2], i;
	pid_t pid;

	if (pipe(ready))
		cow_die("no pipe");
	pid = must_fork();
	if (pid) {
		await(ready[0]);
		return pid;
	}
	become_user();
	board->first = getpid();
	for (i = 0; i < n; i++) {
		if (must_fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	tell(ready[1]);
	for (;;)
		pause();
}

static int readers(int sleepers, int n, int seconds, double most)
{
	pid_t bystander, parent;
	double calm, hot;

	if (n > READERS_MOST)
		cow_die("too many readers");
	parent = start_sleepers(sleepers);
	bystander = start_bystander();
	longest_for(0);
	calm = beside(n, false, 2000);
	hot = beside(n, true, seconds * 1000);
	end(&bystander, 1);
	end(&parent, 1);
	printf("# %lu readings beside %d processes\n", board->reads, sleepers);
	return judge("readers", calm, hot, most, TIMES_READERS) | !board->reads;
}

/* Each forks the next, the last one says so; told, the first one calls exec. */
static pid_t start_chain(int n, int ready, int go)
{
	pid_t pid = must_fork();
	int i;

	if (pid)
		return pid;
	become_user();
	for (i = 0; i < n; i++) {
		board->member[i] = getpid();
		if (i + 1 == n || must_fork())
			break;
	}
	if (i + 1 == n)
		tell(ready);
	if (!i) {
		await(go);
		dup2(ready, 1);
		execl("/bin/sh", "sh", "-c", "echo; exec sleep 100000", NULL);
		_exit(1);
	}
	for (;;)
		pause();
}

static pid_t start_holder(int n, int handles, int waiters, int ready)
{
	pid_t pid = must_fork();
	int device, i;

	if (pid)
		return pid;
	become_user();
	device = must_open();
	for (i = 0; i < handles; i++)
		must_tree(device, board->member[n - 1 - i % n],
			  i % 4 ? 0 : COWSTAT_TREE_KEEP);
	for (i = 0; i < waiters; i++)
		must_tree(device, board->member[0], COWSTAT_TREE_FROM_EXEC);
	tell(ready);
	for (;;)
		pause();
}

/* The longest forks, in ms: beside the exec of the first, some exits, the end of handles */
struct moments {
	double exec;
	double exits;
	double closing;
};

static struct moments life_of_chain(int n, int handles, int waiters)
{
	struct moments longest;
	pid_t first, holder;
	int ready[2], go[2], i;

	if (pipe(ready) || pipe(go))
		cow_die("no pipes");
	first = start_chain(n, ready[1], go[0]);
	await(ready[0]);
	holder = start_holder(n, handles, waiters, ready[1]);
	await(ready[0]);
	longest_for(0);
	tell(go[1]);
	await(ready[0]);
	longest.exec = longest_for(500);
	for (i = 1; i < n; i += 2)
		kill(board->member[i], SIGKILL);
	longest.exits = longest_for(500);
	end(&holder, 1);
	longest.closing = longest_for(500);
	for (i = 0; i < n; i++)
		kill(board->member[i], SIGKILL);
	waitpid(first, NULL, 0);
	for (i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	return longest;
}

static int chain(int n, int handles, int waiters, double most)
{
	struct moments calm, hot;
	pid_t bystander;

	if (n > MEMBERS_MOST)
		cow_die("impossible numbers");
	bystander = start_bystander();
	calm = life_of_chain(n, 0, 0);
	longest_for(500);
	hot = life_of_chain(n, handles, waiters);
	end(&bystander, 1);
	return judge("exec of the waited for", calm.exec, hot.exec, most, TIMES_CHAIN) |
	       judge("exits in the chain", calm.exits, hot.exits, most, TIMES_EXITS) |
	       judge("end of all handles", calm.closing, hot.closing, most, TIMES_CHAIN);
}

int main(int argc, char **argv)
{
	if (argc != 6)
		cow_die("usage: curious chain|readers N N N LONGEST");
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		cow_die("no memory");
	if (!strcmp(argv[1], "chain"))
		return chain(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]),
			     atof(argv[5]));
	return readers(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atof(argv[5]));
}
