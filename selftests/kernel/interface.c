// SPDX-License-Identifier: GPL-2.0
/*
 * The device, request by request: what it refuses and with which errno, that
 * an error writes nothing, the frozen layout, and the life of tree handles.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "kselftest_harness.h"

#define PAGE	4096
#define N	23
#define CANARY	0xa5

/* A pid that was just given back: nobody has it. */
static pid_t nobody(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

/* Layout: literals on purpose, this is what programs were compiled with. */

TEST(layout_sizes)
{
	EXPECT_EQ(256, sizeof(struct cowstat_counters));
	EXPECT_EQ(224, sizeof(struct cowstat_info));
	EXPECT_EQ(424, sizeof(struct cowstat_system));
	EXPECT_EQ(560, sizeof(struct cowstat_row));
	EXPECT_EQ(704, sizeof(struct cowstat_process));
	EXPECT_EQ(448, sizeof(struct cowstat_list));
	EXPECT_EQ(16, sizeof(struct cowstat_tree));
	EXPECT_EQ(424, sizeof(struct cowstat_read));
}

TEST(layout_requests)
{
	EXPECT_EQ(0xC0E0C500, COWSTAT_IOC_INFO);
	EXPECT_EQ(0xC1A8C501, COWSTAT_IOC_SYSTEM);
	EXPECT_EQ(0xC2C0C502, COWSTAT_IOC_PROCESS);
	EXPECT_EQ(0xC1C0C503, COWSTAT_IOC_LIST);
	EXPECT_EQ(0x4010C504, COWSTAT_IOC_TREE);
	EXPECT_EQ(0xC1A8C505, COWSTAT_IOC_READ);
}

TEST(layout_info)
{
	EXPECT_EQ(8, offsetof(struct cowstat_info, abi));
	EXPECT_EQ(12, offsetof(struct cowstat_info, page_size));
	EXPECT_EQ(16, offsetof(struct cowstat_info, nr_counters));
	EXPECT_EQ(20, offsetof(struct cowstat_info, nr_losses));
	EXPECT_EQ(24, offsetof(struct cowstat_info, state));
	EXPECT_EQ(32, offsetof(struct cowstat_info, processes));
	EXPECT_EQ(40, offsetof(struct cowstat_info, max_processes));
	EXPECT_EQ(48, offsetof(struct cowstat_info, process_bytes));
	EXPECT_EQ(56, offsetof(struct cowstat_info, lost));
}

TEST(layout_system_and_process)
{
	EXPECT_EQ(8, offsetof(struct cowstat_system, state));
	EXPECT_EQ(16, offsetof(struct cowstat_system, processes));
	EXPECT_EQ(24, offsetof(struct cowstat_system, counters));
	EXPECT_EQ(8, offsetof(struct cowstat_process, pid));
	EXPECT_EQ(12, offsetof(struct cowstat_process, state));
	EXPECT_EQ(16, offsetof(struct cowstat_process, row));
}

TEST(layout_row)
{
	EXPECT_EQ(0, offsetof(struct cowstat_row, pid));
	EXPECT_EQ(4, offsetof(struct cowstat_row, ppid));
	EXPECT_EQ(8, offsetof(struct cowstat_row, depth));
	EXPECT_EQ(12, offsetof(struct cowstat_row, flags));
	EXPECT_EQ(16, offsetof(struct cowstat_row, comm));
	EXPECT_EQ(32, offsetof(struct cowstat_row, tree_procs));
	EXPECT_EQ(40, offsetof(struct cowstat_row, tree_alive));
	EXPECT_EQ(48, offsetof(struct cowstat_row, self));
	EXPECT_EQ(304, offsetof(struct cowstat_row, tree));
}

TEST(layout_list)
{
	EXPECT_EQ(8, offsetof(struct cowstat_list, row_size));
	EXPECT_EQ(12, offsetof(struct cowstat_list, capacity));
	EXPECT_EQ(16, offsetof(struct cowstat_list, rows));
	EXPECT_EQ(24, offsetof(struct cowstat_list, count));
	EXPECT_EQ(28, offsetof(struct cowstat_list, state));
	EXPECT_EQ(32, offsetof(struct cowstat_list, folded));
	EXPECT_EQ(40, offsetof(struct cowstat_list, processes));
	EXPECT_EQ(48, offsetof(struct cowstat_list, system));
}

TEST(layout_tree_and_read)
{
	EXPECT_EQ(8, offsetof(struct cowstat_tree, pid));
	EXPECT_EQ(12, offsetof(struct cowstat_tree, reserved));
	EXPECT_EQ(8, offsetof(struct cowstat_read, state));
	EXPECT_EQ(12, offsetof(struct cowstat_read, tree_state));
	EXPECT_EQ(16, offsetof(struct cowstat_read, tree_procs));
	EXPECT_EQ(24, offsetof(struct cowstat_read, tree_alive));
	EXPECT_EQ(32, offsetof(struct cowstat_read, folded));
	EXPECT_EQ(40, offsetof(struct cowstat_read, counters));
}

TEST(layout_counters)
{
	static const char *const frozen[] = {
		"forks", "shared", "shared_swap", "inherited", "broken",
		"broken_anon", "broken_file", "broken_child", "broken_parent",
		"reused", "zero_filled", "zero_heap", "zero_stack",
		"zero_upgraded", "zero_mapped", "pool_local", "pool_remote",
		"break_ns", "break_max_ns", "eager", "broken_ksm",
		"broken_hugetlb", "broken_remote", "unshared", "zero_huge",
		"broken_unsure", "collapsed", "forks_failed",
	};
	size_t i;

	ASSERT_LE(ARRAY_SIZE(frozen), COW_NR);
	for (i = 0; i < ARRAY_SIZE(frozen); i++)
		EXPECT_STREQ(frozen[i], cow_names[i]);
}

TEST(layout_values)
{
	EXPECT_EQ(1, COWSTAT_ABI);
	EXPECT_EQ(0, COWSTAT_STATE_EXACT);
	EXPECT_EQ(1, COWSTAT_STATE_DEGRADED);
	EXPECT_EQ(1, COWSTAT_ROW_EXITED);
	EXPECT_EQ(1, COWSTAT_TREE_NEXT_CHILD);
	EXPECT_EQ(2, COWSTAT_TREE_FROM_EXEC);
	EXPECT_EQ(4, COWSTAT_TREE_KEEP);
	EXPECT_EQ(0, COWSTAT_TREE_WAITING);
	EXPECT_EQ(1, COWSTAT_TREE_ALIVE);
	EXPECT_EQ(2, COWSTAT_TREE_ORPHANED);
	EXPECT_EQ(3, COWSTAT_TREE_GONE);
	EXPECT_EQ(0, COW_LOST_limit);
	EXPECT_EQ(5, COW_LOST_owner);
}

/*
 * Every request with every kind of wrong argument. After each refusal the
 * argument must be as it was.
 */
#define ARG_MAX	1024

union argument {
	struct {
		__u32 size;
		__u32 flags;
	};
	unsigned char byte[ARG_MAX];
};

FIXTURE(request)
{
	int fd;
	int tree;
	union argument arg;
	struct cowstat_row row[4];
};

FIXTURE_VARIANT(request)
{
	unsigned int nr;
	__u32 size;
	bool device;
	bool tree;
	bool writes;		/* the kernel writes the argument */
};

#define REQUEST(name, ...) \
	FIXTURE_VARIANT_ADD(request, name) { __VA_ARGS__ }

REQUEST(info, COWSTAT_IOC_INFO, sizeof(struct cowstat_info), true, true, true);
REQUEST(system, COWSTAT_IOC_SYSTEM, sizeof(struct cowstat_system), true, false,
	true);
REQUEST(process, COWSTAT_IOC_PROCESS, sizeof(struct cowstat_process), true,
	false, true);
REQUEST(list, COWSTAT_IOC_LIST, sizeof(struct cowstat_list), true, true, true);
REQUEST(tree, COWSTAT_IOC_TREE, sizeof(struct cowstat_tree), true, false, false);
REQUEST(read, COWSTAT_IOC_READ, sizeof(struct cowstat_read), false, true, true);

FIXTURE_SETUP(request)
{
	struct cowstat_list *list = (void *)&self->arg;

	self->fd = must_open();
	self->tree = must_tree(self->fd, 0, 0);
	self->arg.size = variant->size;
	if (variant->nr == COWSTAT_IOC_LIST)
		list->row_size = sizeof(struct cowstat_row);
	memset(self->arg.byte + variant->size, CANARY,
	       sizeof(self->arg) - variant->size);
}

FIXTURE_TEARDOWN(request)
{
}

static int right_fd(const FIXTURE_DATA(request) *self,
		    const FIXTURE_VARIANT(request) *variant)
{
	return variant->device ? self->fd : self->tree;
}

static int ask(int fd, unsigned int nr, void *arg)
{
	int ret = ioctl(fd, nr, arg);

	return ret < 0 ? -errno : ret;
}

static void refused(struct __test_metadata *_metadata,
		    FIXTURE_DATA(request) *self,
		    const FIXTURE_VARIANT(request) *variant, int error)
{
	union argument before = self->arg;

	EXPECT_EQ(error, ask(right_fd(self, variant), variant->nr, &self->arg));
	EXPECT_EQ(0, memcmp(&before, &self->arg, sizeof(before)));
}

#define REFUSED(error) refused(_metadata, self, variant, error)

TEST_F(request, right_argument)
{
	if (variant->device)
		EXPECT_LE(0, ask(self->fd, variant->nr, &self->arg));
	if (variant->tree)
		EXPECT_LE(0, ask(self->tree, variant->nr, &self->arg));
}

TEST_F(request, writes_no_more_than_size)
{
	size_t i;

	EXPECT_LE(0, ask(right_fd(self, variant), variant->nr, &self->arg));
	EXPECT_EQ(variant->size, self->arg.size);
	for (i = variant->size; i < sizeof(self->arg); i++)
		ASSERT_EQ(CANARY, self->arg.byte[i]);
}

/* All of these end with a slot that is not in use: 0, whatever was there. */
TEST_F(request, writes_up_to_the_end)
{
	const size_t end = variant->size - sizeof(__u64), outputs = 32;
	union argument before;
	__u64 last = 0;

	if (variant->writes)
		memset(self->arg.byte + outputs, CANARY,
		       variant->size - outputs);
	before = self->arg;
	ASSERT_LE(0, ask(right_fd(self, variant), variant->nr, &self->arg));
	EXPECT_EQ(0, variant->writes ?
		  memcmp(self->arg.byte + end, &last, sizeof(last)) :
		  memcmp(&before, &self->arg, sizeof(before)));
}

TEST_F(request, wrong_descriptor)
{
	union argument before = self->arg;

	if (!variant->device)
		EXPECT_EQ(-ENOTTY, ask(self->fd, variant->nr, &self->arg));
	if (!variant->tree)
		EXPECT_EQ(-ENOTTY, ask(self->tree, variant->nr, &self->arg));
	EXPECT_EQ(0, memcmp(&before, &self->arg, sizeof(before)));
}

TEST_F(request, size_zero)
{
	self->arg.size = 0;
	REFUSED(-EINVAL);
}

TEST_F(request, size_one_less)
{
	self->arg.size = variant->size - 1;
	REFUSED(-EINVAL);
}

TEST_F(request, size_eight_more)
{
	self->arg.size = variant->size + 8;
	REFUSED(-EINVAL);
}

TEST_F(request, size_all_ones)
{
	self->arg.size = -1;
	REFUSED(-EINVAL);
}

TEST_F(request, every_unknown_flag)
{
	__u32 known = variant->nr == COWSTAT_IOC_TREE ?
		COWSTAT_TREE_NEXT_CHILD | COWSTAT_TREE_FROM_EXEC |
		COWSTAT_TREE_KEEP : 0;
	int bit;

	for (bit = 0; bit < 32; bit++) {
		if (known & (1U << bit))
			continue;
		self->arg.flags = 1U << bit;
		REFUSED(-EINVAL);
	}
}

TEST_F(request, null_pointer)
{
	EXPECT_EQ(-EFAULT, ask(right_fd(self, variant), variant->nr, NULL));
}

TEST_F(request, kernel_address)
{
	EXPECT_EQ(-EFAULT, ask(right_fd(self, variant), variant->nr,
			       (void *)0xffffffff81000000UL));
	EXPECT_EQ(-EFAULT, ask(right_fd(self, variant), variant->nr,
			       (void *)-8UL));
}

TEST_F(request, read_only_page)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	memcpy(page, &self->arg, variant->size);
	mprotect(page, PAGE, PROT_READ);
	ret = ask(right_fd(self, variant), variant->nr, page);
	EXPECT_TRUE(variant->writes ? ret == -EFAULT : ret >= 0);
}

