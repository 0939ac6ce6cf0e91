// SPDX-License-Identifier: GPL-2.0
/*
 * Prints how many thousand times a second the processor's time stamp counter
 * counts. An emulated processor has the same, and a guest that measures it itself
 * can be wrong by a factor of 30 on a busy machine.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define TRIES	1000

struct instant {
	uint64_t ticks;
	uint64_t ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The pair of readings with the least between them: it was not interrupted. */
static struct instant now(void)
{
	struct instant best = { 0, 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc();
		uint64_t ns = now_ns();
		uint64_t after = __rdtsc();

		if (after - before < least) {
			least = after - before;
			best = (struct instant){ before + least / 2, ns };
		}
	}
	return best;
}

int main(void)
{
	const struct timespec pause = { 0, 50000000 };
	struct instant from, to;

	from = now();
	nanosleep(&pause, NULL);
	to = now();
	printf("%.0f\n", (to.ticks - from.ticks) * 1e6 / (to.ns - from.ns));
	return 0;
}
