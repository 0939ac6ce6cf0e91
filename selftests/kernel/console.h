/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel says when it kills for lack of memory looks like a report of a
 * bug: a test that wants it keeps it out of the console meanwhile.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

/* Leaves what can be no such thing, and returns what console_loud() wants. */
int console_quiet(void);
void console_loud(int level);

#endif /* CONSOLE_H */
