/* SPDX-License-Identifier: GPL-2.0 */
/* TAP for the tests of the command's parts. */
#ifndef TEST_TOOL_H
#define TEST_TOOL_H

#include <stdio.h>
#include <string.h>

static int tap_nr, tap_failed;

static inline void tap_ok(int good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_nr, what);
	tap_failed += !good;
}

static inline void tap_text(const char *got, const char *wanted, const char *what)
{
	int good = !strcmp(got, wanted);

	tap_ok(good, what);
	if (!good)
		printf("# got:\n%s\n# wanted:\n%s\n", got, wanted);
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_nr);
	return tap_failed != 0;
}

#endif
