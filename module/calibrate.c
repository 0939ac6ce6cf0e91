// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "cowstat: " fmt

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>

#include "calibrate.h"
#include "compat.h"
#include "loss.h"
#include "pagetable.h"
#include "process.h"
#include "space.h"

/*
 * What nobody but this task can disturb is the same each time. Who looks for memory of
 * the process and touches it (mlockall of another thread) can be in the way once.
 */
#define COW_ATTEMPTS	3

/**
 * struct calibration - who pays meanwhile
 * @mm: the address space, NULL if there is no calibration; set last
 * @task: that calibrates
 * @apart: who pays for that task
 * @owner: who pays for all others; NULL if the address space is not tracked
 *
 * Written with cow_tree_lock held, once before the calibration and once after it.
 */
static struct calibration {
	const struct mm_struct *mm;
	struct task_struct *task;
	struct cow_process *apart;
	struct cow_process *owner;
} calibration;

struct cow_process *cow_calibrate_payer(const struct mm_struct *mm)
{
	/* with begin(): the rest is there */
	if (likely(smp_load_acquire(&calibration.mm) != mm))
		return NULL;
	return current == calibration.task ? calibration.apart :
					     calibration.owner;
}

static void __init set_owner(struct cow_process *owner)
{
	struct cow_space *space = cow_space_find(current->mm);

	if (space)
		WRITE_ONCE(space->process, owner);
}

static void __init begin(struct cow_process *apart)
{
	raw_spin_lock(&cow_tree_lock);
	calibration.task = current;
	calibration.apart = apart;
	calibration.owner = cow_space_owner(current->mm);
	/* with cow_calibrate_payer() */
	smp_store_release(&calibration.mm, current->mm);
	set_owner(NULL);
	raw_spin_unlock(&cow_tree_lock);
}

static void __init end(void)
{
	raw_spin_lock(&cow_tree_lock);
	if (calibration.owner)
		set_owner(calibration.owner);
	WRITE_ONCE(calibration.mm, NULL);
	raw_spin_unlock(&cow_tree_lock);
	synchronize_rcu();
}

/**
 * struct area - memory to make events in
 * @reserved: where memory begins that cannot be accessed, for nobody to come near
 * @address: the area is in the midst of it, with some left on either side: so it is a
 *	mapping of its own, and a single page cannot become part of a larger one
 * @size: of the area, to which it is aligned
 * @is_mapped: it is there
 */
struct area {
	unsigned long reserved;
	unsigned long address;
	unsigned long size;
	bool is_mapped;
};

static unsigned long reserved_size(const struct area *area)
{
	return 2 * area->size + PAGE_SIZE;
}

/* No fork of another thread shall find it. */
static bool __init set_flags(const struct area *area)
{
	unsigned long flags = VM_DONTCOPY;
	struct vm_area_struct *vma;
	bool found;

	if (area->size > PAGE_SIZE)
		flags |= VM_HUGEPAGE;
	mmap_write_lock(current->mm);
	vma = find_vma(current->mm, area->address);
	found = vma && vma->vm_start == area->address &&
		vma->vm_end == area->address + area->size;
	if (found)
		cow_set_vm_flags(vma, flags);
	mmap_write_unlock(current->mm);
	return found;
}

/* @file: NULL for anonymous memory */
static bool __init map(struct area *area, struct file *file)
{
	unsigned long flags = MAP_PRIVATE | MAP_FIXED;

	if (!file)
		flags |= MAP_ANONYMOUS;
	area->reserved = vm_mmap(NULL, 0, reserved_size(area), PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(area->reserved))
		return false;
	area->address = round_up(area->reserved + PAGE_SIZE, area->size);
	area->is_mapped = vm_mmap(file, area->address, area->size,
				  PROT_READ | PROT_WRITE, flags,
				  0) == area->address;
	return area->is_mapped && set_flags(area);
}

/* Where mapping has failed there may be nothing, or what another thread has put there. */
static void __init unmap(const struct area *area)
{
	unsigned long after = area->address + area->size;

	if (IS_ERR_VALUE(area->reserved))
		return;
	vm_munmap(area->reserved, area->address - area->reserved);
	if (area->is_mapped)
		vm_munmap(area->address, area->size);
	vm_munmap(after, area->reserved + reserved_size(area) - after);
}

