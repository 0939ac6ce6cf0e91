// SPDX-License-Identifier: GPL-2.0
/*
 * Lets allocations fail one by one: the first that the kernel makes for a deed,
 * then the second, until none is left to fail. Deeds are the requests of the
 * module, which must either succeed or say ENOMEM, and forks, execs and faults,
 * of which the module takes note and has to stay exact. Copies from and to user
 * space are made to fail in the same way, with EFAULT.
 *
 * Says what was wrong, how often each deed was spoilt, and how many calls that
 * took. Needs a kernel with fault injection, prepared by failures.sh.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kernel/cow_lib.h"

#define PAGE		4096
#define N		23
#define FAIL_NTH	"/proc/thread-self/fail-nth"
/* No deed has so many: one that always fails would go on for ever. */
#define MOST		5000

static int device, tree, fail;
static char *memory;
static int failed;

/* What a deed leaves, to be cleared away when allocations succeed again. */
static int left_fd = -1;
static pid_t left_child;
static pthread_t left_thread;
static struct cow_list left_list;

static void wrong(const char *deed, unsigned int nth, const char *what)
{
	printf("%s, allocation %u: %s\n", deed, nth, what);
	failed = 1;
}

static long text(void)
{
	static char buffer[1 << 16];
	ssize_t got;

	left_fd = open(COW_PROCFILE, O_RDONLY | O_CLOEXEC);
	if (left_fd < 0)
		return -errno;
	do {
		got = read(left_fd, buffer, sizeof(buffer));
	} while (got > 0);
	return got < 0 ? -errno : 0;
}

static long open_device(void)
{
	left_fd = cow_open();
	return left_fd < 0 ? left_fd : 0;
}

static long info(void)
{
	struct cowstat_info info;

	return cow_info(device, &info);
}

static long system_counters(void)
{
	struct cowstat_system system;

	return cow_system(device, &system);
}

static long process(void)
{
	struct cowstat_process process;

	return cow_process(device, 0, &process);
}

static long list(void)
{
	return cow_list(device, &left_list);
}

static long list_of_tree(void)
{
	return cow_list(tree, &left_list);
}

static long open_tree(void)
{
	left_fd = cow_tree(device, 0, COWSTAT_TREE_KEEP);
	return left_fd < 0 ? left_fd : 0;
}

static long read_tree(void)
{
	struct cowstat_read read;

	return cow_read(tree, &read);
}

static void write_pages(void)
{
	int i;

	for (i = 0; i < N; i++)
		memory[i * PAGE]++;
}

static long fork_child(void)
{
	left_child = fork();
	if (!left_child) {
		write_pages();
		_exit(0);
	}
	return left_child < 0 ? -errno : 0;
}

static void *nothing(void *unused)
{
	return NULL;
}

static long start_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, nothing, NULL);

	if (!error)
		left_thread = thread;
	return -error;
}

static void set_nth(unsigned int nth)
{
	char digits[16];
	int size = snprintf(digits, sizeof(digits), "%u", nth);

	while (pwrite(fail, digits, size, 0) != size)
		if (errno != EFAULT)
			cow_die("cannot write to %s: %s", FAIL_NTH, strerror(errno));
}

/* What is left of the count is 0 if something has failed. */
static bool has_failed(void)
{
	char left[16] = "";
	bool spoilt = pread(fail, left, sizeof(left) - 1, 0) > 0 && !atoi(left);

	set_nth(0);
	return spoilt;
}

static void clear_away(void)
{
	if (left_fd >= 0)
		close(left_fd);
	if (left_child > 0)
		waitpid(left_child, NULL, 0);
	if (left_thread)
		pthread_join(left_thread, NULL);
	cow_list_free(&left_list);
	left_fd = -1;
	left_child = 0;
	left_thread = 0;
}

static void must_be_exact(const char *deed, unsigned int nth)
{
	static const int never[] = {
		COW_LOST_limit, COW_LOST_memory, COW_LOST_hook, COW_LOST_site,
		COW_LOST_owner,
	};
	struct cowstat_info info = must_info(device);
	struct cowstat_system system = must_system(device);
	const char *sum = cow_broken_identity(&system.counters);
	size_t i;

	if (sum)
		wrong(deed, nth, sum);
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (info.lost[never[i]])
			wrong(deed, nth, cow_lost_names[never[i]]);
}

static unsigned long calls;

