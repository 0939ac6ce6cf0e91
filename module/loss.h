/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was lost, and therefore whether the numbers are exact.
 */
#ifndef COWSTAT_LOSS_H
#define COWSTAT_LOSS_H

#include <linux/types.h>
#include <linux/cowstat.h>

enum {
#define COW_LOSS(index, name, help) COW_LOSS_##name = index,
	COWSTAT_LOSSES(COW_LOSS)
#undef COW_LOSS
};

#define COW_ONE_LOSS(index, name, help) + 1
#define COW_NR_LOSSES	(0 COWSTAT_LOSSES(COW_ONE_LOSS))

/* Any context. */
void cow_lose(unsigned int reason, u64 n);

/* COWSTAT_STATE_*, and what was lost, by reason. */
u32 cow_state(void);
u32 cow_losses(u64 lost[COWSTAT_LOSSES_MAX]);
const char *cow_loss_name(unsigned int reason);

#endif /* COWSTAT_LOSS_H */
