// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "number.h"

int number_parse(const char *text, __u64 least, __u64 most, __u64 *number)
{
	unsigned long long value;
	char *end;

	/* strtoull() takes blanks and signs before them. */
	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value < least || value > most)
		return -1;
	*number = value;
	return 0;
}
