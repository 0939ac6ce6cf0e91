// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "wpcopy.h"

#define SWITCH "/proc/sys/kernel/task_delayacct"

static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

static int switch_fd = -1;
static char switch_before;

static void restore_switch(void)
{
	if (switch_fd < 0 || pwrite(switch_fd, &switch_before, 1, 0) != 1)
		return;
	close(switch_fd);
	switch_fd = -1;
}

/* The default action follows: SA_RESETHAND. */
static void restore_and_die(int signal)
{
	restore_switch();
	raise(signal);
}

static void restore_on_signals(void)
{
	const struct sigaction action = {
		.sa_handler = restore_and_die,
		.sa_flags = SA_RESETHAND | SA_NODEFER,
	};
	struct sigaction before;

	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
		sigaction(deadly[i], NULL, &before);
		if (before.sa_handler == SIG_DFL)
			sigaction(deadly[i], &action, NULL);
	}
}

static int switch_on(void)
{
	int fd = open(SWITCH, O_RDWR | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return -errno;
	/* Of two at a time one would leave it as the other had set it. */
	if (flock(fd, LOCK_EX | LOCK_NB))
		error = -EBUSY;
	else if (pread(fd, &switch_before, 1, 0) != 1)
		error = -ENODATA;
	if (error) {
		close(fd);
		return error;
	}
	switch_fd = fd;
	restore_on_signals();
	if (pwrite(fd, "1", 1, 0) != 1)
		error = -errno;
	return error;
}

void wpcopy_open(struct wpcopy *wpcopy)
{
	*wpcopy = (struct wpcopy){ .error = switch_on() };
	if (wpcopy->error)
		return;
	wpcopy->error = taskstats_open(&wpcopy->source);
	if (wpcopy->error)
		restore_switch();
}

void wpcopy_close(struct wpcopy *wpcopy)
{
	if (wpcopy->error)
		return;
	taskstats_close(&wpcopy->source);
	restore_switch();
}

static bool count_of(struct wpcopy *wpcopy, int pid, __u64 *count)
{
	struct taskstats stats;

	if (wpcopy->error || taskstats_of(&wpcopy->source, pid, &stats))
		return false;
	*count = stats.wpcopy_count;
	return true;
}

static void forget(const struct taskstats *stats, void *data)
{
	(void)stats;
	(void)data;
}

void wpcopy_begin(struct wpcopy *wpcopy, int root)
{
	wpcopy->before = 0;
	if (wpcopy->error)
		return;
	taskstats_endings(&wpcopy->source, forget, NULL);
	count_of(wpcopy, root, &wpcopy->before);
}

struct sum {
	const struct snapshot *tree;
	__u64 count;
};

static const struct cowstat_row *find(const struct snapshot *tree, int pid)
{
	for (unsigned int i = 0; i < tree->nr_rows; i++)
		if (tree->rows[i].pid == pid)
			return &tree->rows[i];
	return NULL;
}

/*
 * A vfork child is no process of its own, so it is in no row, but its parent is.
 * The threads of a process that lives are in what it has come to already.
 */
static void add_ending(const struct taskstats *stats, void *data)
{
	struct sum *sum = data;
	const struct cowstat_row *row = find(sum->tree, stats->ac_tgid);

	if (row ? row->flags & COWSTAT_ROW_EXITED : !!find(sum->tree, stats->ac_ppid))
		sum->count += stats->wpcopy_count;
}

bool wpcopy_end(struct wpcopy *wpcopy, const struct snapshot *tree, __u64 *count)
{
	struct sum sum = { .tree = tree };
	__u64 alive;

	if (wpcopy->error || tree->folded ||
	    taskstats_endings(&wpcopy->source, add_ending, &sum))
		return false;
	for (unsigned int i = 0; i < tree->nr_rows; i++) {
		if (tree->rows[i].flags & COWSTAT_ROW_EXITED)
			continue;
		if (!count_of(wpcopy, tree->rows[i].pid, &alive))
			return false;
		sum.count += alive;
	}
	*count = sum.count - wpcopy->before;
	return true;
}
