// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cow_lib.h"
#include "huge.h"

bool kernel_has_huge_pages(void)
{
	return !access("/sys/kernel/mm/transparent_hugepage", F_OK);
}

/* How much of the memory of @pid is in huge pages, by the kernel's smaps. */
unsigned long huge_kib(pid_t pid)
{
	unsigned long kib, sum = 0;
	char path[64], line[256];
	FILE *smaps;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	smaps = fopen(path, "re");
	while (smaps && fgets(line, sizeof(line), smaps))
		if (sscanf(line, "AnonHugePages: %lu", &kib) == 1)
			sum += kib;
	if (smaps)
		fclose(smaps);
	return sum;
}

void compact_memory(void)
{
	write_text("/proc/sys/vm/compact_memory", "1");
}

/* Memory that @count huge pages would fill. */
char *map_aligned(struct actor *process, int count)
{
	char *at = actor_map(process, (count + 1) * HUGE_PAGES,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	return (char *)(((long)at + HUGE_SIZE - 1) & -HUGE_SIZE);
}

/* Memory in which @process gets huge pages, @count of them. */
char *map_huge(struct actor *process, int count)
{
	char *at = map_aligned(process, count);

	actor_syscall(process, SYS_prctl, 41 /* PR_SET_THP_DISABLE */, 0);
	actor_syscall(process, SYS_madvise, (long)at, count * HUGE_SIZE,
		      MADV_HUGEPAGE);
	return at;
}
