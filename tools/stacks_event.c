// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "counters.h"
#include "stacks_event.h"

const struct stacks_event stacks_events[] = {
	{ "break", "cow_break", "pages", COUNTER_broken, "broke the most pages" },
	{ "reuse", "cow_reuse", "pages", COUNTER_reused, "took over the most pages" },
	{ "zero", "cow_zero_fill", "pages", COUNTER_zero_filled, "were given the most zeroed pages" },
	{ "fork", "cow_fork", "shared", COUNTER_shared, "shared the most pages" },
	{ NULL }
};

const struct stacks_event *stacks_event_find(const char *name)
{
	for (const struct stacks_event *event = stacks_events; event->name; event++)
		if (!strcmp(event->name, name))
			return event;
	return NULL;
}
