// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command and does the books when it and all its descendants are gone.
 *
 *	books [--may REASON,...] CMD [ARG...]
 *
 * What the system counted meanwhile must be what this tree and the processes
 * outside of it counted; the tree must be the sum of its processes, alive and
 * gone, if none was folded; the living must be those of /proc; and the state
 * must be exact, but for the reasons that may be. Ends with status 1, and a
 * line per error, if anything is wrong. The command's own status is not asked
 * for: it may well be killed.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kernel/cow_lib.h"

/* Someone outside may be about to start or to end. */
#define ATTEMPTS	50

static int failed;

static void expect(const char *what, const char *name, __u64 want, __u64 got)
{
	if (want == got)
		return;
	printf("# %s: %s is %llu, expected %llu\n", what, name, got, want);
	failed = 1;
}

static void expect_counters(const char *what, const struct cowstat_counters *want,
			    const struct cowstat_counters *got)
{
	int i;

	for (i = 0; i < COW_NR; i++)
		if (cow_sums(i))
			expect(what, cow_names[i], want->value[i], got->value[i]);
}

static bool is_below(const struct cow_list *list, const struct cowstat_row *row,
		     pid_t root)
{
	while (row && row->pid != root)
		row = cow_find(list, row->ppid);
	return row;
}

/* What this process's tree, and all that is not in it, counted by itself. */
static struct cowstat_counters tree_and_others(const struct cow_list *list)
{
	struct cowstat_counters sum = { };
	unsigned int i;

	for (i = 0; i < list->head.count; i++)
		if (list->row[i].pid == getpid())
			cow_add(&sum, &list->row[i].tree);
		else if (!is_below(list, &list->row[i], getpid()))
			cow_add(&sum, &list->row[i].self);
	return sum;
}

static void system_is_all(const struct cow_list *before,
			  const struct cow_list *after)
{
	struct cowstat_counters sum[2], want, got;

	sum[0] = tree_and_others(before);
	sum[1] = tree_and_others(after);
	want = cow_delta(&sum[0], &sum[1]);
	got = cow_delta(&before->head.system, &after->head.system);
	expect_counters("the system", &want, &got);
}

static void tree_is_its_processes(const struct cow_list *list)
{
	struct cowstat_counters sum = { };
	unsigned int i;

	if (list->head.folded) {
		printf("# %llu of the gone were folded: no sum over them\n",
		       list->head.folded);
		return;
	}
	for (i = 0; i < list->head.count; i++)
		cow_add(&sum, &list->row[i].self);
	expect_counters("the tree", &sum, &list->row[0].tree);
	expect("the tree", "tree_procs", list->head.count,
	       list->row[0].tree_procs);
	/* Each fork made one; vfork children that went on to exec came too. */
	if (list->row[0].tree_procs <= list->row[0].tree.value[COW_forks]) {
		printf("# %llu processes of %llu forks\n",
		       list->row[0].tree_procs,
		       list->row[0].tree.value[COW_forks]);
		failed = 1;
	}
}

/* Kernel threads have no program, and those that end have none any more. */
static bool has_program(const char *pid)
{
	char path[300], target[64];

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	return readlink(path, target, sizeof(target)) > 0;
}

/* Return: how many processes are in one of the two only. */
static int differences(int fd, bool say)
{
	DIR *proc = opendir("/proc");
	struct cow_list list = must_list(fd);
	int found = 0, wrong = 0;
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		if (!isdigit(entry->d_name[0]) || !has_program(entry->d_name))
			continue;
		found++;
		if (cow_find(&list, atoi(entry->d_name)))
			continue;
		wrong++;
		if (say)
			printf("# %s is not listed\n", entry->d_name);
	}
	if (found != (int)list.head.count && say)
		printf("# %u are listed, %d are there\n", list.head.count, found);
	wrong += found != (int)list.head.count;
	closedir(proc);
	cow_list_free(&list);
	return wrong;
}

static void nobody_is_lost(int fd)
{
	int i;

	for (i = 0; i < ATTEMPTS && differences(fd, false); i++)
		usleep(100000);
	if (differences(fd, true))
		failed = 1;
}

static void state_is_as_it_may_be(int fd, const char *may)
{
	struct cowstat_info info = must_info(fd);
	int i;

	for (i = 0; i < COW_NR_LOST; i++) {
		if (!info.lost[i])
			continue;
		printf("# lost: %s=%llu\n", cow_lost_names[i], info.lost[i]);
		if (!strstr(may, cow_lost_names[i]))
			failed = 1;
	}
}

static void run(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		cow_die("cannot fork: %s", strerror(errno));
	if (!pid) {
		execvp(command[0], command);
		_exit(127);
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

static void report(const struct cow_list *before, const struct cow_list *after,
		   const struct cow_list *tree)
{
	struct cowstat_counters d = cow_delta(&before->head.system,
					      &after->head.system);

	printf("# survived: %llu forks, %llu exits, %llu pages copied, %llu taken over, %llu zero-filled\n",
	       d.value[COW_forks],
	       tree->row[0].tree_procs - tree->row[0].tree_alive,
	       d.value[COW_broken], d.value[COW_reused], d.value[COW_zero_filled]);
}

int main(int argc, char **argv)
{
	struct cow_list before, after, tree;
	const char *may = "";
	int fd, keep;

	if (argc > 2 && !strcmp(argv[1], "--may")) {
		may = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc < 2)
		cow_die("usage: books [--may REASON,...] CMD [ARG...]");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fd = must_open();
	keep = must_tree(fd, 0, COWSTAT_TREE_KEEP);
	before = must_list(fd);
	run(argv + 1);
	tree = must_list(keep);
	after = must_list(fd);
	system_is_all(&before, &after);
	tree_is_its_processes(&tree);
	nobody_is_lost(fd);
	state_is_as_it_may_be(fd, may);
	report(&before, &after, &tree);
	return failed;
}
