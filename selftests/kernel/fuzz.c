// SPDX-License-Identifier: GPL-2.0
/*
 * Calls everything that the module offers, in right and wrong ways, and checks
 * all that comes back: see fuzz.h for the parts.
 *
 *	fuzz [--seed N] [--calls N] [--user]
 *
 * One worker is root, another an ordinary user in a user and a pid namespace
 * of its own; with --user all are such users. Prints TAP: a test per kind of
 * call, and before it how often which errno came. A kind that never succeeded,
 * or never failed, where it can, was not tested, and that is a failure.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define WORKERS		2
#define PID_MAX		"/proc/sys/kernel/pid_max"
#define LAST_PID	"/proc/sys/kernel/ns_last_pid"

const char *const kind_names[KINDS] = {
#define X(name) [KIND_##name] = #name,
	FUZZ_KINDS(X)
#undef X
};

static const bool never_succeeds[KINDS] = {
	[KIND_unknown] = true, [KIND_map] = true, [KIND_flood] = true,
	[KIND_race] = true,
};

static const bool never_fails[KINDS] = {
	[KIND_text_at] = true, [KIND_life] = true,
};

static unsigned long long seed;
static unsigned long calls = 20000;
static bool users_only;
static pid_t peers[WORKERS], workers[WORKERS];
static volatile sig_atomic_t tick;

static void usage(void)
{
	fprintf(stderr, "usage: fuzz [--seed N] [--calls N] [--user]\n");
	exit(2);
}

static unsigned long long number(const char *text)
{
	char *end;
	unsigned long long value;

	if (!text)
		usage();
	value = strtoull(text, &end, 0);
	if (end == text || *end)
		usage();
	return value;
}

static void parse(char **argv)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = now.tv_sec * 1000000000ULL + now.tv_nsec;
	while (*++argv) {
		if (!strcmp(*argv, "--seed"))
			seed = number(*++argv);
		else if (!strcmp(*argv, "--calls"))
			calls = number(*++argv);
		else if (!strcmp(*argv, "--user"))
			users_only = true;
		else
			usage();
	}
}

static void *shared(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		cow_die("no shared memory");
	return at;
}

static void become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		cow_die("cannot become uid %d: %s", uid, strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
}

static pid_t must_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		cow_die("cannot fork: %s", strerror(errno));
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static int wait_for(pid_t pid)
{
	int status = -1;
	pid_t gone;

	while ((gone = wait(&status)) != pid)
		if (gone < 0 && errno != EINTR)
			return -1;
	return status;
}

/* Says that it is who it shall be, then stays; so does a child of it. */
static pid_t start_stranger(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		cow_die("no pipe");
	pid = must_fork();
	if (!pid) {
		prctl(PR_SET_NAME, STRANGER_COMM);
		become(STRANGER);
		fork();
		if (write(ready[1], "r", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	if (read(ready[0], &byte, 1) != 1)
		cow_die("cannot start a process of uid %d", STRANGER);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void run_user(void)
{
	char map[32];
	int ret;

	me.user = true;
	become(USER);
	if (unshare(CLONE_NEWUSER))
		cow_die("no user namespace: %s", strerror(errno));
	snprintf(map, sizeof(map), "0 %d 1", USER);
	ret = write_text("/proc/self/uid_map", map);
	if (ret)
		cow_die("no uid in the user namespace: %s", strerror(-ret));
	worker_run();
}

/* The first process of a pid namespace, whose pids no other one has. */
static void run_init(void)
{
	char last[16];
	int ret;

	snprintf(last, sizeof(last), "%d", USER_PIDS);
	ret = write_text(LAST_PID, last);
	if (ret)
		cow_die("cannot set %s: %s", LAST_PID, strerror(-ret));
	me.stranger = start_stranger();
	workers[0] = must_fork();
	if (!workers[0])
		run_user();
	_exit(wait_for(workers[0]) != 0);
}

static void run_namespace(void)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		cow_die("no pid namespace: %s", strerror(errno));
	pid = must_fork();
	if (!pid)
		run_init();
	_exit(wait_for(pid) != 0);
}

static void start_worker(int index)
{
	bool user = users_only || index;
	int pair[2];

	me.seed = seed + index;
	me.calls = calls / WORKERS;
	printf("# worker %d: seed %#llx, %lu calls, %s\n", index,
	       (unsigned long long)me.seed, me.calls,
	       user ? "an ordinary user in namespaces" : "root");
	fflush(stdout);
	arena_init();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		cow_die("no socket");
	peers[index] = must_fork();
	if (!peers[index]) {
		become(USER);
		peer_run(pair[1]);
	}
	me.peer = pair[0];
	workers[index] = must_fork();
	if (workers[index]) {
		close(pair[0]);
		close(pair[1]);
		return;
	}
	close(pair[1]);
	if (user)
		run_namespace();
	worker_run();
}

static unsigned long total(void)
{
	unsigned long sum = 0;
	int kind, error;

	for (kind = 0; kind < KINDS; kind++)
		for (error = 0; error < ERRNOS; error++)
			sum += stats->errors[kind][error];
	return sum;
}

static void on_alarm(int signal)
{
	printf("# %lu of %lu calls\n", total(), calls);
	fflush(stdout);
	alarm(10);
}

/* Return: did all workers come to their end? */
static bool finish(void)
{
	struct sigaction action = {
		.sa_handler = on_alarm, .sa_flags = SA_RESTART,
	};
	bool fine = true;
	int i, status;

	sigaction(SIGALRM, &action, NULL);
	alarm(10);
	for (i = 0; i < WORKERS; i++) {
		if (waitpid(workers[i], &status, 0) != workers[i] || !status)
			continue;
		printf("# worker %d ended with status %#x\n", i, status);
		fine = false;
	}
	alarm(0);
	for (i = 0; i < WORKERS; i++)
		kill(peers[i], SIGKILL);
	return fine;
}

static void print_counts(enum fuzz_kind kind)
{
	const unsigned int *count = stats->errors[kind];
	int error;

	printf("# %s: %u succeeded", kind_names[kind], count[0]);
	for (error = 1; error < ERRNOS; error++)
		if (count[error])
			printf(", %u %s", count[error],
			       strerrorname_np(error) ?: "unknown errno");
	printf("\n");
}

static bool was_tested(enum fuzz_kind kind)
{
	unsigned int failed = 0;
	int error;

	for (error = 1; error < ERRNOS; error++)
		failed += stats->errors[kind][error];
	if (!never_succeeds[kind] && !stats->errors[kind][0]) {
		printf("# it never succeeded\n");
		return false;
	}
	if (!never_fails[kind] && !failed) {
		printf("# it never failed\n");
		return false;
	}
	return true;
}

static void print_again(void)
{
	printf("# again: fuzz --seed %#llx --calls %lu%s\n", seed, calls,
	       users_only ? " --user" : "");
}

static bool report(enum fuzz_kind kind)
{
	bool fine;

	print_counts(kind);
	fine = was_tested(kind);
	if (stats->mismatches[kind]) {
		printf("# %u wrong\n", stats->mismatches[kind]);
		fine = false;
	}
	if (!fine)
		print_again();
	printf("%sok %d %s\n", fine ? "" : "not ", kind + 1, kind_names[kind]);
	return fine;
}

/* The pids of the ordinary worker are beyond those of a small machine. */
static long raise_pid_max(void)
{
	long before = read_long(PID_MAX);
	int ret = write_text(PID_MAX, "4194304");

	if (ret)
		cow_die("cannot set %s: %s", PID_MAX, strerror(-ret));
	return before;
}

static void lower_pid_max(long before)
{
	char text[16];

	snprintf(text, sizeof(text), "%ld", before);
	write_text(PID_MAX, text);
}

static void begin(void)
{
	struct rlimit files = { 4096, 4096 };

	if (getuid())
		cow_die("this test needs root: it becomes other users itself");
	setrlimit(RLIMIT_NOFILE, &files);
	close(must_open());
	printf("TAP version 13\n1..%d\n", KINDS + 1);
	print_again();
	stats = shared(sizeof(*stats));
}

int main(int argc, char **argv)
{
	struct timespec start, end;
	long pid_max;
	bool ended, fine;
	int i;

	if (argc > 1 && !strcmp(argv[1], "end"))
		return 0;
	if (argc > 1 && !strcmp(argv[1], "stay"))
		for (;;)
			pause();
	parse(argv);
	begin();
	me.execs_hide = execs_hide();
	pid_max = raise_pid_max();
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < WORKERS; i++)
		start_worker(i);
	fine = ended = finish();
	clock_gettime(CLOCK_MONOTONIC, &end);
	lower_pid_max(pid_max);
	printf("# %lu calls in %ld s\n", total(), end.tv_sec - start.tv_sec);
	for (i = 0; i < KINDS; i++)
		if (!report(i))
			fine = false;
	if (!ended)
		print_again();
	printf("%sok %d all workers came to their end\n", ended ? "" : "not ",
	       KINDS + 1);
	return !fine;
}
