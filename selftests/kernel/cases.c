// SPDX-License-Identifier: GPL-2.0
/*
 * What each process gains: kinds of memory x who writes.
 *
 * A process P maps 23 pages of one kind and prepares them. Then a plot runs:
 * P forks C, C forks G (or P forks both), and they write all or a part of the
 * pages in an order, or exit. The counters of each must have gained exactly
 * what the tables say.
 *
 * A plot is a string, one letter a step:
 *	f	P forks C		h	P forks G, a second child
 *	g	C forks G		V	the test writes C's memory from outside
 *	P C G	writes all pages	R	C reads all pages
 *	p c	writes a part		y x	P, C exits
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "gain.h"
#include "huge.h"
#include "kselftest_harness.h"

#define PAGE	4096
#define N	23	/* pages, a prime: no batch or table ends there */
#define K	7	/* the part that is written: every third page */
#define STEP	3

enum who { P, C, G, PEOPLE };

enum class {
	PRESENT,	/* anonymous pages that P has written: forks share them */
	FILE_PAGES,	/* private pages of a file: each writer copies the file's */
	NOT_THERE,	/* never written: each writer gets a zeroed page */
	ZERO_PAGE,	/* the shared zero page in P's page table alone */
	ZERO_PAGES,	/* ... and in its children's: the vma has an anon_vma */
	SHARED,		/* nothing is ever counted */
};

struct plot {
	const char *steps;
	struct gain present[PEOPLE];	/* of PRESENT pages */
	unsigned int writes[PEOPLE];	/* pages that each is the first to write */
	unsigned int reads;		/* pages that C reads */
};

/* A copy takes time, and no copy takes none. */
static void expect_times(struct __test_metadata *_metadata,
			 const struct cowstat_counters *got)
{
	const __u64 *v = got->value;

	EXPECT_EQ(v[COW_broken] > 0, v[COW_break_ns] > 0);
	EXPECT_EQ(v[COW_broken] > 0, v[COW_break_max_ns] > 0);
	EXPECT_GE(v[COW_break_max_ns] * v[COW_broken], v[COW_break_ns]);
}

FIXTURE(cow)
{
	int fd;
	int tree;
	int zero_fd;
	int mem_fd;
	struct actor *who[PEOPLE];
	pid_t pid[PEOPLE];
	char *at;
	struct cowstat_info before;
};

/* How P prepares the pages, and what that alone must count. */
FIXTURE_VARIANT(cow)
{
	enum class class;
	enum { ANON, DEV_ZERO, HEAP, STACK, MEMFD, SHARED_ANON, SHARED_FILE } map;
	enum { NOTHING, READ, WRITE, WRITE_LAST_READ } prepare;
	struct gain birth;
};

#define KIND(name, ...) \
	FIXTURE_VARIANT_ADD(cow, name) { __VA_ARGS__ }

KIND(anon, PRESENT, ANON, WRITE, { .zero = N });
KIND(dev_zero, PRESENT, DEV_ZERO, WRITE, { .zero = N });
KIND(heap, PRESENT, HEAP, WRITE, { .zero = N, .heap = N });
KIND(stack, PRESENT, STACK, WRITE, { .zero = N, .stack = N });
KIND(file_written, PRESENT, MEMFD, WRITE, { .file = N });
KIND(file, FILE_PAGES, MEMFD, NOTHING, { });
KIND(file_read, FILE_PAGES, MEMFD, READ, { });
KIND(untouched, NOT_THERE, ANON, NOTHING, { });
KIND(zero_page, ZERO_PAGE, ANON, READ, { .mapped = N });
KIND(zero_page_anon_vma, ZERO_PAGES, ANON, WRITE_LAST_READ,
     { .zero = 1, .mapped = N });
KIND(shared, SHARED, SHARED_ANON, WRITE, { });
KIND(shared_file, SHARED, SHARED_FILE, READ, { });

static int filled_memfd(size_t pages)
{
	int fd = memfd_create("cow", MFD_CLOEXEC);
	char page[PAGE];

	memset(page, 'f', sizeof(page));
	while (pages--)
		if (write(fd, page, PAGE) != PAGE)
			cow_die("cannot fill a memfd");
	return fd;
}

static char *grow_heap(struct actor *actor, size_t pages)
{
	long end = actor_syscall(actor, SYS_brk, 0);

	end = (end + PAGE - 1) & -PAGE;
	if (actor_syscall(actor, SYS_brk, end + pages * PAGE) !=
	    end + (long)pages * PAGE)
		cow_die("an actor's heap cannot grow");
	return (char *)end;
}

static char *map_kind(const FIXTURE_DATA(cow) *self,
		      const FIXTURE_VARIANT(cow) *variant)
{
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
	struct actor *p = self->who[P];
	const size_t pages = N + 1;

	switch (variant->map) {
	case DEV_ZERO:
		return actor_map(p, pages, MAP_PRIVATE, self->zero_fd);
	case HEAP:
		return grow_heap(p, pages);
	case STACK:
		return actor_map(p, pages, anon | MAP_GROWSDOWN | MAP_STACK, -1);
	case MEMFD:
		return actor_map(p, pages, MAP_PRIVATE, self->mem_fd);
	case SHARED_ANON:
		return actor_map(p, pages, MAP_SHARED | MAP_ANONYMOUS, -1);
	case SHARED_FILE:
		return actor_map(p, pages, MAP_SHARED, self->mem_fd);
	default:
		return actor_map(p, pages, anon, -1);
	}
}

static void prepare(const FIXTURE_DATA(cow) *self,
		    const FIXTURE_VARIANT(cow) *variant)
{
	struct actor *p = self->who[P];

	if (variant->prepare == WRITE)
		actor_write(p, self->at, PAGE, N);
	if (variant->prepare == WRITE_LAST_READ)
		actor_write(p, self->at + N * PAGE, PAGE, 1);
	if (variant->prepare == READ || variant->prepare == WRITE_LAST_READ)
		actor_read(p, self->at, PAGE, N);
}