TEST_F(request, page_ends_in_the_middle)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at = page + PAGE - variant->size + 8;

	memcpy(at, &self->arg, variant->size - 8);
	mprotect(page + PAGE, PAGE, PROT_NONE);
	EXPECT_EQ(-EFAULT, ask(right_fd(self, variant), variant->nr, at));
	EXPECT_EQ(0, memcmp(at, &self->arg, variant->size - 8));
}

/* The argument may start anywhere. */
TEST_F(request, odd_address)
{
	char buffer[sizeof(self->arg) + 1];

	memcpy(buffer + 1, &self->arg, variant->size);
	EXPECT_LE(0, ask(right_fd(self, variant), variant->nr, buffer + 1));
}

TEST_F(request, other_size_in_the_number)
{
	unsigned int nr = variant->nr;

	nr ^= 8U << _IOC_SIZESHIFT;
	EXPECT_EQ(-ENOTTY, ask(right_fd(self, variant), nr, &self->arg));
}

TEST_F(request, other_direction_in_the_number)
{
	unsigned int nr = variant->nr ^ (_IOC_READ << _IOC_DIRSHIFT);

	EXPECT_EQ(-ENOTTY, ask(right_fd(self, variant), nr, &self->arg));
}

TEST_F(request, other_magic)
{
	unsigned int nr = variant->nr ^ (1 << _IOC_TYPESHIFT);

	EXPECT_EQ(-ENOTTY, ask(right_fd(self, variant), nr, &self->arg));
}

