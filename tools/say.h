/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COWSTAT_SAY_H
#define COWSTAT_SAY_H

/* What a run of the tool ends with. */
#define EXIT_DIFFERENT		1	/* verify: counted is not expected */
#define EXIT_OWN_FAILURE	2	/* usage, no module, no permission, ... */
#define EXIT_SKIPPED		4	/* workload: not on this machine */
#define EXIT_NOT_EXECUTABLE	126
#define EXIT_NOT_FOUND		127

/* One line on standard error; returns EXIT_OWN_FAILURE. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a command that spawn_release() could not execute; returns its status. */
int fail_exec(const char *command, int error);

/*
 * The same for what getopt_long() with opterr == 0 did not accept: call it
 * with what getopt_long() returned, '?' or ':'.
 */
int fail_option(const char *command, char **argv, int returned);

#endif
