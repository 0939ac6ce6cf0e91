// SPDX-License-Identifier: GPL-2.0
/*
 * The requests of the module, right and wrong in every way that can be thought
 * of. Each wrong thing names the errnos that it explains: a call with none must
 * succeed, a call with some must fail with one of them and write nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

#define OUTPUT_MAX	1024

/**
 * struct ask - a request to be made
 * @file: the descriptor
 * @request: its number
 * @size: of the argument
 * @arg: the argument
 * @spot: where it lies
 * @must: errnos that something wrong explains; if there are any it must fail
 * @may: errnos that depend on what goes on meanwhile
 * @peer: another process makes it
 * @compat: made as 32-bit programs do
 */
struct ask {
	struct file *file;
	unsigned int request;
	size_t size;
	unsigned char arg[OUTPUT_MAX];
	struct spot spot;
	errnos must;
	errnos may;
	bool peer;
	bool compat;
};

static long call_compat(int fd, unsigned int request, unsigned char *at)
{
#ifdef __x86_64__
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(54 /* ioctl */), "b"((long)fd), "c"((long)request),
		       "d"(at)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
#else
	return -ENOSYS;
#endif
}

static long call_ioctl(int fd, unsigned int request, unsigned char *at)
{
	int ret = ioctl(fd, request, at);

	return ret < 0 ? -errno : ret;
}

static long make(const struct ask *ask)
{
	if (ask->peer)
		return peer_ioctl(ask->file->fd, ask->request, ask->spot.at);
	if (ask->compat)
		return call_compat(ask->file->fd, ask->request, ask->spot.at);
	return call_ioctl(ask->file->fd, ask->request, ask->spot.at);
}

static void describe_ask(const void *call)
{
	const struct ask *ask = call;
	static const char *const types[] = {
		"a closed file", "the device", "a tree handle", "/proc/cowstat",
	};
	uint32_t word[6];

	memcpy(word, ask->arg, sizeof(word));
	describe("ioctl(%d (%s), %#x, %p (%s) {%#x, %#x, %#x, %#x, %#x, %#x})%s%s",
		 ask->file->fd, types[ask->file->type], ask->request,
		 ask->spot.at, place_name(ask->spot.place), word[0], word[1],
		 word[2], word[3], word[4], word[5],
		 ask->peer ? " by the peer" : "", ask->compat ? " as 32-bit" : "");
}

/* The requests, with their sizes of today and of the first header */
static const struct {
	unsigned int today;
	unsigned int old;
} requests[] = {
#define REQUEST(name) { \
	COWSTAT_IOC_##name, \
	(COWSTAT_IOC_##name & ~IOCSIZE_MASK) | \
		COWSTAT_##name##_SIZE_VER0 << _IOC_SIZESHIFT, \
}
	REQUEST(INFO), REQUEST(SYSTEM), REQUEST(PROCESS), REQUEST(LIST),
	REQUEST(TREE), REQUEST(READ),
#undef REQUEST
};
#define REQUESTS	(sizeof(requests) / sizeof(requests[0]))

/* Return: that of today, 0 if it is none. */
static unsigned int known_as(unsigned int request)
{
	size_t i;

	for (i = 0; i < REQUESTS; i++)
		if (request == requests[i].today || request == requests[i].old)
			return requests[i].today;
	return 0;
}

static unsigned int old_one(unsigned int request)
{
	size_t i;

	for (i = 0; requests[i].today != request; i++)
		;
	return requests[i].old;
}

/* The first two words, which all have. */
static void wrong_head(struct ask *ask, struct rng *rng, uint32_t flags_known)
{
	const uint32_t sizes[] = {
		0, 1, ask->size - 1, ask->size + 8, -1, rng_next(rng),
		_IOC_SIZE(known_as(ask->request)),
		_IOC_SIZE(old_one(known_as(ask->request))),
	};
	uint32_t *word = (uint32_t *)ask->arg;

	word[0] = ask->size;
	if (rng_one_in(rng, 12)) {
		word[0] = sizes[rng_below(rng, 8)];
		if (word[0] != ask->size)
			ask->must |= E(EINVAL);
	}
	if (rng_one_in(rng, 12)) {
		word[1] |= 1U << rng_below(rng, 32);
		if (word[1] & ~flags_known)
			ask->must |= E(EINVAL);
	}
}

