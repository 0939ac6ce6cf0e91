// SPDX-License-Identifier: GPL-2.0
/*
 * One process that makes calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

/* Of what goes wrong again and again only the first ones are told, per kind. */
#define LINES_MOST	5
#define FLOOD_EVERY	40000

struct worker me;
struct fuzz_stats *stats;

/* splitmix64: any state will do. */
uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

unsigned int rng_below(struct rng *rng, unsigned int n)
{
	return (rng_next(rng) >> 32) * n >> 32;
}

bool rng_one_in(struct rng *rng, unsigned int n)
{
	return !rng_below(rng, n);
}

void describe(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(me.what, sizeof(me.what), format, args);
	va_end(args);
}

/* In one write, as the workers share the output. */
void mismatch(const char *format, ...)
{
	static unsigned int lines[KINDS];
	char text[400], line[800];
	va_list args;
	int length;

	__atomic_add_fetch(&stats->mismatches[me.kind], 1, __ATOMIC_RELAXED);
	if (lines[me.kind]++ >= LINES_MOST)
		return;
	if (me.describe)
		me.describe(me.described);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	length = snprintf(line, sizeof(line),
			  "# wrong: worker %#llx (%s) call %lu, %s: %s: %s\n",
			  (unsigned long long)me.seed,
			  me.user ? "user" : "root", me.call,
			  kind_names[me.kind], me.what, text);
	if (write(STDOUT_FILENO, line, length) < 0)
		_exit(1);
}

void note_result(enum fuzz_kind kind, long result)
{
	unsigned int error = result < 0 && -result < ERRNOS ? -result : 0;

	__atomic_add_fetch(&stats->errors[kind][error], 1, __ATOMIC_RELAXED);
}

/* Return: is the result one that can be? */
bool judge(long result, errnos must, errnos may)
{
	note_result(me.kind, result);
	if (result >= 0) {
		if (must)
			mismatch("succeeded with %ld, but must not", result);
		return !must;
	}
	if (-result < 128 && (must | may) & E(-result))
		return true;
	mismatch("%s, for which there is no reason", strerror(-result));
	return false;
}

void forget(struct file *file)
{
	if (file->type != FILE_NONE)
		close(file->fd);
	file->type = FILE_NONE;
	file->fd = -1;
}

/* One of the type, if there is any. */
struct file *pick_file(struct rng *rng, enum file_type type)
{
	static struct file closed = { .type = FILE_NONE, .fd = -1 };
	unsigned int start = rng_below(rng, FILES), i;

	for (i = 0; i < FILES; i++) {
		struct file *file = &me.file[(start + i) % FILES];

		if (file->type == type && type != FILE_NONE)
			return file;
	}
	return &closed;
}

/* A thread that closes what it is told, and is asked about by its number. */
static void *closer(void *arg)
{
	int *pair = arg, fd;

	me.thread = gettid();
	if (write(pair[1], "r", 1) != 1)
		return NULL;
	while (read(pair[1], &fd, sizeof(fd)) == sizeof(fd)) {
		close(fd);
		if (write(pair[1], &fd, sizeof(fd)) != sizeof(fd))
			break;
	}
	return NULL;
}

static void start_thread(void)
{
	static int pair[2];
	pthread_t thread;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
	    pthread_create(&thread, NULL, closer, pair) ||
	    read(pair[0], &byte, 1) != 1)
		cow_die("cannot start a thread");
	me.thread_pipe = pair[0];
}

/* Where 32-bit calls are not known, the attempt is a fault. */
static bool compat_works(void)
{
#ifdef __x86_64__
	pid_t pid = fork();
	int status;
	long ret;

	if (!pid) {
		asm volatile("int $0x80" : "=a"(ret) : "a"(20 /* getpid */)
			     : "memory", "r8", "r9", "r10", "r11");
		_exit(ret != getpid());
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
#else
	return false;
#endif
}

static void begin(void)
{
	int i;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	me.compat = compat_works();
	start_thread();
	for (i = 0; i < FILES; i++)
		me.file[i] = (struct file) { .type = FILE_NONE, .fd = -1 };
	me.file[0] = (struct file) { .type = FILE_DEVICE, .fd = must_open() };
	me.file[1] = (struct file) {
		.type = FILE_TEXT,
		.fd = open(COW_PROCFILE, O_RDONLY | O_CLOEXEC),
	};
	if (me.file[1].fd < 0)
		cow_die("cannot open %s: %s", COW_PROCFILE, strerror(errno));
}

/* How often, of a thousand. */
static const struct {
	enum fuzz_kind kind;
	unsigned int weight;
	void (*call)(struct rng *rng);
} calls[] = {
	{ KIND_info, 70, call_info },
	{ KIND_system, 80, call_system },
	{ KIND_process, 150, call_process },
	{ KIND_list, 120, call_list },
	{ KIND_tree, 110, call_tree },
	{ KIND_read, 190, call_read },
	{ KIND_unknown, 50, call_unknown },
	{ KIND_text, 10, call_text },
	{ KIND_text_at, 10, call_text_at },
	{ KIND_read_write, 50, call_read_write },
	{ KIND_seek, 30, call_seek },
	{ KIND_map, 20, call_map },
	{ KIND_poll, 20, call_poll },
	{ KIND_control, 40, call_control },
	{ KIND_race, 3, call_race },
	{ KIND_open, 20, call_open },
	{ KIND_close, 17, call_close },
	{ KIND_life, 10, call_life },
};

static void one_call(void)
{
	struct rng rng = { me.seed ^ (me.call * 0xd1342543de82ef95) };
	unsigned int at = rng_below(&rng, 1000), i = 0;

	if (me.call % FLOOD_EVERY == 500) {
		me.kind = KIND_flood;
		call_flood();
		return;
	}
	for (i = 0; at >= calls[i].weight; i++)
		at -= calls[i].weight;
	me.kind = calls[i].kind;
	calls[i].call(&rng);
}

void worker_run(void)
{
	begin();
	for (me.call = 0; me.call < me.calls; me.call++)
		one_call();
	life_end();
	_exit(0);
}
