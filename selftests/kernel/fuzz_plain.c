// SPDX-License-Identifier: GPL-2.0
/*
 * The system calls that every file knows, on those of the module.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz.h"

#define TEXT_ROOM	(1 << 18)

static const char first_line[] = "cowstat 1\n";

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static bool usable(const struct file *file)
{
	return file->type != FILE_NONE && !(file->open_flags & O_PATH);
}

static bool for_reading(const struct file *file)
{
	return usable(file) && (file->open_flags & O_ACCMODE) != O_WRONLY;
}

static struct file *pick_any(struct rng *rng)
{
	return pick_file(rng, rng_below(rng, FILE_TEXT + 1));
}

/* Flags, and what they explain. */
static const struct {
	int flag;
	errnos must;
} open_extras[] = {
	{ O_NONBLOCK }, { O_APPEND }, { O_NOFOLLOW }, { O_SYNC }, { O_CREAT },
	{ O_PATH }, { O_ASYNC },
	{ O_DIRECTORY, E(ENOTDIR) }, { O_CREAT | O_EXCL, E(EEXIST) },
	{ O_DIRECT, E(EINVAL) }, { O_TMPFILE, E(ENOTDIR) | E(EINVAL) },
	{ O_CREAT | O_DIRECTORY, E(ENOTDIR) | E(EINVAL) | E(EISDIR) },
};

static const char *path_of(enum file_type type)
{
	return type == FILE_DEVICE ? COW_DEVICE : COW_PROCFILE;
}

void call_open(struct rng *rng)
{
	const size_t extras = sizeof(open_extras) / sizeof(open_extras[0]);
	enum file_type type = rng_one_in(rng, 2) ? FILE_DEVICE : FILE_TEXT;
	struct file *file = &me.file[2 + rng_below(rng, FILES - 2)];
	int flags = rng_one_in(rng, 3) ? (int)rng_below(rng, 3) : O_RDONLY;
	size_t extra = rng_below(rng, extras);
	errnos must = 0;
	long fd;

	if (rng_one_in(rng, 3)) {
		flags |= open_extras[extra].flag;
		must = open_extras[extra].must;
	}
	if (me.user && type == FILE_TEXT && flags & O_ACCMODE && !(flags & O_PATH))
		must |= E(EACCES);
	describe("open(%s, %#o)", path_of(type), flags);
	fd = result(open(path_of(type), flags | O_CLOEXEC, 0600));
	if (!judge(fd, must, 0) || fd < 0)
		return;
	forget(file);
	*file = (struct file) { .type = type, .fd = fd, .open_flags = flags };
}

void call_close(struct rng *rng)
{
	struct file *file = &me.file[2 + rng_below(rng, FILES - 2)];
	bool open = file->type != FILE_NONE;

	describe("close(%d)", file->fd);
	judge(result(close(open ? file->fd : -1)), open ? 0 : E(EBADF), 0);
	file->type = FILE_NONE;
}

/* One reading in pieces; 0 or -errno. */
static long read_all(int fd, size_t piece, char *text, size_t *length)
{
	ssize_t n;

	*length = 0;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	while ((n = read(fd, text + *length, piece)) > 0) {
		*length += n;
		if (*length + piece >= TEXT_ROOM)
			return -EFBIG;
	}
	text[*length] = '\0';
	return result(n);
}

/* What was read once stays as it is, wherever one looks again. */
static void read_again(struct rng *rng, int fd, const char *text, size_t length)
{
	char again[512];
	ssize_t n;
	size_t at, want;
	int i;

	for (i = 0; i < 3; i++) {
		at = 1 + rng_below(rng, length + 10);
		want = at >= length ? 0 : length - at;
		if (want > sizeof(again))
			want = sizeof(again);
		if (rng_one_in(rng, 2)) {
			n = pread(fd, again, sizeof(again), at);
		} else if (lseek(fd, at, SEEK_SET) != (off_t)at) {
			mismatch("cannot seek to %zu", at);
			continue;
		} else {
			n = read(fd, again, sizeof(again));
		}
		if (n < 0 || n > (ssize_t)want || (want && !n) ||
		    memcmp(again, text + at, n))
			mismatch("%zd bytes at %zu are others than before", n,
				 at);
	}
}

