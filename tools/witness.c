// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "say.h"
#include "witness.h"
#include "witness_probe.h"
#include "witness_tree.h"

#define HUGE_PAGES	512	/* in a huge page of x86-64 */
#define ATTEMPTS	100

/* Of the tree's tasks, or of one, or of all. */
struct selection {
	const struct witness_tree *tree;
	int task;
	struct witness_calls *calls;
};

static bool is_selected(const struct selection *selection, int pid)
{
	if (selection->task)
		return pid == selection->task;
	return !selection->tree || witness_tree_has(selection->tree, pid);
}

static void add_made(int pid, const char *caller, __u64 calls, void *data)
{
	const struct selection *selection = data;

	if (is_selected(selection, pid))
		selection->calls->made[witness_site(caller)] += calls;
}

static void add_moved(int pid, const char *caller, __u64 calls, void *data)
{
	const struct selection *selection = data;

	if (is_selected(selection, pid))
		selection->calls->moved[witness_site(caller)] += calls;
}

static void add_write(int pid, const char *caller, __u64 calls, void *data)
{
	const struct selection *selection = data;

	(void)caller;
	if (is_selected(selection, pid))
		selection->calls->writes += calls;
}

/* Those of hugetlb pages are none of base pages. */
static void add_copy(int pid, const char *caller, __u64 calls, void *data)
{
	const struct selection *selection = data;

	if (is_selected(selection, pid) && witness_site(caller) == WITNESS_SITE_WRITE)
		selection->calls->copies += calls;
}

static void add_unshare(int pid, const char *caller, __u64 calls, void *data)
{
	const struct selection *selection = data;

	(void)caller;
	if (is_selected(selection, pid))
		selection->calls->unshares += calls;
}

/* Who calls is not always named: it is left for the function, and not returned to. */
static void add_userfault(int pid, const char *caller, __u64 calls, void *data)
{
	const struct selection *selection = data;

	if (is_selected(selection, pid) && witness_site(caller) != WITNESS_SITE_HUGETLB)
		selection->calls->userfaults += calls;
}

static void add_unshared(int pid, const char *caller, __u64 calls, void *data)
{
	const struct selection *selection = data;

	if (is_selected(selection, pid) && witness_site(caller) == WITNESS_SITE_HUGE)
		selection->calls->huge_unshared += calls;
}

static int read_selected(struct selection *selection)
{
	static void (*const add[])(int pid, const char *caller, __u64 calls, void *data) = {
		[WITNESS_NEW] = add_made,
		[WITNESS_MOVED] = add_moved,
		[WITNESS_WRITE] = add_write,
		[WITNESS_COPY] = add_copy,
		[WITNESS_UNSHARE] = add_unshare,
		[WITNESS_USERFAULT] = add_userfault,
	};
	int error = 0;

	memset(selection->calls, 0, sizeof(*selection->calls));
	for (size_t i = 0; i < sizeof(add) / sizeof(*add) && !error; i++)
		error = witness_probe_read(i, add[i], selection);
	return error ? error : witness_probe_unshared(add_unshared, selection);
}

static int read_calls(const struct witness_tree *tree, struct witness_calls *calls)
{
	return read_selected(&(struct selection){ .tree = tree, .calls = calls });
}

static int read_task(int task, struct witness_calls *calls)
{
	memset(calls, 0, sizeof(*calls));
	return task ? read_selected(&(struct selection){ .task = task, .calls = calls }) : 0;
}

static void subtract(struct witness_calls *calls, const struct witness_calls *before)
{
	for (int i = 0; i < WITNESS_SITES; i++) {
		calls->made[i] -= before->made[i];
		calls->moved[i] -= before->moved[i];
	}
	calls->writes -= before->writes;
	calls->copies -= before->copies;
	calls->unshares -= before->unshares;
	calls->userfaults -= before->userfaults;
	calls->huge_unshared -= before->huge_unshared;
}

/* Of all tasks, and the system's events at a moment at which none was added. */
static int read_all(struct witness_calls *all, struct vmstat *vmstat)
{
	struct witness_calls again;
	int error = read_calls(NULL, all);

	for (int i = 0; i < ATTEMPTS && !error; i++) {
		error = vmstat_read(vmstat);
		if (!error)
			error = read_calls(NULL, &again);
		if (!error && !memcmp(&again, all, sizeof(again)))
			return 0;
		*all = again;
	}
	return error ? error : fail("the machine is too busy for a witness of the whole system: let other processes rest");
}

