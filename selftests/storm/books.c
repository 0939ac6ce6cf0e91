// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command and does the books when it and all its descendants are gone.
 *
 *	books [--may REASON,...] [--forks N] [--gone N] CMD [ARG...]
 *
 * What the system counted meanwhile must be what this tree and the processes
 * outside of it counted; the tree must be the sum of its processes, alive and
 * gone, if none was folded, and stay so when they are folded; the living must be those of /proc; and the state
 * must be exact, but for the reasons that may be. N forks must have been counted
 * for the command and its descendants, and N of these be gone, if it is known how
 * many they are. Ends with status 1, and a line per error, if anything is wrong
 * or the command failed.
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

/* What is known of the command: -1 if it is not. */
static long long forks = -1, gone = -1;
static const char *may = "";
/* Pages that the system counted for no process meanwhile. */
static __u64 nobodys;
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
	int i;

	sum[0] = tree_and_others(before);
	sum[1] = tree_and_others(after);
	want = cow_delta(&sum[0], &sum[1]);
	got = cow_delta(&before->head.system, &after->head.system);
	for (i = 0; i < COW_NR; i++)
		if (got.value[i] - want.value[i] <= nobodys ||
		    (nobodys && cow_is_time(i)))
			got.value[i] = want.value[i];
	expect_counters("the system", &want, &got);
}

static struct cowstat_counters of_the_gone(const struct cow_list *list)
{
	const struct cowstat_row *own = cow_find(list, getpid());

	if (!own)
		cow_die("this process is not listed");
	return cow_delta(&own->self, &own->tree);
}

/* Nobody asks for the gone any more: they are folded, and nothing gets lost. */
static void folding_loses_nothing(const struct cow_list *before,
				  const struct cow_list *after)
{
	struct cowstat_counters want = of_the_gone(before);
	struct cowstat_counters got = of_the_gone(after);

	expect_counters("the gone when folded", &want, &got);
}

/* @untracked: some were counted in their ancestors */
static void tree_is_its_processes(const struct cow_list *list, bool untracked)
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
	if (!untracked && list->row[0].tree_procs <=
			  list->row[0].tree.value[COW_forks]) {
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

static void state_is_as_it_may_be(const struct cowstat_info *info)
{
	int i;

	for (i = 0; i < COW_NR_LOST; i++) {
		if (!info->lost[i])
			continue;
		printf("# lost: %s=%llu\n", cow_lost_names[i], info->lost[i]);
		if (!strstr(may, cow_lost_names[i]))
			failed = 1;
	}
}

static void run(char **command)
{
	pid_t pid = fork(), ended;
	int status, its = -1;

	if (pid < 0)
		cow_die("cannot fork: %s", strerror(errno));
	if (!pid) {
		execvp(command[0], command);
		_exit(127);
	}
	while ((ended = wait(&status)) > 0 || errno == EINTR)
		if (ended == pid)
			its = status;
	if (its) {
		printf("# %s ended with status %#x\n", command[0], its);
		failed = 1;
	}
}

/* Of the forks one is that of the command itself. */
static void numbers_are_known(const struct cow_list *tree)
{
	const struct cowstat_row *row = tree->row;

	if (forks >= 0)
		expect("the tree", "forks", forks + 1,
		       row->tree.value[COW_forks]);
	if (gone >= 0)
		expect("the tree", "exits", gone + 1,
		       row->tree_procs - row->tree_alive);
}

/* Return: the command. */
static char **parse(char **argv)
{
	for (argv++; argv[0] && argv[1]; argv += 2)
		if (!strcmp(argv[0], "--may"))
			may = argv[1];
		else if (!strcmp(argv[0], "--forks"))
			forks = atoll(argv[1]);
		else if (!strcmp(argv[0], "--gone"))
			gone = atoll(argv[1]);
		else
			break;
	if (!argv[0])
		cow_die("usage: books [--may REASON,...] [--forks N] [--gone N] CMD [ARG...]");
	return argv;
}

int main(int argc, char **argv)
{
	struct cow_list before, after, tree, folded;
	char **command = parse(argv);
	struct cowstat_info info;
	int fd, keep;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fd = must_open();
	keep = must_tree(fd, 0, COWSTAT_TREE_KEEP);
	before = must_list(fd);
	info = must_info(fd);
	nobodys = info.lost[COW_LOST_owner];
	fflush(stdout);
	run(command);
	tree = must_list(keep);
	after = must_list(fd);
	close(keep);
	folded = must_list(fd);
	info = must_info(fd);
	nobodys = info.lost[COW_LOST_owner] - nobodys;
	system_is_all(&before, &after);
	system_is_all(&before, &folded);
	folding_loses_nothing(&after, &folded);
	tree_is_its_processes(&tree, info.lost[COW_LOST_memory]);
	numbers_are_known(&tree);
	nobody_is_lost(fd);
	state_is_as_it_may_be(&info);
	return failed;
}
