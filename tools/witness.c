// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "counters.h"
#include "say.h"
#include "witness.h"
#include "witness_probe.h"
#include "witness_tree.h"

#define HUGE_PAGES	512	/* in a huge page of x86-64 */
#define ATTEMPTS	100

/* Of the tree's tasks, or of all. */
struct selection {
	const struct witness_tree *tree;
	struct witness_calls *calls;
};

static bool is_selected(const struct selection *selection, int pid)
{
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

static int read_calls(const struct witness_tree *tree, struct witness_calls *calls)
{
	struct selection selection = { tree, calls };
	int error;

	memset(calls, 0, sizeof(*calls));
	error = witness_probe_read(WITNESS_NEW, add_made, &selection);
	if (!error)
		error = witness_probe_read(WITNESS_MOVED, add_moved, &selection);
	if (!error)
		error = witness_probe_read(WITNESS_WRITE, add_write, &selection);
	return error ? error : witness_probe_read(WITNESS_COPY, add_copy, &selection);
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

int witness_open(struct witness *witness)
{
	int error = witness_probe_open();

	if (error)
		return error;
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

static void testify_rmap(struct testimony *testimony, const struct witness_calls *tree,
			 const __u64 *counted)
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
		},
	};
	for (int i = 0; i < WITNESS_SITES; i++)
		testimony->says += tree->made[i];
}

static void testify_wpcopy(struct testimony *testimony, const struct witness_calls *tree,
			   const __u64 *counted)
{
	*testimony = (struct testimony){
		.source = "wpcopy",
		.says = testimony->says,
		.of = "broken + zero_upgraded + unshared",
		.counted = counted[COUNTER_broken] + counted[COUNTER_zero_upgraded] +
			   counted[COUNTER_unshared],
		.correction = {
			{ "file pages that were not present", tree->made[WITNESS_SITE_FILE] },
			{ "begun, but not put in place",
			  (long long)(tree->made[WITNESS_SITE_WRITE] - tree->copies) },
		},
	};
}

/* Writes that were let through: those that began, and did not end in a copy. */
static long long let_through(const struct witness_calls *calls)
{
	return calls->writes - calls->made[WITNESS_SITE_WRITE];
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
	return tree->writes - tree->copies - tree->moved[WITNESS_SITE_WRITE];
}

static void testify_pgreuse(struct testimony *testimony, const struct witness_calls *tree,
			    const struct witness_calls *before, const struct witness_calls *all,
			    const __u64 *counted)
{
	*testimony = (struct testimony){
		.source = "pgreuse",
		.says = testimony->says,
		.of = "reused",
		.counted = counted[COUNTER_reused],
		.correction = {
			{ "by other processes",
			  let_through(tree) + let_through(before) - let_through(all) },
			{ "of pages that nobody shared", -unshared_writes(tree) },
			{ "of huge pages", tree->moved[WITNESS_SITE_HUGE] * HUGE_PAGES },
		},
	};
}

static void testify_cow_ksm(struct testimony *testimony, const __u64 *counted)
{
	*testimony = (struct testimony){
		.source = "cow_ksm",
		.says = testimony->says,
		.of = "broken_ksm",
		.counted = counted[COUNTER_broken_ksm],
	};
}

static int testify(struct witness *witness, const struct witness_tree *tree,
		   const __u64 *counted, struct testimony *testimonies)
{
	struct witness_calls all, own;
	struct vmstat vmstat;
	int error = read_all(&all, &vmstat);

	if (!error)
		error = read_calls(tree, &own);
	if (!error)
		error = read_wpcopy(witness, tree, &testimonies[TESTIMONY_WPCOPY].says);
	if (error)
		return error;
	testimonies[TESTIMONY_PGREUSE].says = vmstat.pgreuse - witness->vmstat_before.pgreuse;
	testimonies[TESTIMONY_COW_KSM].says = vmstat.cow_ksm - witness->vmstat_before.cow_ksm;
	testify_rmap(&testimonies[TESTIMONY_RMAP], &own, counted);
	testify_wpcopy(&testimonies[TESTIMONY_WPCOPY], &own, counted);
	testify_pgreuse(&testimonies[TESTIMONY_PGREUSE], &own, &witness->before, &all, counted);
	testify_cow_ksm(&testimonies[TESTIMONY_COW_KSM], counted);
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