static void reserve(struct ask *ask, struct rng *rng, uint32_t *reserved)
{
	*reserved = 0;
	if (!rng_one_in(rng, 12))
		return;
	*reserved = 1U << rng_below(rng, 32);
	ask->must |= E(EINVAL);
}

static bool of_type(const struct file *file, unsigned int request)
{
	switch (known_as(request)) {
	case COWSTAT_IOC_INFO:
	case COWSTAT_IOC_LIST:
		return file->type == FILE_DEVICE || file->type == FILE_TREE;
	case COWSTAT_IOC_READ:
		return file->type == FILE_TREE;
	default:
		return file->type == FILE_DEVICE;
	}
}

/* The file, and who asks how; what the file itself explains comes first. */
static struct ask ask_begin(struct rng *rng, unsigned int request)
{
	struct ask ask = { .request = request };
	enum file_type type = FILE_NONE;

	if (rng_one_in(rng, 3))
		ask.request = old_one(request);
	ask.size = _IOC_SIZE(ask.request);
	if (rng_one_in(rng, 16))
		type = rng_below(rng, FILE_TEXT + 1);
	else if (request == COWSTAT_IOC_READ)
		type = FILE_TREE;
	else if (request == COWSTAT_IOC_LIST || request == COWSTAT_IOC_INFO)
		type = rng_one_in(rng, 2) ? FILE_TREE : FILE_DEVICE;
	else
		type = FILE_DEVICE;
	ask.file = pick_file(rng, type);
	ask.spot = arena_argument(rng, ask.size, place_any(rng));
	ask.peer = rng_one_in(rng, 24) && spot_shared(&ask.spot);
	ask.compat = rng_one_in(rng, 16) && me.compat && !ask.peer &&
		     (uint64_t)ask.spot.at < 1ULL << 31;
	memset(ask.arg, PATTERN, sizeof(ask.arg));
	memset(ask.arg, 0, 8);
	return ask;
}

/* Puts it in place; what the place and the file explain is added. */
static void ask_place(struct ask *ask, bool written)
{
	if (!spot_readable(&ask->spot) ||
	    (written && !spot_writable(&ask->spot)))
		ask->must |= E(EFAULT);
	if (ask->file->type == FILE_NONE || ask->file->open_flags & O_PATH)
		ask->must = E(EBADF), ask->may = 0;
	else if (!of_type(ask->file, ask->request))
		ask->must = E(ENOTTY), ask->may = 0;
	if (ask->spot.from)
		memcpy(ask->spot.from, ask->arg, ask->spot.there);
	me.describe = describe_ask;
	me.described = ask;
}

/* Nothing of it may be another than it was: of a refused one, or before @from. */
static void check_kept(const struct ask *ask, size_t size)
{
	if (!ask->spot.from)
		return;
	if (size > ask->spot.there)
		size = ask->spot.there;
	if (memcmp(ask->spot.from, ask->arg, size))
		mismatch("the argument was changed");
}

/* @inputs: bytes at the front that only the caller writes. */
static bool ask_judged(struct ask *ask, long result, size_t inputs)
{
	bool fine = judge(result, ask->must, ask->may);

	check_kept(ask, result < 0 ? ask->size : inputs);
	if (!around_is_clean(&ask->spot))
		mismatch("bytes around the argument were changed");
	return fine && result >= 0;
}

/* What an old program does not know reads as 0. */
static void *answer(struct ask *ask)
{
	memset(ask->arg, 0, sizeof(ask->arg));
	memcpy(ask->arg, ask->spot.from, ask->size);
	return ask->arg;
}

static void ask_end(struct ask *ask)
{
	me.describe = NULL;
	spot_wipe(&ask->spot, ask->size);
}

void call_info(struct rng *rng)
{
	struct ask ask = ask_begin(rng, COWSTAT_IOC_INFO);
	struct cowstat_info *info = (void *)ask.arg;

	wrong_head(&ask, rng, 0);
	reserve(&ask, rng, &info->reserved);
	ask_place(&ask, true);
	if (ask_judged(&ask, make(&ask), 8)) {
		check_written(answer(&ask), ask.size);
		check_info(info, ask.size);
	}
	ask_end(&ask);
}

