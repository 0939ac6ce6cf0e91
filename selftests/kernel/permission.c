// SPDX-License-Identifier: GPL-2.0
/*
 * Who may see what: users, capabilities, user and pid namespaces, and that
 * the eyes are those of who opened the file.
 *
 * The test is root and starts a process of root and one of another user; a
 * child then becomes who it shall be, and looks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cow_lib.h"
#include "kselftest_harness.h"

#define USER	65534
#define GROUP	1

FIXTURE(who)
{
	pid_t root;	/* root's process */
	pid_t user;	/* USER's */
	pid_t mixed[3];	/* USER's but for one of the three uids, which is root's */
	pid_t grouped[3];	/* USER's but for one of the three gids */
	pid_t shy;	/* USER's, and not dumpable */
	int stop[2];	/* closed: all of them end */
};

struct ids {
	uid_t real;
	uid_t effective;
	uid_t saved;
};

/* The ids are set when the child says so. */
static pid_t start_as(const FIXTURE_DATA(who) *self, struct ids uid,
		      struct ids gid, bool dumpable)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		cow_die("no pipe");
	pid = fork();
	if (!pid) {
		close(self->stop[1]);
		if (setresgid(gid.real, gid.effective, gid.saved) ||
		    setresuid(uid.real, uid.effective, uid.saved) ||
		    prctl(PR_SET_DUMPABLE, dumpable) ||
		    write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(read(self->stop[0], &byte, 1));
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		cow_die("cannot start a process with uid %d", uid.real);
	close(ready[0]);
	return pid;
}

static pid_t start(const FIXTURE_DATA(who) *self, uid_t real, uid_t effective,
		   uid_t saved)
{
	gid_t gid = real || effective ? USER : 0;

	return start_as(self, (struct ids){ real, effective, saved },
			(struct ids){ gid, gid, gid }, true);
}

static pid_t start_grouped(const FIXTURE_DATA(who) *self, gid_t real,
			   gid_t effective, gid_t saved, bool dumpable)
{
	return start_as(self, (struct ids){ USER, USER, USER },
			(struct ids){ real, effective, saved }, dumpable);
}

FIXTURE_SETUP(who)
{
	if (getuid())
		cow_die("this test needs root");
	if (pipe(self->stop))
		cow_die("no pipe");
	self->root = start(self, 0, 0, 0);
	self->user = start(self, USER, USER, USER);
	self->mixed[0] = start(self, 0, USER, USER);
	self->mixed[1] = start(self, USER, 0, USER);
	self->mixed[2] = start(self, USER, USER, 0);
	self->grouped[0] = start_grouped(self, GROUP, USER, USER, true);
	self->grouped[1] = start_grouped(self, USER, GROUP, USER, true);
	self->grouped[2] = start_grouped(self, USER, USER, GROUP, true);
	self->shy = start_grouped(self, USER, USER, USER, false);
}

FIXTURE_TEARDOWN(who)
{
	close(self->stop[1]);
	while (wait(NULL) > 0)
		;
}

static void become_user(void)
{
	if (setgroups(0, NULL) || setresgid(USER, USER, USER) ||
	    setresuid(USER, USER, USER))
		cow_die("cannot become uid %d", USER);
	prctl(PR_SET_DUMPABLE, 1);
}

static void keep_only(int capability)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { };

	prctl(PR_SET_KEEPCAPS, 1);
	become_user();
	data[capability / 32].permitted = 1U << (capability % 32);
	data[capability / 32].effective = 1U << (capability % 32);
	if (syscall(SYS_capset, &head, data))
		cow_die("cannot keep capability %d", capability);
}

/*
 * IN_CHILD() { ... }: the block runs in a child, its failures are the test's.
 */
#define IN_CHILD() \
	for (pid_t _pid = fork(); ; \
	     ({ fflush(stdout); _exit(!_metadata->passed); })) \
		if (_pid) { \
			int _status; \
\
			ASSERT_EQ(_pid, waitpid(_pid, &_status, 0)); \
			EXPECT_EQ(0, _status); \
			break; \
		} else

static int process_error(int fd, pid_t pid)
{
	struct cowstat_process process;

	return cow_process(fd, pid, &process);
}

