// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that the kernel gets for a system call or a driver: to be written, which
 * breaks sharing without an exception (broken_remote), or to be read, which
 * copies too if the page is pinned (unshared). Pinned pages are copied at a fork
 * (eager).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "gain.h"
#include "kselftest_harness.h"
#include "pin.h"

#define PAGE	4096
#define N	23
#define K	7	/* a pipe has room for 16 */

/* P has written N pages and forked C. The pipe and the disk are everyone's. */
FIXTURE(pin)
{
	int fd;
	struct cowstat_info before;
	int tree;
	int pipe[2];
	int disk;
	struct actor *p;
	struct actor *c;
	char *at;
};

static int open_disk(void)
{
	static const char * const disks[] = {
		"/dev/vda", "/dev/sda", "/dev/nvme0n1",
	};
	int i, fd = -1;

	for (i = 0; i < 3 && fd < 0; i++)
		fd = open(disks[i], O_RDONLY | O_DIRECT);
	return fd;
}

FIXTURE_SETUP(pin)
{
	pin_to_cpu(0);
	self->fd = must_open();
	self->before = must_info(self->fd);
	self->disk = open_disk();
	if (pipe(self->pipe))
		cow_die("no pipe: %s", strerror(errno));
	actors_init();
	self->p = actor_start();
	self->at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, self->at, PAGE, N);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
	self->c = actor_fork(self->p);
}

FIXTURE_TEARDOWN(pin)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
}

#define PIN_TEST(name) TEST_F_TIMEOUT(pin, name, COW_TIMEOUT)

/* What of it was written from outside is C's own then, and the rest P's. */
static void expect_broken_from_outside(struct __test_metadata *_metadata,
				       FIXTURE_DATA(pin) *self)
{
	EXPECT_SELF("C", self->c, .inherited = N, .child = N, .remote = N);
	actor_write(self->c, self->at, PAGE, N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .child = N, .remote = N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N, .reused = N);
}

PIN_TEST(process_vm_writev)
{
	write_outside(self->c->pid, self->at, PAGE, N);
	expect_broken_from_outside(_metadata, self);
}

PIN_TEST(pokedata)
{
	pid_t pid = self->c->pid;
	int i;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, 0, 0));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	ASSERT_EQ(pid, waitpid(pid, NULL, __WALL));
	for (i = 0; i < N; i++)
		ASSERT_EQ(0, ptrace(PTRACE_POKEDATA, pid, self->at + i * PAGE, 1));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, 0, 0));
	expect_broken_from_outside(_metadata, self);
}

/* A process's write to its own memory, as to anybody's. */
PIN_TEST(own_proc_mem)
{
	long name = (long)strcpy(actor_shared_page(), "/proc/self/mem");
	char *data = actor_shared_page();
	long fd, i;

	fd = actor_syscall(self->c, SYS_openat, AT_FDCWD, name, O_RDWR, 0);
	ASSERT_LE(0, fd);
	for (i = 0; i < N; i++)
		ASSERT_EQ(1, actor_syscall(self->c, SYS_pwrite64, fd, (long)data,
					   1, (long)self->at + i * PAGE));
	expect_broken_from_outside(_metadata, self);
}

TEST_IF(self->disk >= 0, "there is no disk that can be read directly", pin,
	direct_read)
{
	ASSERT_EQ(N * PAGE, actor_syscall(self->c, SYS_pread64, self->disk,
					  (long)self->at, N * PAGE, 0));
	expect_broken_from_outside(_metadata, self);
}

PIN_TEST(pinned_to_be_written)
{
	if (pin_buffer(self->c, self->at, N * PAGE) < 0)
		SKIP(return, "the kernel gives no io_uring");
	expect_broken_from_outside(_metadata, self);
}

/*
 * The exception comes while the kernel may not wait, and is refused. It then
 * asks for the page without one.
 */
PIN_TEST(futex)
{
	int *word = actor_shared_page();
	long op = FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0);

	ASSERT_EQ(0, actor_syscall(self->c, SYS_futex, (long)word,
				   FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 0,
				   (long)self->at, op));
	EXPECT_SELF("C", self->c, .inherited = N, .child = 1, .remote = 1);
}

PIN_TEST(read_pins_unshare)
{
	read_outside(self->c->pid, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .unshared = N);
	actor_write(self->c, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .unshared = N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N, .reused = N);
}

PIN_TEST(read_pins_unshare_the_parent_too)
{
	read_outside(self->p->pid, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N, .unshared = N);
	actor_write(self->c, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .reused = N);
}

/* Nothing is copied, and nobody writes: neither unshared nor reused. */
PIN_TEST(read_pin_of_the_last_holder)
{
	actor_exit(self->c);
	read_outside(self->p->pid, self->at, PAGE, N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N);
}

PIN_TEST(read_pin_of_what_is_exclusive)
{
	actor_write(self->c, self->at, PAGE, N);
	read_outside(self->c->pid, self->at, PAGE, N);
	actor_write(self->c, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .child = N);
}