/* The device and a handle, as descriptors. */
FIXTURE(device)
{
	int fd;
	int tree;
};

FIXTURE_SETUP(device)
{
	self->fd = must_open();
	self->tree = must_tree(self->fd, 0, 0);
}

FIXTURE_TEARDOWN(device)
{
}

TEST_F(device, unknown_numbers)
{
	unsigned int nr;
	char arg[ARG_MAX];

	for (nr = 6; nr < 256; nr++) {
		unsigned int request = _IOWR(COWSTAT_IOC_MAGIC, nr,
					     struct cowstat_info);

		ASSERT_EQ(-ENOTTY, ask(self->fd, request, arg));
		ASSERT_EQ(-ENOTTY, ask(self->tree, request, arg));
	}
	/* The kernel itself answers FIOCLEX and the like; not these. */
	EXPECT_EQ(-ENOTTY, ask(self->fd, 0xffffffff, arg));
	EXPECT_EQ(-ENOTTY, ask(self->fd, 0x5401 /* TCGETS */, arg));
}

TEST_F(device, reserved_fields_must_be_zero)
{
	struct cowstat_info info = { .size = sizeof(info) };
	struct cowstat_system system = { .size = sizeof(system) };
	struct cowstat_tree tree = { .size = sizeof(tree) };

	info.reserved = 1U << 31;
	EXPECT_EQ(-EINVAL, ask(self->fd, COWSTAT_IOC_INFO, &info));
	EXPECT_EQ(-EINVAL, ask(self->tree, COWSTAT_IOC_INFO, &info));
	EXPECT_EQ(0, info.abi);
	system.reserved = 1;
	EXPECT_EQ(-EINVAL, ask(self->fd, COWSTAT_IOC_SYSTEM, &system));
	EXPECT_EQ(0, system.processes);
	tree.reserved = 1U << 31;
	EXPECT_EQ(-EINVAL, ask(self->fd, COWSTAT_IOC_TREE, &tree));
}