static int tree_error(int fd, pid_t pid)
{
	int tree = cow_tree(fd, pid, 0);

	if (tree < 0)
		return tree;
	close(tree);
	return 0;
}

static bool listed(int fd, pid_t pid)
{
	struct cow_list list = must_list(fd);
	bool found = cow_find(&list, pid);

	cow_list_free(&list);
	return found;
}

/* Is there a line of the process in /proc/cowstat, as read from there? */
static bool has_line(FILE *file, pid_t pid)
{
	bool found = false;
	char line[512];
	int first;

	rewind(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%d ", &first) == 1 && first == pid)
			found = true;
	return found;
}

static bool in_procfile(const char *path, pid_t pid)
{
	FILE *file = fopen(path, "re");
	bool found;

	if (!file)
		cow_die("cannot open %s: %s", path, strerror(errno));
	found = has_line(file, pid);
	fclose(file);
	return found;
}

/* All five ways to look at a process agree. */
static void expect_sight(struct __test_metadata *_metadata, pid_t pid,
			 int error)
{
	int fd = must_open();

	EXPECT_EQ(error, process_error(fd, pid));
	EXPECT_EQ(error, tree_error(fd, pid));
	EXPECT_EQ(!error, listed(fd, pid));
	EXPECT_EQ(!error, in_procfile(COW_PROCFILE, pid));
	close(fd);
}

#define EXPECT_SEES(pid) expect_sight(_metadata, pid, 0)
#define EXPECT_HIDDEN(pid) expect_sight(_metadata, pid, -EACCES)

#define WHO_TEST(name) TEST_F_TIMEOUT(who, name, COW_TIMEOUT)

WHO_TEST(root_sees_all)
{
	EXPECT_SEES(self->root);
	EXPECT_SEES(self->user);
	EXPECT_SEES(self->mixed[1]);
	EXPECT_SEES(1);
}

WHO_TEST(user_sees_its_own)
{
	IN_CHILD() {
		become_user();
		EXPECT_SEES(self->user);
		EXPECT_SEES(getpid());
	}
}

WHO_TEST(user_does_not_see_roots)
{
	IN_CHILD() {
		become_user();
		EXPECT_HIDDEN(self->root);
		EXPECT_HIDDEN(getppid());
		EXPECT_HIDDEN(1);
	}
}

WHO_TEST(all_ids_must_be_the_users)
{
	IN_CHILD() {
		become_user();
		EXPECT_HIDDEN(self->mixed[0]);
		EXPECT_HIDDEN(self->mixed[1]);
		EXPECT_HIDDEN(self->mixed[2]);
	}
}

WHO_TEST(all_gids_must_be_the_users)
{
	IN_CHILD() {
		become_user();
		EXPECT_HIDDEN(self->grouped[0]);
		EXPECT_HIDDEN(self->grouped[1]);
		EXPECT_HIDDEN(self->grouped[2]);
	}
}

/* As the kernel tells by /proc: who may not be traced may not be looked into. */
WHO_TEST(who_is_not_dumpable_is_hidden)
{
	IN_CHILD() {
		become_user();
		EXPECT_HIDDEN(self->shy);
		EXPECT_SEES(self->user);
	}
}

/* A copy of a program for @mode, that runs as the user and says when it does */
static pid_t start_program(const FIXTURE_DATA(who) *self, const char *path,
			   mode_t mode)
{
	char command[200], byte;
	int ready[2];
	pid_t pid;

	snprintf(command, sizeof(command), "cp /bin/sh %s && chgrp %d %s && chmod %o %s",
		 path, GROUP, path, mode, path);
	if (system(command) || pipe(ready))
		cow_die("cannot copy a program");
	pid = fork();
	if (!pid) {
		dup2(ready[1], 1);
		dup2(self->stop[0], 0);
		close(self->stop[1]);
		become_user();
		execl(path, "sh", "-c", "echo; read line", NULL);
		_exit(1);
	}
	if (read(ready[0], &byte, 1) != 1)
		cow_die("the program does not run");
	close(ready[0]);
	close(ready[1]);
	return pid;
}

#define PROGRAM	"/tmp/cowstat-permission"

WHO_TEST(program_that_cannot_be_read_is_hidden)
{
	pid_t pid = start_program(self, PROGRAM, 0711);

	IN_CHILD() {
		become_user();
		EXPECT_HIDDEN(pid);
	}
	EXPECT_SEES(pid);
	unlink(PROGRAM);
}

WHO_TEST(program_that_sets_its_group_is_hidden)
{
	pid_t pid = start_program(self, PROGRAM, 02755);

	IN_CHILD() {
		become_user();
		EXPECT_HIDDEN(pid);
	}
	EXPECT_SEES(pid);
	unlink(PROGRAM);
}

WHO_TEST(program_as_any_is_seen)
{
	pid_t pid = start_program(self, PROGRAM, 0755);

	IN_CHILD() {
		become_user();
		EXPECT_SEES(pid);
	}
	unlink(PROGRAM);
}

WHO_TEST(those_out_of_reach_are_counted)
{
	IN_CHILD() {
		struct cow_list list;

		list = must_list(must_open());
		EXPECT_EQ(0, list.head.hidden);
		EXPECT_EQ(list.head.processes, list.head.count);
		become_user();
		list = must_list(must_open());
		EXPECT_EQ(2, list.head.count);
		EXPECT_EQ(list.head.processes, list.head.count + list.head.hidden);
	}
}

/* By pid namespace: those outside are not out of reach, they are not there. */
WHO_TEST(those_of_other_namespaces_are_not_counted)
{
	IN_CHILD() {
		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		IN_CHILD() {
			struct cow_list list;

			become_user();
			list = must_list(must_open());
			EXPECT_EQ(1, list.head.count);
			EXPECT_EQ(0, list.head.hidden);
		}
	}
}

/* What the handle's owner has forked, and who has then become shy */
WHO_TEST(handle_keeps_the_sums_of_who_is_hidden)
{
	IN_CHILD() {
		struct cowstat_read now;
		int tree, told[2], go[2];
		struct cow_list list;
		char byte;
		pid_t pid;

		ASSERT_EQ(0, pipe(told) | pipe(go));
		become_user();
		tree = must_tree(must_open(), 0, COWSTAT_TREE_NEXT_CHILD |
				 COWSTAT_TREE_KEEP);
		pid = fork();
		if (!pid) {
			prctl(PR_SET_DUMPABLE, 0);
			if (fork() && write(told[1], "t", 1) == 1)
				_exit(read(go[0], &byte, 1) != 1);
			close(self->stop[1]);
			_exit(read(self->stop[0], &byte, 1));
		}
		ASSERT_EQ(1, read(told[0], &byte, 1));
		EXPECT_EQ(0, cow_read(tree, &now));
		EXPECT_EQ(2, now.tree_procs);
		EXPECT_LT(0, now.counters.value[COW_inherited]);
		list = must_list(tree);
		EXPECT_EQ(0, list.head.count);
		EXPECT_EQ(2, list.head.hidden);
		/* And in the first's own time, after its death */
		ASSERT_EQ(1, write(go[1], "g", 1));
		waitpid(pid, NULL, 0);
		EXPECT_EQ(0, cow_read(tree, &now));
		EXPECT_EQ(COWSTAT_TREE_ORPHANED, now.tree_state);
		list = must_list(tree);
		EXPECT_EQ(0, list.head.count);
		EXPECT_EQ(2, list.head.hidden);
	}
}

/* One of two that are gone was out of reach when it went. */
WHO_TEST(who_was_hidden_stays_so_when_gone)
{
	IN_CHILD() {
		struct cow_list list;
		pid_t open, shy;
		int tree;

		become_user();
		tree = must_tree(must_open(), 0, COWSTAT_TREE_KEEP);
		open = fork();
		if (!open)
			_exit(0);
		waitpid(open, NULL, 0);
		shy = fork();
		if (!shy) {
			prctl(PR_SET_DUMPABLE, 0);
			_exit(0);
		}
		waitpid(shy, NULL, 0);
		list = must_list(tree);
		EXPECT_NE(NULL, cow_find(&list, open));
		EXPECT_EQ(NULL, cow_find(&list, shy));
		EXPECT_EQ(2, list.head.count);
		EXPECT_EQ(1, list.head.hidden);
		EXPECT_EQ(3, must_read(tree).tree_procs);
	}
}

WHO_TEST(user_lists_nothing_else)
{
	IN_CHILD() {
		struct cow_list list;
		unsigned int i;

		become_user();
		list = must_list(must_open());
		EXPECT_EQ(2, list.head.count);
		EXPECT_LT(list.head.count, list.head.processes);
		for (i = 0; i < list.head.count; i++)
			EXPECT_TRUE(list.row[i].pid == self->user ||
				    list.row[i].pid == getpid());
	}
}

WHO_TEST(user_sees_the_system)
{
	IN_CHILD() {
		struct cowstat_system system;
		struct cowstat_info info;
		struct cow_list list;
		int fd;

		become_user();
		fd = must_open();
		system = must_system(fd);
		EXPECT_LT(0, system.counters.value[COW_forks]);
		EXPECT_LT(2, system.processes);
		info = must_info(fd);
		EXPECT_LT(2, info.processes);
		list = must_list(fd);
		EXPECT_LE(system.counters.value[COW_forks],
			  list.head.system.value[COW_forks]);
	}
}

WHO_TEST(user_follows_its_own_children)
{
	IN_CHILD() {
		int fd, tree;
		pid_t pid;

		become_user();
		fd = must_open();
		tree = must_tree(fd, 0, COWSTAT_TREE_NEXT_CHILD |
				 COWSTAT_TREE_KEEP);
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
		EXPECT_EQ(COWSTAT_TREE_GONE, must_read(tree).tree_state);
		EXPECT_EQ(1, must_list(tree).head.count);
		EXPECT_EQ(pid, must_list(tree).row[0].pid);
		EXPECT_LT(0, must_read(tree).counters.value[COW_inherited]);
	}
}

WHO_TEST(nobody_is_no_secret)
{
	IN_CHILD() {
		int fd;

		become_user();
		fd = must_open();
		EXPECT_EQ(-ESRCH, process_error(fd, 4194303));
		EXPECT_EQ(-ESRCH, process_error(fd, -1));
	}
}

WHO_TEST(cap_perfmon_sees_all)
{
	IN_CHILD() {
		keep_only(CAP_PERFMON);
		EXPECT_SEES(self->root);
		EXPECT_SEES(self->mixed[1]);
		EXPECT_SEES(self->grouped[1]);
		EXPECT_SEES(self->shy);
		EXPECT_SEES(1);
	}
}

WHO_TEST(cap_sys_admin_sees_all)
{
	IN_CHILD() {
		keep_only(CAP_SYS_ADMIN);
		EXPECT_SEES(self->root);
		EXPECT_SEES(1);
	}
}

WHO_TEST(other_capabilities_do_not_help)
{
	static const int others[] = {
		CAP_SYS_PTRACE, CAP_DAC_OVERRIDE, CAP_SYSLOG, CAP_BPF,
		CAP_NET_ADMIN, CAP_SETUID,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		IN_CHILD() {
			keep_only(others[i]);
			EXPECT_HIDDEN(self->root);
		}
	}
}

static bool has_user_namespaces(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		become_user();
		_exit(unshare(CLONE_NEWUSER) != 0);
	}
	waitpid(pid, &status, 0);
	return !status;
}

