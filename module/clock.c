// SPDX-License-Identifier: GPL-2.0
#include <linux/cache.h>
#include <linux/math64.h>
#include <linux/time64.h>

#include "clock.h"

u32 cow_clock_mult __read_mostly;
DEFINE_STATIC_KEY_TRUE(cow_clock_tsc);

u64 cow_clock_ns_slowly(s64 ticks)
{
	u64 ns = max_t(s64, ticks, 0);

	if (cow_clock_is_tsc())
		ns = mul_u64_u32_shr(ns, cow_clock_mult, COW_CLOCK_SHIFT);
	return ns + 1;
}

void cow_clock_init(void)
{
	u64 mult = U64_MAX;

	if (!check_tsc_unstable() && tsc_khz)
		mult = div_u64((u64)NSEC_PER_MSEC << COW_CLOCK_SHIFT, tsc_khz);
	if (mult <= U32_MAX)
		cow_clock_mult = mult;
	else
		static_branch_disable(&cow_clock_tsc);
}
