// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "taskstats.h"

#define MESSAGE_MAX	8192
#define ENDINGS_BUFFER	(8 << 20)	/* many processes end at once */

struct message {
	struct nlmsghdr head;
	struct genlmsghdr generic;
	char attributes[MESSAGE_MAX];
};

static void put_head(struct message *message, __u16 family, __u8 command)
{
	memset(message, 0, sizeof(*message));
	message->head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	message->head.nlmsg_type = family;
	message->head.nlmsg_flags = NLM_F_REQUEST;
	message->generic.cmd = command;
	message->generic.version = 1;
}

static void put_attribute(struct message *message, __u16 type, const void *value, size_t length)
{
	struct nlattr *attribute = (void *)((char *)message + NLMSG_ALIGN(message->head.nlmsg_len));

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + length;
	memcpy((char *)attribute + NLA_HDRLEN, value, length);
	message->head.nlmsg_len = NLMSG_ALIGN(message->head.nlmsg_len) + NLA_ALIGN(attribute->nla_len);
}

/* The value of the first attribute of @type, its length in @length; or NULL. */
static const void *find_attribute(const void *attributes, size_t size, __u16 type, size_t *length)
{
	const char *at = attributes;

	while (size >= NLA_HDRLEN) {
		const struct nlattr *attribute = (const void *)at;
		size_t step = NLA_ALIGN(attribute->nla_len);

		if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > size)
			return NULL;
		if ((attribute->nla_type & NLA_TYPE_MASK) == type) {
			*length = attribute->nla_len - NLA_HDRLEN;
			return at + NLA_HDRLEN;
		}
		if (step >= size)
			return NULL;
		at += step;
		size -= step;
	}
	return NULL;
}

static int send_message(int socket, const struct message *message)
{
	if (send(socket, message, message->head.nlmsg_len, 0) < 0)
		return -errno;
	return 0;
}

/* 0, or the errno that the kernel answered with. */
static int receive(int socket, struct message *message, int flags)
{
	ssize_t got;

	do {
		got = recv(socket, message, sizeof(*message), flags);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (!NLMSG_OK(&message->head, (size_t)got))
		return -EBADMSG;
	if (message->head.nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(&message->head))->error;
	return 0;
}

static size_t attributes_size(const struct message *message)
{
	return message->head.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
}

static int find_family(struct taskstats_source *source)
{
	struct message message;
	const void *value;
	size_t length;
	int error;

	put_head(&message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put_attribute(&message, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME,
		      sizeof(TASKSTATS_GENL_NAME));
	error = send_message(source->requests, &message);
	if (!error)
		error = receive(source->requests, &message, 0);
	if (error)
		return error;
	value = find_attribute(message.attributes, attributes_size(&message),
			       CTRL_ATTR_FAMILY_ID, &length);
	if (!value || length != sizeof(source->family))
		return -EBADMSG;
	memcpy(&source->family, value, length);
	return 0;
}

static int read_cpus(char *cpus, size_t size)
{
	int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, cpus, size - 1);

	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return -ENODATA;
	cpus[got] = '\0';
	cpus[strcspn(cpus, "\n")] = '\0';
	return 0;
}

static int listen_to_endings(struct taskstats_source *source)
{
	const int size = ENDINGS_BUFFER;
	struct message message;
	char cpus[256];
	int error = read_cpus(cpus, sizeof(cpus));

	if (error)
		return error;
	setsockopt(source->endings, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	put_head(&message, source->family, TASKSTATS_CMD_GET);
	message.head.nlmsg_flags |= NLM_F_ACK;
	put_attribute(&message, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, cpus, strlen(cpus) + 1);
	error = send_message(source->endings, &message);
	return error ? error : receive(source->endings, &message, 0);
}

static int open_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
}

int taskstats_open(struct taskstats_source *source)
{
	int error;

	source->requests = open_socket();
	source->endings = open_socket();
	if (source->requests < 0 || source->endings < 0) {
		error = -errno;
		taskstats_close(source);
		return error;
	}
	error = find_family(source);
	if (!error)
		error = listen_to_endings(source);
	if (error)
		taskstats_close(source);
	return error;
}

void taskstats_close(struct taskstats_source *source)
{
	if (source->requests >= 0)
		close(source->requests);
	if (source->endings >= 0)
		close(source->endings);
}

/* An older kernel knows fewer fields, a newer one more. */
static bool find_stats(const struct message *message, __u16 aggregate, struct taskstats *stats)
{
	const void *nested, *value;
	size_t length;

	nested = find_attribute(message->attributes, attributes_size(message), aggregate, &length);
	if (!nested)
		return false;
	value = find_attribute(nested, length, TASKSTATS_TYPE_STATS, &length);
	if (!value)
		return false;
	memset(stats, 0, sizeof(*stats));
	memcpy(stats, value, length < sizeof(*stats) ? length : sizeof(*stats));
	return true;
}

int taskstats_of(struct taskstats_source *source, int pid, struct taskstats *stats)
{
	struct message message;
	int error;

	put_head(&message, source->family, TASKSTATS_CMD_GET);
	put_attribute(&message, TASKSTATS_CMD_ATTR_TGID, &pid, sizeof(pid));
	error = send_message(source->requests, &message);
	if (!error)
		error = receive(source->requests, &message, 0);
	if (error)
		return error;
	return find_stats(&message, TASKSTATS_TYPE_AGGR_TGID, stats) ? 0 : -EBADMSG;
}

int taskstats_endings(struct taskstats_source *source,
		      void (*visit)(const struct taskstats *stats, void *data), void *data)
{
	struct message message;
	struct taskstats stats;
	int error;

	while (!(error = receive(source->endings, &message, MSG_DONTWAIT)))
		if (find_stats(&message, TASKSTATS_TYPE_AGGR_PID, &stats))
			visit(&stats, data);
	return error == -EAGAIN ? 0 : error;
}