static void report(const char *deed, unsigned int spoilt, unsigned int refused)
{
	printf("%s: %u failures, %u of them fatal\n", deed, spoilt, refused);
	if (!spoilt) {
		printf("%s: nothing could be made to fail\n", deed);
		failed = 1;
	}
	calls += spoilt + 1;
}

/* One of the deeds in this process. @may: what it may fail with, beside ENOMEM */
static void spoil(const char *deed, long (*act)(void), int may)
{
	unsigned int nth, refused = 0;
	bool spoilt;
	long ret;

	for (nth = 1; nth < MOST && !failed; nth++) {
		set_nth(nth);
		ret = act();
		spoilt = has_failed();
		if (ret && ret != -ENOMEM && ret != -EFAULT && ret != -may)
			wrong(deed, nth, strerror(-ret));
		clear_away();
		must_be_exact(deed, nth);
		refused += ret != 0;
		if (ret && !spoilt)
			wrong(deed, nth, "an error without a failure");
		if (!spoilt)
			break;
	}
	report(deed, nth - 1, refused);
}

static struct cowstat_counters own_counters(void)
{
	return must_process(device, 0).self;
}

/* A fault that finds no memory is taken again: no page is counted twice. */
static void spoil_faults(void)
{
	struct cowstat_counters before, after;
	unsigned int nth;
	bool spoilt = true;
	int ready[2];
	char byte;
	pid_t pid;

	for (nth = 1; nth < MOST && spoilt && !failed; nth++) {
		if (pipe(ready))
			cow_die("no pipe");
		write_pages();
		pid = fork();
		if (!pid) {
			close(ready[1]);
			_exit(read(ready[0], &byte, 1) != 0);
		}
		before = own_counters();
		set_nth(nth);
		write_pages();
		spoilt = has_failed();
		after = own_counters();
		close(ready[1]);
		close(ready[0]);
		waitpid(pid, NULL, 0);
		if (after.value[COW_broken_anon] - before.value[COW_broken_anon] < N)
			wrong("faults", nth, "a page is missing");
		must_be_exact("faults", nth);
	}
	report("faults", nth - 2, 0);
}

/* The program says with its status whether something failed before it began. */
#define WAS_SPOILT	1
#define NO_EXEC		2

/* A vfork child: nothing may be changed but what is its own. */
static void begin_program(const char *digits)
{
	int own = open(FAIL_NTH, O_WRONLY | O_CLOEXEC);

	if (own >= 0 && write(own, digits, strlen(digits)) > 0)
		execl("/proc/self/exe", "failures", "program", NULL);
	_exit(NO_EXEC);
}

static int run_program(bool by_vfork, unsigned int nth)
{
	int status = -1;
	char digits[16];
	pid_t pid;

	snprintf(digits, sizeof(digits), "%u", nth);
	pid = by_vfork ? vfork() : fork();
	if (!pid)
		begin_program(digits);
	waitpid(pid, &status, 0);
	return status;
}

static void spoil_exec(const char *deed, bool by_vfork)
{
	unsigned int nth, refused = 0;
	int status;

	for (nth = 1; nth < MOST && !failed; nth++) {
		status = run_program(by_vfork, nth);
		must_be_exact(deed, nth);
		if (!status)
			break;
		refused += !WIFEXITED(status) || WEXITSTATUS(status) != WAS_SPOILT;
	}
	report(deed, nth - 1, refused);
}

static int program(void)
{
	fail = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	return fail < 0 || has_failed() ? WAS_SPOILT : 0;
}

static void prepare(void)
{
	device = must_open();
	tree = must_tree(device, 0, COWSTAT_TREE_KEEP);
	fail = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (fail < 0)
		cow_die("no %s: %s", FAIL_NTH, strerror(errno));
	memory = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		cow_die("no memory");
	write_pages();
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return program();
	setvbuf(stdout, NULL, _IOLBF, 0);
	prepare();
	spoil("opening and reading " COW_PROCFILE, text, 0);
	spoil("opening " COW_DEVICE, open_device, 0);
	spoil("INFO", info, 0);
	spoil("SYSTEM", system_counters, 0);
	spoil("PROCESS", process, 0);
	spoil("LIST", list, 0);
	spoil("LIST of a tree", list_of_tree, 0);
	spoil("TREE", open_tree, 0);
	spoil("READ", read_tree, 0);
	spoil("fork", fork_child, EAGAIN);
	spoil("thread", start_thread, EAGAIN);
	spoil_faults();
	spoil_exec("fork and exec", false);
	spoil_exec("vfork and exec", true);
	printf("%lu calls\n", calls);
	return failed;
}