void call_system(struct rng *rng)
{
	struct ask ask = ask_begin(rng, COWSTAT_IOC_SYSTEM);
	struct cowstat_system *system = (void *)ask.arg;

	wrong_head(&ask, rng, 0);
	reserve(&ask, rng, &system->reserved);
	ask_place(&ask, true);
	if (ask_judged(&ask, make(&ask), 8)) {
		check_written(answer(&ask), ask.size);
		check_system(system, ask.size);
	}
	ask_end(&ask);
}

/*
 * The peer has no pid in the ordinary worker's namespace, and is not the
 * ordinary user's when root asks; it is who a pid of 0 means.
 */
static void as_peer(struct ask *ask, pid_t pid)
{
	if (ask->peer && !pid && me.user)
		ask->must |= E(ESRCH);
}

void call_process(struct rng *rng)
{
	struct ask ask = ask_begin(rng, COWSTAT_IOC_PROCESS);
	struct cowstat_process *process = (void *)ask.arg;
	pid_t pid;

	process->pid = pid = pid_any(rng, &ask.must, &ask.may);
	wrong_head(&ask, rng, 0);
	as_peer(&ask, pid);
	ask_place(&ask, true);
	if (ask_judged(&ask, make(&ask), 12)) {
		check_written(answer(&ask), ask.size);
		check_process(process, ask.peer || ask.may ? 0 :
			      pid ? pid : getpid(), ask.size);
	}
	ask_end(&ask);
}

/* How many rows shall fit, and where they lie. */
static struct spot list_rows(struct rng *rng, struct cowstat_list *list)
{
	const size_t row = sizeof(struct cowstat_row);
	enum place place = place_any(rng);
	size_t room = ROWS_ROOM;
	struct spot spot;

	if (rng_one_in(rng, 4))
		room = 1 + rng_below(rng, 48);
	spot = arena_rows(rng, room * row, place);
	list->rows = (uintptr_t)spot.at;
	list->capacity = room;
	if (rng_one_in(rng, 8))
		list->capacity = rng_below(rng, room < 2 ? room + 1 : 3);
	else if (place != PLACE_SHARED && place != PLACE_PRIVATE &&
		 rng_one_in(rng, 4))
		list->capacity = rng_one_in(rng, 2) ? -1U : 100000;
	return spot;
}

static void wrong_row_size(struct ask *ask, struct rng *rng)
{
	struct cowstat_list *list = (void *)ask->arg;

	list->row_size = sizeof(struct cowstat_row);
	if (!rng_one_in(rng, 16))
		return;
	list->row_size = rng_one_in(rng, 2) ? rng_below(rng, 560) : rng_next(rng);
	if (list->row_size != sizeof(struct cowstat_row))
		ask->must |= E(EINVAL);
}

static void check_rows(struct ask *ask, const struct spot *rows)
{
	const struct cowstat_list *list = (void *)ask->arg;
	size_t bytes = list->capacity ?
		list->count * sizeof(struct cowstat_row) : 0;

	if (bytes > rows->writable) {
		mismatch("%u rows were written where they cannot be",
			 list->count);
		return;
	}
	if (bytes) {
		check_written(rows->from, bytes);
		check_list(ask->file, list, (void *)rows->from, ask->size);
	} else {
		check_list(ask->file, list, NULL, ask->size);
	}
	if (!rows_are_clean(rows, bytes))
		mismatch("bytes behind %u rows were changed", list->count);
	spot_wipe(rows, bytes);
}

void call_list(struct rng *rng)
{
	struct ask ask = ask_begin(rng, COWSTAT_IOC_LIST);
	struct cowstat_list *list = (void *)ask.arg;
	struct spot rows = list_rows(rng, list);

	ask.peer = ask.peer && spot_shared(&rows);
	if (list->capacity)
		ask.may |= E(ENOSPC);
	if (list->capacity && !spot_writable(&rows))
		ask.may |= E(EFAULT);
	if (list->capacity > rows.size / sizeof(struct cowstat_row))
		ask.may |= E(EFAULT);
	wrong_row_size(&ask, rng);
	wrong_head(&ask, rng, 0);
	ask_place(&ask, true);
	if (ask_judged(&ask, make(&ask), 24)) {
		answer(&ask);
		check_written(ask.arg + 24, ask.size - 24);
		check_rows(&ask, &rows);
	} else if (!rows_are_clean(&rows, 0)) {
		mismatch("rows were written, but the call failed");
		spot_wipe(&rows, rows.size);
	}
	if (!around_is_clean(&rows))
		mismatch("bytes around the rows were changed");
	ask_end(&ask);
}