/* All capabilities, but in a user namespace of one's own. */
WHO_TEST(user_namespace_does_not_help)
{
	if (!has_user_namespaces())
		SKIP(return, "users cannot make user namespaces here");
	IN_CHILD() {
		become_user();
		ASSERT_EQ(0, unshare(CLONE_NEWUSER));
		EXPECT_HIDDEN(self->root);
		EXPECT_SEES(getpid());
	}
}

WHO_TEST(root_without_capabilities_is_a_user)
{
	IN_CHILD() {
		struct __user_cap_header_struct head = {
			.version = _LINUX_CAPABILITY_VERSION_3,
		};
		struct __user_cap_data_struct none[2] = { };

		ASSERT_EQ(0, syscall(SYS_capset, &head, none));
		EXPECT_SEES(self->root);
		EXPECT_HIDDEN(self->user);
	}
}

/* What counts is who opened it. */

WHO_TEST(opened_by_root_read_by_user)
{
	int fd = must_open();
	FILE *proc = fopen(COW_PROCFILE, "r");

	ASSERT_NE(NULL, proc);
	IN_CHILD() {
		become_user();
		EXPECT_EQ(0, process_error(fd, self->root));
		EXPECT_TRUE(listed(fd, self->root));
		EXPECT_TRUE(has_line(proc, self->root));
	}
}

