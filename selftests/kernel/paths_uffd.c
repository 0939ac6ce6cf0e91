// SPDX-License-Identifier: GPL-2.0
/*
 * Memory whose faults a thread of the process itself resolves (userfaultfd).
 * What that one puts there is no zero-fill and no copy of the kernel's; a write
 * that it lets go on is what it would have been anyhow.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "gain.h"
#include "huge.h"
#include "kselftest_harness.h"

#define PAGE	4096
#define N	23

/* Since 6.4: what is not there yet can be protected. */
#define FEATURE_UNPOPULATED	(1 << 13)

/* Since 6.8 */
#define MOVE		_IOWR(UFFDIO, 0x05, struct move)
#define FEATURE_MOVE	(1 << 16)

struct move {
	__u64 dst;
	__u64 src;
	__u64 len;
	__u64 mode;
	__s64 move;
};

/* P, its thread that resolves faults, and N pages of P's with a twin each */
FIXTURE(uffd)
{
	int fd;
	struct cowstat_info before;
	int tree;
	struct actor *p;
	struct actor *thread;
	long uffd;
	char *at;
	char *twin;
	struct uffd_msg *message;
};

FIXTURE_SETUP(uffd)
{
	pin_to_cpu(0);
	self->fd = must_open();
	self->before = must_info(self->fd);
	actors_init();
	self->p = actor_start();
	self->thread = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	self->at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	self->twin = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, self->twin, PAGE, N);
	self->message = actor_shared_page();
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(uffd)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
}

/* A request of the userfaultfd, which has its argument where all can see it. */
static long request(FIXTURE_DATA(uffd) *self, unsigned long nr, const void *arg,
		    size_t size)
{
	void *page = actor_shared_page();

	memcpy(page, arg, size);
	return actor_syscall(self->thread, SYS_ioctl, self->uffd, nr,
			     (long)page);
}

static bool have_uffd(FIXTURE_DATA(uffd) *self, __u64 features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	self->uffd = actor_syscall(self->p, SYS_userfaultfd, O_CLOEXEC);
	return self->uffd >= 0 &&
	       !request(self, UFFDIO_API, &api, sizeof(api));
}

static long register_range(FIXTURE_DATA(uffd) *self, char *at, __u64 mode)
{
	struct uffdio_register range = {
		.range = { (long)at, N * PAGE }, .mode = mode,
	};

	return request(self, UFFDIO_REGISTER, &range, sizeof(range));
}

static long copy(FIXTURE_DATA(uffd) *self, char *at, int pages)
{
	struct uffdio_copy args = {
		.dst = (long)at, .src = (long)self->twin, .len = pages * PAGE,
	};

	return request(self, UFFDIO_COPY, &args, sizeof(args));
}

static long zero_page(FIXTURE_DATA(uffd) *self, char *at, int pages)
{
	struct uffdio_zeropage args = { .range = { (long)at, pages * PAGE } };

	return request(self, UFFDIO_ZEROPAGE, &args, sizeof(args));
}

static long protect(FIXTURE_DATA(uffd) *self, char *at, int pages, __u64 mode)
{
	struct uffdio_writeprotect args = {
		.range = { (long)at, pages * PAGE }, .mode = mode,
	};

	return request(self, UFFDIO_WRITEPROTECT, &args, sizeof(args));
}

/* The address that @self->p waits for. */
static char *next_fault(FIXTURE_DATA(uffd) *self)
{
	if (actor_syscall(self->thread, SYS_read, self->uffd,
			  (long)self->message, sizeof(*self->message)) !=
	    sizeof(*self->message))
		cow_die("the userfaultfd has no message");
	return (char *)self->message->arg.pagefault.address;
}

#define UFFD_TEST(name) \
	TEST_IF(have_uffd(self, 0), "the kernel has no userfaultfd", uffd, name)

UFFD_TEST(copied_before_it_is_touched)
{
	ASSERT_EQ(0, register_range(self, self->at,
				    UFFDIO_REGISTER_MODE_MISSING));
	ASSERT_EQ(0, copy(self, self->at, N));
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
}

UFFD_TEST(write_that_waits_for_a_copy)
{
	int i;

	ASSERT_EQ(0, register_range(self, self->at,
				    UFFDIO_REGISTER_MODE_MISSING));
	actor_post(self->p, ACTOR_WRITE, (long)self->at, PAGE, N);
	for (i = 0; i < N; i++)
		ASSERT_EQ(0, copy(self, next_fault(self), 1));
	actor_wait(self->p);
	EXPECT_SELF("P", self->p, 0);
}

UFFD_TEST(copied_pages_are_shared_like_others)
{
	struct actor *c;

	ASSERT_EQ(0, register_range(self, self->at,
				    UFFDIO_REGISTER_MODE_MISSING));
	ASSERT_EQ(0, copy(self, self->at, N));
	c = actor_fork(self->p);
	actor_write(c, self->at, PAGE, N);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = 2 * N, .reused = N);
	EXPECT_SELF("C", c, .inherited = 2 * N, .child = N);
}

/* Nobody has read: the zero page is there, and a write replaces it. */
UFFD_TEST(zero_page_before_it_is_touched)
{
	ASSERT_EQ(0, register_range(self, self->at,
				    UFFDIO_REGISTER_MODE_MISSING));
	ASSERT_EQ(0, zero_page(self, self->at, N));
	actor_read(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = N, .upgraded = N);
}

