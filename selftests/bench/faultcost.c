// SPDX-License-Identifier: GPL-2.0
/*
 * faultcost - what a page fault of each kind, a fork and an exit cost
 *
 *	faultcost			measure everything
 *	faultcost faults		zero-fill, copy and take-over alone
 *	faultcost threads		zero-fills by one thread, and by two at once
 *	faultcost process-bytes		the module's memory per process
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/cowstat.h>

#include "measure.h"

static int process_bytes(void)
{
	struct cowstat_info info = { .size = sizeof(info) };
	int fd = open("/dev/cowstat", O_RDONLY);

	if (fd < 0 || ioctl(fd, COWSTAT_IOC_INFO, &info))
		die("/dev/cowstat");
	printf("process_bytes %llu\n", (unsigned long long)info.process_bytes);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "process-bytes"))
		return process_bytes();
	if (argc > 1 && !strcmp(argv[1], "threads")) {
		measure_threads(1);
		measure_threads(2);
		return 0;
	}
	be_first();
	if (argc > 1 && !strcmp(argv[1], "faults")) {
		measure_main_faults();
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr, "faultcost: no such measure: %s\n", argv[1]);
		return 2;
	}
	measure_faults();
	measure_fork("4m", 4 * MIB, 63);
	measure_fork("1g", 1024 * MIB, 9);
	measure_exit(64 * 1024, 63);
	return 0;
}