static void send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	if (sendmsg(socket, &msg, 0) != 1)
		cow_die("cannot send a descriptor");
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		cow_die("no descriptor came");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

WHO_TEST(opened_by_user_read_by_root)
{
	int pair[2], fd, proc;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	IN_CHILD() {
		become_user();
		send_fd(pair[1], must_open());
		send_fd(pair[1], open(COW_PROCFILE, O_RDONLY));
	}
	fd = receive_fd(pair[0]);
	proc = receive_fd(pair[0]);
	EXPECT_EQ(-EACCES, process_error(fd, self->root));
	EXPECT_EQ(-EACCES, tree_error(fd, self->root));
	EXPECT_FALSE(listed(fd, self->root));
	EXPECT_TRUE(listed(fd, self->user));
	EXPECT_FALSE(has_line(fdopen(proc, "r"), self->root));
}

WHO_TEST(handle_of_root_read_by_user)
{
	int tree = must_tree(must_open(), self->root, COWSTAT_TREE_KEEP);

	IN_CHILD() {
		become_user();
		EXPECT_EQ(COWSTAT_TREE_ALIVE, must_read(tree).tree_state);
		EXPECT_TRUE(listed(tree, self->root));
	}
}

/* In the user's own tree, one that is not the user's. */
WHO_TEST(tree_with_a_process_of_another)
{
	int pipes[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	if (!pid) {
		pid_t child = fork();
		char byte;

		if (child)
			become_user();
		if (child && write(pipes[1], &child, sizeof(child)) < 0)
			_exit(1);
		close(self->stop[1]);
		_exit(read(self->stop[0], &byte, 1));
	}
	IN_CHILD() {
		pid_t child;
		int tree;

		ASSERT_EQ(sizeof(child), read(pipes[0], &child, sizeof(child)));
		become_user();
		tree = must_tree(must_open(), pid, COWSTAT_TREE_KEEP);
		EXPECT_TRUE(listed(tree, pid));
		EXPECT_FALSE(listed(tree, child));
		EXPECT_EQ(2, must_read(tree).tree_procs);
		EXPECT_EQ(1, must_list(tree).head.hidden);
	}
}

/*
 * The handle was opened while the process was the user's; it then becomes
 * root's, as one does that runs a set-user-ID program, and later ends so.
 */
WHO_TEST(handle_of_a_process_that_became_roots)
{
	int told[2], change[2], changed[2];
	struct cowstat_read read_now;
	struct cow_list list;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(told) | pipe(change) | pipe(changed));
	pid = fork();
	if (!pid) {
		close(self->stop[1]);
		keep_only(CAP_SETUID);
		if (write(told[1], "t", 1) != 1 ||
		    read(change[0], &byte, 1) != 1 || setresuid(0, 0, 0) ||
		    write(changed[1], "c", 1) != 1)
			_exit(1);
		_exit(read(self->stop[0], &byte, 1));
	}
	ASSERT_EQ(1, read(told[0], &byte, 1));
	IN_CHILD() {
		int tree;

		become_user();
		tree = must_tree(must_open(), pid, COWSTAT_TREE_KEEP);
		EXPECT_EQ(0, cow_read(tree, &read_now));
		ASSERT_EQ(1, write(change[1], "x", 1));
		ASSERT_EQ(1, read(changed[0], &byte, 1));
		EXPECT_EQ(0, cow_read(tree, &read_now));
		EXPECT_EQ(1, read_now.tree_procs);
		EXPECT_EQ(0, cow_list(tree, &list));
		EXPECT_EQ(0, list.head.count);
		EXPECT_EQ(1, list.head.hidden);
		EXPECT_EQ(-EACCES, tree_error(must_open(), pid));
	}
}

