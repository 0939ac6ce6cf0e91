// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/string.h>

#include "loss.h"

static atomic64_t lost[COW_NR_LOSSES];

static const char *const names[] = {
#define COW_NAME(index, name, help) #name,
	COWSTAT_LOSSES(COW_NAME)
#undef COW_NAME
};

void cow_lose(unsigned int reason, u64 n)
{
	atomic64_add(n, &lost[reason]);
}

u32 cow_losses(u64 losses[COWSTAT_LOSSES_MAX])
{
	u32 state = COWSTAT_STATE_EXACT;
	int i;

	memset(losses, 0, COWSTAT_LOSSES_MAX * sizeof(*losses));
	for (i = 0; i < COW_NR_LOSSES; i++) {
		losses[i] = atomic64_read(&lost[i]);
		if (losses[i])
			state = COWSTAT_STATE_DEGRADED;
	}
	return state;
}

u32 cow_state(void)
{
	u64 losses[COWSTAT_LOSSES_MAX];

	return cow_losses(losses);
}

const char *cow_loss_name(unsigned int reason)
{
	return names[reason];
}
