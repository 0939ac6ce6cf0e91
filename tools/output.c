// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "say.h"

#define TEMPORARY_SUFFIX ".XXXXXX"

static int fail_write(const char *name, int error)
{
	return fail("cannot write the report to %s: %s", name, strerror(error));
}

/* A new file beside @path; its name, to be freed, is left in @name. */
static int create_beside(const char *path, char **name)
{
	int fd;

	if (asprintf(name, "%s" TEMPORARY_SUFFIX, path) < 0)
		abort();
	fd = mkostemp(*name, O_CLOEXEC);
	if (fd < 0) {
		int error = errno;

		free(*name);
		errno = error;
	}
	return fd;
}

static bool can_create_beside(const char *path)
{
	char *name;
	int fd = create_beside(path, &name);

	if (fd < 0)
		return false;
	unlink(name);
	close(fd);
	free(name);
	return true;
}

static bool is_same_file(int fd, const struct stat *wanted)
{
	struct stat status;

	return !fstat(fd, &status) && status.st_dev == wanted->st_dev &&
	       status.st_ino == wanted->st_ino;
}

static mode_t new_file_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int open_new(struct output *output, const char *path)
{
	struct stat status;

	/* A link to nowhere would itself be replaced. */
	if (!lstat(path, &status))
		return fail_write(path, ENOENT);
	if (!can_create_beside(path))
		return fail_write(path, errno);
	output->mode = new_file_mode();
	output->path = strdup(path);
	return 0;
}

static int open_existing(struct output *output, const char *path)
{
	struct stat status;

	if (fstat(output->fd, &status))
		return fail_write(path, errno);
	/* What the caller redirected to there has its own place in the file. */
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		if (is_same_file(fd, &status)) {
			close(output->fd);
			output->fd = fd;
			return 0;
		}
	}
	if (!S_ISREG(status.st_mode))
		return 0;
	output->mode = status.st_mode & 07777;
	output->path = realpath(path, NULL);
	if (output->path && !can_create_beside(output->path)) {
		free(output->path);
		output->path = NULL;
	}
	return 0;
}

int output_open(struct output *output, const char *path)
{
	*output = (struct output){ .name = path, .fd = STDERR_FILENO };
	if (!path) {
		output->name = "standard error";
		return 0;
	}
	if (!strcmp(path, "-")) {
		output->name = "standard output";
		output->fd = STDOUT_FILENO;
		return 0;
	}
	output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (output->fd >= 0)
		return open_existing(output, path);
	if (errno == ENOENT && *path)
		return open_new(output, path);
	return fail_write(path, errno);
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return errno;
		if (written > 0) {
			text += written;
			length -= written;
		}
	}
	return 0;
}

/* In place: of a regular file nothing is to stay after what is written. */
static int write_in_place(int fd, const char *text, size_t length)
{
	struct stat status;
	bool regular = fd > STDERR_FILENO && !fstat(fd, &status) && S_ISREG(status.st_mode);
	int error;

	if (regular && ftruncate(fd, 0))
		return errno;
	error = write_all(fd, text, length);
	if (error && regular && ftruncate(fd, 0))
		return errno;
	return error;
}

static int write_and_rename(const struct output *output, const char *text, size_t length)
{
	char *name;
	int fd = create_beside(output->path, &name);
	int error;

	if (fd < 0)
		return errno;
	error = write_all(fd, text, length);
	if (!error && fchmod(fd, output->mode))
		error = errno;
	/* Some file systems say only now that there is no room. */
	if (close(fd) && !error)
		error = errno;
	if (!error && rename(name, output->path))
		error = errno;
	if (error)
		unlink(name);
	free(name);
	return error;
}

/* A signal in the middle would leave the unfinished file. */
static int replace_file(const struct output *output, const char *text, size_t length)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	error = write_and_rename(output, text, length);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return error;
}

int output_write(struct output *output, const char *text, size_t length)
{
	int error;

	if (output->path)
		error = replace_file(output, text, length);
	else
		error = write_in_place(output->fd, text, length);
	return error ? fail_write(output->name, error) : 0;
}

void output_close(struct output *output)
{
	free(output->path);
	if (output->fd > STDERR_FILENO)
		close(output->fd);
}

struct style output_style(const struct output *output)
{
	const char *term = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");
	bool plain = (no_colour && *no_colour) || (term && !strcmp(term, "dumb"));

	return (struct style){
		.colour = !output->path && isatty(output->fd) && !plain,
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
	};
}
