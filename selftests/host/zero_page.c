// SPDX-License-Identifier: GPL-2.0
/*
 * Does the kernel that runs here map the shared zero page? Some for virtual machines
 * do not: a read of fresh memory gets a page of its own there, and a write to it
 * afterwards takes no fault. Ends with status 0 if it does, else 1.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

int main(void)
{
	size_t size = sysconf(_SC_PAGESIZE);
	volatile char *page;
	long before;

	page = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	faults();
	(void)*page;
	before = faults();
	*page = 1;
	return faults() == before;
}
