// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"
#include "subject.h"

/* Only there to end a hang: an emulated machine is slow. */
#define PATIENCE_MS	(10 * 60 * 1000)
#define ARGUMENTS_MAX	12
#define SELF		"/proc/self/exe"

/* The ends of the pipes that are the workload's. */
struct theirs {
	int in;
	int out;
	int stdout;
	int stderr;
};

static void __attribute__((noreturn))
become(char *const *arguments, const struct theirs *theirs)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	/* All others are closed by the exec. */
	fcntl(theirs->in, F_SETFD, 0);
	fcntl(theirs->out, F_SETFD, 0);
	dup2(theirs->stdout, STDOUT_FILENO);
	dup2(theirs->stderr, STDERR_FILENO);
	execv(SELF, arguments);
	_exit(EXIT_NOT_FOUND);
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void subject_close(struct subject *subject)
{
	close_if_open(&subject->from);
	close_if_open(&subject->to);
	close_if_open(&subject->out);
	close_if_open(&subject->err);
}

static void close_theirs(struct theirs *theirs)
{
	close_if_open(&theirs->in);
	close_if_open(&theirs->out);
	close_if_open(&theirs->stdout);
	close_if_open(&theirs->stderr);
}

static int make_pipe(int *read_end, int *write_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	*read_end = ends[0];
	*write_end = ends[1];
	return 0;
}

static int make_pipes(struct subject *subject, struct theirs *theirs)
{
	if (!make_pipe(&theirs->in, &subject->to) && !make_pipe(&subject->from, &theirs->out) &&
	    !make_pipe(&subject->out, &theirs->stdout) && !make_pipe(&subject->err, &theirs->stderr))
		return 0;
	return fail("cannot make a pipe: %s", strerror(errno));
}

static int start(struct subject *subject, char *const *arguments, const struct theirs *theirs)
{
	fflush(NULL);
	subject->pid = fork();
	if (!subject->pid)
		become(arguments, theirs);
	if (subject->pid > 0)
		return 0;
	return fail("cannot start workload '%s': %s", subject->name, strerror(errno));
}

static int start_synced(struct subject *subject, const char *pages, const struct theirs *theirs)
{
	char in[12], out[12];
	const char *arguments[ARGUMENTS_MAX] = {
		"cowstat", "workload", subject->name, "--sync-in", in, "--sync-out", out,
		pages ? "--pages" : NULL, pages, NULL,
	};

	snprintf(in, sizeof(in), "%d", theirs->in);
	snprintf(out, sizeof(out), "%d", theirs->out);
	return start(subject, (char *const *)arguments, theirs);
}

/* @all: "--all", or NULL */
static int start_list(struct subject *subject, const char *all, const struct theirs *theirs)
{
	const char *arguments[] = { "cowstat", "workload", "--list", all, NULL };

	return start(subject, (char *const *)arguments, theirs);
}

static int start_with_pipes(struct subject *subject, const char *argument,
			    int (*start)(struct subject *, const char *, const struct theirs *))
{
	struct theirs theirs = { -1, -1, -1, -1 };
	int error = make_pipes(subject, &theirs);

	if (!error)
		error = start(subject, argument, &theirs);
	close_theirs(&theirs);
	if (error)
		subject_close(subject);
	return error;
}

int subject_start(struct subject *subject, const char *name, const char *pages)
{
	*subject = (struct subject){ .name = name, .from = -1, .to = -1, .out = -1, .err = -1 };
	return start_with_pipes(subject, pages, start_synced);
}

int subject_wait(struct subject *subject, char byte)
{
	struct pollfd wait = { .fd = subject->from, .events = POLLIN };
	char got = 0;

	if (poll(&wait, 1, PATIENCE_MS) <= 0)
		return -1;
	return read(subject->from, &got, 1) == 1 && got == byte ? 0 : -1;
}

int subject_go_on(struct subject *subject)
{
	return write(subject->to, "g", 1) == 1 ? 0 : -1;
}

/* To the end of the file, or to where a descriptor that may not block would. */
static char *read_to_end(int fd)
{
	char *text = NULL;
	size_t length;
	FILE *whole = open_memstream(&text, &length);
	char part[4096];
	ssize_t got;

	if (!whole)
		abort();
	while ((got = read(fd, part, sizeof(part))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			fwrite(part, 1, got, whole);
	fclose(whole);
	return text;
}

static void reap(struct subject *subject)
{
	while (waitpid(subject->pid, &subject->status, 0) < 0 && errno == EINTR)
		;
	subject->pid = 0;
}

int subject_finish(struct subject *subject, char **said)
{
	*said = read_to_end(subject->out);
	reap(subject);
	if (!subject->status)
		return 0;
	free(*said);
	return -1;
}

/* Its own words, one line, without the head that this tool puts there again. */
static char *first_complaint(const char *text)
{
	static const char *const heads[] = { "cowstat: ", "workload: " };

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (!strncmp(text, heads[i], strlen(heads[i])))
			text += strlen(heads[i]);
	return strndup(text, strcspn(text, "\n"));
}

static char *describe_end(const struct subject *subject, bool hung)
{
	int status = subject->status;
	char *text;
	int length;

	if (hung)
		length = asprintf(&text, "it did not go on, nor end");
	else if (WIFSIGNALED(status))
		length = asprintf(&text, "it was killed by signal %d", WTERMSIG(status));
	else
		length = asprintf(&text, "it ended early, with exit status %d",
				  WEXITSTATUS(status));
	if (length < 0)
		abort();
	return text;
}

char *subject_problem(struct subject *subject)
{
	bool hung = false;
	char *complaint, *text;

	if (subject->pid) {
		/* An end of file was its end: it needs no more than to be waited for. */
		struct pollfd wait = { .fd = subject->from, .events = POLLIN };

		hung = poll(&wait, 1, 0) <= 0 || !(wait.revents & POLLHUP);
		if (hung)
			kill(subject->pid, SIGKILL);
		reap(subject);
	}
	/* A process that it forgot may still hold the other end. */
	fcntl(subject->err, F_SETFL, O_NONBLOCK);
	text = read_to_end(subject->err);
	complaint = *text ? first_complaint(text) : describe_end(subject, hung);
	free(text);
	return complaint;
}

bool subject_skipped(const struct subject *subject)
{
	return !subject->pid && WIFEXITED(subject->status) &&
	       WEXITSTATUS(subject->status) == EXIT_SKIPPED;
}

int subject_list(bool all, char **said)
{
	struct subject subject = { .name = "--list", .from = -1, .to = -1, .out = -1, .err = -1 };
	int error = start_with_pipes(&subject, all ? "--all" : NULL, start_list);

	if (error)
		return error;
	error = subject_finish(&subject, said);
	subject_close(&subject);
	return error ? fail("cannot list the workloads") : 0;
}