/* pid namespaces: one's own pids, and nobody from outside. */

static void new_pid_namespace(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
}

static void expect_alone(struct __test_metadata *_metadata,
			 const FIXTURE_DATA(who) *self)
{
	int fd = must_open();
	struct cow_list list = must_list(fd);

	EXPECT_EQ(1, getpid());
	ASSERT_EQ(1, list.head.count);
	EXPECT_EQ(1, list.row[0].pid);
	EXPECT_EQ(0, list.row[0].ppid);
	EXPECT_EQ(0, list.row[0].depth);
	EXPECT_EQ(1, must_process(fd, 0).pid);
	EXPECT_EQ(1, must_process(fd, 1).pid);
	EXPECT_EQ(0, must_process(fd, 1).ppid);
	EXPECT_EQ(0, must_process(fd, 1).depth);
	EXPECT_EQ(-ESRCH, process_error(fd, self->root));
	EXPECT_EQ(-ESRCH, tree_error(fd, self->root));
	EXPECT_LT(1, must_system(fd).processes);
	EXPECT_LT(0, must_system(fd).counters.value[COW_forks]);
	EXPECT_TRUE(in_procfile(COW_PROCFILE, 1));
	EXPECT_FALSE(in_procfile(COW_PROCFILE, self->root));
	close(fd);
}