enum content { NOTHING, ZERO_PAGE, A_PAGE, HUGE_PAGE, SOMETHING };

static enum content __init look(unsigned long address)
{
	unsigned long flags;
	pmd_t pmd;
	pte_t pte;

	local_irq_save(flags);
	pmd = cow_pagetable_pmd(current->mm, address);
	local_irq_restore(flags);
	if (pmd_present(pmd) && pmd_leaf(pmd))
		return HUGE_PAGE;
	if (!pmd_none(pmd) && !pmd_present(pmd))
		return SOMETHING;
	pte = cow_pagetable_pte(current->mm, address);
	if (pte_none(pte))
		return NOTHING;
	if (!pte_present(pte))
		return SOMETHING;
	return is_zero_pfn(pte_pfn(pte)) ? ZERO_PAGE : A_PAGE;
}

/**
 * struct step - one access, and what it must be counted as
 * @what: NULL behind the last one
 * @is_write: it is a write
 * @before: what is there. If it is something else, the event cannot be made
 * @after: what is there then. If it is something else, the kernel has made another
 *	event, for lack of memory, say
 * @bits: the tallies that gain
 * @pages: by how many
 */
struct step {
	const char *what;
	bool is_write;
	enum content before;
	enum content after;
	u32 bits;
	u64 pages;
};

#define COW_STEPS	2

/**
 * struct scene - steps in the same memory, one after the other
 * @is_file: a private mapping of a file
 * @is_huge: as large, and aligned, as a huge page
 * @step: the steps
 */
struct scene {
	bool is_file;
	bool is_huge;
	struct step step[COW_STEPS];
};

static const struct scene scenes[] = {
	{ .step = {
		{ "a zero-fill", true, NOTHING, A_PAGE,
		  COW_BIT(COW_ZERO_FILLED), 1 },
	} },
	{ .step = {
		{ "a read of fresh memory", false, NOTHING, ZERO_PAGE,
		  COW_BIT(COW_ZERO_MAPPED), 1 },
		{ "a write over the zero page", true, ZERO_PAGE, A_PAGE,
		  COW_BIT(COW_ZERO_FILLED) | COW_BIT(COW_ZERO_UPGRADED), 1 },
	} },
	{ .is_file = true, .step = {
		{ "a first write to an absent file page", true, NOTHING, A_PAGE,
		  COW_BIT(COW_BROKEN_FILE), 1 },
	} },
	{ .is_file = true, .step = {
		{ "a read of a file page", false, NOTHING, A_PAGE, 0, 0 },
		{ "a first write to a present file page", true, A_PAGE, A_PAGE,
		  COW_BIT(COW_BROKEN_FILE), 1 },
	} },
	{ .is_huge = true, .step = {
		{ "a zero-fill with a huge page", true, NOTHING, HUGE_PAGE,
		  COW_BIT(COW_ZERO_FILLED) | COW_BIT(COW_ZERO_HUGE),
		  PTRS_PER_PTE },
	} },
};

/* Whether the write that was to be made has been made: else all is as it was. */
static bool __init access(unsigned long address, bool is_write)
{
	char __user *byte = (char __user *)address;
	char value = 1;

	return is_write ? !put_user(value, byte) : !get_user(value, byte);
}

/* Times, and where a page came from, are not the kernel's fault. */
static void __init read_sums(struct cow_sums *sums)
{
	memset(sums, 0, sizeof(*sums));
	cow_process_read(calibration.apart, sums);
	sums->tally[COW_BREAK_NS] = 0;
	sums->tally[COW_POOL_REMOTE] = 0;
	sums->break_max_ns = 0;
}

static void __init expect(const struct step *step, struct cow_sums *sums)
{
	int i;

	memset(sums, 0, sizeof(*sums));
	for (i = 0; i < COW_TALLIES; i++)
		if (step->bits & COW_BIT(i))
			sums->tally[i] = step->pages;
}

enum outcome { RIGHT, WRONG, NOT_MADE };

/* @seen: what was counted */
static enum outcome __init take(const struct step *step, unsigned long address,
				struct cow_sums *seen)
{
	struct cow_sums before, expected;