static bool is_named(const char *pid, const char *name)
{
	char path[300], comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%31[^\n]", comm) != 1)
		comm[0] = '\0';
	fclose(file);
	return !strcmp(comm, name);
}

/* A kernel thread has no memory, so its name alone would not do. */
static bool is_kernel_thread(const char *pid)
{
	char path[300];
	FILE *file;
	int first;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	first = fgetc(file);
	fclose(file);
	return first == EOF;
}

static int find_ksmd(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int pid = 0;

	while (proc && !pid && (entry = readdir(proc)))
		if (is_named(entry->d_name, "ksmd") && is_kernel_thread(entry->d_name))
			pid = atoi(entry->d_name);
	if (proc)
		closedir(proc);
	return pid;
}

int witness_open(struct witness *witness)
{
	int error = witness_probe_open();

	if (error)
		return error;
	witness->ksmd = find_ksmd();
	wpcopy_open(&witness->wpcopy);
	error = witness->wpcopy.error;
	if (!error)
		return 0;
	witness_probe_close();
	return fail("taskstats cannot be read: %s", strerror(-error));
}

void witness_close(struct witness *witness)
{
	wpcopy_close(&witness->wpcopy);
	witness_probe_close();
}

static void forget(const struct taskstats *stats, void *data)
{
	(void)stats;
	(void)data;
}

int witness_begin(struct witness *witness)
{
	taskstats_endings(&witness->wpcopy.source, forget, NULL);
	if (read_task(witness->ksmd, &witness->ksmd_before))
		return EXIT_OWN_FAILURE;
	return read_all(&witness->before, &witness->vmstat_before);
}

struct endings {
	const struct witness_tree *tree;
	__u64 copies;
};

static void add_ending(const struct taskstats *stats, void *data)
{
	struct endings *endings = data;

	if (witness_tree_has(endings->tree, stats->ac_pid))
		endings->copies += stats->wpcopy_count;
}

static int read_wpcopy(struct witness *witness, const struct witness_tree *tree, __u64 *copies)
{
	struct endings endings = { .tree = tree };
	int error = taskstats_endings(&witness->wpcopy.source, add_ending, &endings);

	*copies = endings.copies;
	return error ? fail("taskstats has lost the end of a task: %s", strerror(-error)) : 0;
}

static const char by_ksmd[] = "copied by ksmd";
static const char not_in_place[] = "begun, but not put in place";

static void testify_rmap(struct testimony *testimony, const struct witness_calls *tree,
			 const struct witness_calls *ksmd, const __u64 *counted)
{
	*testimony = (struct testimony){
		.source = "rmap",
		.of = "broken + zero_filled + unshared + eager",
		.counted = counted[COUNTER_broken] + counted[COUNTER_zero_filled] +
			   counted[COUNTER_unshared] + counted[COUNTER_eager],
		.correction = {
			{ "huge pages: the pages but the first",
			  tree->made[WITNESS_SITE_HUGE_ZERO] * (HUGE_PAGES - 1) },
			{ "not by a fault or fork",
			  -(long long)tree->made[WITNESS_SITE_OTHER] },
			{ by_ksmd, ksmd->made[WITNESS_SITE_WRITE] },
		},
	};
	for (int i = 0; i < WITNESS_SITES; i++)
		testimony->says += tree->made[i];
}

/* Copies that were begun, and lost a race (or their task was killed). */
static long long given_up(const struct witness_calls *tree)
{
	return tree->copies - tree->made[WITNESS_SITE_WRITE];
}

static void testify_wpcopy(struct testimony *testimony, const struct witness_calls *tree,
			   const struct witness_calls *ksmd, const __u64 *counted)
{
	*testimony = (struct testimony){
		.source = "wpcopy",
		.says = testimony->says,
		.of = "broken + zero_upgraded + unshared",
		.counted = counted[COUNTER_broken] + counted[COUNTER_zero_upgraded] +
			   counted[COUNTER_unshared],
		.correction = {
			{ "file pages that were not present", tree->made[WITNESS_SITE_FILE] },
			{ not_in_place, -given_up(tree) },
			{ by_ksmd, ksmd->made[WITNESS_SITE_WRITE] },
		},
	};
}

/*
 * Writes that were let through: those that began, and neither ended in a copy nor in a
 * userfaultfd, which has them begin anew.
 */
static long long let_through(const struct witness_calls *calls)
{
	return calls->writes - calls->made[WITNESS_SITE_WRITE] - calls->userfaults;
}

