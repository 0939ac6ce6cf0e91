// SPDX-License-Identifier: GPL-2.0
/*
 * Private mappings of files: whether the page is read before it is written,
 * whether it is in the page cache, and what kind of file it is. What an exec
 * writes of the program's own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "gain.h"
#include "huge.h"
#include "kselftest_harness.h"

#define PAGE	4096
#define N	23

FIXTURE(file)
{
	int fd;
	struct cowstat_info before;
	int tree;
	struct actor *p;
	char *at;
	long file;	/* P's */
};

FIXTURE_SETUP(file)
{
	pin_to_cpu(0);
	self->fd = must_open();
	self->before = must_info(self->fd);
	actors_init();
	self->p = actor_start();
	self->tree = must_tree(self->fd, self->p->pid, COWSTAT_TREE_KEEP);
}

FIXTURE_TEARDOWN(file)
{
	EXPECT_NO_LOSS(self->fd, &self->before);
	actors_end();
}

static long actor_open(struct actor *actor, const char *path)
{
	char *name = actor_shared_page();

	strcpy(name, path);
	return actor_syscall(actor, SYS_openat, AT_FDCWD, (long)name, O_RDONLY,
			     0);
}

/* P maps N pages of a file that it can open. */
static bool map_file(FIXTURE_DATA(file) *self, const char *path)
{
	self->file = actor_open(self->p, path);
	if (self->file < 0)
		return false;
	self->at = actor_map(self->p, N, MAP_PRIVATE, self->file);
	return true;
}

/* Every Debian has it on a disk, it is large enough, and nobody runs it now. */
#define DISK_FILE	"/usr/bin/perl"

#define DISK_TEST(name) \
	TEST_IF(map_file(self, DISK_FILE), "there is no file on a disk", \
		file, name)

/* Are none of the pages that are mapped at @at in the page cache? */
static bool out_of_cache(void *at)
{
	unsigned char there[N];
	int i, sum = 0;

	if (mincore(at, N * PAGE, there))
		cow_die("mincore: %s", strerror(errno));
	for (i = 0; i < N; i++)
		sum += there[i] & 1;
	return !sum;
}

/* Takes the file's pages out of the page cache, one by one to come back. */
static bool drop_cache(FIXTURE_DATA(file) *self)
{
	int fd = open(DISK_FILE, O_RDONLY);
	void *at = mmap(NULL, N * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	bool gone;

	actor_syscall(self->p, SYS_madvise, (long)self->at, N * PAGE,
		      MADV_RANDOM);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	gone = out_of_cache(at);
	munmap(at, N * PAGE);
	close(fd);
	return gone;
}

static long major_faults(pid_t pid)
{
	char path[64];
	long faults = -1;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "re");
	if (!stat || fscanf(stat, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %ld",
			    &faults) != 1)
		cow_die("cannot read %s", path);
	fclose(stat);
	return faults;
}

/* The fault waits for the disk, and is made again: one copy all the same. */
DISK_TEST(written_while_on_the_disk)
{
	long faults;

	if (!drop_cache(self))
		SKIP(return, "the file cannot be dropped from the page cache");
	faults = major_faults(self->p->pid);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_LT(faults, major_faults(self->p->pid));
	EXPECT_SELF("P", self->p, .file = N);
}

DISK_TEST(read_while_on_the_disk)
{
	if (!drop_cache(self))
		SKIP(return, "the file cannot be dropped from the page cache");
	actor_read(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, 0);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .file = N);
}

/* A page that was read and let go of is not there when it is written. */
DISK_TEST(read_dropped_written)
{
	actor_read(self->p, self->at, PAGE, N);
	actor_syscall(self->p, SYS_madvise, (long)self->at, N * PAGE,
		      MADV_DONTNEED);
	if (!drop_cache(self))
		SKIP(return, "the file cannot be dropped from the page cache");
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .file = N);
}

/* What was written is P's own, and dropping the file's pages changes nothing. */
DISK_TEST(written_dropped_written)
{
	actor_write(self->p, self->at, PAGE, N);
	drop_cache(self);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .file = N);
}