	if (look(address) != step->before)
		return NOT_MADE;
	read_sums(&before);
	if (!access(address, step->is_write) || look(address) != step->after)
		return NOT_MADE;
	read_sums(seen);
	cow_sums_subtract(seen, &before);
	expect(step, &expected);
	return memcmp(seen, &expected, sizeof(expected)) ? WRONG : RIGHT;
}

/* Return: the step that was counted wrong, or NULL. */
static const struct step *__init play(const struct scene *scene,
				      struct file *file, struct cow_sums *seen)
{
	struct area area = { .size = scene->is_huge ? PMD_SIZE : PAGE_SIZE };
	const struct step *step = scene->step, *wrong = NULL;
	enum outcome outcome = NOT_MADE;

	if (scene->is_file && !file)
		return NULL;
	if (map(&area, scene->is_file ? file : NULL))
		do
			outcome = take(step, area.address, seen);
		while (outcome == RIGHT && ++step < scene->step + COW_STEPS &&
		       step->what);
	if (outcome == WRONG)
		wrong = step;
	unmap(&area);
	return wrong;
}

static const struct step *__init play_all(struct file *file,
					  struct cow_sums *seen)
{
	const struct step *wrong = NULL;
	int i;

	for (i = 0; i < ARRAY_SIZE(scenes) && !wrong; i++)
		wrong = play(&scenes[i], file, seen);
	return wrong;
}

/* The program that loads the module is a file that can be mapped. */
static struct file *__init get_program(void)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	struct file *file = NULL;

	mmap_read_lock(mm);
	vma = find_vma(mm, mm->start_code);
	if (vma && vma->vm_start <= mm->start_code && vma->vm_file)
		file = get_file(vma->vm_file);
	mmap_read_unlock(mm);
	return file;
}

static const char *const names[] __initconst = {
#define COW_NAME(index, name, unit, help) [index] = #name,
	COWSTAT_COUNTERS(COW_NAME)
#undef COW_NAME
};

static const char *const lost[] __initconst = {
#define COW_NAME(index, name, help) [COW_LOSS_##name] = "lost " #name,
	COWSTAT_LOSSES(COW_NAME)
#undef COW_NAME
};

#define COW_TEXT	160

static void __init add(char *text, const char *name, u64 n)
{
	size_t length = strlen(text);

	if (n)
		scnprintf(text + length, COW_TEXT - length, "%s%s %llu",
			  length ? ", " : "", name, n);
}

/* What was counted: the counters, without those that follow from others. */
static void __init describe(char *text, const struct cow_sums *sums)
{
	struct cowstat_counters counters = { };
	int i;

	*text = '\0';
	cow_counters_fill(&counters, sums);
	counters.value[COW_C_pool_local] = 0;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		add(text, names[i], counters.value[i]);
	for (i = 0; i < COW_NR_LOSSES; i++)
		add(text, lost[i], sums->tally[COW_LOST + i]);
	if (!*text)
		strscpy(text, "nothing", COW_TEXT);
}

static void __init report(const struct step *step, const struct cow_sums *seen)
{
	char was[COW_TEXT], must_be[COW_TEXT];
	struct cow_sums expected;

	expect(step, &expected);
	describe(was, seen);
	describe(must_be, &expected);
	pr_err("this kernel (%s) is not counted right: %s was seen as %s (expected %s)\n",
	       init_utsname()->release, step->what, was, must_be);
}

static int __init calibrate(struct file *file)
{
	const struct step *wrong;
	struct cow_sums seen;
	int i;

	for (i = 0; i < COW_ATTEMPTS; i++) {
		wrong = play_all(file, &seen);
		if (!wrong)
			return 0;
	}
	report(wrong, &seen);
	return -ENODEV;
}

int __init cow_calibrate(void)
{
	struct cow_process *apart;
	struct file *file;
	int ret;

	if (!current->mm || (current->flags & PF_KTHREAD))
		return 0;
	apart = cow_process_alloc_apart();
	if (!apart) {
		pr_err("no memory to calibrate\n");
		return -ENOMEM;
	}
	file = get_program();
	begin(apart);
	ret = calibrate(file);
	end();
	if (file)
		fput(file);
	cow_process_free(apart);
	return ret;
}
