// SPDX-License-Identifier: GPL-2.0
/*
 * cowstat: count copy-on-write per process and process tree.
 *
 * Each command is a file cmd_*.c; only client.c talks to the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "say.h"
#include "version.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "run", cmd_run, "run a command, then report its process tree" },
	{ "show", cmd_show, "show the system and its processes, or some trees" },
	{ "stacks", cmd_stacks, "run a command, then name the functions that copied pages" },
	{ "workload", cmd_workload, "do a known amount of copy-on-write work" },
	{ "verify", cmd_verify, "run the workloads and compare the counters with them" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(*commands))

static void print_help(void)
{
	puts("cowstat counts copy-on-write: which pages forks share, and who copies them.\n\n"
	     "Usage: cowstat COMMAND [OPTION...] [ARGUMENT...]\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].summary);
	puts("\n  help COMMAND     explain a command, with examples\n"
	     "  --version        print the version\n\n"
	     "Examples:\n"
	     "  cowstat run -- make -j4            what did this build copy?\n"
	     "  cowstat run --json -o r.json -- ./server --snapshot\n"
	     "  cowstat show $(pidof redis-server)\n"
	     "  cowstat stacks -- ./server         which function copies what forks share?\n"
	     "  cowstat verify                     are the numbers right on this machine?\n\n"
	     "The kernel module does the counting: load it with 'insmod cowstat.ko'.");
}

static int run_command(const char *name, int argc, char **argv)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].run(argc, argv);
	return fail("no command '%s': the commands are run, show, stacks, workload and verify: see 'cowstat --help'",
		    name);
}

static int help(const char *name)
{
	char *argv[] = { (char *)name, "--help", NULL };

	if (name)
		return run_command(name, 2, argv);
	print_help();
	return 0;
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2)
		return fail("what to do? the commands are run, show, stacks, workload and verify: see 'cowstat --help'");
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return puts("cowstat " COWSTAT_VERSION) < 0;
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(argc > 2 ? argv[2] : NULL);
	return run_command(argv[1], argc - 1, argv + 1);
}

/* Else the device, or a pipe, would be taken for a standard stream. */
static void fill_closed_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", (fd ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}

int main(int argc, char **argv)
{
	int status;

	fill_closed_streams();
	setlocale(LC_CTYPE, "");
	status = dispatch(argc, argv);
	if (fflush(stdout) || ferror(stdout))
		return fail("cannot write to standard output: %s", strerror(errno));
	return status;
}