/* The file's page comes back, and the next write copies it again. */
DISK_TEST(written_discarded_written)
{
	actor_write(self->p, self->at, PAGE, N);
	actor_syscall(self->p, SYS_madvise, (long)self->at, N * PAGE,
		      MADV_DONTNEED);
	actor_write(self->p, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .file = 2 * N);
}

/* Written pages are shared by a fork, the others are not. */
DISK_TEST(forked_with_a_part_written)
{
	struct actor *c;

	actor_read(self->p, self->at, PAGE, N);
	actor_write(self->p, self->at, PAGE, 7);
	c = actor_fork(self->p);
	actor_write(c, self->at, PAGE, N);
	EXPECT_SELF("P", self->p, .file = 7, .forks = 1, .shared = 7);
	EXPECT_SELF("C", c, .inherited = 7, .child = 7, .file = N - 7);
}

/* A private mapping that may be written is locked as if it were written. */
DISK_TEST(locked)
{
	ASSERT_EQ(0, actor_syscall(self->p, SYS_mlock, (long)self->at,
				   N * PAGE));
	EXPECT_SELF("P", self->p, .file = N, .remote = N);
}

DISK_TEST(read_by_the_kernel)
{
	ASSERT_EQ(N * PAGE, actor_read_by_kernel(self->p, self->at, N * PAGE));
	EXPECT_SELF("P", self->p, 0);
}

/* Beyond the end of the file there is nothing to copy. */
TEST_F_TIMEOUT(file, beyond_the_end, COW_TIMEOUT)
{
	char *name = actor_shared_page();
	int *status = actor_shared_page();
	struct actor *c;
	long empty;
	char *at;

	name[0] = 'e';
	empty = actor_syscall(self->p, SYS_memfd_create, (long)name, 0);
	at = actor_map(self->p, N, MAP_PRIVATE, empty);
	c = actor_fork(self->p);
	actor_post(c, ACTOR_WRITE, (long)at, PAGE, 1);
	c->alive = false;
	ASSERT_EQ(c->pid, actor_syscall(self->p, SYS_wait4, c->pid,
					(long)status, 0));
	EXPECT_EQ(SIGBUS, WTERMSIG(*status));
	EXPECT_SELF("C", c, 0);
}

/* The kernel has no struct page that it would show for such a page. */
TEST_IF(map_file(self, "/dev/mem"), "the kernel has no /dev/mem", file,
	memory_of_a_device)
{
	long at = actor_syscall(self->p, SYS_mmap, 0, PAGE,
				PROT_READ | PROT_WRITE, MAP_PRIVATE,
				self->file, 0xf0000);

	ASSERT_LE(0, at);
	actor_write(self->p, (char *)at, 0, 1);
	EXPECT_SELF("P", self->p, .file = 1);
}

/* By the kernel's smaps: pages that are @pid's own, of the program's file ... */
struct own {
	unsigned long file, stack, other;
};

static void add_own(struct own *own, const char *name, unsigned long pages)
{
	if (strstr(name, "/quiet"))
		own->file += pages;
	else if (strstr(name, "[stack]"))
		own->stack += pages;
	else
		own->other += pages;
}

static struct own own_pages(pid_t pid)
{
	char path[64], line[512], name[512] = "";
	unsigned long kib, from, to;
	struct own own = { };
	FILE *smaps;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	smaps = fopen(path, "re");
	if (!smaps)
		cow_die("cannot read %s", path);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			strcpy(name, line);
		else if (sscanf(line, "Anonymous: %lu", &kib) == 1)
			add_own(&own, name, kib * 1024 / PAGE);
	}
	fclose(smaps);
	return own;
}

#define TRACING	"/sys/kernel/tracing/"
#define PROBE	TRACING "events/cowstat_paths/nop/enable"

/* A page of instructions that do nothing; its path is left in @path. */
static int file_of_nops(char *path)
{
	char page[PAGE];
	int fd = mkstemp(path);

	memset(page, 0x90, sizeof(page));
	if (fd < 0 || write(fd, page, PAGE) != PAGE)
		cow_die("cannot fill %s", path);
	return fd;
}

static bool probe(const char *path)
{
	char text[256];

	snprintf(text, sizeof(text), "p:cowstat_paths/nop %s:0", path);
	return !write_text(TRACING "uprobe_events", text) &&
	       !write_text(PROBE, "1");
}