PIN_TEST(read_pin_of_what_is_not_there)
{
	char *at = actor_map(self->c, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	read_outside(self->c->pid, at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .mapped = N);
}

/* Only for long would it be copied, and not on all kernels. */
PIN_TEST(read_pin_of_a_file)
{
	long name = (long)strcpy(actor_shared_page(), "pin");
	long fd;
	char *at;

	fd = actor_syscall(self->c, SYS_memfd_create, name, 0);
	actor_syscall(self->c, SYS_ftruncate, fd, N * PAGE);
	at = actor_map(self->c, N, MAP_PRIVATE, fd);
	read_outside(self->c->pid, at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N);
}

/* Of Linux's own test, which most kernels do not have: pins, and lets go. */
#define GUP_TEST		"/sys/kernel/debug/gup_test"
#define PIN_LONGTERM_BENCHMARK	_IOWR('g', 3, struct gup_test)

struct gup_test {
	__u64 get_delta_usec;
	__u64 put_delta_usec;
	__u64 addr;
	__u64 size;
	__u32 nr_pages_per_call;
	__u32 gup_flags;
	__u32 test_flags;
	__u32 which_pages[8];
};

static long pin_to_read(struct actor *actor, char *at)
{
	struct gup_test *args = actor_shared_page();
	long name = (long)strcpy(actor_shared_page(), GUP_TEST);
	long fd = actor_syscall(actor, SYS_openat, AT_FDCWD, name, O_RDWR, 0);

	*args = (struct gup_test){
		.addr = (long)at, .size = N * PAGE, .nr_pages_per_call = N,
	};
	return fd < 0 ? fd : actor_syscall(actor, SYS_ioctl, fd,
					   PIN_LONGTERM_BENCHMARK, (long)args);
}

PIN_TEST(long_read_pins_unshare)
{
	if (access(GUP_TEST, F_OK))
		SKIP(return, "the kernel has no " GUP_TEST);
	ASSERT_EQ(0, pin_to_read(self->c, self->at));
	EXPECT_SELF("C", self->c, .inherited = N, .unshared = N);
	actor_write(self->c, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .unshared = N);
}

/* In a pipe pages are referenced, not pinned: what is shared stays shared. */
static void to_pipe(FIXTURE_DATA(pin) *self, struct actor *actor)
{
	struct iovec *pages = actor_shared_page();

	pages->iov_base = self->at;
	pages->iov_len = K * PAGE;
	if (actor_syscall(actor, SYS_vmsplice, self->pipe[1], (long)pages, 1,
			  0) != K * PAGE)
		cow_die("vmsplice does not take the pages");
}

PIN_TEST(in_a_pipe)
{
	to_pipe(self, self->c);
	EXPECT_SELF("C", self->c, .inherited = N);
	actor_write(self->c, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .child = N);
}

/* The pipe is a holder like any other: its pages cannot be taken over. */
PIN_TEST(in_a_pipe_when_all_others_have_gone)
{
	to_pipe(self, self->c);
	actor_exit(self->c);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N, .parent = K,
		    .reused = N - K);
}

PIN_TEST(in_a_pipe_but_exclusive)
{
	actor_write(self->c, self->at, PAGE, N);
	to_pipe(self, self->c);
	actor_write(self->c, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .child = N);
}

/* What is shared already when it is pinned: the pin breaks it, not the fork. */
PIN_TEST(pinned_part_is_copied_at_the_fork)
{
	struct actor *g;

	if (pin_buffer(self->c, self->at, K * PAGE) < 0)
		SKIP(return, "the kernel gives no io_uring");
	g = actor_fork(self->c);
	actor_write(self->c, self->at, PAGE, N);
	actor_write(g, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .child = N, .remote = K,
		    .forks = 1, .shared = N - K);
	EXPECT_SELF("G", g, .eager = K, .inherited = N - K, .child = N - K);
}

PIN_TEST(no_longer_pinned_at_the_fork)
{
	long ring = pin_buffer(self->c, self->at, N * PAGE);
	struct actor *g;

	if (ring < 0)
		SKIP(return, "the kernel gives no io_uring");
	unpin_buffer(self->c, ring);
	g = actor_fork(self->c);
	actor_write(g, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .child = N, .remote = N,
		    .forks = 1, .shared = N);
	EXPECT_SELF("G", g, .inherited = N, .child = N);
}

PIN_TEST(pinned_at_two_forks)
{
	struct actor *g, *h;

	if (pin_buffer(self->c, self->at, N * PAGE) < 0)
		SKIP(return, "the kernel gives no io_uring");
	g = actor_fork(self->c);
	h = actor_fork(self->c);
	actor_write(g, self->at, PAGE, N);
	actor_write(h, self->at, PAGE, N);
	EXPECT_SELF("C", self->c, .inherited = N, .child = N, .remote = N,
		    .forks = 2);
	EXPECT_SELF("G", g, .eager = N);
	EXPECT_SELF("H", h, .eager = N);
}

/* As a debugger would: code of the kernel's own that every process maps. */
PIN_TEST(forced_write_to_the_vdso)
{
	char *at = (char *)getauxval(AT_SYSINFO_EHDR);
	char path[64], byte;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", self->c->pid);
	mem = open(path, O_RDWR);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->c->pid, 0, 0));
	ASSERT_EQ(1, pread(mem, &byte, 1, (off_t)at));
	ASSERT_EQ(1, pwrite(mem, &byte, 1, (off_t)at));
	EXPECT_SELF("C", self->c, .inherited = N, .file = 1, .remote = 1);
	close(mem);
}

TEST_HARNESS_MAIN