/*
 * Writes to pages that nobody else had (after mprotect, say), which are none of
 * 'reused'. Kernels that number the address spaces of a large folio's mappers (6.15)
 * take its pages over without a call that could be told from these: there are none
 * then, or the difference says so.
 */
static long long unshared_writes(const struct witness_calls *tree)
{
	if (witness_probe_knows("mm_ida"))
		return 0;
	return tree->writes - tree->copies - tree->userfaults - tree->moved[WITNESS_SITE_WRITE];
}

static long long written_huge(const struct witness_calls *tree)
{
	return tree->moved[WITNESS_SITE_HUGE] - tree->huge_unshared;
}

/* @others: all but the tree; what ksmd does ends in a copy, or is given up. */
static void testify_pgreuse(struct testimony *testimony, const struct witness_calls *tree,
			    const struct witness_calls *others, const struct witness_calls *ksmd,
			    const __u64 *counted)
{
	*testimony = (struct testimony){
		.source = "pgreuse",
		.says = testimony->says,
		.of = "reused",
		.counted = counted[COUNTER_reused],
		.correction = {
			{ "by other processes", let_through(ksmd) - let_through(others) },
			{ "of pages that nobody shared", -unshared_writes(tree) },
			{ "of huge pages", written_huge(tree) * HUGE_PAGES },
		},
	};
}

static long long at_most(long long pages, long long most)
{
	return pages < 0 ? 0 : pages < most ? pages : most;
}

/*
 * Which of the copies that were given up, or that nobody wrote to, were of merged pages is
 * not known: as many as there must be, and at most all. ksmd's all are.
 */
static void testify_cow_ksm(struct testimony *testimony, const struct witness_calls *tree,
			    const struct witness_calls *ksmd, const __u64 *counted)
{
	long long lost = ksmd->writes - ksmd->made[WITNESS_SITE_WRITE];
	long long unshared = ksmd->unshares ? ksmd->made[WITNESS_SITE_WRITE] : 0;
	long long more = testimony->says - lost - unshared - counted[COUNTER_broken_ksm];
	long long by_tree = at_most(more, given_up(tree));

	*testimony = (struct testimony){
		.source = "cow_ksm",
		.says = testimony->says,
		.of = "broken_ksm",
		.counted = counted[COUNTER_broken_ksm],
		.correction = {
			{ not_in_place, -lost - by_tree },
			{ "without a write", -unshared - at_most(more - by_tree, tree->unshares) },
		},
	};
}

static int testify(struct witness *witness, const struct witness_tree *tree,
		   const __u64 *counted, struct testimony *testimonies)
{
	struct witness_calls others, own, ksmd;
	struct vmstat vmstat;
	int error = read_all(&others, &vmstat);

	if (!error)
		error = read_calls(tree, &own);
	if (!error)
		error = read_task(witness->ksmd, &ksmd);
	if (!error)
		error = read_wpcopy(witness, tree, &testimonies[TESTIMONY_WPCOPY].says);
	if (error)
		return error;
	testimonies[TESTIMONY_PGREUSE].says = vmstat.pgreuse - witness->vmstat_before.pgreuse;
	testimonies[TESTIMONY_COW_KSM].says = vmstat.cow_ksm - witness->vmstat_before.cow_ksm;
	subtract(&others, &witness->before);
	subtract(&others, &own);
	subtract(&ksmd, &witness->ksmd_before);
	testify_rmap(&testimonies[TESTIMONY_RMAP], &own, &ksmd, counted);
	testify_wpcopy(&testimonies[TESTIMONY_WPCOPY], &own, &ksmd, counted);
	testify_pgreuse(&testimonies[TESTIMONY_PGREUSE], &own, &others, &ksmd, counted);
	testify_cow_ksm(&testimonies[TESTIMONY_COW_KSM], &own, &ksmd, counted);
	return 0;
}

int witness_end(struct witness *witness, int root, const struct cowstat_counters *counted,
		struct testimony testimonies[TESTIMONIES])
{
	struct witness_tree tree;
	int error = witness_tree_read(&tree, root);

	if (!error)
		error = testify(witness, &tree, counted->value, testimonies);
	witness_tree_free(&tree);
	return error;
}

long long testimony_corrections(const struct testimony *testimony)
{
	long long sum = 0;

	for (int i = 0; i < WITNESS_CORRECTIONS; i++)
		sum += testimony->correction[i].pages;
	return sum;
}

long long testimony_difference(const struct testimony *testimony)
{
	return testimony->counted - testimony->says - testimony_corrections(testimony);
}
