// SPDX-License-Identifier: GPL-2.0
#include <linux/cache.h>
#include <linux/time64.h>

#include "clock.h"

u32 cow_clock_mult __read_mostly;

void cow_clock_init(void)
{
	u64 mult;

	if (check_tsc_unstable() || !tsc_khz)
		return;
	mult = div_u64((u64)NSEC_PER_MSEC << COW_CLOCK_SHIFT, tsc_khz);
	if (mult <= U32_MAX)
		cow_clock_mult = mult;
}