/* Opens the tree handle last: what comes before it does not count. */
FIXTURE_SETUP(cow)
{
	struct cowstat_row born, ready;
	struct cowstat_counters birth;

	pin_to_cpu(0);
	self->fd = must_open();
	self->before = must_info(self->fd);
	self->zero_fd = open("/dev/zero", O_RDWR);
	self->mem_fd = filled_memfd(N + 1);
	actors_init();
	self->who[P] = actor_start();
	self->pid[P] = self->who[P]->pid;
	self->at = map_kind(self, variant);

	born = must_process(self->fd, self->pid[P]);
	EXPECT_GAIN("P's start", &(struct gain){ }, &born.self);
	prepare(self, variant);
	ready = must_process(self->fd, self->pid[P]);
	birth = cow_delta(&born.self, &ready.self);
	EXPECT_GAIN("P's preparation", &variant->birth, &birth);
	self->tree = must_tree(self->fd, self->pid[P], COWSTAT_TREE_KEEP);
}

/* The kernel may have no reason to doubt its numbers after a plain case. */
FIXTURE_TEARDOWN(cow)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
}

static void write_from_outside(const FIXTURE_DATA(cow) *self)
{
	char data[N];
	struct iovec from[N], to[N];
	int i;

	for (i = 0; i < N; i++) {
		from[i] = (struct iovec){ &data[i], 1 };
		to[i] = (struct iovec){ self->at + i * PAGE, 1 };
	}
	memset(data, 'v', sizeof(data));
	if (process_vm_writev(self->pid[C], from, N, to, N, 0) != N)
		cow_die("process_vm_writev: %s", strerror(errno));
}

static void beget(FIXTURE_DATA(cow) *self, enum who parent, enum who child)
{
	self->who[child] = actor_fork(self->who[parent]);
	self->pid[child] = self->who[child]->pid;
}

static void step(FIXTURE_DATA(cow) *self, char letter)
{
	struct actor **who = self->who;

	switch (letter) {
	case 'f': beget(self, P, C); break;
	case 'g': beget(self, C, G); break;
	case 'h': beget(self, P, G); break;
	case 'P': actor_write(who[P], self->at, PAGE, N); break;
	case 'C': actor_write(who[C], self->at, PAGE, N); break;
	case 'G': actor_write(who[G], self->at, PAGE, N); break;
	case 'p': actor_write(who[P], self->at, STEP * PAGE, K); break;
	case 'c': actor_write(who[C], self->at, STEP * PAGE, K); break;
	case 'R': actor_read(who[C], self->at, PAGE, N); break;
	case 'V': write_from_outside(self); break;
	case 'y': actor_exit(who[P]); break;
	case 'x': actor_exit(who[C]); break;
	}
}

/* Pages that are not anonymous at the fork: each process is on its own. */
static struct gain gain_alone(const struct plot *plot, enum class class,
			      enum who who)
{
	struct gain gain = { .forks = plot->present[who].forks };
	unsigned int writes = plot->writes[who];
	unsigned int reads = who == C ? plot->reads : 0;

	switch (class) {
	case FILE_PAGES:
		gain.file = writes;
		break;
	case ZERO_PAGES:
		gain.shared = gain.forks;
		gain.inherited = plot->present[who].inherited / N;
		gain.upgraded = writes;
		gain.zero = writes;
		break;
	case ZERO_PAGE:
		gain.upgraded = who == P ? writes : 0;
		gain.mapped = reads;
		gain.zero = writes;
		break;
	case NOT_THERE:
		gain.mapped = reads;
		gain.zero = writes;
		break;
	default:
		break;
	}
	return gain;
}

/* All that C breaks in a plot with a writer from outside is that one's. */
static struct gain gain_of(const struct plot *plot, enum class class,
			   enum who who)
{
	struct gain gain = class == PRESENT ? plot->present[who] :
					      gain_alone(plot, class, who);

	if (who == C && strchr(plot->steps, 'V'))
		gain.remote = gain.child + gain.file;
	return gain;
}

static void expect_person(struct __test_metadata *_metadata,
			  const FIXTURE_DATA(cow) *self,
			  const struct cow_list *list, enum who who,
			  const struct gain *gain)
{
	const char name[] = { "PCG"[who], 0 };
	const struct cowstat_row *row = cow_find(list, self->pid[who]);

	ASSERT_NE(NULL, row)
		TH_LOG("%s is not listed", name);
	EXPECT_EQ(!self->who[who]->alive, !!(row->flags & COWSTAT_ROW_EXITED));
	EXPECT_GAIN(name, gain, &row->self);
	if (who != P)
		expect_times(_metadata, &row->self);
}

static void expect_sum(struct __test_metadata *_metadata,
		       const FIXTURE_DATA(cow) *self,
		       const struct cow_list *list)
{
	struct cowstat_read read = must_read(self->tree);
	struct cowstat_counters sum = { };
	unsigned int i;

	for (i = 0; i < list->head.count; i++)
		cow_add(&sum, &list->row[i].self);
	EXPECT_COUNTERS("P's tree", &sum, &list->row[0].tree);
	EXPECT_COUNTERS("the tree handle", &sum, &read.counters);
	EXPECT_EQ(list->head.count, read.tree_procs);
}

static void play(struct __test_metadata *_metadata, FIXTURE_DATA(cow) *self,
		 const FIXTURE_VARIANT(cow) *variant, const struct plot *plot)
{
	struct cow_list list;
	struct gain gain;
	const char *s;
	int who;

	for (s = plot->steps; *s; s++)
		step(self, *s);
	list = must_list(self->tree);
	for (who = P; who < PEOPLE; who++) {
		if (!self->who[who])
			continue;
		gain = gain_of(plot, variant->class, who);
		expect_person(_metadata, self, &list, who, &gain);
	}
	expect_sum(_metadata, self, &list);
	cow_list_free(&list);
}

