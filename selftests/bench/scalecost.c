// SPDX-License-Identifier: GPL-2.0
/*
 * scalecost N cowstat.ko - the costs beside N other processes, without the module
 * and with it; of loading and unloading it then; and of reading the counters, in
 * comparison with reading of each process what the kernel itself has on it.
 *
 * Prints lines as measure.h says, with "bare:" or "loaded:" before those of faults
 * and forks.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/cowstat.h>

#include "measure.h"

static pid_t *idle;
static int nr_idle;

static void start_idle(int nr)
{
	const struct rlimit many = { nr + 1000, nr + 1000 };

	setrlimit(RLIMIT_NPROC, &many);
	idle = calloc(nr, sizeof(*idle));
	if (!idle)
		die("calloc");
	for (; nr_idle < nr; nr_idle++) {
		pid_t pid = do_fork();

		if (!pid)
			for (prctl(PR_SET_PDEATHSIG, SIGKILL);;)
				syscall(SYS_pause);
		idle[nr_idle] = pid;
	}
}

static void end_idle(void)
{
	for (int i = 0; i < nr_idle; i++)
		kill(idle[i], SIGKILL);
	for (int i = 0; i < nr_idle; i++)
		wait(NULL);
}

static void print_once(const char *name, uint64_t ns)
{
	printf("%s %.1f %.1f %.1f\n", name, (double)ns, (double)ns, (double)ns);
	fflush(stdout);
}

static void measure_paths(const char *phase)
{
	printf("phase %s\n", phase);
	measure_main_faults();
	measure_fork("4m", 4 * MIB, 31);
	printf("phase -\n");
}

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t start = now();

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		die(path);
	print_once("load", now() - start);
	close(fd);
}

static void unload(void)
{
	uint64_t start = now();

	if (syscall(SYS_delete_module, "cowstat", 0))
		die("cannot unload");
	print_once("unload", now() - start);
}

/* All of a file, as cat would read it. */
static void slurp(const char *path)
{
	static char buffer[128 * 1024];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		die(path);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	if (n < 0)
		die(path);
	close(fd);
}

static void read_proc_of_all(const char *file)
{
	uint64_t start = now();
	char path[64];

	for (int i = 0; i < nr_idle; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", idle[i], file);
		slurp(path);
	}
	snprintf(path, sizeof(path), "all_%s", file);
	print_once(path, now() - start);
}

static void read_procfile(void)
{
	uint64_t start = now();

	slurp("/proc/cowstat");
	print_once("proc_cowstat", now() - start);
}

/* Of this process, whose tree they all are; twice, as the first warms up. */
static void read_tree(void)
{
	struct cowstat_process process = { .size = sizeof(process) };
	int fd = open("/dev/cowstat", O_RDONLY);
	uint64_t start = 0;

	for (int i = 0; i < 2; i++) {
		start = now();
		if (fd < 0 || ioctl(fd, COWSTAT_IOC_PROCESS, &process))
			die("/dev/cowstat");
	}
	print_once("ioctl_tree", now() - start);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "scalecost N cowstat.ko\n");
		return 2;
	}
	be_first();
	start_idle(atoi(argv[1]));
	measure_paths("warm-up");
	measure_paths("bare");
	load(argv[2]);
	measure_paths("loaded");
	read_procfile();
	read_tree();
	read_proc_of_all("stat");
	read_proc_of_all("smaps_rollup");
	unload();
	end_idle();
	return 0;
}