/* This read is answered by the thread, with whatever it has. */
UFFD_TEST(read_that_waits_for_the_zero_page)
{
	int i;

	ASSERT_EQ(0, register_range(self, self->at,
				    UFFDIO_REGISTER_MODE_MISSING));
	actor_post(self->p, ACTOR_READ, (long)self->at, PAGE, N);
	for (i = 0; i < N; i++)
		ASSERT_EQ(0, zero_page(self, next_fault(self), 1));
	actor_wait(self->p);
	EXPECT_SELF("P", self->p, 0);
}

UFFD_TEST(read_that_waits_for_a_copy)
{
	int i;

	ASSERT_EQ(0, register_range(self, self->at,
				    UFFDIO_REGISTER_MODE_MISSING));
	actor_post(self->p, ACTOR_READ, (long)self->at, PAGE, N);
	for (i = 0; i < N; i++)
		ASSERT_EQ(0, copy(self, next_fault(self), 1));
	actor_wait(self->p);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
}

/* A zero page first, then a write that finds it there. */
UFFD_TEST(write_that_waits_for_the_zero_page)
{
	int i;

	ASSERT_EQ(0, register_range(self, self->at,
				    UFFDIO_REGISTER_MODE_MISSING));
	actor_post(self->p, ACTOR_WRITE, (long)self->at, PAGE, N);
	for (i = 0; i < N; i++)
		ASSERT_EQ(0, zero_page(self, next_fault(self), 1));
	actor_wait(self->p);
	EXPECT_SELF("P", self->p, .zero = N, .upgraded = N);
}

#define PROTECT_TEST(name) \
	TEST_IF(have_uffd(self, UFFD_FEATURE_PAGEFAULT_FLAG_WP), \
		"the kernel's userfaultfd does not protect", uffd, name)

static void write_protected(struct __test_metadata *_metadata,
			    FIXTURE_DATA(uffd) *self)
{
	int i;

	ASSERT_EQ(0, register_range(self, self->twin, UFFDIO_REGISTER_MODE_WP));
	ASSERT_EQ(0, protect(self, self->twin, N, UFFDIO_WRITEPROTECT_MODE_WP));
	actor_post(self->p, ACTOR_WRITE, (long)self->twin, PAGE, N);
	for (i = 0; i < N; i++)
		ASSERT_EQ(0, protect(self, next_fault(self), 1, 0));
	actor_wait(self->p);
}

PROTECT_TEST(write_to_protected_pages)
{
	write_protected(_metadata, self);
	EXPECT_SELF("P", self->p, 0);
}

PROTECT_TEST(write_to_protected_shared_pages)
{
	struct actor *c = actor_fork(self->p);

	write_protected(_metadata, self);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N, .parent = N);
	actor_write(c, self->twin, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .reused = N);
}

PROTECT_TEST(write_to_protected_pages_that_nobody_shares_any_more)
{
	actor_exit(actor_fork(self->p));
	write_protected(_metadata, self);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N, .reused = N);
}

#define UNPOPULATED_TEST(name) \
	TEST_IF(have_uffd(self, FEATURE_UNPOPULATED), \
		"the kernel's userfaultfd protects only what is there", uffd, name)

static void protect_what_is_not_there(struct __test_metadata *_metadata,
				      FIXTURE_DATA(uffd) *self)
{
	ASSERT_EQ(0, register_range(self, self->at, UFFDIO_REGISTER_MODE_WP));
	ASSERT_EQ(0, protect(self, self->at, N, UFFDIO_WRITEPROTECT_MODE_WP));
}

/* A note that the page to come is protected is in its place, but no page. */
UNPOPULATED_TEST(read_of_protected_fresh_memory)
{
	protect_what_is_not_there(_metadata, self);
	actor_read(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .mapped = N);
	ASSERT_EQ(0, protect(self, self->at, N, 0));
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .mapped = N, .zero = N, .upgraded = N);
}

UNPOPULATED_TEST(the_kernels_read_of_protected_fresh_memory)
{
	protect_what_is_not_there(_metadata, self);
	ASSERT_EQ(N * PAGE, actor_read_by_kernel(self->p, self->at, N * PAGE));
	EXPECT_SELF("P", self->p, .mapped = N);
}

TEST_IF(have_uffd(self, FEATURE_MOVE), "the kernel's userfaultfd does not move",
	uffd, moved)
{
	struct move args = {
		.dst = (long)self->at, .src = (long)self->twin,
		.len = N * PAGE,
	};

	ASSERT_EQ(0, register_range(self, self->at,
				    UFFDIO_REGISTER_MODE_MISSING));
	ASSERT_EQ(0, request(self, MOVE, &args, sizeof(args)));
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
}

static long move_huge(FIXTURE_DATA(uffd) *self, char *to, char *from)
{
	struct move args = {
		.dst = (long)to, .src = (long)from, .len = HUGE_SIZE,
	};

	return request(self, MOVE, &args, sizeof(args));
}

/* A whole huge page is moved as such. */
TEST_IF(have_uffd(self, FEATURE_MOVE) && kernel_has_huge_pages(),
	"the kernel's userfaultfd does not move, or it has no huge pages", uffd,
	moved_huge_page)
{
	char *from = map_huge(self->p, 1), *to = map_huge(self->p, 1);
	struct uffdio_register range = {
		.range = { (long)to, HUGE_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	actor_write(self->p, from, PAGE, 1);
	if (huge_kib(self->p->pid) != HUGE_KIB)
		SKIP(return, "the kernel gave no huge page");
	ASSERT_EQ(0, request(self, UFFDIO_REGISTER, &range, sizeof(range)));
	ASSERT_EQ(0, move_huge(self, to, from));
	EXPECT_EQ(HUGE_KIB, huge_kib(self->p->pid));
	actor_write(self->p, to, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, .zero = HUGE_PAGES, .huge = HUGE_PAGES);
}

TEST_HARNESS_MAIN
