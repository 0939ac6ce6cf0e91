// SPDX-License-Identifier: GPL-2.0
/*
 * Tree handles that outlive their tree, travel over a socket, and keep the module
 * loaded, while signals come in all the time.
 *
 *	handles ROUNDS
 *
 * In each round a process forks another, and both write what the first one's
 * parent wrote before: how much is known. They are killed, and another process is
 * handed the only descriptor of their handle, with which it reads the last
 * numbers. While that is under way the handle in the socket must keep the module
 * loaded. Says what was wrong, and how many calls were made.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kernel/cow_lib.h"

#define PAGE	4096
#define N	23

static unsigned long calls;
static int failed;

static void expect(const char *what, __u64 want, __u64 got)
{
	if (want == got)
		return;
	printf("%s: %llu, expected %llu\n", what, got, want);
	failed = 1;
}

static void at_least(const char *what, __u64 least, __u64 got)
{
	if (got >= least)
		return;
	printf("%s: %llu, expected %llu or more\n", what, got, least);
	failed = 1;
}

static struct cowstat_read read_tree(int handle)
{
	calls++;
	return must_read(handle);
}

static void on_signal(int signal)
{
}

/* System calls are not begun again by themselves: they fail with EINTR. */
static void signals_come(void)
{
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

/* Return: false if nobody is there any more who could tell it. */
static bool await(int from)
{
	char byte;
	ssize_t got;

	do {
		got = read(from, &byte, 1);
	} while (got < 0 && errno == EINTR);
	return got == 1;
}

static void tell(int to)
{
	while (write(to, "", 1) < 0)
		if (errno != EINTR)
			cow_die("nobody to tell: %s", strerror(errno));
}

static pid_t must_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		cow_die("cannot fork: %s", strerror(errno));
	if (!pid)
		signals_come();
	return pid;
}

static bool send_bytes(int to, const void *data, size_t size, int fd)
{
	struct iovec iov = { (void *)data, size };
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	memset(&control, 0, sizeof(control));
	if (fd >= 0) {
		struct cmsghdr *cmsg = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	do {
		sent = sendmsg(to, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)size;
}

static bool receive(int from, void *data, size_t size, int *fd)
{
	struct iovec iov = { data, size };
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t got;

	do {
		got = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (fd)
		*fd = -1;
	if (fd && got > 0 && CMSG_FIRSTHDR(&msg))
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(*fd));
	return got == (ssize_t)size;
}

/*
 * The other process.
 * @pid: of it
 * @go: tells it to take a handle
 * @socket: from there, and to say what it read
 */
struct peer {
	pid_t pid;
	int go;
	int socket;
};

static void be_peer(int go, int socket)
{
	struct cowstat_read read;
	int handle;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	while (await(go)) {
		if (!receive(socket, &byte, 1, &handle) || handle < 0)
			cow_die("the other process got no handle");
		read = read_tree(handle);
		close(handle);
		if (!send_bytes(socket, &read, sizeof(read), -1))
			break;
	}
	_exit(0);
}

static struct peer start_peer(void)
{
	int pair[2], go[2];
	struct peer peer;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    pipe2(go, O_CLOEXEC))
		cow_die("no socket, or no pipe: %s", strerror(errno));
	peer.pid = must_fork();
	if (!peer.pid) {
		close(pair[0]);
		close(go[1]);
		be_peer(go[0], pair[1]);
	}
	close(pair[1]);
	close(go[0]);
	peer.go = go[1];
	peer.socket = pair[0];
	return peer;
}

static void write_pages(char *at)
{
	int i;

	for (i = 0; i < N; i++)
		at[i * PAGE]++;
}

/*
 * A tree of two, in a process group of its own.
 * @root: its first process
 * @go: tells it to begin
 * @ready: each says there that it has written
 */
struct tree {
	pid_t root;
	int go;
	int ready;
};

static void live(char *at, int go, int ready)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!await(go))
		_exit(1);
	write_pages(at);
	fork();
	write_pages(at);
	if (write(ready, "", 1) == 1)
		for (;;)
			pause();
	_exit(1);
}

static struct tree start_tree(char *at)
{
	int go[2], ready[2];
	struct tree tree;

