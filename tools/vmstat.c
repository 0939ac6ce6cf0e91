// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "vmstat.h"

#define FILE_NAME	"/proc/vmstat"

int vmstat_read(struct vmstat *vmstat)
{
	FILE *file = fopen(FILE_NAME, "re");
	unsigned long long value;
	char name[64];
	int found = 0;

	if (!file)
		return fail("cannot read " FILE_NAME ": %s", strerror(errno));
	while (fscanf(file, "%63s %llu", name, &value) == 2) {
		if (!strcmp(name, "pgreuse") && ++found)
			vmstat->pgreuse = value;
		else if (!strcmp(name, "cow_ksm") && ++found)
			vmstat->cow_ksm = value;
	}
	fclose(file);
	return found == 2 ? 0 : fail(FILE_NAME " has no pgreuse or no cow_ksm: this needs Linux 6.1 or later");
}