#define PLOT(name, ...) \
	TEST_F_TIMEOUT(cow, name, COW_TIMEOUT) \
	{ \
		static const struct plot plot = { __VA_ARGS__ }; \
\
		play(_metadata, self, variant, &plot); \
	}

/* P forks one child, C, which may fork G; or P forks both. */
#define P_FORKS(...) [P] = { .forks = 1, .shared = N, __VA_ARGS__ }
#define P_FORKS_TWICE(...) [P] = { .forks = 2, .shared = 2 * N, __VA_ARGS__ }
#define C_IS_BORN(...) [C] = { .inherited = N, __VA_ARGS__ }
#define C_FORKS(...) C_IS_BORN(.forks = 1, .shared = N, __VA_ARGS__)
#define G_IS_BORN(...) [G] = { .inherited = N, __VA_ARGS__ }

PLOT(nobody, "f", { P_FORKS(), C_IS_BORN() })
PLOT(child_reads, "fR", { P_FORKS(), C_IS_BORN() }, .reads = N)
PLOT(child_all, "fC", { P_FORKS(), C_IS_BORN(.child = N) }, { [C] = N })
PLOT(child_part, "fc", { P_FORKS(), C_IS_BORN(.child = K) }, { [C] = K })
PLOT(child_twice, "fCC", { P_FORKS(), C_IS_BORN(.child = N) }, { [C] = N })
PLOT(child_part_then_all, "fcC", { P_FORKS(), C_IS_BORN(.child = N) },
     { [C] = N })
PLOT(parent_all, "fP", { P_FORKS(.parent = N), C_IS_BORN() }, { [P] = N })
PLOT(parent_part, "fp", { P_FORKS(.parent = K), C_IS_BORN() }, { [P] = K })
PLOT(child_then_parent, "fCP",
     { P_FORKS(.reused = N), C_IS_BORN(.child = N) }, { N, N })
PLOT(parent_then_child, "fPC",
     { P_FORKS(.parent = N), C_IS_BORN(.reused = N) }, { N, N })
PLOT(child_part_parent_all, "fcP",
     { P_FORKS(.reused = K, .parent = N - K), C_IS_BORN(.child = K) },
     { N, K })
PLOT(parent_part_child_all, "fpC",
     { P_FORKS(.parent = K), C_IS_BORN(.reused = K, .child = N - K) },
     { K, N })
PLOT(child_exits_then_parent, "fxP", { P_FORKS(.reused = N), C_IS_BORN() },
     { [P] = N })
PLOT(child_writes_exits_then_parent, "fcxP",
     { P_FORKS(.reused = N), C_IS_BORN(.child = K) }, { N, K })
PLOT(parent_exits_then_child, "fyC", { P_FORKS(), C_IS_BORN(.reused = N) },
     { [C] = N })
PLOT(grandchild, "fgG", { P_FORKS(), C_FORKS(), G_IS_BORN(.child = N) },
     { [G] = N })
PLOT(grandchild_after_middle_exits, "fgxG",
     { P_FORKS(), C_FORKS(), G_IS_BORN(.child = N) }, { [G] = N })
PLOT(last_is_eldest, "fgGCP",
     { P_FORKS(.reused = N), C_FORKS(.child = N), G_IS_BORN(.child = N) },
     { N, N, N })
PLOT(last_is_youngest, "fgPCG",
     { P_FORKS(.parent = N), C_FORKS(.child = N), G_IS_BORN(.reused = N) },
     { N, N, N })
PLOT(last_is_middle, "fgGPC",
     { P_FORKS(.parent = N), C_FORKS(.reused = N), G_IS_BORN(.child = N) },
     { N, N, N })
PLOT(two_children, "fhCGP",
     { P_FORKS_TWICE(.reused = N), C_IS_BORN(.child = N),
       G_IS_BORN(.child = N) }, { N, N, N })
PLOT(two_children_parent_first, "fhPCG",
     { P_FORKS_TWICE(.parent = N), C_IS_BORN(.child = N),
       G_IS_BORN(.reused = N) }, { N, N, N })
PLOT(from_outside, "fV", { P_FORKS(), C_IS_BORN(.child = N) }, { [C] = N })
PLOT(from_outside_then_parent, "fVP",
     { P_FORKS(.reused = N), C_IS_BORN(.child = N) }, { N, N })

/* One process P with N anonymous pages that it has written; more of its own. */
FIXTURE(anon)
{
	int fd;
	int tree;
	struct actor *p;
	char *at;
};

FIXTURE_SETUP(anon)
{
	pin_to_cpu(0);
	self->fd = must_open();
	actors_init();
	self->p = actor_start();
	self->at = actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->p, self->at, PAGE, N);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(anon)
{
	actors_end();
}

#define ANON_TEST(name) TEST_F_TIMEOUT(anon, name, COW_TIMEOUT)

/* What C copied is C's own: it is the origin for its child. */
ANON_TEST(middle_owns_what_it_copied)
{
	struct actor *c, *g;

	c = actor_fork(self->p);
	actor_write(c, self->at, PAGE, N);
	g = actor_fork(c);
	actor_write(c, self->at, PAGE, N);
	actor_write(g, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N);
	EXPECT_SELF("C", c, .inherited = N, .child = N, .forks = 1, .shared = N,
		    .parent = N);
	EXPECT_SELF("G", g, .inherited = N, .reused = N);
}

ANON_TEST(second_fork_shares_again)
{
	struct actor *c, *d;

	c = actor_fork(self->p);
	actor_write(self->p, self->at, PAGE, N);
	d = actor_fork(self->p);
	actor_write(self->p, self->at, STEP * PAGE, K);
	EXPECT_SELF("P", self->p, .forks = 2, .shared = 2 * N, .parent = N + K);
	EXPECT_SELF("C", c, .inherited = N);
	EXPECT_SELF("D", d, .inherited = N);
}

