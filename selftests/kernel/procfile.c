// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/cowstat: the format that scripts depend on, that it says what the
 * device says, and that one reading is one consistent snapshot, however it is
 * cut into reads and whatever goes on meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "cow_lib.h"
#include "kselftest_harness.h"

#define PAGE		4096
#define N		23
#define TEXT_MAX	(4 << 20)
#define ROWS_MAX	4096

/* Counters that have columns, in their order. */
static const int columns[] = {
	COW_shared, COW_broken, COW_reused, COW_zero_filled,
};

#define COLUMNS		ARRAY_SIZE(columns)

static const char header[] =
	"pid ppid depth shared broken reused zero_filled tree_procs "
	"tree_shared tree_broken tree_reused tree_zero_filled comm";

struct line {
	pid_t pid, ppid;
	unsigned int depth;
	unsigned long long self[COLUMNS], tree_procs, tree[COLUMNS];
	char comm[80];
};

/* One reading, taken apart. */
struct picture {
	char state[128];
	unsigned long long page_size, processes, lost, lost_at;
	struct cowstat_counters system;
	int lines;
	struct line line[ROWS_MAX];
};

static char text[TEXT_MAX];
static struct picture picture;

/* Reads all of it in pieces of the given size. */
static size_t read_text(int fd, char *to, size_t piece)
{
	size_t length = 0;
	ssize_t got;

	for (;;) {
		if (length + piece > TEXT_MAX)
			cow_die("%s is too long", COW_PROCFILE);
		got = read(fd, to + length, piece);
		if (got < 0)
			cow_die("cannot read %s: %s", COW_PROCFILE,
				strerror(errno));
		if (!got)
			break;
		length += got;
	}
	to[length] = 0;
	return length;
}

static int open_proc(void)
{
	int fd = open(COW_PROCFILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		cow_die("cannot open %s: %s", COW_PROCFILE, strerror(errno));
	return fd;
}

static size_t read_once(char *to, size_t piece)
{
	int fd = open_proc();
	size_t length = read_text(fd, to, piece);

	close(fd);
	return length;
}

/* NULL, or what is wrong with the system part; *at moves behind it. */
static const char *parse_system(struct picture *p, char **at)
{
	char name[64];
	int version, i, n;

	if (sscanf(*at, "cowstat %d\n%n", &version, &n) != 1 || version != 1)
		return "the first line is not 'cowstat 1'";
	*at += n;
	if (sscanf(*at, "state %127[^\n]\n%n", p->state, &n) != 1)
		return "no line 'state'";
	*at += n;
	if (sscanf(*at, "page_size %llu\n%n", &p->page_size, &n) != 1)
		return "no line 'page_size'";
	*at += n;
	if (sscanf(*at, "processes %llu\n%n", &p->processes, &n) != 1)
		return "no line 'processes'";
	*at += n;
	for (i = 0; i < COW_NR; i++) {
		if (i == COW_zero_huge + 1) {
			if (sscanf(*at, "lost %llu\n%n", &p->lost, &n) != 1)
				return "no line 'lost'";
			*at += n;
		}
		if (sscanf(*at, "%63s %llu\n%n", name, &p->system.value[i],
			   &n) != 2 || strcmp(name, cow_names[i]))
			return cow_names[i];
		*at += n;
	}
	if (sscanf(*at, "lost_at %llu%n", &p->lost_at, &n) != 1)
		return "no line 'lost_at'";
	*at += n;
	if (strncmp(*at, "\n\n", 2))
		return "no empty line behind the system part";
	*at += 2;
	return NULL;
}

static int parse_line(struct line *l, const char *at)
{
	unsigned long long *s = l->self, *t = l->tree;
	int n = -1;

	sscanf(at,
	       "%d %d %u %llu %llu %llu %llu %llu %llu %llu %llu %llu %79[^\n]%n",
	       &l->pid, &l->ppid, &l->depth, &s[0], &s[1], &s[2], &s[3],
	       &l->tree_procs, &t[0], &t[1], &t[2], &t[3], l->comm, &n);
	return n;
}

/* NULL, or what is wrong. */
static const char *parse(struct picture *p, char *at)
{
	const char *wrong = parse_system(p, &at);
	int n;

	if (wrong)
		return wrong;
	if (strncmp(at, header, strlen(header)) || at[strlen(header)] != '\n')
		return "the line of column names";
	at += strlen(header) + 1;
	for (p->lines = 0; *at; p->lines++) {
		if (p->lines == ROWS_MAX)
			return "too many lines";
		n = parse_line(&p->line[p->lines], at);
		if (n < 0 || at[n] != '\n')
			return "a line of a process";
		at += n + 1;
	}
	return NULL;
}

static struct line *line_of(struct picture *p, pid_t pid)
{
	int i;

	for (i = 0; i < p->lines; i++)
		if (p->line[i].pid == pid)
			return &p->line[i];
	return NULL;
}

/* Adds each line's tree to what its parent's children sum up to. */
static const char *torn_tree(struct picture *p)
{
	static unsigned long long children[ROWS_MAX][COLUMNS];
	unsigned long long roots[COLUMNS] = { 0 };
	unsigned int c;
	int i;

	memset(children, 0, sizeof(children));
	for (i = 0; i < p->lines; i++) {
		struct line *l = &p->line[i], *up = line_of(p, l->ppid);

		if (l->ppid && (!up || up >= l))
			return "a parent is listed before its children";
		if (l->depth != (l->ppid ? up->depth + 1 : 0))
			return "a child is one deeper than its parent";
		for (c = 0; c < COLUMNS; c++) {
			if (l->ppid)
				children[up - p->line][c] += l->tree[c];
			else
				roots[c] += l->tree[c];
		}
	}
	for (i = 0; i < p->lines; i++)
		for (c = 0; c < COLUMNS; c++)
			if (p->line[i].self[c] + children[i][c] >
			    p->line[i].tree[c])
				return "self + children <= tree";
	for (c = 0; c < COLUMNS; c++)
		if (roots[c] > p->system.value[columns[c]])
			return "all trees <= system";
	return NULL;
}

static const char *torn(struct picture *p)
{
	const char *wrong = cow_broken_identity(&p->system);

	if (wrong)
		return wrong;
	if (p->processes < (unsigned long long)p->lines)
		return "lines <= processes";
	return torn_tree(p);
}

#define ASSERT_SOUND(buffer) do { \
	const char *_wrong = parse(&picture, buffer); \
	ASSERT_EQ(NULL, _wrong) \
		TH_LOG("wrong format: %s", _wrong); \
	_wrong = torn(&picture); \
	ASSERT_EQ(NULL, _wrong) \
		TH_LOG("not true: %s", _wrong); \
} while (0)

