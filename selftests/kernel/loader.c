// SPDX-License-Identifier: GPL-2.0
/*
 * For calibrate.sh: a process that loads the module itself, since what the
 * calibration does is done in the memory of that process.
 *
 *	loader nothing FILE	no counter of it or of its parent has moved
 *	loader threads FILE	with threads that fault and fork meanwhile, ROUNDS times
 *	loader locked FILE	all memory that it maps is locked, and so is there
 *	loader narrow FILE	it can map no more memory
 *	loader base FILE	it gets no huge pages
 *
 * Says what is wrong, and ends with status 1 then. The module stays loaded, but for
 * threads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cow_lib.h"

#define PAGE		4096
#define N		23
#define ROUNDS		12

static int failed;
static bool over;

static void load(int file)
{
	if (syscall(SYS_finit_module, file, "", 0))
		cow_die("cannot load the module: %s", strerror(errno));
}

/* A child that is about to end may have inherited the open device. */
static void unload(void)
{
	while (syscall(SYS_delete_module, "cowstat", O_NONBLOCK))
		if (errno != EWOULDBLOCK)
			cow_die("cannot unload the module: %s", strerror(errno));
}

static int is_not_there(const char *path)
{
	return access(path, F_OK) && errno == ENOENT;
}

/* Has any counter moved, or any of those in @which? Nothing is printed before all are read. */
static void expect_zero(const char *whose, const struct cowstat_counters *c, __u64 which)
{
	int i;

	for (i = 0; i < COW_NR; i++) {
		if (!c->value[i] || !(which & 1ULL << i))
			continue;
		printf("# %s: %s is %llu, expected 0\n", whose, cow_names[i], c->value[i]);
		failed = 1;
	}
}

/* All that is called once more after the load is called here once: then it is there. */
static void rehearse(struct cowstat_process *self, struct cowstat_process *parent)
{
	int fd = open(COW_DEVICE, O_RDWR);

	memset(self, 0xff, sizeof(*self));
	memset(parent, 0xff, sizeof(*parent));
	cow_process(fd, getpid(), self);
	cow_process(fd, getppid(), parent);
	syscall(SYS_finit_module, -1, "", 0);
}

static void load_and_look(int file)
{
	static struct cowstat_process self, parent;
	int fd;

	rehearse(&self, &parent);
	load(file);
	fd = open(COW_DEVICE, O_RDWR);
	if (cow_process(fd, getpid(), &self) || cow_process(fd, getppid(), &parent))
		cow_die("cannot read the counters");
	expect_zero("the loader", &self.row.self, ~0ULL);
	expect_zero("its parent", &parent.row.self, ~0ULL);
	expect_zero("its parent's tree", &parent.row.tree, ~0ULL);
}

static int nothing(int file)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		load_and_look(file);
		exit(failed);
	}
	waitpid(pid, &status, 0);
	return status != 0;
}

static void *fault(void *unused)
{
	char *at = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	int i;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		for (i = 0; i < N; i++)
			at[i * PAGE] = 1;
		madvise(at, N * PAGE, MADV_DONTNEED);
	}
	return NULL;
}

static void *beget(void *unused)
{
	pid_t pid;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return NULL;
}

/* What the calibration makes, and neither of the threads does */
#define FOREIGN \
	(1ULL << COW_zero_upgraded | 1ULL << COW_zero_mapped | 1ULL << COW_zero_huge | \
	 1ULL << COW_broken_file)

static void look_beside_threads(void)
{
	int fd = must_open();
	struct cowstat_row row = must_process(fd, getpid());
	struct cowstat_info info = must_info(fd);

	expect_zero("the loader beside threads", &row.self, FOREIGN);
	if (info.state != COWSTAT_STATE_EXACT) {
		printf("# the state is not exact\n");
		failed = 1;
	}
	close(fd);
}

static int threads(int file)
{
	void *(*const work[])(void *) = { fault, beget };
	pthread_t thread[2];
	int i;

	/* Their stacks must not come as huge pages. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, work[i], NULL))
			cow_die("cannot start a thread");
	for (i = 0; i < ROUNDS && !failed; i++) {
		load(file);
		look_beside_threads();
		unload();
	}
	over = true;
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	return failed;
}

static int locked(int file)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		cow_die("cannot lock memory: %s", strerror(errno));
	load(file);
	return 0;
}

static int narrow(int file)
{
	const struct rlimit limit = { 1, 1 };

	if (setrlimit(RLIMIT_AS, &limit))
		cow_die("cannot limit memory: %s", strerror(errno));
	load(file);
	return 0;
}

static int base(int file)
{
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		cow_die("cannot do without huge pages: %s", strerror(errno));
	load(file);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int file);
} ways[] = {
	{ "nothing", nothing },
	{ "threads", threads },
	{ "locked", locked },
	{ "narrow", narrow },
	{ "base", base },
};

int main(int argc, char **argv)
{
	int i, file = argc == 3 ? open(argv[2], O_RDONLY) : -1;

	if (file < 0 || !is_not_there(COW_DEVICE))
		cow_die("usage: loader WAY FILE, without the module");
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[1], ways[i].name))
			return ways[i].run(file);
	cow_die("there is no way '%s'", argv[1]);
}