ANON_TEST(dontfork_shares_nothing)
{
	struct actor *c;

	actor_syscall(self->p, SYS_madvise, (long)self->at, N * PAGE,
		      MADV_DONTFORK);
	c = actor_fork(self->p);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1);
	EXPECT_SELF("C", c, 0);
}

ANON_TEST(wipeonfork_shares_nothing)
{
	struct actor *c;

	actor_syscall(self->p, SYS_madvise, (long)self->at, N * PAGE,
		      MADV_WIPEONFORK);
	c = actor_fork(self->p);
	actor_write(self->p, self->at, PAGE, N);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1);
	EXPECT_SELF("C", c, .zero = N);
}

ANON_TEST(discarded_pages_are_not_shared)
{
	struct actor *c;

	actor_syscall(self->p, SYS_madvise, (long)self->at, K * PAGE,
		      MADV_DONTNEED);
	c = actor_fork(self->p);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N - K);
	EXPECT_SELF("C", c, .inherited = N - K, .child = N - K, .zero = K);
}

ANON_TEST(child_unmaps_then_parent)
{
	struct actor *c = actor_fork(self->p);

	actor_syscall(c, SYS_munmap, (long)self->at, N * PAGE);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N, .reused = N);
	EXPECT_SELF("C", c, .inherited = N);
}

ANON_TEST(read_only_pages_are_shared_too)
{
	struct actor *c;

	actor_syscall(self->p, SYS_mprotect, (long)self->at, N * PAGE,
		      PROT_READ);
	c = actor_fork(self->p);
	actor_syscall(c, SYS_mprotect, (long)self->at, N * PAGE,
		      PROT_READ | PROT_WRITE);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N);
	EXPECT_SELF("C", c, .inherited = N, .child = N);
}

ANON_TEST(moved_pages_stay_shared)
{
	struct actor *c = actor_fork(self->p);
	long to;

	to = actor_syscall(c, SYS_mremap, (long)self->at, N * PAGE, 4 * N * PAGE,
			   MREMAP_MAYMOVE);
	actor_write(c, (char *)to, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .child = N);
}

ANON_TEST(system_call_writes_count_as_writes)
{
	long there = (long)strcpy(actor_shared_page(), "/dev/zero");
	struct actor *c = actor_fork(self->p);
	long fd;

	fd = actor_syscall(c, SYS_openat, AT_FDCWD, there, O_RDONLY, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(N * PAGE, actor_syscall(c, SYS_read, fd, (long)self->at,
					  N * PAGE));
	EXPECT_SELF("C", c, .inherited = N, .child = N);
}

ANON_TEST(proc_mem_writes_count_as_writes)
{
	struct actor *c = actor_fork(self->p);
	char path[64];
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/mem", c->pid);
	fd = open(path, O_RDWR);
	ASSERT_LE(0, fd);
	for (i = 0; i < N; i++)
		ASSERT_EQ(1, pwrite(fd, "m", 1, (off_t)self->at + i * PAGE));
	EXPECT_SELF("C", c, .inherited = N, .child = N, .remote = N);
	close(fd);
}

ANON_TEST(outside_reads_count_nothing)
{
	struct actor *c = actor_fork(self->p);
	char path[64], byte;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/mem", c->pid);
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	for (i = 0; i < N; i++)
		ASSERT_EQ(1, pread(fd, &byte, 1, (off_t)self->at + i * PAGE));
	EXPECT_SELF("C", c, .inherited = N);
	close(fd);
}

/* The clone fails at the pid, after it has copied the address space. */
ANON_TEST(failed_fork_is_counted_as_such)
{
	struct clone_args *args = actor_shared_page();
	int *tid = actor_shared_page();
	struct cowstat_read read;
	long ret;

	*tid = self->p->pid;
	args->exit_signal = SIGCHLD;
	args->set_tid = (long)tid;
	args->set_tid_size = 1;
	ret = actor_syscall(self->p, SYS_clone3, (long)args, sizeof(*args));
	ASSERT_EQ(-EEXIST, ret);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .failed = 1, .reused = N);
	read = must_read(self->tree);
	EXPECT_EQ(1, read.tree_procs);
}

ANON_TEST(ten_forks_from_one)
{
	struct actor *child[10];
	int i;

	for (i = 0; i < 10; i++)
		child[i] = actor_fork(self->p);
	for (i = 0; i < 10; i++)
		actor_write(child[i], self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 10, .shared = 10 * N);
	for (i = 0; i < 10; i++)
		EXPECT_SELF("a child", child[i], .inherited = N, .child = N);
}

ANON_TEST(write_to_read_only_memory_counts_nothing)
{
	struct actor *c = actor_fork(self->p);

	actor_syscall(c, SYS_mprotect, (long)self->at, N * PAGE, PROT_READ);
	actor_post(c, ACTOR_WRITE, (long)self->at, PAGE, N);
	c->alive = false;
	ASSERT_EQ(c->pid, actor_syscall(self->p, SYS_wait4, c->pid, 0, 0));
	EXPECT_SELF("C", c, .inherited = N);
}

/* Pages that the kernel itself touches, on behalf of the process or not. */