/* A few actors that rest: their lines do not change. */
#define ACTORS	5

FIXTURE(quiet)
{
	int fd;
	struct actor *actor[ACTORS];
	char *at;
};

FIXTURE_SETUP(quiet)
{
	int i;

	pin_to_cpu(0);
	self->fd = must_open();
	actors_init();
	self->actor[0] = actor_start();
	self->at = actor_map(self->actor[0], N, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	actor_write(self->actor[0], self->at, PAGE, N);
	for (i = 1; i < ACTORS; i++) {
		self->actor[i] = actor_fork(self->actor[i / 2]);
		actor_write(self->actor[i], self->at, PAGE, i);
	}
}

FIXTURE_TEARDOWN(quiet)
{
	actors_end();
}

#define QUIET_TEST(name) TEST_F_TIMEOUT(quiet, name, COW_TIMEOUT)

QUIET_TEST(format)
{
	read_once(text, 65536);
	ASSERT_SOUND(text);
	EXPECT_EQ(PAGE, picture.page_size);
	EXPECT_LE(ACTORS, picture.lines);
}

QUIET_TEST(state_is_the_devices)
{
	struct cowstat_info info;

	read_once(text, 65536);
	ASSERT_SOUND(text);
	info = must_info(self->fd);
	if (info.state == COWSTAT_STATE_EXACT) {
		EXPECT_STREQ("exact", picture.state);
		EXPECT_EQ(0, picture.lost);
		EXPECT_EQ(0, picture.lost_at);
	} else {
		EXPECT_EQ(0, strncmp("degraded ", picture.state, 9));
		EXPECT_LT(0, picture.lost);
		EXPECT_LT(0, picture.lost_at);
	}
}

QUIET_TEST(lines_are_the_devices)
{
	struct cowstat_row row;
	struct line *line;
	unsigned int c;
	int i;

	read_once(text, 65536);
	ASSERT_SOUND(text);
	for (i = 0; i < ACTORS; i++) {
		row = must_process(self->fd, self->actor[i]->pid);
		line = line_of(&picture, self->actor[i]->pid);
		ASSERT_NE(NULL, line);
		EXPECT_EQ(row.ppid, line->ppid);
		EXPECT_EQ(row.depth, line->depth);
		EXPECT_EQ(row.tree_procs, line->tree_procs);
		EXPECT_STREQ(row.comm, line->comm);
		for (c = 0; c < COLUMNS; c++) {
			EXPECT_EQ(row.self.value[columns[c]], line->self[c]);
			EXPECT_EQ(row.tree.value[columns[c]], line->tree[c]);
		}
	}
}

/* Our own reading adds to the system: it lies between two by the device. */
QUIET_TEST(system_is_the_devices)
{
	struct cowstat_system before = must_system(self->fd), after;
	__u64 low, high;
	int i;

	read_once(text, 65536);
	after = must_system(self->fd);
	ASSERT_SOUND(text);
	for (i = 0; i < COW_NR; i++) {
		EXPECT_LE(before.counters.value[i], picture.system.value[i]);
		EXPECT_GE(after.counters.value[i], picture.system.value[i]);
	}
	/* As the counters: one can come or go in between. */
	low = before.processes;
	high = after.processes;
	if (low > high) {
		low = after.processes;
		high = before.processes;
	}
	EXPECT_LE(low, picture.processes);
	EXPECT_GE(high, picture.processes);
}

QUIET_TEST(lists_whom_the_device_lists)
{
	struct cow_list list = must_list(self->fd);
	unsigned int i;

	read_once(text, 65536);
	ASSERT_SOUND(text);
	ASSERT_EQ(list.head.count, picture.lines);
	for (i = 0; i < list.head.count; i++) {
		EXPECT_EQ(list.row[i].pid, picture.line[i].pid);
		EXPECT_EQ(list.row[i].ppid, picture.line[i].ppid);
	}
}

QUIET_TEST(lines_follow_the_exits)
{
	pid_t gone = self->actor[1]->pid, child = self->actor[2]->pid;

	actor_exit(self->actor[1]);
	read_once(text, 65536);
	ASSERT_SOUND(text);
	EXPECT_EQ(NULL, line_of(&picture, gone));
	ASSERT_NE(NULL, line_of(&picture, child));
	EXPECT_EQ(self->actor[0]->pid, line_of(&picture, child)->ppid);
	EXPECT_EQ(ACTORS, line_of(&picture, self->actor[0]->pid)->tree_procs);
}

/* The start of a reading decides, not its end. */
QUIET_TEST(reading_is_a_snapshot)
{
	pid_t pid = self->actor[0]->pid;
	int fd = open_proc();
	size_t first;

	first = read(fd, text, 10);
	ASSERT_EQ(10, first);
	actor_write(self->actor[0], self->at, PAGE, N);
	actor_exit(self->actor[3]);
	read_text(fd, text + first, 7);
	ASSERT_SOUND(text);
	ASSERT_NE(NULL, line_of(&picture, pid));
	EXPECT_EQ(0, line_of(&picture, pid)->self[1]);
	EXPECT_NE(NULL, line_of(&picture, self->actor[3]->pid));
	close(fd);
}

QUIET_TEST(reading_again_is_a_new_snapshot)
{
	pid_t pid = self->actor[0]->pid;
	int fd = open_proc();

	read_text(fd, text, 65536);
	actor_write(self->actor[0], self->at, PAGE, N);
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	read_text(fd, text, 65536);
	ASSERT_SOUND(text);
	EXPECT_LT(0, line_of(&picture, pid)->self[1] +
		  line_of(&picture, pid)->self[2]);
	close(fd);
}

static char other[TEXT_MAX];

QUIET_TEST(pread_at_any_offset)
{
	int fd = open_proc();
	size_t length = read_text(fd, text, 65536), at;
	const size_t sizes[] = { 1, 2, 3, 127, 4095, 4096, 4097, 100000 };
	size_t i, want;

	actor_write(self->actor[0], self->at, PAGE, N);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (at = 1; at < length; at += 61 + sizes[i] / 2) {
			want = sizes[i] < length - at ? sizes[i] : length - at;
			memset(other, 'x', want + 1);
			/* A read may be short, but not wrong. */
			ASSERT_LT(0, pread(fd, other, want, at));
			ASSERT_EQ(text[at], other[0]);
			ASSERT_EQ('x', other[want]);
		}
	}
	EXPECT_EQ(0, pread(fd, other, 10, length));
	EXPECT_EQ(0, pread(fd, other, 10, length + 12345));
	EXPECT_EQ(1, pread(fd, other, 10, length - 1));
	EXPECT_EQ('\n', other[0]);
	close(fd);
}

