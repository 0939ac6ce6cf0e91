/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The public table of counters and that of losses, as arrays: every list of
 * columns, keys and help texts of the command is a walk over one of them.
 */
#ifndef COWSTAT_COUNTERS_H
#define COWSTAT_COUNTERS_H

#include <stdbool.h>
#include <linux/cowstat.h>

enum counter_index {
#define X(index, name, unit, help) COUNTER_##name = index,
	COWSTAT_COUNTERS(X)
#undef X
};

struct counter {
	const char *name;
	const char *unit;
	const char *help;
};

struct loss {
	const char *name;
	const char *help;
};

extern const struct counter counters[];
extern const unsigned int nr_counters;
extern const struct loss losses[];
extern const unsigned int nr_losses;

/* The index of the counter of that name, or -1. */
int counter_find(const char *name);

/* In nanoseconds: what it will be can not be foretold. */
bool counter_is_time(unsigned int index);
bool counter_is_pages(unsigned int index);

/* What a reading says of its own numbers: are they exact, and if not, why? */
struct reading_state {
	__u32 state;		/* COWSTAT_STATE_* */
	__u64 lost[COWSTAT_LOSSES_MAX];
	__u64 lost_at;		/* the last one, ns since 1970; 0: none, or not known */
};

struct reading_state reading_state(__u32 state, const __u64 lost[COWSTAT_LOSSES_MAX]);

/* Of two readings together. */
void reading_state_add(struct reading_state *sum, const struct reading_state *other);

const char *state_name(__u32 state);

#endif
