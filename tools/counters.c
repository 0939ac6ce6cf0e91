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

struct reading_state reading_state(__u32 state, const __u64 lost[COWSTAT_LOSSES_MAX])
{
	struct reading_state reading = { .state = state };

	memcpy(reading.lost, lost, sizeof(reading.lost));
	return reading;
}

void reading_state_add(struct reading_state *sum, const struct reading_state *other)
{
	if (other->state != COWSTAT_STATE_EXACT)
		sum->state = other->state;
	for (unsigned int i = 0; i < COWSTAT_LOSSES_MAX; i++)
		sum->lost[i] += other->lost[i];
	if (other->lost_at > sum->lost_at)
		sum->lost_at = other->lost_at;
}

const char *state_name(__u32 state)
{
	return state == COWSTAT_STATE_EXACT ? "exact" : "degraded";
}