QUIET_TEST(seek_before_the_first_read)
{
	int fd = open_proc();

	ASSERT_EQ(3, lseek(fd, 3, SEEK_SET));
	ASSERT_EQ(6, read(fd, other, 6));
	EXPECT_EQ(0, memcmp("stat 1", other, 6));
	close(fd);
}

QUIET_TEST(seek_and_read_on)
{
	int fd = open_proc();
	size_t length = read_text(fd, text, 65536);

	ASSERT_EQ(100, lseek(fd, 100, SEEK_SET));
	ASSERT_EQ(50, read(fd, other, 50));
	EXPECT_EQ(0, memcmp(text + 100, other, 50));
	ASSERT_EQ(160, lseek(fd, 10, SEEK_CUR));
	ASSERT_EQ(1, read(fd, other, 1));
	EXPECT_EQ(text[160], other[0]);
	EXPECT_EQ(-1, lseek(fd, -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_LE(200, length);
	close(fd);
}

QUIET_TEST(two_readers_do_not_disturb_each_other)
{
	int first = open_proc(), second = open_proc();
	size_t a = 0, b = 0;
	ssize_t got;

	do {
		got = read(first, text + a, 1);
		a += got > 0;
		got = read(second, other + b, 3);
		b += got > 0 ? got : 0;
	} while (got > 0);
	a += read_text(first, text + a, 1);
	other[b] = 0;
	ASSERT_SOUND(text);
	ASSERT_SOUND(other);
	close(first);
	close(second);
}

QUIET_TEST(huge_and_bad_buffers)
{
	int fd = open_proc();

	ASSERT_LT(0, read(fd, text, TEXT_MAX - 1));
	EXPECT_EQ(-1, pread(fd, (void *)-PAGE, 100, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, pread(fd, text, 0, 0));
	close(fd);
	read_once(text, TEXT_MAX / 2);
	ASSERT_SOUND(text);
}

QUIET_TEST(writing_is_refused)
{
	int fd = open(COW_PROCFILE, O_RDWR);
	struct stat st;

	ASSERT_EQ(0, stat(COW_PROCFILE, &st));
	EXPECT_EQ(0444, st.st_mode & 07777);
	if (fd >= 0) {
		EXPECT_EQ(-1, write(fd, "0", 1));
		EXPECT_EQ(EIO, errno);
	}
	read_once(text, 65536);
	ASSERT_SOUND(text);
}

/* A name cannot break the line, nor add one. */
QUIET_TEST(strange_names)
{
	static const char *const names[] = {
		"a b c", "new\nline", "1 2 3 4 5", "back\\slash", "tab\there",
		"\x01\x7f\xff",
	};
	struct line *line;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		prctl(PR_SET_NAME, names[i]);
		read_once(text, 65536);
		ASSERT_SOUND(text);
		line = line_of(&picture, getpid());
		ASSERT_NE(NULL, line);
		EXPECT_EQ(names[i][0], line->comm[0] == '\\' ? names[i][0] :
			  line->comm[0]);
	}
	prctl(PR_SET_NAME, "a b c");
	read_once(text, 65536);
	ASSERT_SOUND(text);
	EXPECT_STREQ("a b c", line_of(&picture, getpid())->comm);
}

QUIET_TEST(longer_than_any_buffer_of_the_kernel)
{
	const int many = 500;
	int i, pipes[2], listed = 0;
	size_t length;
	char byte;

	ASSERT_EQ(0, pipe(pipes));
	for (i = 0; i < many; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			close(pipes[1]);
			_exit(read(pipes[0], &byte, 1));
		}
	}
	length = read_once(text, 65536);
	ASSERT_SOUND(text);
	EXPECT_LT(4 * PAGE, length);
	for (i = 0; i < picture.lines; i++)
		listed += picture.line[i].ppid == getpid();
	EXPECT_EQ(many + 1, listed);
	close(pipes[1]);
	for (i = 0; i < many; i++)
		wait(NULL);
}

/* The same under a storm of forks, breaks and exits. */
#define STORM_WORKERS	6

FIXTURE(storm)
{
	int fd;
	int stop[2];
	pid_t worker[STORM_WORKERS];
};

static bool goes_on(int fd)
{
	struct pollfd stop = { .fd = fd, .events = POLLIN };

	return !poll(&stop, 1, 0);
}

static void rage(char *memory, size_t size, int stop)
{
	while (goes_on(stop)) {
		pid_t pid = fork();

		if (!pid) {
			memset(memory, 1, size);
			if (!fork())
				memset(memory, 2, size);
			_exit(0);
		}
		memset(memory, 3, size);
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	_exit(0);
}

FIXTURE_SETUP(storm)
{
	const size_t size = 64 * PAGE;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	self->fd = must_open();
	if (pipe(self->stop))
		cow_die("no pipe");
	for (i = 0; i < STORM_WORKERS; i++) {
		self->worker[i] = fork();
		if (!self->worker[i]) {
			close(self->stop[1]);
			rage(memory, size, self->stop[0]);
		}
	}
}

/* The closed pipe ends them, also if this test dies. */
FIXTURE_TEARDOWN(storm)
{
	int i;

	close(self->stop[1]);
	for (i = 0; i < STORM_WORKERS; i++)
		waitpid(self->worker[i], NULL, 0);
}

#define STORM_TEST(name) TEST_F_TIMEOUT(storm, name, COW_TIMEOUT)

STORM_TEST(byte_by_byte)
{
	int i;

	for (i = 0; i < 8; i++) {
		read_once(text, 1);
		ASSERT_SOUND(text);
	}
}

STORM_TEST(in_odd_pieces)
{
	size_t piece;

	for (piece = 1; piece < 3000; piece = piece * 2 + 1) {
		read_once(text, piece);
		ASSERT_SOUND(text);
	}
}

STORM_TEST(as_a_whole)
{
	struct cowstat_counters last = { };
	int i, c;

	for (i = 0; i < 200; i++) {
		read_once(text, 65536);
		ASSERT_SOUND(text);
		for (c = 0; c < COW_NR; c++)
			ASSERT_LE(last.value[c], picture.system.value[c]);
		last = picture.system;
	}
}

STORM_TEST(two_readers)
{
	pid_t reader = fork();
	int i, status;

	for (i = 0; i < 50; i++) {
		read_once(text, reader ? 17 : 65536);
		if (reader)
			ASSERT_SOUND(text);
		else if (parse(&picture, text) || torn(&picture))
			_exit(1);
	}
	if (!reader)
		_exit(0);
	ASSERT_EQ(reader, waitpid(reader, &status, 0));
	EXPECT_EQ(0, status);
}

/* The same identities in what the device says, under the same storm. */
STORM_TEST(device_system_sums)
{
	struct cowstat_system system;
	int i;

	for (i = 0; i < 2000; i++) {
		system = must_system(self->fd);
		EXPECT_IDENTITIES("the system", &system.counters);
		ASSERT_TRUE(_metadata->passed);
	}
}

STORM_TEST(device_list_sums)
{
	struct cowstat_counters roots;
	struct cow_list list;
	unsigned int i, c;
	int round;

	for (round = 0; round < 200; round++) {
		list = must_list(self->fd);
		memset(&roots, 0, sizeof(roots));
		for (i = 0; i < list.head.count; i++) {
			EXPECT_IDENTITIES("self", &list.row[i].self);
			EXPECT_IDENTITIES("tree", &list.row[i].tree);
			if (!list.row[i].ppid)
				cow_add(&roots, &list.row[i].tree);
		}
		for (c = 0; c < COW_NR; c++)
			EXPECT_LE(roots.value[c], list.head.system.value[c]);
		ASSERT_TRUE(_metadata->passed);
		cow_list_free(&list);
	}
}

TEST_HARNESS_MAIN
