/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock for the time of a break: the TSC where the kernel trusts it, which
 * costs a few instructions, else the kernel's fast monotonic clock. It is
 * chosen once, at load.
 */
#ifndef COWSTAT_CLOCK_H
#define COWSTAT_CLOCK_H

#include <linux/jump_label.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <asm/tsc.h>

#define COW_CLOCK_SHIFT	22

/* Nanoseconds in a tick of the TSC, << COW_CLOCK_SHIFT */
extern u32 cow_clock_mult;

DECLARE_STATIC_KEY_TRUE(cow_clock_tsc);

void cow_clock_init(void);

static __always_inline bool cow_clock_is_tsc(void)
{
	return static_branch_likely(&cow_clock_tsc);
}

static __always_inline u64 cow_clock_ticks(void)
{
	return cow_clock_is_tsc() ? get_cycles() : ktime_get_mono_fast_ns();
}

/* More ticks than can be multiplied, or fewer than none. */
u64 cow_clock_ns_slowly(s64 ticks);

/*
 * Nanoseconds since @start, rounded up: at least 1, however coarse the clock is,
 * since what happened took time. CPUs may differ by some ticks: less than none
 * is none.
 */
static __always_inline u64 cow_clock_since(u64 start)
{
	u64 ticks = cow_clock_ticks() - start;

	if (unlikely(ticks > U32_MAX || !cow_clock_is_tsc()))
		return cow_clock_ns_slowly(ticks);
	return (ticks * cow_clock_mult >> COW_CLOCK_SHIFT) + 1;
}

#endif /* COWSTAT_CLOCK_H */
