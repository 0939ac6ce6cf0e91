// SPDX-License-Identifier: GPL-2.0
/*
 * A program that was built with the first header goes on working, and reads the
 * same as one that is built with today's.
 *
 * Both read the same thing in turn, the new one twice: what the old one read in
 * between must be the new one's bytes as far as it knows them, if these were the
 * same before and after. That is soon so, for what is read stands still.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cow_lib.h"
#include "old_header_v1.h"
#include "kselftest_harness.h"

#define PAGE		4096
#define N		23
#define USER		65534
#define ATTEMPTS	10000
#define ROWS		64

FIXTURE(frozen)
{
	int fd;
	int tree;	/* of the subject, which stands still */
	pid_t subject;
	struct v1_call call;
};

/* Stopped: one that only sleeps may have written to its stack after it said so. */
static void stand_still(void)
{
	raise(SIGSTOP);
	_exit(1);
}

static bool stands_still(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status);
}

static pid_t start_subject(void)
{
	pid_t pid = fork();
	char *at;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	at = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(at, 1, N * PAGE);
	pid = fork();
	if (pid) {
		if (!stands_still(pid))
			_exit(1);
		stand_still();
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memset(at, 2, N * PAGE);
	stand_still();
	return 0;
}

FIXTURE_SETUP(frozen)
{
	self->fd = must_open();
	self->tree = must_tree(self->fd, 0,
			       COWSTAT_TREE_NEXT_CHILD | COWSTAT_TREE_KEEP);
	self->subject = start_subject();
	ASSERT_TRUE(stands_still(self->subject));
	memset(&self->call, 0, sizeof(self->call));
	self->call.pid = self->subject;
}

FIXTURE_TEARDOWN(frozen)
{
	kill(self->subject, SIGKILL);
	waitpid(self->subject, NULL, 0);
	close(self->tree);
	close(self->fd);
}

#define FROZEN_TEST(name)	TEST_F_TIMEOUT(frozen, name, COW_TIMEOUT)

/* Of what both were asked the size alone differs. */
static bool same(const struct v1_call *call, const void *today, size_t from)
{
	return !memcmp(call->bytes + from, (const char *)today + from,
		       call->size - from);
}

/*
 * Reads with @today, a block that reads into @answer, and with the old program's
 * @request of @file in between, until the former has not changed meanwhile.
 */
#define EXPECT_SAME(file, request, answer, today) do { \
	__typeof__(answer) _before; \
	int _i; \
\
	for (_i = 0; _i < ATTEMPTS; _i++) { \
		today; \
		_before = answer; \
		ASSERT_EQ(0, v1_ask(file, request, &self->call)); \
		today; \
		if (!memcmp(&_before, &answer, sizeof(answer))) \
			break; \
	} \
	ASSERT_GT(ATTEMPTS, _i); \
	EXPECT_LE(self->call.size, sizeof(answer)); \
	EXPECT_TRUE(same(&self->call, &answer, 8)); \
	EXPECT_TRUE(v1_clean_behind(&self->call)); \
} while (0)

FROZEN_TEST(info)
{
	struct cowstat_info info;

	EXPECT_SAME(self->fd, V1_INFO, info, info = must_info(self->fd));
	EXPECT_SAME(self->tree, V1_INFO, info, info = must_info(self->tree));
}

FROZEN_TEST(system)
{
	struct cowstat_system system;

	EXPECT_SAME(self->fd, V1_SYSTEM, system, system = must_system(self->fd));
}

FROZEN_TEST(process)
{
	struct cowstat_process process;

	EXPECT_SAME(self->fd, V1_PROCESS, process,
		    ASSERT_EQ(0, cow_process(self->fd, self->subject, &process)));
	EXPECT_EQ(self->subject, process.row.pid);
	EXPECT_LE(N, process.row.tree.value[COW_broken_child]);
}

FROZEN_TEST(read)
{
	struct cowstat_read read;

	EXPECT_SAME(self->tree, V1_READ, read, read = must_read(self->tree));
	EXPECT_EQ(2, read.tree_procs);
	EXPECT_LE(N, read.counters.value[COW_broken_child]);
}

