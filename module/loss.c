// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "calibrate.h"
#include "loss.h"
#include "process.h"
#include "space.h"

/* Since the module was loaded, whoever it happened to. */
static atomic64_t lost_in_all[COW_NR_LOSSES];

/* Of CLOCK_REALTIME, read without a lock: a loss can be in any context. */
static atomic64_t last;

static const char *const names[] = {
#define COW_NAME(index, name, help) #name,
	COWSTAT_LOSSES(COW_NAME)
#undef COW_NAME
};

void cow_lose(struct cow_process *process, enum cow_loss reason, u64 n)
{
	cow_process_charge(process, COW_BIT(COW_LOST + reason), n);
	atomic64_add(n, &lost_in_all[reason]);
	atomic64_set(&last, ktime_get_real_fast_ns());
}

void cow_lose_in(const struct mm_struct *mm, enum cow_loss reason, u64 n)
{
	rcu_read_lock();
	cow_lose(cow_space_owner(mm) ?: cow_calibrate_payer(mm) ?: cow_root,
		 reason, n);
	rcu_read_unlock();
}

u32 cow_losses_in_all(u64 lost[COWSTAT_LOSSES_MAX])
{
	struct cow_sums sums = {};
	int i;

	for (i = 0; i < COW_NR_LOSSES; i++)
		sums.tally[COW_LOST + i] = atomic64_read(&lost_in_all[i]);
	return cow_losses_fill(lost, &sums);
}

u64 cow_loss_last(void)
{
	return atomic64_read(&last);
}

const char *cow_loss_name(enum cow_loss reason)
{
	return names[reason];
}
