// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

int fail(const char *format, ...)
{
	char line[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* In one write, so that it stays one line among those of others. */
	fprintf(stderr, "cowstat: %s\n", line);
	return EXIT_OWN_FAILURE;
}

int fail_exec(const char *command, int error)
{
	if (error == -ENOENT) {
		fail("'%s': command not found: check its name, or give its path", command);
		return EXIT_NOT_FOUND;
	}
	fail("'%s' cannot be executed: %s", command, strerror(-error));
	return EXIT_NOT_EXECUTABLE;
}

int fail_option(const char *command, char **argv, int returned)
{
	const char *last = argv[optind - 1];
	char shorthand[] = { '-', optopt, '\0' };
	const char *option = last[0] == '-' && last[1] == '-' ? last : shorthand;
	const char *wrong = "unknown option";

	if (returned == ':')
		wrong = "a value is missing after";
	else if (option == last && optopt)
		wrong = "no value is taken by";
	return fail("%s: %s '%s': see 'cowstat %s --help'", command, wrong, option, command);
}