void call_text(struct rng *rng)
{
	static const unsigned int pieces[] = { 61, 333, 1000, 4096, 65536 };
	static char text[TEXT_ROOM], copy[TEXT_ROOM];
	struct file *file = pick_file(rng, FILE_TEXT);
	size_t piece = pieces[rng_below(rng, 5)], length;
	long ret;

	if (rng_one_in(rng, 16))
		file = pick_any(rng);
	describe("%d (type %d) read in pieces of %zu", file->fd, file->type,
		 piece);
	ret = read_all(file->fd, piece, text, &length);
	if (!for_reading(file)) {
		judge(ret, E(EBADF) | E(ESPIPE), 0);
		return;
	}
	if (!judge(ret, file->type == FILE_TEXT ? 0 : E(ESPIPE), 0) || ret < 0)
		return;
	memcpy(copy, text, length + 1);
	check_text(copy, length);
	if (length)
		read_again(rng, file->fd, text, length);
}

/* The first reading of a new descriptor is in the middle. */
void call_text_at(struct rng *rng)
{
	const size_t line = sizeof(first_line) - 1;
	size_t at = rng_below(rng, rng_one_in(rng, 2) ? 10 : 3000), part;
	bool seek = rng_one_in(rng, 2);
	char text[512];
	long n = 0;
	int fd = open(COW_PROCFILE, O_RDONLY | O_CLOEXEC);

	describe("%s(%zu) of a new descriptor", seek ? "lseek" : "pread", at);
	if (seek)
		n = result(lseek(fd, at, SEEK_SET));
	if (n >= 0)
		n = result(seek ? read(fd, text, sizeof(text)) :
			   pread(fd, text, sizeof(text), at));
	if (judge(n, 0, 0)) {
		part = at < line ? line - at : 0;
		if (at < line && ((size_t)n < part ||
				  memcmp(text, first_line + at, part)))
			mismatch("does not go on with the first line");
		if (at && (size_t)n >= line && !memcmp(text, first_line, line))
			mismatch("begins with the first line");
	}
	close(fd);
}

static long do_read(int fd, void *at, size_t size, off_t offset,
		    unsigned int how)
{
	struct iovec iov[2] = { { at, size / 2 },
				{ (char *)at + size / 2, size - size / 2 } };

	switch (how) {
	case 0:
		return read(fd, at, size);
	case 1:
		return pread(fd, at, size, offset);
	case 2:
		return readv(fd, iov, 2);
	default:
		return preadv(fd, iov, 2, offset);
	}
}

static long do_write(int fd, void *at, size_t size, off_t offset,
		     unsigned int how)
{
	struct iovec iov = { at, size };

	switch (how) {
	case 0:
		return write(fd, at, size);
	case 1:
		return pwrite(fd, at, size, offset);
	case 2:
		return writev(fd, &iov, 1);
	default:
		return pwritev(fd, &iov, 1, offset);
	}
}

static off_t any_offset(struct rng *rng)
{
	const off_t some[] = {
		0, 1, 9, 4095, 4096, 4097, -1, LLONG_MAX, LLONG_MIN,
		1LL << 32, rng_below(rng, 5000), rng_next(rng),
	};

	return some[rng_below(rng, sizeof(some) / sizeof(some[0]))];
}

static void call_write(struct file *file, const struct spot *spot,
		       off_t offset, unsigned int how)
{
	describe("write %u of %zu bytes at %p to %d (type %d)", how, spot->size,
		 spot->at, file->fd, file->type);
	judge(result(do_write(file->fd, spot->at, spot->size, offset, how)),
	      E(EBADF) | E(EINVAL) | E(EIO) | E(ESPIPE) | E(EFAULT), 0);
}

