// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "frozen/cowstat_v1.h"
#include "old_header_v1.h"

#define PATTERN	0x5a

/* What old programs have in their code. */
_Static_assert(COWSTAT_IOC_INFO == 0xc0b8c500, "INFO");
_Static_assert(COWSTAT_IOC_SYSTEM == 0xc118c501, "SYSTEM");
_Static_assert(COWSTAT_IOC_PROCESS == 0xc240c502, "PROCESS");
_Static_assert(COWSTAT_IOC_LIST == 0xc130c503, "LIST");
_Static_assert(COWSTAT_IOC_TREE == 0x4010c504, "TREE");
_Static_assert(COWSTAT_IOC_READ == 0xc128c505, "READ");
_Static_assert(sizeof(struct cowstat_row) == 560, "row");

const size_t v1_row_size = sizeof(struct cowstat_row);

static const unsigned int requests[V1_REQUESTS] = {
	[V1_INFO] = COWSTAT_IOC_INFO,
	[V1_SYSTEM] = COWSTAT_IOC_SYSTEM,
	[V1_PROCESS] = COWSTAT_IOC_PROCESS,
	[V1_LIST] = COWSTAT_IOC_LIST,
	[V1_TREE] = COWSTAT_IOC_TREE,
	[V1_READ] = COWSTAT_IOC_READ,
};

static void fill(enum v1_request request, struct v1_call *call)
{
	void *at = call->bytes;

	if (request == V1_PROCESS)
		((struct cowstat_process *)at)->pid = call->pid;
	if (request == V1_TREE) {
		((struct cowstat_tree *)at)->pid = call->pid;
		((struct cowstat_tree *)at)->flags = call->flags;
	}
	if (request == V1_LIST) {
		((struct cowstat_list *)at)->row_size = v1_row_size;
		((struct cowstat_list *)at)->capacity = call->capacity;
		((struct cowstat_list *)at)->rows = (uintptr_t)call->rows;
	}
}

static void spoil(enum v1_request request, struct v1_call *call)
{
	uint32_t *word = (uint32_t *)call->bytes;
	void *at = call->bytes;

	switch (call->wrong) {
	case V1_SIZE_0:
		word[0] = 0;
		break;
	case V1_SIZE_LESS:
		word[0] -= 8;
		break;
	case V1_SIZE_MORE:
		word[0] += 8;
		break;
	case V1_FLAG:
		word[1] |= 0x80000000;
		break;
	case V1_RESERVED:
		if (request == V1_INFO)
			((struct cowstat_info *)at)->reserved = 1;
		else if (request == V1_SYSTEM)
			((struct cowstat_system *)at)->reserved = 1;
		else
			((struct cowstat_tree *)at)->reserved = 1;
		break;
	case V1_ROW_SIZE:
		((struct cowstat_list *)at)->row_size += 8;
		break;
	case V1_POINTER:
	case V1_RIGHT:
		break;
	}
}

int v1_ask(int fd, enum v1_request request, struct v1_call *call)
{
	int ret;

	call->size = _IOC_SIZE(requests[request]);
	memset(call->bytes, PATTERN, sizeof(call->bytes));
	memset(call->bytes, 0, call->size);
	memcpy(call->bytes, &(uint32_t){ call->size }, 4);
	fill(request, call);
	spoil(request, call);
	ret = ioctl(fd, requests[request],
		    call->wrong == V1_POINTER ? NULL : call->bytes);
	return ret < 0 ? -errno : ret;
}

int v1_clean_behind(const struct v1_call *call)
{
	size_t i;

	for (i = call->size; i < sizeof(call->bytes); i++)
		if (call->bytes[i] != PATTERN)
			return 0;
	return 1;
}