static char *untouched(struct actor *actor)
{
	return actor_map(actor, N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

ANON_TEST(populate_write_fills_once)
{
	char *at = untouched(self->p);

	ASSERT_EQ(0, actor_syscall(self->p, SYS_madvise, (long)at, N * PAGE,
				   MADV_POPULATE_WRITE));
	actor_write(self->p, at, PAGE, N);
	EXPECT_SELF("P", self->p, .zero = N);
}

ANON_TEST(populate_read_maps_the_zero_page)
{
	char *at = untouched(self->p);

	ASSERT_EQ(0, actor_syscall(self->p, SYS_madvise, (long)at, N * PAGE,
				   MADV_POPULATE_READ));
	actor_write(self->p, at, PAGE, N);
	EXPECT_SELF("P", self->p, .mapped = N, .zero = N, .upgraded = N);
}

ANON_TEST(populate_write_breaks_what_is_shared)
{
	struct actor *c = actor_fork(self->p);

	ASSERT_EQ(0, actor_syscall(c, SYS_madvise, (long)self->at, N * PAGE,
				   MADV_POPULATE_WRITE));
	EXPECT_SELF("C", c, .inherited = N, .child = N, .remote = N);
}

ANON_TEST(mapped_populated)
{
	actor_map(self->p, N, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
	EXPECT_SELF("P", self->p, .zero = N);
}

ANON_TEST(locking_shared_pages_breaks_them)
{
	struct actor *c = actor_fork(self->p);

	ASSERT_EQ(0, actor_syscall(c, SYS_mlock, (long)self->at, N * PAGE));
	EXPECT_SELF("C", c, .inherited = N, .child = N, .remote = N);
}

ANON_TEST(system_call_reads_map_the_zero_page)
{
	ASSERT_EQ(N * PAGE, actor_read_by_kernel(self->p, untouched(self->p),
						 N * PAGE));
	EXPECT_SELF("P", self->p, .mapped = N);
}

/* Newer kernels let none but the tracer do so. */
static void poke(struct __test_metadata *_metadata, pid_t pid, char *at)
{
	char path[64];
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, 0, 0));
	for (i = 0; i < N; i++)
		ASSERT_EQ(1, pwrite(fd, "m", 1, (off_t)at + i * PAGE));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	ASSERT_EQ(pid, waitpid(pid, NULL, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, 0, 0));
	close(fd);
}

/* As a debugger sets breakpoints: the mapping itself is not writable. */
ANON_TEST(forced_write_to_a_read_only_file_mapping)
{
	int fd = filled_memfd(N);
	char path[64], *there = actor_shared_page();
	struct actor *c;
	long own, at;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	strcpy(there, path);
	own = actor_syscall(self->p, SYS_openat, AT_FDCWD, (long)there, O_RDONLY);
	ASSERT_LE(0, own);
	at = actor_syscall(self->p, SYS_mmap, 0, N * PAGE, PROT_READ,
			   MAP_PRIVATE, own, 0);
	c = actor_fork(self->p);
	poke(_metadata, c->pid, (char *)at);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = N);
	EXPECT_SELF("C", c, .inherited = N, .file = N, .remote = N);
}

ANON_TEST(forced_write_to_read_only_shared_pages)
{
	struct actor *c = actor_fork(self->p);

	actor_syscall(c, SYS_mprotect, (long)self->at, N * PAGE, PROT_READ);
	poke(_metadata, c->pid, self->at);
	EXPECT_SELF("C", c, .inherited = N, .child = N, .remote = N);
	actor_syscall(c, SYS_mprotect, (long)self->at, N * PAGE,
		      PROT_READ | PROT_WRITE);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("C", c, .inherited = N, .child = N, .remote = N);
}

/*
 * io_uring pins the buffers that it is given. Fork copies pinned pages at
 * once: they are not shared, nobody's write breaks them, and no break is
 * counted for the copy.
 */
ANON_TEST(pinned_pages_are_not_shared)
{
	struct iovec *buffer = actor_shared_page();
	void *params = actor_shared_page();
	struct actor *c;
	long ring;

	ring = actor_syscall(self->p, SYS_io_uring_setup, 4, (long)params);
	if (ring < 0)
		SKIP(return, "the kernel gives no io_uring");
	buffer->iov_base = self->at;
	buffer->iov_len = N * PAGE;
	ASSERT_EQ(0, actor_syscall(self->p, SYS_io_uring_register, ring,
				   0 /* IORING_REGISTER_BUFFERS */,
				   (long)buffer, 1));
	c = actor_fork(self->p);
	actor_write(self->p, self->at, PAGE, N);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .forks = 1);
	EXPECT_SELF("C", c, .eager = N);
}

/* Pages of another memory node are told apart. */
ANON_TEST(pages_of_another_node)
{
	unsigned long *mask = actor_shared_page();
	struct cowstat_read read;

	if (one_numa_node())
		SKIP(return, "this machine has one memory node");
	/* CPU 0, on which this runs, is of node 0. */
	*mask = 1 << 1;
	ASSERT_EQ(0, actor_syscall(self->p, SYS_set_mempolicy, 2 /* MPOL_BIND */,
				   (long)mask, 64));
	actor_write(self->p, untouched(self->p), PAGE, N);
	read = must_read(self->tree);
	EXPECT_EQ(N, read.counters.value[COW_pool_remote]);
	EXPECT_EQ(0, read.counters.value[COW_pool_local]);
}

/*
 * Huge pages: a page of 2 MiB counts as 512. A write to a shared one splits
 * it and copies 4 KiB.
 */
#define HUGE_STRIDE	(11 * PAGE)	/* 23 pages in places, all in the first half */

FIXTURE(huge)
{
	int fd;
	int tree;
	struct actor *p;
	char *at;
};