static void call_read_into(struct file *file, const struct spot *spot,
			   off_t offset, unsigned int how)
{
	bool text = for_reading(file) && file->type == FILE_TEXT;
	errnos may = 0;
	long n;

	if (!spot_writable(spot))
		may |= E(EFAULT);
	/* Where the descriptor stands can also be too far. */
	if (how % 2 == 0 || offset < 0 || offset > LLONG_MAX - PAGE * 2)
		may |= E(EINVAL);
	describe("read %u of %zu bytes at %p (%s) from %d (type %d), offset %lld",
		 how, spot->size, spot->at, place_name(spot->place), file->fd,
		 file->type, (long long)offset);
	n = result(do_read(file->fd, spot->at, spot->size, offset, how));
	judge(n, text ? 0 : E(EBADF) | E(EINVAL) | E(ESPIPE) | E(EFAULT), may);
	if (n > (long)spot->size)
		mismatch("%ld of %zu bytes were read", n, spot->size);
	else if (spot_writable(spot) &&
		 !rows_are_clean(spot, n < 0 ? 0 : n))
		mismatch("more than %ld bytes were written", n);
	if (!around_is_clean(spot))
		mismatch("bytes around the buffer were written");
	spot_wipe(spot, spot->size);
}

void call_read_write(struct rng *rng)
{
	struct file *file = pick_any(rng);
	struct spot spot = arena_rows(rng, 2 + rng_below(rng, 8000),
				      place_any(rng));
	off_t offset = any_offset(rng);
	unsigned int how = rng_below(rng, 4);

	if (rng_one_in(rng, 3))
		call_write(file, &spot, offset, how);
	else
		call_read_into(file, &spot, offset, how);
}

void call_seek(struct rng *rng)
{
	struct file *file = pick_any(rng);
	off_t offset = any_offset(rng);
	int whence = rng_one_in(rng, 2) ? SEEK_SET : (int)rng_below(rng, 7);
	errnos must = 0, may = E(EINVAL);

	if (!usable(file))
		must = E(EBADF);
	else if (file->type != FILE_TEXT)
		must = E(ESPIPE) | E(EINVAL);
	else if (whence > SEEK_CUR)
		must = E(EINVAL);
	else if (whence == SEEK_SET && offset >= 0)
		may = 0;
	describe("lseek(%d (type %d), %lld, %d)", file->fd, file->type,
		 (long long)offset, whence);
	judge(result(lseek(file->fd, offset, whence)), must, may);
}

void call_map(struct rng *rng)
{
	static const int flags[] = {
		MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE | MAP_SYNC,
		MAP_PRIVATE | MAP_POPULATE | MAP_LOCKED,
	};
	struct file *file = pick_any(rng);
	int prot = rng_below(rng, 8), flag = flags[rng_below(rng, 4)];
	off_t offset = any_offset(rng) & -PAGE;
	void *map;

	describe("mmap(%#x, %#x, %d (type %d), %lld)", prot, flag, file->fd,
		 file->type, (long long)offset);
	map = mmap(NULL, PAGE, prot, flag, file->fd, offset);
	judge(map == MAP_FAILED ? -errno : 0,
	      E(ENODEV) | E(EIO) | E(EACCES) | E(EBADF) | E(EINVAL) | E(EPERM) |
	      E(EOVERFLOW) | E(EOPNOTSUPP) | E(EAGAIN), 0);
}

void call_poll(struct rng *rng)
{
	struct file *file = pick_any(rng);
	struct pollfd poll_fd = { file->fd, rng_next(rng), 0 };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int epoll;

	describe("poll(%d (type %d), %#hx)", file->fd, file->type,
		 poll_fd.events);
	if (rng_one_in(rng, 2)) {
		judge(result(poll(&poll_fd, 1, 0)), 0, 0);
		if (file->fd >= 0 &&
		    !usable(file) != !!(poll_fd.revents & POLLNVAL))
			mismatch("revents is %#hx", poll_fd.revents);
		return;
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	judge(result(epoll_ctl(epoll, EPOLL_CTL_ADD, file->fd, &event)),
	      usable(file) ? 0 : E(EBADF), E(EPERM));
	close(epoll);
}

static long control(int fd, unsigned int what, unsigned int arg)
{
	struct stat st;
	char data[64];
	int on = arg & 1;

	switch (what) {
	case 0: return fcntl(fd, F_GETFD);
	case 1: return fcntl(fd, F_SETFD, FD_CLOEXEC);
	case 2: return fcntl(fd, F_GETFL);
	case 3: return fcntl(fd, F_SETFL, arg & (O_NONBLOCK | O_APPEND | O_DIRECT));
	case 4: return fcntl(fd, F_SETLEASE, F_UNLCK);
	case 5: return fcntl(fd, F_NOTIFY, 0);
	case 6: return fcntl(fd, F_SETPIPE_SZ, 4096);
	case 7: return fcntl(fd, F_GET_SEALS);
	case 8: return fcntl(fd, F_SETOWN, getpid());
	case 9: return fcntl(fd, arg % 64 + 64, 0);
	case 10: return flock(fd, LOCK_SH | LOCK_NB);
	case 11: return flock(fd, LOCK_UN);
	case 12: return fsync(fd);
	case 13: return ftruncate(fd, arg);
	case 14: return fallocate(fd, 0, 0, 4096);
	case 15: return fstat(fd, &st);
	case 16: return ioctl(fd, FIONBIO, &on);
	case 17: return ioctl(fd, FIOASYNC, &on);
	case 18: return ioctl(fd, FIONREAD, &on);
	case 19: return posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED) ? -1 : 0;
	case 20: return readahead(fd, 0, 4096);
	case 21: return fchdir(fd);
	case 22: return readlinkat(fd, "", data, sizeof(data));
	default: return fcntl(fd, F_GETSIG);
	}
}

