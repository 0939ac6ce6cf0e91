// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "spawn.h"

/*
 * Taken and passed on are all signals but those that a fault or the tool's own
 * writing raises, those that cannot be caught, and those that stop: they stop
 * the tool as well, and the shell takes both back.
 */
static const int not_taken[] = {
	SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPIPE,
	SIGXFSZ, SIGXCPU, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
};

/* These come from a terminal to its whole foreground process group. */
static bool is_of_terminal(int signal)
{
	return signal == SIGINT || signal == SIGQUIT || signal == SIGHUP ||
	       signal == SIGWINCH || signal == SIGCONT;
}

static void taken_signals(sigset_t *set)
{
	sigfillset(set);
	for (size_t i = 0; i < sizeof(not_taken) / sizeof(*not_taken); i++)
		sigdelset(set, not_taken[i]);
}

static void set_up_signals(struct spawn *spawn)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t taken;

	taken_signals(&taken);
	sigprocmask(SIG_BLOCK, &taken, &spawn->mask);
	/* Ignored, it would take the exit status with it. */
	sigaction(SIGCHLD, &standard, &spawn->child_ended);
	/* A report that cannot be written is to end in a message. */
	sigaction(SIGPIPE, &ignore, &spawn->broken_pipe);
	sigaction(SIGXFSZ, &ignore, &spawn->file_too_large);
}

static void restore_signals(const struct spawn *spawn)
{
	sigaction(SIGCHLD, &spawn->child_ended, NULL);
	sigaction(SIGPIPE, &spawn->broken_pipe, NULL);
	sigaction(SIGXFSZ, &spawn->file_too_large, NULL);
	sigprocmask(SIG_SETMASK, &spawn->mask, NULL);
}

static ssize_t read_whole(int fd, void *buffer, size_t size)
{
	ssize_t got;

	do {
		got = read(fd, buffer, size);
	} while (got < 0 && errno == EINTR);
	return got;
}

static void __attribute__((noreturn))
run_child(const struct spawn *spawn, int go, int failure, char **command)
{
	char byte;
	int error;

	/* The end of file: the tool gave up, or was killed. */
	if (read_whole(go, &byte, 1) != 1)
		_exit(EXIT_OWN_FAILURE);
	restore_signals(spawn);
	execvp(command[0], command);
	error = errno;
	if (write(failure, &error, sizeof(error)) < 0)
		_exit(EXIT_OWN_FAILURE);
	_exit(EXIT_NOT_EXECUTABLE);
}

static int fork_child(struct spawn *spawn, int go[2], int failure[2], char **command)
{
	spawn->pid = fork();
	if (spawn->pid < 0)
		return -errno;
	if (!spawn->pid) {
		close(go[1]);
		close(failure[0]);
		run_child(spawn, go[0], failure[1], command);
	}
	spawn->go = go[1];
	spawn->failure = failure[0];
	return 0;
}

int spawn_hold(struct spawn *spawn, char **command)
{
	int go[2], failure[2];
	int error;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failure, O_CLOEXEC)) {
		error = -errno;
		goto err_close_go;
	}
	set_up_signals(spawn);
	error = fork_child(spawn, go, failure, command);
	close(go[0]);
	close(failure[1]);
	if (!error)
		return 0;
	restore_signals(spawn);
	close(failure[0]);
	close(go[1]);
	return error;

err_close_go:
	close(go[0]);
	close(go[1]);
	return error;
}

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int reap(const struct spawn *spawn, int options, int *status)
{
	int pid;

	do {
		pid = waitpid(spawn->pid, status, options);
	} while (pid < 0 && errno == EINTR);
	return pid;
}

int spawn_release(struct spawn *spawn)
{
	int error = 0;

	spawn->started = now_ns();
	if (write(spawn->go, "g", 1) != 1)
		error = errno;
	close(spawn->go);
	/* Nothing, but the end of file, if the exec has closed the pipe. */
	if (!error && read_whole(spawn->failure, &error, sizeof(error)) <= 0)
		error = 0;
	close(spawn->failure);
	if (!error)
		return 0;
	reap(spawn, 0, NULL);
	sigprocmask(SIG_SETMASK, &spawn->mask, NULL);
	return -error;
}

void spawn_cancel(struct spawn *spawn)
{
	close(spawn->go);
	close(spawn->failure);
	reap(spawn, 0, NULL);
	sigprocmask(SIG_SETMASK, &spawn->mask, NULL);
}

static void pass_on(const struct spawn *spawn, const siginfo_t *info)
{
	/* The terminal has reached the child as well. */
	if (info->si_code > 0 && is_of_terminal(info->si_signo))
		return;
	/* "kill 0" in the child: it has had its own. */
	if (info->si_code <= 0 && info->si_pid == spawn->pid)
		return;
	if (info->si_code == SI_QUEUE)
		sigqueue(spawn->pid, info->si_signo, info->si_value);
	else
		kill(spawn->pid, info->si_signo);
}

/* What has come when nobody is there any more to have it. */
static void drop_pending(const sigset_t *taken)
{
	const struct timespec now = { 0 };

	while (sigtimedwait(taken, NULL, &now) > 0)
		;
}

int spawn_wait(struct spawn *spawn)
{
	siginfo_t info;
	sigset_t taken;
	int status, pid;

	taken_signals(&taken);
	while (!(pid = reap(spawn, WNOHANG, &status)))
		if (sigwaitinfo(&taken, &info) > 0 && info.si_signo != SIGCHLD)
			pass_on(spawn, &info);
	spawn->elapsed_ns = now_ns() - spawn->started;
	drop_pending(&taken);
	sigprocmask(SIG_SETMASK, &spawn->mask, NULL);
	if (pid < 0)
		return EXIT_OWN_FAILURE;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