static void end_probe(void)
{
	write_text(PROBE, "0");
	write_text(TRACING "uprobe_events", "-:cowstat_paths/nop");
}

/*
 * A breakpoint of a uprobe. The kernel used to put a page of its own there;
 * since 6.16 it writes to the process's, from outside.
 */
TEST_F_TIMEOUT(file, uprobe, COW_TIMEOUT)
{
	char path[] = "/tmp/cowstat.XXXXXX";
	int fd = file_of_nops(path);
	struct cowstat_counters got;
	long at;

	at = actor_syscall(self->p, SYS_mmap, 0, PAGE, PROT_READ | PROT_EXEC,
			   MAP_PRIVATE, actor_open(self->p, path), 0);
	ASSERT_LE(0, at);
	actor_read(self->p, (char *)at, PAGE, 1);
	if (!probe(path)) {
		unlink(path);
		SKIP(return, "the kernel has no uprobes in " TRACING);
	}
	EXPECT_EQ(1, own_pages(self->p->pid).other);
	got = must_gain(self->tree, self->p->pid);
	if (got.value[COW_broken])
		EXPECT_SELF("P", self->p, .file = 1, .remote = 1);
	else
		EXPECT_SELF("P", self->p, 0);
	end_probe();
	unlink(path);
	close(fd);
}

/* A tmpfs with huge pages: private mappings get copies of 4 KiB all the same. */
static int huge_tmpfs_file(char *dir)
{
	static char page[PAGE];
	char path[PATH_MAX];
	int fd, i;

	if (!mkdtemp(dir) || mount("tmpfs", dir, "tmpfs", 0, "huge=always"))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	for (i = 0; i < HUGE_PAGES; i++)
		if (write(fd, page, PAGE) != PAGE)
			cow_die("cannot fill %s", path);
	return fd;
}

TEST_IF(kernel_has_huge_pages(), "the kernel has no huge pages", file,
	huge_page_of_a_tmpfs)
{
	char dir[] = "/tmp/cowstat.XXXXXX";
	int fd = huge_tmpfs_file(dir);
	char path[64], *at;

	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	at = map_aligned(self->p, 1);
	ASSERT_EQ((long)at, actor_syscall(self->p, SYS_mmap, (long)at, HUGE_SIZE,
					  PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_FIXED,
					  actor_open(self->p, path), 0));
	actor_read(self->p, at, PAGE, HUGE_PAGES);
	EXPECT_SELF("P", self->p, 0);
	actor_write(self->p, at, PAGE, N);
	EXPECT_SELF("P", self->p, .file = N);
	close(fd);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

/* The program that lies beside this one. It says on descriptor 0 that it runs. */
static void exec_quiet(struct actor *actor, int said)
{
	char self[PATH_MAX] = "", *path = actor_shared_page();

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		cow_die("cannot read /proc/self/exe");
	snprintf(path, PAGE, "%s/quiet", dirname(self));
	actor_syscall(actor, SYS_dup2, said, 0);
	actor_post_syscall(actor, SYS_execve, (long [6]){ (long)path });
}

/*
 * The loader clears the rest of the page in which the data ends and the bss
 * begins, and fills the stack; the program writes a page of its data and one of
 * its bss.
 */
TEST_F_TIMEOUT(file, exec, COW_TIMEOUT)
{
	struct actor *p;
	struct own own;
	int said[2];
	char byte;

	ASSERT_EQ(0, pipe(said));
	p = actor_start();
	close(self->tree);
	self->tree = must_tree(self->fd, p->pid, COWSTAT_TREE_KEEP);
	exec_quiet(p, said[1]);
	close(said[1]);
	ASSERT_EQ(1, read(said[0], &byte, 1))
		TH_LOG("the program quiet does not run");
	own = own_pages(p->pid);
	EXPECT_EQ(2, own.file);
	EXPECT_LE(1, own.stack);
	EXPECT_EQ(1, own.other);
	EXPECT_SELF("P", p, .file = own.file, .stack = own.stack,
		    .zero = own.stack + own.other);
}

TEST_HARNESS_MAIN
