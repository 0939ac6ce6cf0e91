// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "units.h"

const char *unit_bytes(char buffer[UNIT_LEN], __u64 bytes)
{
	static const char unit[] = "BKMGTPE";
	double value = bytes;
	unsigned int step = 0;

	/* What would print as 1024 is 1.0 of the next unit. */
	while (value >= 1023.5 && step < sizeof(unit) - 2) {
		value /= 1024;
		step++;
	}
	snprintf(buffer, UNIT_LEN, step && value < 9.95 ? "%.1f%c" : "%.0f%c", value, unit[step]);
	return buffer;
}

const char *unit_time(char buffer[UNIT_LEN], __u64 ns)
{
	if (ns < 1000)
		snprintf(buffer, UNIT_LEN, "%llu ns", (unsigned long long)ns);
	else if (ns < 1000 * 1000)
		snprintf(buffer, UNIT_LEN, "%.1f us", ns / 1e3);
	else if (ns < 1000 * 1000 * 1000)
		snprintf(buffer, UNIT_LEN, "%.1f ms", ns / 1e6);
	else
		snprintf(buffer, UNIT_LEN, "%.2f s", ns / 1e9);
	return buffer;
}

const char *unit_moment(char buffer[UNIT_LEN], __u64 ns)
{
	const time_t seconds = ns / 1000000000;
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || !strftime(buffer, UNIT_LEN, "%FT%TZ", &utc))
		abort();
	return buffer;
}

const char *unit_percent(char buffer[UNIT_LEN], __u64 part, __u64 whole)
{
	snprintf(buffer, UNIT_LEN, "%.1f %%", whole ? 100.0 * part / whole : 0.0);
	return buffer;
}

/* The length of the valid UTF-8 sequence that @text starts with, or 0. */
static size_t utf8_sequence(const unsigned char *text)
{
	size_t length = *text < 0x80 ? 1 : *text >= 0xf0 ? 4 : *text >= 0xe0 ? 3 : 2;
	unsigned int code = length == 1 ? *text : *text & (0x7f >> length);
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

static int is_control(const char *sequence, size_t length)
{
	const unsigned char *byte = (const unsigned char *)sequence;

	if (length == 1)
		return *byte < 0x20 || *byte == 0x7f;
	return length == 2 && byte[0] == 0xc2 && byte[1] < 0xa0;
}

static char *text_clean(const char *text, int controls)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *clean = malloc(3 * strlen(text) + 1);
	char *end = clean;

	if (!clean)
		abort();
	while (*text) {
		size_t length = utf8_sequence((const unsigned char *)text);

		if (length && (controls || !is_control(text, length))) {
			end = mempcpy(end, text, length);
		} else {
			end = stpcpy(end, length ? "?" : replacement);
			length = length ? length : 1;
		}
		text += length;
	}
	*end = '\0';
	return clean;
}

char *text_utf8(const char *text)
{
	return text_clean(text, 1);
}

char *text_printable(const char *text)
{
	return text_clean(text, 0);
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}
