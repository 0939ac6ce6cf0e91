/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers and names as a person reads them. All write to @buffer and return it.
 */
#ifndef COWSTAT_UNITS_H
#define COWSTAT_UNITS_H

#include <stddef.h>
#include <linux/types.h>

#define UNIT_LEN	24

/* "0B", "480K", "1.3M": five characters at most, up to the terabytes. */
const char *unit_bytes(char buffer[UNIT_LEN], __u64 bytes);

/* "713 ns", "1.2 ms", "3.45 s" */
const char *unit_time(char buffer[UNIT_LEN], __u64 ns);

/* RFC 3339, of nanoseconds since 1970: "2026-02-01T12:30:59Z" */
const char *unit_moment(char buffer[UNIT_LEN], __u64 ns);

/* "12.3 %" */
const char *unit_percent(char buffer[UNIT_LEN], __u64 part, __u64 whole);

/*
 * Copy @text with every byte that is not part of valid UTF-8 replaced by
 * U+FFFD (for JSON), to be freed by the caller.
 */
char *text_utf8(const char *text);

/* The same, and no control characters either: safe on a terminal. */
char *text_printable(const char *text);

/* Columns that valid UTF-8 takes, one a character. */
size_t text_width(const char *text);

#endif
