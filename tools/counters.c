// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "counters.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

const struct counter counters[] = {
#define X(index, name, unit, help) [index] = { #name, unit, help },
	COWSTAT_COUNTERS(X)
#undef X
};
const unsigned int nr_counters = ARRAY_SIZE(counters);

const struct loss losses[] = {
#define X(index, name, help) [index] = { #name, help },
	COWSTAT_LOSSES(X)
#undef X
};
const unsigned int nr_losses = ARRAY_SIZE(losses);

int counter_find(const char *name)
{
	for (unsigned int i = 0; i < nr_counters; i++)
		if (!strcmp(counters[i].name, name))
			return i;
	return -1;
}

bool counter_is_time(unsigned int index)
{
	return !strcmp(counters[index].unit, "ns");
}

bool counter_is_pages(unsigned int index)
{
	return !strcmp(counters[index].unit, "pages");
}

const char *state_name(__u32 state)
{
	return state == COWSTAT_STATE_EXACT ? "exact" : "degraded";
}
