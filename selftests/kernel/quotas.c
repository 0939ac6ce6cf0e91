// SPDX-License-Identifier: GPL-2.0
/*
 * For quota.sh: a user who takes all that it can get, prints how much that was and
 * what the refusal was, and keeps it until it is killed.
 *
 *	quotas handles UID		tree handles
 *	quotas readings UID N		open readings of /proc/cowstat, with N processes
 *	quotas kept UID N		of N that are gone those that a handle lists
 *	quotas sleepers UID N		nothing but N processes
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cow_lib.h"

#define MOST	3000

static void become(uid_t uid)
{
	struct rlimit many = { 100000, 100000 }, files = { MOST + 100, MOST + 100 };

	if (setrlimit(RLIMIT_NPROC, &many) || setrlimit(RLIMIT_NOFILE, &files) ||
	    setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		cow_die("cannot become uid %d: %s", uid, strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
}

static void stay(void)
{
	for (;;)
		pause();
}

static void start_sleepers(int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			stay();
		}
}

static void tell(int got, int error)
{
	printf("%d %s\n", got, error ? strerrorname_np(error) : "-");
	fflush(stdout);
}

static void take_handles(void)
{
	int device = must_open(), n, fd = 0;

	for (n = 0; n < MOST; n++) {
		fd = cow_tree(device, 0, 0);
		if (fd < 0)
			break;
	}
	tell(n, fd < 0 ? -fd : 0);
}

static void take_readings(void)
{
	int n, fd, error = 0;
	char byte;

	for (n = 0; n < MOST && !error; n++) {
		fd = open(COW_PROCFILE, O_RDONLY);
		if (fd < 0 || read(fd, &byte, 1) != 1)
			error = errno;
	}
	tell(n - !!error, error);
}

static void take_kept(int n)
{
	struct cow_list list;
	int tree, i;

	tree = must_tree(must_open(), 0, COWSTAT_TREE_KEEP);
	for (i = 0; i < n; i++) {
		if (!fork())
			_exit(0);
		wait(NULL);
	}
	list = must_list(tree);
	tell(list.head.count - 1, 0);
	if (list.head.count - 1 + list.head.folded != (unsigned int)n ||
	    must_read(tree).tree_procs != (unsigned int)n + 1)
		cow_die("%u listed and %llu folded of %d", list.head.count - 1,
			list.head.folded, n);
}

int main(int argc, char **argv)
{
	int n = argc > 3 ? atoi(argv[3]) : 0;

	if (argc < 3)
		cow_die("usage: quotas handles|readings|kept|sleepers UID [N]");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	become(atoi(argv[2]));
	if (!strcmp(argv[1], "handles")) {
		take_handles();
	} else if (!strcmp(argv[1], "readings")) {
		start_sleepers(n);
		take_readings();
	} else if (!strcmp(argv[1], "kept")) {
		take_kept(n);
	} else {
		start_sleepers(n);
		tell(n, 0);
	}
	stay();
}