FIXTURE_SETUP(huge)
{
	const struct gain huge_page = { .zero = HUGE_PAGES, .huge = HUGE_PAGES };
	struct cowstat_row before, after;
	struct cowstat_counters birth;

	pin_to_cpu(0);
	compact_memory();
	self->fd = must_open();
	actors_init();
	self->p = actor_start();
	self->at = map_huge(self->p, 1);
	before = must_process(self->fd, self->p->pid);
	actor_write(self->p, self->at, PAGE, 1);
	if (huge_kib(self->p->pid) != HUGE_KIB)
		return;
	after = must_process(self->fd, self->p->pid);
	birth = cow_delta(&before.self, &after.self);
	EXPECT_GAIN("P's huge page", &huge_page, &birth);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(huge)
{
	actors_end();
}

#define TEST_IF_HUGE(fixture, name) \
	TEST_IF(kernel_has_huge_pages(), "the kernel has no huge pages", \
		fixture, name)

#define HUGE_TEST(name) \
	TEST_IF(self->tree, "the kernel gave no huge page", huge, name)

HUGE_TEST(writing_on_counts_nothing)
{
	actor_write(self->p, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, 0);
}

HUGE_TEST(nobody)
{
	struct actor *c = actor_fork(self->p);

	EXPECT_SELF("P", self->p, .forks = 1, .shared = HUGE_PAGES);
	EXPECT_SELF("C", c, .inherited = HUGE_PAGES);
}

HUGE_TEST(child_in_places)
{
	struct actor *c = actor_fork(self->p);

	actor_write(c, self->at, HUGE_STRIDE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = HUGE_PAGES);
	EXPECT_SELF("C", c, .inherited = HUGE_PAGES, .child = N);
}

HUGE_TEST(child_all)
{
	struct actor *c = actor_fork(self->p);

	actor_write(c, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("C", c, .inherited = HUGE_PAGES, .child = HUGE_PAGES);
}

HUGE_TEST(parent_in_places)
{
	struct actor *c = actor_fork(self->p);

	actor_write(self->p, self->at, HUGE_STRIDE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = HUGE_PAGES, .parent = N);
	EXPECT_SELF("C", c, .inherited = HUGE_PAGES);
}

/* Parts of a huge page are never taken over while others hold the rest. */
HUGE_TEST(child_then_parent_in_places)
{
	struct actor *c = actor_fork(self->p);

	actor_write(c, self->at, HUGE_STRIDE, N);
	actor_write(self->p, self->at, HUGE_STRIDE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = HUGE_PAGES, .parent = N);
	EXPECT_SELF("C", c, .inherited = HUGE_PAGES, .child = N);
}

HUGE_TEST(child_exits_then_parent)
{
	struct actor *c = actor_fork(self->p);

	actor_exit(c);
	actor_write(self->p, self->at, HUGE_STRIDE, N);
	EXPECT_SELF("P", self->p, .forks = 1, .shared = HUGE_PAGES,
		    .reused = HUGE_PAGES);
	EXPECT_SELF("C", c, .inherited = HUGE_PAGES);
}

HUGE_TEST(grandchild_in_places)
{
	struct actor *c = actor_fork(self->p);
	struct actor *g = actor_fork(c);

	actor_write(g, self->at, HUGE_STRIDE, N);
	EXPECT_SELF("C", c, .inherited = HUGE_PAGES, .forks = 1,
		    .shared = HUGE_PAGES);
	EXPECT_SELF("G", g, .inherited = HUGE_PAGES, .child = N);
}

/* Read first, it is the huge zero page; a write then replaces 4 KiB of it. */
FIXTURE(huge_zero)
{
	int fd;
	int tree;
	struct actor *p;
	char *at;
};

FIXTURE_SETUP(huge_zero)
{
	pin_to_cpu(0);
	self->fd = must_open();
	actors_init();
	self->p = actor_start();
	self->at = map_huge(self->p, 1);
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
	actor_read(self->p, self->at, PAGE, HUGE_PAGES);
}

FIXTURE_TEARDOWN(huge_zero)
{
	actors_end();
}

TEST_IF_HUGE(huge_zero, reads_count_once)
{
	EXPECT_SELF("P", self->p, .mapped = HUGE_PAGES);
}

/* Newer kernels replace all of it at once, if they have a huge page for it. */
TEST_IF_HUGE(huge_zero, write_in_places)
{
	unsigned int huge, pages;

	actor_write(self->p, self->at, HUGE_STRIDE, N);
	huge = huge_kib(self->p->pid) ? HUGE_PAGES : 0;
	pages = huge ?: N;
	EXPECT_SELF("P", self->p, .mapped = HUGE_PAGES, .zero = pages,
		    .huge = huge, .upgraded = pages);
}

/* The fork itself maps it for the child: no read of its own is answered. */
TEST_IF_HUGE(huge_zero, fork_shares_nothing)
{
	struct actor *c = actor_fork(self->p);

	actor_read(c, self->at, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, .mapped = HUGE_PAGES, .forks = 1);
	EXPECT_SELF("C", c, 0);
}

/* What the kernel expected of its own read says nothing of the next one. */
TEST_IF_HUGE(huge_zero, read_after_one_of_the_kernel_that_got_a_small_page)
{
	char *small = map_aligned(self->p, 1), *huge = map_huge(self->p, 1);

	actor_syscall(self->p, SYS_madvise, (long)small, HUGE_SIZE,
		      MADV_NOHUGEPAGE);
	ASSERT_EQ(1, actor_read_by_kernel(self->p, small, 1));
	EXPECT_SELF("P", self->p, .mapped = HUGE_PAGES + 1);
	actor_read(self->p, huge, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, .mapped = HUGE_PAGES + 1 + HUGE_PAGES);
}

/* Threads of one process, on all CPUs, write the same pages: once each. */
#define THREADS		8
#define RACE_PAGES	509

FIXTURE(race)
{
	int fd;
	int tree;
	struct actor *p;
};

FIXTURE_SETUP(race)
{
	self->fd = must_open();
	actors_init();
	self->p = actor_start();
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(race)
{
	actors_end();
}

static void start_threads(struct actor *process, struct actor **thread)
{
	int i;

	for (i = 0; i < THREADS; i++)
		thread[i] = actor_clone(process, ACTOR_THREAD_FLAGS);
}

/* What one of the threads touches: each begins @apart from the one before. */
struct track {
	char *at;
	long apart;
	long stride;
	long count;
};

/* Every second thread does @odd, the others @even, all at once. */
static void race_along(struct actor **thread, const struct track *track,
		       enum actor_command even, enum actor_command odd)
{
	int i;

	for (i = 0; i < THREADS; i++)
		actor_post(thread[i], i % 2 ? odd : even,
			   (long)track->at + i * track->apart, track->stride,
			   track->count);
	for (i = 0; i < THREADS; i++)
		actor_wait(thread[i]);
}

static void race_of(struct actor *process, char *at, enum actor_command even,
		    enum actor_command odd)
{
	struct track track = { at, 0, PAGE, RACE_PAGES };
	struct actor *thread[THREADS];

	start_threads(process, thread);
	race_along(thread, &track, even, odd);
}

static void race(struct actor *process, char *at)
{
	race_of(process, at, ACTOR_WRITE, ACTOR_WRITE);
}

#define RACE_TEST(name) TEST_F_TIMEOUT(race, name, COW_TIMEOUT)

RACE_TEST(zero_fill_counts_once)
{
	char *at = actor_map(self->p, RACE_PAGES, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1);

	race(self->p, at);
	EXPECT_SELF("P", self->p, .zero = RACE_PAGES);
}

RACE_TEST(zero_read_counts_once)
{
	char *at = actor_map(self->p, RACE_PAGES, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1);

	race_of(self->p, at, ACTOR_READ, ACTOR_READ);
	EXPECT_SELF("P", self->p, .mapped = RACE_PAGES);
}

#define RACE_ROUNDS	61

/*
 * The first thread to read from a table may be preempted before it is back in
 * user space, and find the table filled by others then.
 */
RACE_TEST(first_read_of_a_table_that_others_fill)
{
	struct actor *thread[THREADS];
	int round;
	char *at;

	start_threads(self->p, thread);
	for (round = 0; round < RACE_ROUNDS; round++) {
		at = map_aligned(self->p, 1);
		actor_syscall(self->p, SYS_madvise, (long)at, HUGE_SIZE,
			      MADV_NOHUGEPAGE);
		race_along(thread, &(struct track){ at, 0, PAGE, RACE_PAGES },
			   ACTOR_READ, ACTOR_READ);
	}
	EXPECT_SELF("P", self->p, .mapped = RACE_ROUNDS * RACE_PAGES);
}

/* Whoever comes first: each zero page that was mapped was overwritten. */
RACE_TEST(zero_read_and_write_at_once)
{
	char *at = actor_map(self->p, RACE_PAGES, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1);
	__u64 *v;
	struct cowstat_read read;

	race_of(self->p, at, ACTOR_READ, ACTOR_WRITE);
	read = must_read(self->tree);
	v = read.counters.value;
	EXPECT_EQ(RACE_PAGES, v[COW_zero_filled]);
	EXPECT_EQ(v[COW_zero_mapped], v[COW_zero_upgraded]);
}

/*
 * While a write replaces the zero page, the entry is empty for a moment. A read
 * that comes just then is not answered with the zero page: it was, long before.
 */
RACE_TEST(read_while_a_write_has_cleared_the_entry)
{
	struct actor *reader, *writer;
	char *at;
	int i;

	at = actor_map(self->p, RACE_PAGES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_read(self->p, at, PAGE, RACE_PAGES);
	reader = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	writer = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	for (i = 0; i < RACE_PAGES; i++) {
		actor_post(reader, ACTOR_READ, (long)at + i * PAGE, 0, 20000);
		actor_post(writer, ACTOR_WRITE, (long)at + i * PAGE, 0, 1);
		actor_wait(writer);
		actor_wait(reader);
	}
	EXPECT_SELF("P", self->p, .zero = RACE_PAGES, .upgraded = RACE_PAGES,
		    .mapped = RACE_PAGES);
}

#define RACE_HUGE	16
#define RACE_SPLITS	307	/* the moment is short: some of them meet it */

/* Each thread touches another page of the same fresh huge pages. */
static void race_in_huge(struct actor *process, enum actor_command even,
			 enum actor_command odd)
{
	struct track track = { NULL, PAGE, HUGE_SIZE, RACE_HUGE };
	struct actor *thread[THREADS];

	track.at = map_huge(process, RACE_HUGE);
	start_threads(process, thread);
	race_along(thread, &track, even, odd);
}

/*
 * A huge page that is first read is the huge zero page, of which writes then
 * replace single pages, or all; one that is first written is zero-filled as a
 * whole.
 */
TEST_IF_HUGE(race, huge_zero_read_and_write_at_once)
{
	__u64 read, upgraded, written = RACE_HUGE * HUGE_PAGES, *v;
	struct cowstat_read got;

	race_in_huge(self->p, ACTOR_READ, ACTOR_WRITE);
	got = must_read(self->tree);
	v = got.counters.value;
	read = v[COW_zero_mapped];
	EXPECT_EQ(0, read % HUGE_PAGES);
	upgraded = read;
	if (huge_kib(self->p->pid) != RACE_HUGE * HUGE_KIB)
		upgraded = read / HUGE_PAGES * (THREADS / 2);
	EXPECT_EQ(upgraded, v[COW_zero_upgraded]);
	EXPECT_EQ(written - read + v[COW_zero_upgraded], v[COW_zero_filled]);
}

/* Memory that is RACE_SPLITS times the huge zero page */
static char *map_huge_zero(struct actor *process)
{
	char *at = map_huge(process, RACE_SPLITS);

	actor_read(process, at, HUGE_SIZE, RACE_SPLITS);
	return at;
}

/* A page of each was written; newer kernels replace all of it then. */
static void expect_splits(struct __test_metadata *_metadata,
			  FIXTURE_DATA(race) *self)
{
	unsigned int huge, pages;

	huge = huge_kib(self->p->pid) ? RACE_SPLITS * HUGE_PAGES : 0;
	pages = huge ?: RACE_SPLITS;
	EXPECT_SELF("P", self->p, .zero = pages, .huge = huge, .upgraded = pages,
		    .mapped = RACE_SPLITS * HUGE_PAGES);
}

/* While the huge zero page is split its entry is empty for a moment. */
TEST_IF_HUGE(race, read_while_the_huge_zero_page_is_split)
{
	char *at = map_huge_zero(self->p);
	struct actor *reader, *writer;
	long page;
	int i;

	reader = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	writer = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	for (i = 0; i < RACE_SPLITS; i++) {
		page = (long)at + i * HUGE_SIZE;
		actor_post(reader, ACTOR_READ, page, 0, 40000);
		actor_post(writer, ACTOR_WRITE, page + i % 2 * PAGE, 0, 1);
		actor_wait(writer);
		actor_wait(reader);
	}
	expect_splits(_metadata, self);
}

#define REMOTE_READS	1000

/* By another process, as a debugger does: the kernel's own reads, for it. */
static void remote_reads(const struct actor *process, long at)
{
	static struct iovec from[REMOTE_READS], to[REMOTE_READS];
	static char byte[REMOTE_READS];
	int i;

	for (i = 0; i < REMOTE_READS; i++) {
		from[i] = (struct iovec){ (void *)at, 1 };
		to[i] = (struct iovec){ &byte[i], 1 };
	}
	if (process_vm_readv(process->pid, to, REMOTE_READS, from, REMOTE_READS,
			     0) != REMOTE_READS)
		cow_die("process_vm_readv: %s", strerror(errno));
}

/* The kernel's own reads, too, are not answered with the zero page once more. */
TEST_IF_HUGE(race, remote_read_while_the_huge_zero_page_is_split)
{
	char *at = map_huge_zero(self->p);
	struct actor *writer;
	long page;
	int i;

	writer = actor_clone(self->p, ACTOR_THREAD_FLAGS);
	for (i = 0; i < RACE_SPLITS; i++) {
		page = (long)at + i * HUGE_SIZE;
		actor_post(writer, ACTOR_WRITE, page + PAGE, 0, 1);
		remote_reads(self->p, page);
		actor_wait(writer);
	}
	expect_splits(_metadata, self);
}

/*
 * Memory at an address where a huge zero page was split before: that is over, and what
 * other threads fill there meanwhile does not come from it.
 */
TEST_IF_HUGE(race, first_read_where_a_huge_zero_page_was_split_before)
{
	struct actor *thread[THREADS];
	int round, written = 0, huge = 0;
	char *at;

	start_threads(self->p, thread);
	for (round = 0; round < RACE_ROUNDS; round++) {
		at = map_huge(self->p, 1);
		actor_read(self->p, at, 0, 1);
		actor_write(self->p, at, 0, 1);
		if (huge_kib(self->p->pid))
			huge += HUGE_PAGES;
		else
			written++;
		actor_syscall(self->p, SYS_mmap, (long)at, HUGE_SIZE,
			      PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		actor_syscall(self->p, SYS_madvise, (long)at, HUGE_SIZE,
			      MADV_NOHUGEPAGE);
		race_along(thread, &(struct track){ at, 0, PAGE, RACE_PAGES },
			   ACTOR_READ, ACTOR_READ);
	}
	EXPECT_SELF("P", self->p, .zero = written + huge, .huge = huge,
		    .upgraded = written + huge,
		    .mapped = RACE_ROUNDS * (HUGE_PAGES + RACE_PAGES));
}

/* Threads read different pages of the same fresh huge pages at once. */
TEST_IF_HUGE(race, huge_zero_read_counts_once)
{
	race_in_huge(self->p, ACTOR_READ, ACTOR_READ);
	EXPECT_SELF("P", self->p, .mapped = RACE_HUGE * HUGE_PAGES);
}

RACE_TEST(break_counts_once)
{
	char *at = actor_map(self->p, RACE_PAGES, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1);
	struct actor *c;

	actor_write(self->p, at, PAGE, RACE_PAGES);
	c = actor_fork(self->p);
	race(c, at);
	EXPECT_SELF("C", c, .inherited = RACE_PAGES, .child = RACE_PAGES);
}

RACE_TEST(file_break_counts_once)
{
	struct actor *c;
	long name, fd;
	char *at;

	name = (long)strcpy(actor_shared_page(), "race");
	fd = actor_syscall(self->p, SYS_memfd_create, name, 0);
	actor_syscall(self->p, SYS_ftruncate, fd, RACE_PAGES * PAGE);
	at = actor_map(self->p, RACE_PAGES, MAP_PRIVATE, fd);
	c = actor_fork(self->p);
	race(c, at);
	EXPECT_SELF("C", c, .file = RACE_PAGES);
}

/* Parent and child write at once: one of the two copies, one takes over. */
RACE_TEST(parent_and_child_at_once)
{
	char *at = actor_map(self->p, RACE_PAGES, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1);
	struct cowstat_read read;
	struct actor *c;
	__u64 *v;

	actor_write(self->p, at, PAGE, RACE_PAGES);
	c = actor_fork(self->p);
	actor_post(self->p, ACTOR_WRITE, (long)at, PAGE, RACE_PAGES);
	actor_post(c, ACTOR_WRITE, (long)at, PAGE, RACE_PAGES);
	actor_wait(self->p);
	actor_wait(c);
	read = must_read(self->tree);
	v = read.counters.value;
	EXPECT_IDENTITIES("the tree", &read.counters);
	/* Both may copy: when neither sees that the other has let go. */
	EXPECT_EQ(2 * RACE_PAGES, v[COW_broken_anon] + v[COW_reused]);
	EXPECT_LE(RACE_PAGES, v[COW_broken_anon]);
	EXPECT_EQ(RACE_PAGES, v[COW_zero_filled]);
}

TEST_HARNESS_MAIN