static void call_dup(struct file *file)
{
	long fd;

	describe("dup(%d (type %d))", file->fd, file->type);
	fd = result(fcntl(file->fd, F_DUPFD_CLOEXEC, 0));
	judge(fd, file->type == FILE_NONE ? E(EBADF) : 0, 0);
	if (fd < 0)
		return;
	close(file->fd);
	file->fd = fd;
}

static void call_splice(struct rng *rng, struct file *file)
{
	loff_t offset = rng_below(rng, 3000);
	size_t size = rng_below(rng, 8192);
	bool text = for_reading(file) && file->type == FILE_TEXT;
	int pipes[2];

	describe("splice(%d (type %d), %lld, %zu)", file->fd, file->type,
		 (long long)offset, size);
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK))
		return;
	judge(result(splice(file->fd, &offset, pipes[1], NULL, size, 0)),
	      text || !size ? 0 : E(EINVAL) | E(EBADF) | E(ESPIPE),
	      E(EINVAL) | E(EBADF) | E(ESPIPE));
	close(pipes[0]);
	close(pipes[1]);
}

void call_control(struct rng *rng)
{
	struct file *file = pick_any(rng);
	unsigned int what = rng_below(rng, 27), arg = rng_next(rng);

	if (what > 24) {
		call_dup(file);
	} else if (what > 22) {
		call_splice(rng, file);
	} else {
		errno = 0;
		describe("control %u (%#x) of %d (type %d)", what, arg,
			 file->fd, file->type);
		judge(result(control(file->fd, what, arg)), 0,
		      E(EBADF) | E(EINVAL) | E(ENOTTY) | E(ENOTDIR) | E(EPERM) |
		      E(EAGAIN) | E(EACCES) | E(EOPNOTSUPP) | E(ESPIPE) |
		      E(ENODEV) | E(ENOENT) | E(EIO) | E(EFBIG));
	}
}

/* A thread closes the descriptor while it is used. */
void call_race(struct rng *rng)
{
	struct file *file = pick_any(rng);
	unsigned int how = rng_below(rng, 3), i;
	struct cowstat_read read;
	struct cow_list list;
	int fd = dup(file->fd);
	char text[512];
	long ret = 0;

	describe("a thread closes a copy of %d (type %d)", file->fd, file->type);
	if (write(me.thread_pipe, &fd, sizeof(fd)) != sizeof(fd))
		cow_die("cannot tell the thread to close");
	for (i = 0; i < 50 && ret != -EBADF; i++) {
		if (how == 0)
			ret = cow_read(fd, &read);
		else if (how == 1)
			ret = result(pread(fd, text, sizeof(text), 0));
		else if (!(ret = cow_list(fd, &list)))
			cow_list_free(&list);
	}
	judge(ret, 0, E(EBADF) | E(ENOTTY) | E(EINVAL) | E(ESPIPE) | E(EACCES));
	if (recv(me.thread_pipe, &fd, sizeof(fd), 0) != sizeof(fd))
		cow_die("the thread did not close it");
}