TEST_F(device, no_read_write_seek_map)
{
	int fd[2] = { self->fd, self->tree }, i;
	char byte;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, read(fd[i], &byte, 1));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, write(fd[i], "x", 1));
		EXPECT_TRUE(errno == EBADF || errno == EINVAL);
		EXPECT_EQ(-1, pread(fd[i], &byte, 1, 0));
		EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
					   fd[i], 0));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_EQ(-1, ftruncate(fd[i], 0));
	}
}

TEST_F(device, handle_is_close_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->tree, F_GETFD));
}

TEST_F(device, mode_is_0666)
{
	struct stat st;

	ASSERT_EQ(0, stat(COW_DEVICE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0666, st.st_mode & 07777);
}

TEST_F(device, opens_for_writing_too)
{
	int fd = open(COW_DEVICE, O_RDWR);
	struct cowstat_info info;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, cow_info(fd, &info));
}

TEST_F(device, info_is_right)
{
	struct cowstat_info info = must_info(self->fd);
	struct cowstat_info by_tree = must_info(self->tree);
	int i;

	EXPECT_EQ(COWSTAT_ABI, info.abi);
	EXPECT_EQ(PAGE, info.page_size);
	EXPECT_EQ(COW_NR, info.nr_counters);
	EXPECT_EQ(COW_NR_LOST, info.nr_losses);
	EXPECT_LT(1, info.processes);
	EXPECT_LE(info.processes, info.max_processes);
	EXPECT_LT(0, info.process_bytes);
	EXPECT_EQ(info.max_processes, by_tree.max_processes);
	for (i = COW_NR_LOST; i < COWSTAT_LOSSES_MAX; i++)
		EXPECT_EQ(0, info.lost[i]);
}

TEST_F(device, state_follows_losses)
{
	struct cowstat_info info = must_info(self->fd);
	__u64 lost = 0;
	int i;

	for (i = 0; i < COW_NR_LOST; i++)
		lost += info.lost[i];
	EXPECT_EQ(lost ? COWSTAT_STATE_DEGRADED : COWSTAT_STATE_EXACT,
		  info.state);
	EXPECT_EQ(info.state, must_system(self->fd).state);
	EXPECT_EQ(info.state, must_read(self->tree).state);
}

TEST_F(device, slots_without_a_counter_are_zero)
{
	struct cowstat_system system = must_system(self->fd);
	struct cowstat_row row = must_process(self->fd, 0);
	struct cowstat_read read = must_read(self->tree);
	int i;

	for (i = COW_NR; i < COWSTAT_COUNTERS_MAX; i++) {
		EXPECT_EQ(0, system.counters.value[i]);
		EXPECT_EQ(0, row.self.value[i]);
		EXPECT_EQ(0, row.tree.value[i]);
		EXPECT_EQ(0, read.counters.value[i]);
	}
}

TEST_F(device, unused_bytes_of_comm_are_zero)
{
	struct cow_list list = must_list(self->fd);
	unsigned int i, j;

	for (i = 0; i < list.head.count; i++) {
		char *comm = list.row[i].comm;

		ASSERT_EQ(0, comm[COWSTAT_COMM_LEN - 1]);
		for (j = strlen(comm); j < COWSTAT_COMM_LEN; j++)
			ASSERT_EQ(0, comm[j]);
	}
}

/* PROCESS: who is there and who is not. */

TEST_F(device, process_zero_is_the_caller)
{
	struct cowstat_row own = must_process(self->fd, 0);

	EXPECT_EQ(getpid(), own.pid);
	EXPECT_EQ(getpid(), must_process(self->fd, getpid()).pid);
	EXPECT_STREQ("interface", own.comm);
	EXPECT_EQ(0, own.flags);
	EXPECT_EQ(1, own.tree_alive);
	EXPECT_LE(1, own.tree_procs);
	EXPECT_EQ(getppid(), own.ppid);
	EXPECT_EQ(must_process(self->fd, getppid()).depth + 1, own.depth);
}

static int process_error(int fd, pid_t pid)
{
	struct cowstat_process process;

	return cow_process(fd, pid, &process);
}

static int tree_error(int fd, pid_t pid)
{
	return cow_tree(fd, pid, 0);
}

TEST_F(device, process_of_nobody)
{
	pid_t pid = nobody();

	EXPECT_EQ(-ESRCH, process_error(self->fd, pid));
	EXPECT_EQ(-ESRCH, tree_error(self->fd, pid));
}

TEST_F(device, process_negative)
{
	EXPECT_EQ(-ESRCH, process_error(self->fd, -1));
	EXPECT_EQ(-ESRCH, process_error(self->fd, -getpid()));
	EXPECT_EQ(-ESRCH, process_error(self->fd, 0x7fffffff));
	EXPECT_EQ(-ESRCH, process_error(self->fd, -0x7fffffff - 1));
	EXPECT_EQ(-ESRCH, tree_error(self->fd, -1));
}