	if (pipe2(go, O_CLOEXEC) || pipe2(ready, O_CLOEXEC))
		cow_die("no pipe: %s", strerror(errno));
	tree.root = must_fork();
	if (!tree.root) {
		close(go[1]);
		live(at, go[0], ready[1]);
	}
	setpgid(tree.root, tree.root);
	close(go[0]);
	close(ready[1]);
	tree.go = go[1];
	tree.ready = ready[0];
	return tree;
}

/* Both are this process's children then, which is a subreaper. */
static void kill_tree(const struct tree *tree, const struct peer *peer)
{
	int left = 2;
	pid_t pid;

	kill(-tree->root, SIGKILL);
	while (left) {
		pid = waitpid(-1, NULL, 0);
		if (pid == peer->pid)
			cow_die("the other process has died");
		left -= pid > 0;
	}
	close(tree->go);
	close(tree->ready);
}

/* The first write of each page breaks it: from the parent, then among the two. */
static void check_alive(const struct cowstat_read *read)
{
	expect("forks of the living tree", 1, read->counters.value[COW_forks]);
	expect("processes", 2, read->tree_procs);
	expect("of them alive", 2, read->tree_alive);
	expect("state of the tree", COWSTAT_TREE_ALIVE, read->tree_state);
	at_least("pages broken", 2 * N, read->counters.value[COW_broken_anon]);
}

static void check_gone(const struct cowstat_read *read,
		       const struct cowstat_read *alive)
{
	int i;

	expect("processes of the dead tree", 2, read->tree_procs);
	expect("of them alive", 0, read->tree_alive);
	expect("state of the dead tree", COWSTAT_TREE_GONE, read->tree_state);
	for (i = 0; i < COW_NR; i++)
		at_least(cow_names[i], alive->counters.value[i],
			 read->counters.value[i]);
}

static void cannot_be_unloaded(void)
{
	calls++;
	if (syscall(SYS_delete_module, "cowstat", O_NONBLOCK) == 0)
		cow_die("the module was unloaded under a handle");
	if (errno != EAGAIN) {
		printf("unloading: %s, expected %s\n", strerror(errno),
		       strerror(EAGAIN));
		failed = 1;
	}
}

/* What the other process reads; the handle is closed here. */
static struct cowstat_read hand_over(int handle, const struct peer *peer)
{
	struct cowstat_read theirs;

	if (!send_bytes(peer->socket, "", 1, handle))
		cow_die("cannot send the handle: %s", strerror(errno));
	close(handle);
	cannot_be_unloaded();
	tell(peer->go);
	if (!receive(peer->socket, &theirs, sizeof(theirs), NULL))
		cow_die("the other process does not answer");
	calls++;
	return theirs;
}

static int open_handle(pid_t root, unsigned int flags)
{
	int device = must_open();
	int handle = must_tree(device, root, flags);

	close(device);
	calls += 2;
	return handle;
}

static void round_with(unsigned int flags, const struct peer *peer, char *at)
{
	struct cowstat_read alive, gone, theirs;
	struct tree tree;
	int handle;

	write_pages(at);
	tree = start_tree(at);
	handle = open_handle(tree.root, flags);
	tell(tree.go);
	if (!await(tree.ready) || !await(tree.ready))
		cow_die("a process of the tree did not come to write");
	alive = read_tree(handle);
	check_alive(&alive);
	kill_tree(&tree, peer);
	gone = read_tree(handle);
	check_gone(&gone, &alive);
	theirs = hand_over(handle, peer);
	if (memcmp(&gone.counters, &theirs.counters, sizeof(gone.counters))) {
		printf("the other process reads other numbers\n");
		failed = 1;
	}
}

int main(int argc, char **argv)
{
	int i, rounds = argc == 2 ? atoi(argv[1]) : 0;
	char *at = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct peer peer;

	if (rounds < 1 || at == MAP_FAILED)
		cow_die("usage: handles ROUNDS");
	madvise(at, N * PAGE, MADV_NOHUGEPAGE);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signals_come();
	peer = start_peer();
	for (i = 0; i < rounds && !failed; i++)
		round_with(i & 1 ? COWSTAT_TREE_KEEP : 0, &peer, at);
	printf("%lu calls\n", calls);
	return failed;
}
