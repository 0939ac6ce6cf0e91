// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "say.h"
#include "witness_probe.h"

#define TRACING		"/sys/kernel/tracing"
#define GROUP		"cowstat_witness"
#define INSTANCE	TRACING "/instances/" GROUP
#define FORKS		INSTANCE "/events/sched/sched_process_fork"
#define SIZE		"size=65536"
#define NAMES		2

/* The functions have other names on other kernels. */
static const struct {
	const char *event;
	const char *function[NAMES];
} probes[] = {
	[WITNESS_NEW] = { "new", { "folio_add_new_anon_rmap", "page_add_new_anon_rmap" } },
	[WITNESS_MOVED] = { "moved", { "folio_move_anon_rmap", "page_move_anon_rmap" } },
	[WITNESS_WRITE] = { "write", { "do_wp_page" } },
	[WITNESS_COPY] = { "copy", { "__delayacct_wpcopy_end" } },
};

static int put(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

static void remove_probes(void)
{
	char line[64];

	rmdir(INSTANCE);
	for (int i = 0; i < WITNESS_PROBES; i++) {
		snprintf(line, sizeof(line), "-:%s/%s", GROUP, probes[i].event);
		put(TRACING "/kprobe_events", O_APPEND, line);
	}
}

/* What is on the stack as a function begins is where it returns to. */
static int add_probe(enum witness_probe probe)
{
	char line[128];
	int error = -ENOENT;

	for (int i = 0; i < NAMES && probes[probe].function[i] && error; i++) {
		snprintf(line, sizeof(line), "p:%s/%s %s caller=+0($stack):x64", GROUP,
			 probes[probe].event, probes[probe].function[i]);
		error = put(TRACING "/kprobe_events", O_APPEND, line);
	}
	return error;
}

static void path_of(enum witness_probe probe, const char *file, char *path, size_t size)
{
	snprintf(path, size, INSTANCE "/events/" GROUP "/%s/%s", probes[probe].event, file);
}

static int count_probe(enum witness_probe probe)
{
	char path[128];

	path_of(probe, "trigger", path, sizeof(path));
	return put(path, 0, "hist:keys=common_pid,caller.sym:" SIZE);
}

static int set_up(void)
{
	int error = 0;

	for (int i = 0; i < WITNESS_PROBES && !error; i++)
		error = add_probe(i);
	if (error)
		return error;
	if (mkdir(INSTANCE, 0700))
		return -errno;
	for (int i = 0; i < WITNESS_PROBES && !error; i++)
		error = count_probe(i);
	return error ? error : put(FORKS "/trigger", 0, "hist:keys=parent_pid,child_pid:" SIZE);
}

int witness_probe_open(void)
{
	int error;

	if (access(TRACING "/kprobe_events", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	remove_probes();
	error = set_up();
	if (!error)
		return 0;
	remove_probes();
	return fail("cannot count with the kernel's tracing (%s): run it as root, with a kernel that has kprobe events and histograms",
		    strerror(-error));
}

void witness_probe_close(void)
{
	remove_probes();
}

/* A histogram that is full counts what it has not: "    Dropped: 0". */
static bool has_dropped(const char *line)
{
	unsigned long long dropped;

	return sscanf(line, " Dropped: %llu", &dropped) == 1 && dropped;
}

static int read_lines(const char *path, void (*take)(const char *line, void *data), void *data)
{
	FILE *file = fopen(path, "re");
	bool dropped = false;
	size_t size = 0;
	char *line = NULL;

	if (!file)
		return fail("cannot read %s: %s", path, strerror(errno));
	while (getline(&line, &size, file) > 0) {
		dropped |= has_dropped(line);
		take(line, data);
	}
	free(line);
	fclose(file);
	return dropped ? fail("a histogram was full: watch fewer processes at a time") : 0;
}

/* "  new      698       0": hits, and those that were missed, of a probe. */
static void find_missed(const char *line, void *data)
{
	unsigned long long missed;
	char name[64];

	if (sscanf(line, " %63s %*u %llu", name, &missed) != 2)
		return;
	for (int i = 0; i < WITNESS_PROBES; i++)
		if (!strcmp(name, probes[i].event))
			*(unsigned long long *)data += missed;
}

static int check_missed(void)
{
	unsigned long long missed = 0;
	int error = read_lines(TRACING "/kprobe_profile", find_missed, &missed);

	if (error || !missed)
		return error;
	return fail("%llu hits of the kernel's probes were missed: watch it again", missed);
}

struct calls {
	void (*visit)(int pid, const char *caller, __u64 calls, void *data);
	void *data;
};

static void take_calls(const char *line, void *data)
{
	const struct calls *calls = data;
	unsigned long long hits;
	char caller[128];
	int pid;

	if (sscanf(line, "{ common_pid: %d, caller: [%*x] %127s } hitcount: %llu", &pid, caller,
		   &hits) == 3)
		calls->visit(pid, caller, hits, calls->data);
}

int witness_probe_read(enum witness_probe probe,
		       void (*visit)(int pid, const char *caller, __u64 calls, void *data),
		       void *data)
{
	struct calls calls = { visit, data };
	char path[128];
	int error;

	path_of(probe, "hist", path, sizeof(path));
	error = read_lines(path, take_calls, &calls);
	return error ? error : check_missed();
}

struct forks {
	void (*visit)(int parent, int child, void *data);
	void *data;
};

static void take_fork(const char *line, void *data)
{
	const struct forks *forks = data;
	int parent, child;

	if (sscanf(line, "{ parent_pid: %d, child_pid: %d }", &parent, &child) == 2)
		forks->visit(parent, child, forks->data);
}

int witness_probe_forks(void (*visit)(int parent, int child, void *data), void *data)
{
	struct forks forks = { visit, data };

	return read_lines(FORKS "/hist", take_fork, &forks);
}

struct search {
	const char *symbol;
	bool found;
};

static void compare_symbol(const char *line, void *data)
{
	struct search *search = data;
	char symbol[128];

	if (sscanf(line, "%*s %*c %127s", symbol) == 1)
		search->found |= !strcmp(symbol, search->symbol);
}

bool witness_probe_knows(const char *symbol)
{
	struct search search = { .symbol = symbol };

	return !read_lines("/proc/kallsyms", compare_symbol, &search) && search.found;
}
