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
#define UNSHARED	GROUP "_unshared"
#define JOINED		INSTANCE "/events/synthetic/" UNSHARED
#define SIZE		"size=65536"
#define NAMES		2

/*
 * Of struct vm_fault, the first argument of a fault's functions: FAULT_FLAG_UNSHARE of
 * the flags, and whether it has come as far as an entry of a page table, the address of
 * which is the kernel's. Huge pages have none, and no task was ever asked to look for one.
 */
#define VMF_UNSHARE	"unshare=+40(%di):b1@10/32"
#define VMF_PTE		"pte=+88(%di):b1@47/64"
/* The second argument of handle_userfault(): VM_UFFD_WP. */
#define REASON_WP	"wp=%si:b1@12/64"

#define BY_CALLER	"keys=common_pid,caller.sym"

/* The functions have other names on other kernels. */
static const struct {
	const char *event;
	const char *function[NAMES];
	const char *fetch;
	const char *histogram;
	const char *filter;
} probes[] = {
	[WITNESS_NEW] = { "new", { "folio_add_new_anon_rmap", "page_add_new_anon_rmap" },
			  "", BY_CALLER, "" },
	[WITNESS_MOVED] = { "moved", { "folio_move_anon_rmap", "page_move_anon_rmap" },
			    "", BY_CALLER, "" },
	[WITNESS_WRITE] = { "write", { "do_wp_page" }, "", BY_CALLER, "" },
	[WITNESS_COPY] = { "copy", { "__delayacct_wpcopy_end" }, "", BY_CALLER, "" },
	[WITNESS_UNSHARE] = { "unshare", { "do_wp_page" }, VMF_UNSHARE, BY_CALLER,
			      " if unshare == 1" },
	[WITNESS_USERFAULT] = { "userfault", { "handle_userfault" }, VMF_PTE " " REASON_WP,
				BY_CALLER, " if pte == 1 && wp == 1" },
	[WITNESS_HUGE] = { "huge", { "do_huge_pmd_wp_page" }, VMF_UNSHARE,
			   "keys=common_pid:unshare=unshare", "" },
};

/*
 * Whether a page is moved to be read or to be written is known as its task comes to the
 * function before: both are joined, and make an event of their own.
 */
#define TELL "onmatch(" GROUP ".huge).trace(" UNSHARED ",$pid,$from,$why)"
static const char join[] =
	"hist:keys=common_pid:pid=common_pid,from=caller,why=$unshare:" TELL ":" SIZE;
static const char not_joined[] = "!hist:keys=pid,caller.sym:" SIZE " if unshare == 1";
static const char *const joined = not_joined + 1;

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

/* What is on the stack as a function begins is where it returns to. */
static int add_probe(enum witness_probe probe)
{
	char line[256];
	int error = -ENOENT;

	for (int i = 0; i < NAMES && probes[probe].function[i] && error; i++) {
		snprintf(line, sizeof(line), "p:%s/%s %s caller=+0($stack):x64 %s", GROUP,
			 probes[probe].event, probes[probe].function[i], probes[probe].fetch);
		error = put(TRACING "/kprobe_events", O_APPEND, line);
	}
	return error;
}

static void path_of(enum witness_probe probe, const char *file, char *path, size_t size)
{
	snprintf(path, size, INSTANCE "/events/" GROUP "/%s/%s", probes[probe].event, file);
}

/* @sign: "!" takes it away */
static int set_trigger(enum witness_probe probe, const char *sign, const char *trigger)
{
	char path[128], line[512];

	path_of(probe, "trigger", path, sizeof(path));
	snprintf(line, sizeof(line), "%s%s", sign, trigger);
	return put(path, 0, line);
}

static int set_histogram(enum witness_probe probe, const char *sign)
{
	char line[256];

	snprintf(line, sizeof(line), "hist:%s:" SIZE "%s", probes[probe].histogram,
		 probes[probe].filter);
	return set_trigger(probe, sign, line);
}

/* After the histograms of both events. */
static int join_probes(void)
{
	int error = set_trigger(WITNESS_MOVED, "", join);

	return error ? error : put(JOINED "/trigger", 0, joined);
}

static void remove_probes(void)
{
	char line[64];

	put(JOINED "/trigger", 0, not_joined);
	/* The instance is held by the one that has a variable, and that by its reader. */
	set_trigger(WITNESS_MOVED, "!", join);
	set_histogram(WITNESS_HUGE, "!");
	rmdir(INSTANCE);
	put(TRACING "/synthetic_events", O_APPEND, "!" UNSHARED);
	for (int i = 0; i < WITNESS_PROBES; i++) {
		snprintf(line, sizeof(line), "-:%s/%s", GROUP, probes[i].event);
		put(TRACING "/kprobe_events", O_APPEND, line);
	}
}

static int set_up(void)
{
	int error = 0;

	for (int i = 0; i < WITNESS_PROBES && !error; i++)
		error = add_probe(i);
	if (!error)
		error = put(TRACING "/synthetic_events", O_APPEND,
			    UNSHARED " int pid; u64 caller; u32 unshare");
	if (error)
		return error;
	if (mkdir(INSTANCE, 0700))
		return -errno;
	for (int i = 0; i < WITNESS_PROBES && !error; i++)
		error = set_histogram(i, "");
	if (!error)
		error = join_probes();
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
		   &hits) == 3 ||
	    sscanf(line, "{ pid: %d, caller: [%*x] %127s } hitcount: %llu", &pid, caller,
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

int witness_probe_unshared(void (*visit)(int pid, const char *caller, __u64 calls, void *data),
			   void *data)
{
	struct calls calls = { visit, data };

	return read_lines(JOINED "/hist", take_calls, &calls);
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
