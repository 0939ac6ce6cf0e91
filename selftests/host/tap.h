/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the module's pure parts are written in: TAP on the host, one
 * line a check; KUnit in the kernel, see ../kunit/suite.h.
 */
#ifndef TAP_H
#define TAP_H

#ifdef __KERNEL__
#include "../kunit/suite.h"
#else

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

static int tap_tests, tap_failures;

static inline void __attribute__((format(printf, 2, 3)))
ok(int good, const char *format, ...)
{
	va_list args;

	tap_failures += !good;
	printf("%sok %d - ", good ? "" : "not ", ++tap_tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

#define note(format, ...)	printf("# " format "\n", __VA_ARGS__)

/* Of what is random: 0 if none is asked for. */
static inline unsigned int given_seed(void)
{
	const char *seed = getenv("SEED");

	return seed ? strtoul(seed, NULL, 0) : 0;
}

#define TAP_RUN(test)		test();

/* The program: a suite of tests, given as a macro that applies another to each. */
#define SUITE(name, TESTS) \
int main(void) \
{ \
	TESTS(TAP_RUN) \
	printf("1..%d\n", tap_tests); \
	return tap_failures != 0; \
}

#endif /* __KERNEL__ */
#endif
