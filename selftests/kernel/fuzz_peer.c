// SPDX-License-Identifier: GPL-2.0
/*
 * Another process, of another user or pid namespace, that is handed a
 * descriptor over a socket and makes one request with it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

/* To the peer what to do, from there what came of it. */
struct letter {
	unsigned int request;
	unsigned char *at;
	long result;
};

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static bool send_letter(int socket, struct letter *letter, int fd)
{
	struct iovec iov = { letter, sizeof(*letter) };
	union control control = { };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (fd < 0) {
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	return sendmsg(socket, &msg, MSG_NOSIGNAL) == sizeof(*letter);
}

/* @fd: -1 if there is none */
static bool receive_letter(int socket, struct letter *letter, int *fd)
{
	struct iovec iov = { letter, sizeof(*letter) };
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) != sizeof(*letter))
		return false;
	cmsg = CMSG_FIRSTHDR(&msg);
	*fd = -1;
	if (cmsg)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return true;
}

void peer_run(int socket)
{
	struct letter letter;
	int fd, ret;

	while (receive_letter(socket, &letter, &fd)) {
		ret = ioctl(fd, letter.request, letter.at);
		letter.result = ret < 0 ? -errno : ret;
		close(fd);
		fd = -1;
		if (letter.request == COWSTAT_IOC_TREE && ret >= 0)
			fd = ret;
		if (!send_letter(socket, &letter, fd))
			break;
		if (fd >= 0)
			close(fd);
	}
	_exit(0);
}

/* Like ioctl(2), but -errno; a new descriptor is handed back. */
long peer_ioctl(int fd, unsigned int request, unsigned char *at)
{
	struct letter letter = { .request = request, .at = at };

	if (fd < 0)
		return -EBADF;
	if (!send_letter(me.peer, &letter, fd))
		return -errno;
	if (!receive_letter(me.peer, &letter, &fd))
		cow_die("the peer is gone");
	return fd >= 0 ? fd : letter.result;
}