TEST_F(device, process_kernel_thread)
{
	EXPECT_EQ(-ESRCH, process_error(self->fd, 2));
	EXPECT_EQ(-ESRCH, tree_error(self->fd, 2));
}

TEST_F(device, process_zombie)
{
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(-ESRCH, process_error(self->fd, pid));
	EXPECT_EQ(-ESRCH, tree_error(self->fd, pid));
	waitpid(pid, NULL, 0);
}

static void *report_tid(void *arg)
{
	int *pipes = arg;
	pid_t tid = gettid();
	char byte;

	if (write(pipes[1], &tid, sizeof(tid)) != sizeof(tid))
		cow_die("cannot report the thread");
	while (read(pipes[2], &byte, 1) < 0)
		;
	return NULL;
}

TEST_F(device, process_thread_id)
{
	pthread_t thread;
	int pipes[4];
	pid_t tid;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, pipe(pipes + 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, report_tid, pipes));
	ASSERT_EQ(sizeof(tid), read(pipes[0], &tid, sizeof(tid)));
	EXPECT_EQ(-ESRCH, process_error(self->fd, tid));
	EXPECT_EQ(-ESRCH, tree_error(self->fd, tid));
	close(pipes[3]);
	pthread_join(thread, NULL);
}

/* LIST */

TEST_F(device, list_asks_for_the_count)
{
	struct cowstat_list list = {
		.size = sizeof(list), .row_size = sizeof(struct cowstat_row),
	};

	EXPECT_EQ(0, ask(self->fd, COWSTAT_IOC_LIST, &list));
	EXPECT_LT(1, list.count);
	EXPECT_LE(list.count, list.processes);
}

TEST_F(device, list_too_short_writes_nothing)
{
	struct cowstat_row row[2];
	struct cowstat_list list = {
		.size = sizeof(list), .row_size = sizeof(row[0]),
		.capacity = 1, .rows = (uintptr_t)row, .count = 77,
	}, before = list;
	unsigned char *byte = (unsigned char *)row;
	size_t i;

	memset(row, CANARY, sizeof(row));
	EXPECT_EQ(-ENOSPC, ask(self->fd, COWSTAT_IOC_LIST, &list));
	EXPECT_EQ(0, memcmp(&before, &list, sizeof(list)));
	for (i = 0; i < sizeof(row); i++)
		ASSERT_EQ(CANARY, byte[i]);
}

TEST_F(device, list_wrong_row_size)
{
	struct cowstat_list list = { .size = sizeof(list) };
	const __u32 wrong[] = { 0, 1, sizeof(struct cowstat_row) - 8,
				sizeof(struct cowstat_row) + 8, -1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		list.row_size = wrong[i];
		EXPECT_EQ(-EINVAL, ask(self->fd, COWSTAT_IOC_LIST, &list));
	}
}

TEST_F(device, list_bad_array)
{
	struct cowstat_list list = {
		.size = sizeof(list), .row_size = sizeof(struct cowstat_row),
		.capacity = 100000,
	};

	EXPECT_EQ(-EFAULT, ask(self->fd, COWSTAT_IOC_LIST, &list));
	list.rows = 0xffffffff81000000UL;
	EXPECT_EQ(-EFAULT, ask(self->fd, COWSTAT_IOC_LIST, &list));
	list.rows = -8UL;
	EXPECT_EQ(-EFAULT, ask(self->fd, COWSTAT_IOC_LIST, &list));
	EXPECT_EQ(0, list.count);
}

TEST_F(device, list_huge_capacity_is_no_harm)
{
	struct cow_list list = must_list(self->fd);
	struct cowstat_list ask_for = list.head;

	ask_for.capacity = -1;
	EXPECT_EQ(0, ask(self->fd, COWSTAT_IOC_LIST, &ask_for));
}

TEST_F(device, list_writes_only_count_rows)
{
	const unsigned int capacity = 4096;
	struct cowstat_row *row = malloc(capacity * sizeof(*row));
	struct cowstat_list list = {
		.size = sizeof(list), .row_size = sizeof(*row),
		.capacity = capacity, .rows = (uintptr_t)row,
	};
	unsigned char *byte;

	memset(row, CANARY, capacity * sizeof(*row));
	ASSERT_EQ(0, ask(self->fd, COWSTAT_IOC_LIST, &list));
	ASSERT_GT(capacity, list.count);
	for (byte = (void *)&row[list.count]; byte < (unsigned char *)&row[capacity]; byte++)
		ASSERT_EQ(CANARY, *byte);
}

TEST_F(device, list_of_a_tree_is_that_tree)
{
	struct cow_list list = must_list(self->tree);

	ASSERT_EQ(1, list.head.count);
	EXPECT_EQ(getpid(), list.row[0].pid);
	EXPECT_EQ(0, list.row[0].ppid);
	EXPECT_EQ(0, list.row[0].depth);
}

/* Of the system a list says the same, whatever it lists. */
TEST_F(device, list_of_a_tree_has_the_system_too)
{
	struct cow_list list = must_list(self->tree);
	struct cowstat_system system = must_system(self->fd);

	EXPECT_LT(0, list.head.system.value[COW_forks]);
	EXPECT_LE(list.head.system.value[COW_forks],
		  system.counters.value[COW_forks]);
	EXPECT_EQ(system.processes, list.head.processes);
	EXPECT_EQ(system.state, list.head.state);
}

