/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock for the time of a break: the TSC where the kernel trusts it, which
 * costs a few instructions, else the kernel's fast monotonic clock. It is
 * chosen once, at load.
 */
#ifndef COWSTAT_CLOCK_H
#define COWSTAT_CLOCK_H

#include <linux/math64.h>
#include <linux/ktime.h>
#include <asm/tsc.h>

#define COW_CLOCK_SHIFT	22

/* Nanoseconds in a tick of the TSC, << COW_CLOCK_SHIFT; 0: do not use it. */
extern u32 cow_clock_mult;

void cow_clock_init(void);

static __always_inline bool cow_clock_is_tsc(void)
{
	return likely(cow_clock_mult);
}

static __always_inline u64 cow_clock_ticks(void)
{
	return cow_clock_is_tsc() ? get_cycles() : ktime_get_mono_fast_ns();
}

/*
 * Nanoseconds since @start. At least 1, however coarse the clock is: what
 * happened took time. CPUs may differ by some ticks, hence the sign.
 */
static __always_inline u64 cow_clock_since(u64 start)
{
	s64 ticks = cow_clock_ticks() - start;
	u64 ns = ticks > 0 ? ticks : 0;

	if (cow_clock_is_tsc())
		ns = mul_u64_u32_shr(ns, cow_clock_mult, COW_CLOCK_SHIFT);
	return ns ?: 1;
}

#endif /* COWSTAT_CLOCK_H */