/* The rows too; the system's counters are in every list. */
FROZEN_TEST(list)
{
	struct cowstat_row *rows = calloc(ROWS + 1, sizeof(*rows)), end;
	const struct {
		int fd;
		const char *what;
	} files[] = { { self->tree, "the tree" }, { self->fd, "the device" } };
	size_t f;
	int i;

	EXPECT_EQ(sizeof(*rows), v1_row_size);
	memset(&end, 0x5a, sizeof(end));
	for (f = 0; f < 2; f++) {
		struct cow_list before = { }, after = { };

		for (i = 0; i < ATTEMPTS; i++) {
			cow_list_free(&before);
			cow_list_free(&after);
			before = must_list(files[f].fd);
			ASSERT_GE(ROWS, before.head.count);
			self->call.rows = rows;
			self->call.capacity = before.head.count;
			rows[before.head.count] = end;
			if (v1_ask(files[f].fd, V1_LIST, &self->call))
				continue;
			after = must_list(files[f].fd);
			if (before.head.count == after.head.count &&
			    !memcmp(&before.head.count, &after.head.count,
				    sizeof(after.head) -
				    offsetof(struct cowstat_list, count)) &&
			    !memcmp(before.row, after.row,
				    after.head.count * sizeof(*rows)))
				break;
		}
		ASSERT_GT(ATTEMPTS, i) TH_LOG("%s never stood still", files[f].what);
		EXPECT_TRUE(same(&self->call, &after.head,
				 offsetof(struct cowstat_list, count)));
		EXPECT_EQ(0, memcmp(rows, after.row,
				    after.head.count * sizeof(*rows)));
		EXPECT_EQ(0, memcmp(&rows[after.head.count], &end, sizeof(end)));
		EXPECT_TRUE(v1_clean_behind(&self->call));
		cow_list_free(&before);
		cow_list_free(&after);
	}
	free(rows);
}

FROZEN_TEST(count_alone)
{
	EXPECT_EQ(0, v1_ask(self->tree, V1_LIST, &self->call));
	EXPECT_TRUE(v1_clean_behind(&self->call));
}

/* A handle of the old program's, and one of today's, of the same tree */
FROZEN_TEST(tree)
{
	struct cowstat_read read;
	int tree = v1_ask(self->fd, V1_TREE, &self->call);

	ASSERT_LE(0, tree);
	EXPECT_EQ(FD_CLOEXEC, fcntl(tree, F_GETFD));
	EXPECT_SAME(tree, V1_READ, read, read = must_read(tree));
	EXPECT_EQ(COWSTAT_TREE_ALIVE, read.tree_state);
	EXPECT_EQ(0, read.counters.value[COW_broken]);
	close(tree);
}

static int wrong(FIXTURE_DATA(frozen) *self, int fd, enum v1_request request,
		 enum v1_wrong how)
{
	int ret;

	self->call.wrong = how;
	ret = v1_ask(fd, request, &self->call);
	self->call.wrong = V1_RIGHT;
	return v1_clean_behind(&self->call) ? ret : 1;
}

FROZEN_TEST(errors)
{
	static const enum v1_wrong kinds[] = {
		V1_SIZE_0, V1_SIZE_LESS, V1_SIZE_MORE, V1_FLAG,
	};
	enum v1_request request;
	size_t i;

	for (request = V1_INFO; request < V1_REQUESTS; request++) {
		int fd = request == V1_READ ? self->tree : self->fd;

		for (i = 0; i < ARRAY_SIZE(kinds); i++)
			EXPECT_EQ(-EINVAL, wrong(self, fd, request, kinds[i]))
				TH_LOG("request %d, wrong in way %zu", request, i);
		EXPECT_EQ(-EFAULT, wrong(self, fd, request, V1_POINTER));
	}
	EXPECT_EQ(-ENOTTY, v1_ask(self->fd, V1_READ, &self->call));
	EXPECT_EQ(-EINVAL, wrong(self, self->fd, V1_INFO, V1_RESERVED));
	EXPECT_EQ(-EINVAL, wrong(self, self->fd, V1_SYSTEM, V1_RESERVED));
	EXPECT_EQ(-EINVAL, wrong(self, self->fd, V1_TREE, V1_RESERVED));
	EXPECT_EQ(-EINVAL, wrong(self, self->fd, V1_LIST, V1_ROW_SIZE));
	EXPECT_EQ(-ENOTTY, v1_ask(self->tree, V1_SYSTEM, &self->call));
	EXPECT_EQ(-ENOTTY, v1_ask(self->tree, V1_PROCESS, &self->call));
	EXPECT_EQ(-ENOTTY, v1_ask(self->tree, V1_TREE, &self->call));
}

FROZEN_TEST(errors_of_what_is_asked_for)
{
	struct cowstat_row row;

	self->call.pid = 4194303;
	EXPECT_EQ(-ESRCH, v1_ask(self->fd, V1_PROCESS, &self->call));
	EXPECT_EQ(-ESRCH, v1_ask(self->fd, V1_TREE, &self->call));
	self->call.rows = &row;
	self->call.capacity = 1;
	EXPECT_EQ(-ENOSPC, v1_ask(self->tree, V1_LIST, &self->call));
	self->call.rows = NULL;
	self->call.capacity = ROWS;
	EXPECT_EQ(-EFAULT, v1_ask(self->tree, V1_LIST, &self->call));
}

FROZEN_TEST(errors_of_another_user)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int fd;

		if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
			_exit(1);
		fd = must_open();
		_exit(v1_ask(fd, V1_PROCESS, &self->call) != -EACCES ||
		      v1_ask(fd, V1_TREE, &self->call) != -EACCES);
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