/* 32-bit programs have the same layout: the request by the old entry. */
#ifdef __x86_64__
TEST_F(device, compat_ioctl)
{
	struct cowstat_info *info = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
					 -1, 0);
	long ret;

	info->size = sizeof(*info);
	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(54 /* ioctl */), "b"((long)self->fd),
		       "c"((long)COWSTAT_IOC_INFO), "d"(info)
		     : "memory", "r8", "r9", "r10", "r11");
	EXPECT_EQ(0, ret);
	EXPECT_EQ(COWSTAT_ABI, info->abi);
}
#endif

/* Tree handles, over the life of the tree. Actors make the tree. */
FIXTURE(handle)
{
	int fd;
	struct actor *p;
	char *at;
};

FIXTURE_SETUP(handle)
{
	pin_to_cpu(0);
	self->fd = must_open();
	actors_init();
	self->p = actor_start();
	self->at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

FIXTURE_TEARDOWN(handle)
{
	actors_end();
}

#define HANDLE_TEST(name) TEST_F_TIMEOUT(handle, name, COW_TIMEOUT)

HANDLE_TEST(starts_at_zero)
{
	struct cowstat_read read;
	struct cowstat_counters none = { };
	int tree;

	actor_write(self->p, self->at, PAGE, N);
	tree = must_tree(self->fd, self->p->pid, 0);
	read = must_read(tree);
	EXPECT_COUNTERS("a new handle", &none, &read.counters);
	EXPECT_EQ(COWSTAT_TREE_ALIVE, read.tree_state);
	EXPECT_EQ(1, read.tree_procs);
	EXPECT_EQ(1, read.tree_alive);
	EXPECT_EQ(0, read.folded);
}

HANDLE_TEST(outlives_the_tree)
{
	int tree = must_tree(self->fd, self->p->pid, 0);
	struct cowstat_read read;
	struct actor *c;

	actor_write(self->p, self->at, PAGE, N);
	c = actor_fork(self->p);
	actor_exit(self->p);
	read = must_read(tree);
	EXPECT_EQ(COWSTAT_TREE_ORPHANED, read.tree_state);
	EXPECT_EQ(1, read.tree_alive);
	actor_exit(c);
	read = must_read(tree);
	EXPECT_EQ(COWSTAT_TREE_GONE, read.tree_state);
	EXPECT_EQ(2, read.tree_procs);
	EXPECT_EQ(0, read.tree_alive);
	EXPECT_EQ(N, read.counters.value[COW_zero_filled]);
	EXPECT_EQ(N, read.counters.value[COW_shared]);
	EXPECT_EQ(1, read.counters.value[COW_forks]);
}

HANDLE_TEST(gone_tree_reads_the_same_for_ever)
{
	int tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
	struct cowstat_read first, second;
	struct actor *other;

	actor_write(self->p, self->at, PAGE, N);
	actor_exit(self->p);
	first = must_read(tree);
	other = actor_start();
	actor_map(other, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_fork(other);
	second = must_read(tree);
	EXPECT_EQ(0, memcmp(&first, &second, sizeof(first)));
}

HANDLE_TEST(two_handles_have_their_own_start)
{
	int first = must_tree(self->fd, self->p->pid, 0), second;

	actor_write(self->p, self->at, PAGE, 5);
	second = must_tree(self->fd, self->p->pid, 0);
	actor_write(self->p, self->at + 5 * PAGE, PAGE, 7);
	EXPECT_EQ(12, must_read(first).counters.value[COW_zero_filled]);
	EXPECT_EQ(7, must_read(second).counters.value[COW_zero_filled]);
	close(first);
	EXPECT_EQ(7, must_read(second).counters.value[COW_zero_filled]);
}

HANDLE_TEST(nested_trees)
{
	int outer = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
	struct actor *c = actor_fork(self->p);
	int inner = must_tree(self->fd, c->pid, COWSTAT_TREE_KEEP);

	actor_write(self->p, self->at, PAGE, 5);
	actor_write(c, self->at, PAGE, 7);
	EXPECT_EQ(12, must_read(outer).counters.value[COW_zero_filled]);
	EXPECT_EQ(7, must_read(inner).counters.value[COW_zero_filled]);
	actor_exit(c);
	EXPECT_EQ(12, must_read(outer).counters.value[COW_zero_filled]);
	EXPECT_EQ(7, must_read(inner).counters.value[COW_zero_filled]);
	EXPECT_EQ(2, must_list(outer).head.count);
	EXPECT_EQ(1, must_list(inner).head.count);
}

HANDLE_TEST(keep_lists_those_that_are_gone)
{
	int keep = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
	int plain = must_tree(self->fd, self->p->pid, 0);
	struct actor *c = actor_fork(self->p);
	const struct cowstat_row *row;
	struct cow_list list;

	actor_write(c, self->at, PAGE, N);
	actor_exit(c);
	list = must_list(keep);
	ASSERT_EQ(2, list.head.count);
	EXPECT_EQ(0, list.head.folded);
	row = cow_find(&list, c->pid);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(COWSTAT_ROW_EXITED, row->flags);
	EXPECT_EQ(self->p->pid, row->ppid);
	EXPECT_EQ(1, row->depth);
	EXPECT_EQ(0, row->tree_alive);
	EXPECT_EQ(1, row->tree_procs);
	EXPECT_EQ(N, row->self.value[COW_zero_filled]);
	EXPECT_EQ(N, row->tree.value[COW_zero_filled]);
	EXPECT_EQ(0, list.row[0].self.value[COW_zero_filled]);
	EXPECT_EQ(1, must_list(plain).head.count);
	EXPECT_EQ(2, must_read(plain).tree_procs);
}

HANDLE_TEST(keep_lists_a_gone_root)
{
	int keep = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
	pid_t pid = self->p->pid;
	struct cow_list list;
	struct actor *c;

	c = actor_fork(self->p);
	actor_exit(self->p);
	list = must_list(keep);
	ASSERT_EQ(2, list.head.count);
	EXPECT_EQ(pid, list.row[0].pid);
	EXPECT_EQ(COWSTAT_ROW_EXITED, list.row[0].flags);
	EXPECT_EQ(pid, cow_find(&list, c->pid)->ppid);
	actor_exit(c);
	EXPECT_EQ(2, must_list(keep).head.count);
}

HANDLE_TEST(passed_over_a_socket)
{
	int tree = must_tree(self->fd, self->p->pid, 0), pair[2];
	char control[CMSG_SPACE(sizeof(int))], byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int received;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &tree, sizeof(int));
	ASSERT_EQ(1, sendmsg(pair[0], &msg, 0));
	close(tree);
	actor_write(self->p, self->at, PAGE, N);
	ASSERT_EQ(1, recvmsg(pair[1], &msg, 0));
	memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	EXPECT_EQ(N, must_read(received).counters.value[COW_zero_filled]);
}

static long unload(void)
{
	return syscall(SYS_delete_module, "cowstat", O_NONBLOCK) ? -errno : 0;
}

HANDLE_TEST(keeps_the_module_loaded)
{
	int tree = must_tree(self->fd, self->p->pid, 0);

	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(self->fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	actor_exit(self->p);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(COWSTAT_TREE_GONE, must_read(tree).tree_state);
}

HANDLE_TEST(next_child_waits)
{
	int tree = must_tree(self->fd, 0, COWSTAT_TREE_NEXT_CHILD);
	struct cowstat_counters none = { };
	struct cowstat_read read = must_read(tree);

	EXPECT_EQ(COWSTAT_TREE_WAITING, read.tree_state);
	EXPECT_EQ(0, read.tree_procs);
	EXPECT_COUNTERS("a waiting handle", &none, &read.counters);
	EXPECT_EQ(0, must_list(tree).head.count);
}

/* All zero, whatever the caller's memory held before. */
HANDLE_TEST(waiting_handle_overwrites_all)
{
	int tree = must_tree(self->fd, 0, COWSTAT_TREE_NEXT_CHILD);
	struct cowstat_counters none = { };
	struct cowstat_read read;

	memset(&read, CANARY, sizeof(read));
	read.size = sizeof(read);
	read.flags = 0;
	ASSERT_EQ(0, ask(tree, COWSTAT_IOC_READ, &read));
	EXPECT_EQ(COWSTAT_TREE_WAITING, read.tree_state);
	EXPECT_EQ(0, read.tree_procs);
	EXPECT_EQ(0, read.tree_alive);
	EXPECT_EQ(0, read.folded);
	EXPECT_EQ(0, memcmp(&none, &read.counters, sizeof(none)));
}

HANDLE_TEST(next_child_is_the_next_one_alone)
{
	int tree = must_tree(self->fd, 0, COWSTAT_TREE_NEXT_CHILD);
	struct actor *first = actor_start(), *second = actor_start();
	struct cow_list list;
	char *at;

	at = actor_map(first, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(first, at, PAGE, N);
	at = actor_map(second, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(second, at, PAGE, N);
	list = must_list(tree);
	ASSERT_EQ(1, list.head.count);
	EXPECT_EQ(first->pid, list.row[0].pid);
	EXPECT_EQ(N, must_read(tree).counters.value[COW_zero_filled]);
	EXPECT_EQ(COWSTAT_TREE_ALIVE, must_read(tree).tree_state);
	actor_exit(first);
	EXPECT_EQ(COWSTAT_TREE_GONE, must_read(tree).tree_state);
}

/* A grandchild is nobody's next child, and an old child is not either. */
HANDLE_TEST(next_child_is_not_another_ones)
{
	int tree = must_tree(self->fd, 0, COWSTAT_TREE_NEXT_CHILD);

	actor_fork(self->p);
	EXPECT_EQ(COWSTAT_TREE_WAITING, must_read(tree).tree_state);
}

static void *nothing(void *arg)
{
	return arg;
}

HANDLE_TEST(next_child_is_no_thread)
{
	int tree = must_tree(self->fd, 0, COWSTAT_TREE_NEXT_CHILD);
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, nothing, NULL));
	pthread_join(thread, NULL);
	EXPECT_EQ(COWSTAT_TREE_WAITING, must_read(tree).tree_state);
}

HANDLE_TEST(next_child_may_come_by_vfork)
{
	int tree = must_tree(self->fd, 0,
			     COWSTAT_TREE_NEXT_CHILD | COWSTAT_TREE_FROM_EXEC |
			     COWSTAT_TREE_KEEP);
	struct cow_list list;
	pid_t pid = vfork();

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	EXPECT_EQ(COWSTAT_TREE_GONE, must_read(tree).tree_state);
	EXPECT_LT(0, must_read(tree).counters.value[COW_zero_stack]);
	list = must_list(tree);
	ASSERT_EQ(1, list.head.count);
	EXPECT_EQ(pid, list.row[0].pid);
	EXPECT_STREQ("true", list.row[0].comm);
}

HANDLE_TEST(next_child_whose_caller_dies)
{
	pid_t pid = fork();
	int tree;

	if (!pid) {
		tree = must_tree(self->fd, 0, COWSTAT_TREE_NEXT_CHILD);
		_exit(must_read(tree).tree_state != COWSTAT_TREE_WAITING);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, must_read(must_tree(self->fd, 0, 0)).folded);
}

HANDLE_TEST(from_exec_starts_at_exec)
{
	struct actor *c = actor_fork(self->p);
	int tree = must_tree(self->fd, c->pid,
			     COWSTAT_TREE_FROM_EXEC | COWSTAT_TREE_KEEP);
	char *path = strcpy(actor_shared_page(), "/bin/true");
	long *argv = actor_shared_page();
	struct cowstat_read read;

	actor_write(c, self->at, PAGE, N);
	actor_fork(c);
	read = must_read(tree);
	EXPECT_EQ(COWSTAT_TREE_WAITING, read.tree_state);
	EXPECT_EQ(0, read.counters.value[COW_zero_filled]);
	EXPECT_EQ(0, read.counters.value[COW_forks]);
	argv[0] = (long)path;
	actor_post_syscall(c, SYS_execve,
			   (long [6]){ (long)path, (long)argv, (long)&argv[1] });
	c->alive = false;
	ASSERT_EQ(c->pid, actor_syscall(self->p, SYS_wait4, c->pid, 0, 0));
	read = must_read(tree);
	EXPECT_LT(0, read.counters.value[COW_zero_filled]);
	EXPECT_EQ(0, read.counters.value[COW_forks]);
}

HANDLE_TEST(from_exec_never_execs)
{
	struct actor *c = actor_fork(self->p);
	int tree = must_tree(self->fd, c->pid, COWSTAT_TREE_FROM_EXEC);
	struct cowstat_counters none = { };
	struct cowstat_read read;

	actor_write(c, self->at, PAGE, N);
	actor_exit(c);
	read = must_read(tree);
	EXPECT_EQ(COWSTAT_TREE_GONE, read.tree_state);
	EXPECT_COUNTERS("no exec", &none, &read.counters);
}

/* What its child goes on doing is no part of a tree that never began. */
HANDLE_TEST(from_exec_never_execs_but_leaves_a_child)
{
	struct actor *c = actor_fork(self->p);
	int tree = must_tree(self->fd, c->pid, COWSTAT_TREE_FROM_EXEC);
	struct cowstat_read read;

	actor_fork(c);
	actor_exit(c);
	read = must_read(tree);
	EXPECT_EQ(COWSTAT_TREE_GONE, read.tree_state);
	EXPECT_EQ(0, read.tree_alive);
}

/* It uses the root's memory, so that one is alive. */
HANDLE_TEST(vfork_child_outlives_the_root)
{
	struct actor *c = actor_fork(self->p);
	int tree = must_tree(self->fd, c->pid, 0);
	struct actor *borrower = actor_clone(c, CLONE_VM);

	actor_kill(c);
	EXPECT_EQ(COWSTAT_TREE_ALIVE, must_read(tree).tree_state);
	EXPECT_EQ(1, must_read(tree).tree_alive);
	actor_exit(borrower);
	EXPECT_EQ(COWSTAT_TREE_GONE, must_read(tree).tree_state);
}

TEST_F(device, next_child_takes_no_pid)
{
	EXPECT_EQ(-EINVAL, cow_tree(self->fd, getpid(), COWSTAT_TREE_NEXT_CHILD));
}

/* The limit holds, says ENOSPC, and a closed handle makes room again. */
HANDLE_TEST(limit_on_handles)
{
	long limit = read_long("/sys/module/cowstat/parameters/max_handles");
	struct rlimit files = { limit + 64, limit + 64 };
	int fd, last = -1;
	long count;

	ASSERT_LT(0, limit);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	for (count = 0; count <= limit; count++) {
		fd = cow_tree(self->fd, 0, 0);
		if (fd < 0)
			break;
		last = fd;
	}
	EXPECT_EQ(-ENOSPC, fd);
	EXPECT_EQ(limit, count);
	close(last);
	EXPECT_LE(0, cow_tree(self->fd, 0, 0));
}

/* No descriptor left: the handle must not be half made. */
HANDLE_TEST(no_descriptor_left)
{
	struct rlimit files = { 64, 64 };
	long i, limit;
	int fd;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	while ((fd = dup(self->fd)) >= 0)
		;
	limit = read_long("/sys/module/cowstat/parameters/max_handles");
	for (i = 0; i < limit + 8; i++)
		ASSERT_EQ(-EMFILE, cow_tree(self->fd, 0, 0));
	close(63);
	EXPECT_EQ(63, cow_tree(self->fd, 0, 0));
}

TEST_HARNESS_MAIN