static struct file *free_file(struct rng *rng)
{
	struct file *file = &me.file[rng_below(rng, FILES)];

	forget(file);
	return file;
}

static void keep_tree(struct file *file, long fd, const struct ask *ask)
{
	const struct cowstat_tree *tree = (void *)ask->arg;

	if (fcntl(fd, F_GETFD) != FD_CLOEXEC && !ask->peer)
		mismatch("the handle is not close-on-exec");
	*file = (struct file) {
		.type = FILE_TREE, .fd = fd, .tree_flags = tree->flags,
		.strange = ask->peer,
	};
}

void call_tree(struct rng *rng)
{
	struct ask ask = ask_begin(rng, COWSTAT_IOC_TREE);
	struct cowstat_tree *tree = (void *)ask.arg;
	struct file *file;
	long fd;

	tree->flags = rng_below(rng, 8);
	if (!(tree->flags & COWSTAT_TREE_NEXT_CHILD) || rng_one_in(rng, 8))
		tree->pid = pid_any(rng, &ask.must, &ask.may);
	else
		tree->pid = 0;
	wrong_head(&ask, rng, 7);
	if ((tree->flags & COWSTAT_TREE_NEXT_CHILD) && tree->pid)
		ask.must |= E(EINVAL);
	reserve(&ask, rng, &tree->reserved);
	ask.may |= E(ENOSPC);
	as_peer(&ask, tree->pid);
	ask_place(&ask, false);
	fd = make(&ask);
	if (ask_judged(&ask, fd, ask.size)) {
		file = free_file(rng);
		keep_tree(file, fd, &ask);
	} else if (fd >= 0) {
		close(fd);
	}
	ask_end(&ask);
}

void call_read(struct rng *rng)
{
	struct ask ask = ask_begin(rng, COWSTAT_IOC_READ);

	if (ask.file->strange)
		ask.may |= E(EACCES);
	wrong_head(&ask, rng, 0);
	ask_place(&ask, true);
	if (ask_judged(&ask, make(&ask), 8)) {
		check_written(answer(&ask), ask.size);
		check_read(ask.file, (void *)ask.arg, ask.size);
	}
	ask_end(&ask);
}

/* A number that is almost right, or of the module's kind, or any. */
static unsigned int unknown_number(struct rng *rng)
{
	unsigned int known = requests[rng_below(rng, REQUESTS)].today;

	switch (rng_below(rng, 3)) {
	case 0:
		return (rng_one_in(rng, 2) ? known : old_one(known)) ^
		       1U << rng_below(rng, 32);
	case 1:
		return (rng_next(rng) & 0xffff00ff) | COWSTAT_IOC_MAGIC << 8;
	default:
		return rng_next(rng) | 0xe000;
	}
}

void call_unknown(struct rng *rng)
{
	struct ask ask = ask_begin(rng, COWSTAT_IOC_LIST);

	ask.request = unknown_number(rng);
	if (known_as(ask.request))
		ask.request = 0;
	ask.must = E(ENOTTY);
	memcpy(ask.arg, &ask.size, 4);
	ask_place(&ask, false);
	ask.must &= ~E(EFAULT);
	ask_judged(&ask, make(&ask), ask.size);
	ask_end(&ask);
}

/* Handles until there are no more, and then no more. */
void call_flood(void)
{
	int fds[2048], device = cow_open(), n = 0, i;

	describe("tree handles until it fails");
	if (device < 0) {
		judge(device, 0, 0);
		return;
	}
	while (n < 2048) {
		fds[n] = cow_tree(device, 0, n & COWSTAT_TREE_KEEP);
		if (fds[n] < 0)
			break;
		n++;
	}
	if (n == 2048)
		mismatch("%d handles and no limit", n);
	else
		judge(fds[n], E(ENOSPC) | E(EMFILE), 0);
	for (i = 0; i < n; i++)
		close(fds[i]);
	close(device);
}