WHO_TEST(pid_namespace_shows_itself)
{
	IN_CHILD() {
		new_pid_namespace(_metadata);
		IN_CHILD() {
			expect_alone(_metadata, self);
		}
	}
}

WHO_TEST(pid_namespace_with_its_own_proc)
{
	IN_CHILD() {
		new_pid_namespace(_metadata);
		IN_CHILD() {
			ASSERT_EQ(0, unshare(CLONE_NEWNS));
			ASSERT_EQ(0, mount(NULL, "/", NULL,
					   MS_REC | MS_PRIVATE, NULL));
			ASSERT_EQ(0, mount("proc", "/proc", "proc", 0, NULL));
			expect_alone(_metadata, self);
		}
	}
}

WHO_TEST(pid_namespace_has_its_own_pids)
{
	IN_CHILD() {
		new_pid_namespace(_metadata);
		IN_CHILD() {
			struct cow_list list;
			int fd = must_open();
			char byte;
			pid_t pid;

			pid = fork();
			if (!pid) {
				close(self->stop[1]);
				_exit(read(self->stop[0], &byte, 1));
			}
			EXPECT_EQ(2, pid);
			list = must_list(fd);
			ASSERT_EQ(2, list.head.count);
			EXPECT_EQ(2, list.row[1].pid);
			EXPECT_EQ(1, list.row[1].ppid);
			EXPECT_EQ(1, list.row[1].depth);
			EXPECT_EQ(1, must_process(fd, 2).ppid);
			EXPECT_EQ(2, list.row[0].tree_procs);
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
	}
}

WHO_TEST(opened_outside_read_inside)
{
	int fd = must_open();
	pid_t outside = getpid();

	IN_CHILD() {
		new_pid_namespace(_metadata);
		IN_CHILD() {
			EXPECT_EQ(1, getpid());
			EXPECT_EQ(0, process_error(fd, outside));
			EXPECT_TRUE(listed(fd, self->root));
			EXPECT_NE(1, must_process(fd, 0).pid);
		}
	}
}

/* Who has no pid there cannot be "this process". */
WHO_TEST(caller_outside_of_the_openers_namespace)
{
	int pair[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	IN_CHILD() {
		new_pid_namespace(_metadata);
		IN_CHILD() {
			send_fd(pair[1], must_open());
		}
	}
	fd = receive_fd(pair[0]);
	EXPECT_EQ(-ESRCH, process_error(fd, 0));
	EXPECT_EQ(-ESRCH, tree_error(fd, 0));
	EXPECT_EQ(-ESRCH, cow_tree(fd, 0, COWSTAT_TREE_NEXT_CHILD));
}

/* From outside the processes in a namespace are seen like all others. */
WHO_TEST(outside_looks_into_the_namespace)
{
	int fd = must_open(), tree;
	struct cow_list list;

	tree = must_tree(fd, 0, COWSTAT_TREE_NEXT_CHILD | COWSTAT_TREE_KEEP);
	IN_CHILD() {
		new_pid_namespace(_metadata);
		IN_CHILD() {
			EXPECT_EQ(1, getpid());
		}
	}
	list = must_list(tree);
	EXPECT_EQ(2, must_read(tree).tree_procs);
	EXPECT_EQ(0, list.row[0].ppid);
	EXPECT_EQ(2, list.row[0].tree_procs);
}

TEST_HARNESS_MAIN
