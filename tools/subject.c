// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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

/* In the child: of all its descriptors only these are not closed by the exec. */
static void __attribute__((noreturn)) become(char *const *arguments, const int *keep, int nr, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	for (int i = 0; i < nr; i++)
		fcntl(keep[i], F_SETFD, 0);
	dup2(out, STDOUT_FILENO);
	execv(SELF, arguments);
	_exit(EXIT_NOT_FOUND);
}

static int start(struct subject *subject, char *const *arguments, const int *keep, int nr)
{
	int out[2];

	if (pipe2(out, O_CLOEXEC))
		return fail("cannot make a pipe: %s", strerror(errno));
	fflush(NULL);
	subject->pid = fork();
	if (!subject->pid)
		become(arguments, keep, nr, out[1]);
	close(out[1]);
	subject->out = out[0];
	if (subject->pid > 0)
		return 0;
	close(out[0]);
	return fail("cannot start workload '%s': %s", subject->name, strerror(errno));
}

static int start_synced(struct subject *subject, const char *pages, int in, int out)
{
	char in_text[12], out_text[12];
	const char *arguments[ARGUMENTS_MAX] = {
		"cowstat", "workload", subject->name, "--sync", "--sync-in", in_text,
		"--sync-out", out_text, pages ? "--pages" : NULL, pages, NULL,
	};
	const int keep[] = { in, out };

	snprintf(in_text, sizeof(in_text), "%d", in);
	snprintf(out_text, sizeof(out_text), "%d", out);
	return start(subject, (char *const *)arguments, keep, 2);
}

int subject_start(struct subject *subject, const char *name, const char *pages)
{
	int to[2], from[2];
	int error;

	*subject = (struct subject){ .name = name };
	if (pipe2(to, O_CLOEXEC))
		return fail("cannot make a pipe: %s", strerror(errno));
	if (pipe2(from, O_CLOEXEC)) {
		error = fail("cannot make a pipe: %s", strerror(errno));
		goto err_close_to;
	}
	error = start_synced(subject, pages, to[0], from[1]);
	close(from[1]);
	if (error)
		goto err_close_from;
	close(to[0]);
	subject->to = to[1];
	subject->from = from[0];
	return 0;

err_close_from:
	close(from[0]);
err_close_to:
	close(to[0]);
	close(to[1]);
	return error;
}

int subject_wait(struct subject *subject, char byte)
{
	struct pollfd wait = { .fd = subject->from, .events = POLLIN };
	char got = 0;

	if (poll(&wait, 1, PATIENCE_MS) == 0)
		return fail("workload '%s' hangs: it said nothing for %d s", subject->name,
			    PATIENCE_MS / 1000);
	if (read(subject->from, &got, 1) == 1 && got == byte)
		return 0;
	return fail("workload '%s' ended before its work was done: try 'cowstat workload %s'",
		    subject->name, subject->name);
}

int subject_go_on(struct subject *subject)
{
	/* If it is gone the wait for its next byte, or its end, will tell. */
	if (write(subject->to, "g", 1) != 1 && errno != EPIPE)
		return fail("cannot write to workload '%s': %s", subject->name, strerror(errno));
	return 0;
}

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

static int end(struct subject *subject, char **said)
{
	int status;

	*said = read_to_end(subject->out);
	close(subject->out);
	while (waitpid(subject->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!status)
		return 0;
	free(*said);
	*said = NULL;
	return fail("workload '%s' failed: %s %d: try 'cowstat workload %s'", subject->name,
		    WIFSIGNALED(status) ? "killed by signal" : "exit status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), subject->name);
}

int subject_finish(struct subject *subject, char **said)
{
	close(subject->from);
	close(subject->to);
	return end(subject, said);
}

void subject_kill(struct subject *subject)
{
	kill(subject->pid, SIGKILL);
	close(subject->from);
	close(subject->to);
	close(subject->out);
	while (waitpid(subject->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int subject_list(char **said)
{
	struct subject subject = { .name = "--list" };
	char *const arguments[] = { "cowstat", "workload", "--list", NULL };
	int error = start(&subject, arguments, NULL, 0);

	return error ? error : end(&subject, said);
}
