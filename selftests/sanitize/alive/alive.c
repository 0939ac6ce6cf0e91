// SPDX-License-Identifier: GPL-2.0
/*
 * A module that does one thing wrong when it is loaded: fault=NAME says which.
 *
 * A checker that says nothing about cowstat is worth something only if it is
 * awake. For each there is a fault here that it must report; alive.sh says what
 * the report must look like. Never load this where something matters.
 *
 * Each fault is made so that it does no more harm than it must: what is read
 * out of bounds is not used, what is freed in use is put right by the checker.
 */
#include <linux/cache.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mmdebug.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

static char *fault;
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "what to do wrong, see alive.c");

/* The compiler must not see that it is wrong. */
static size_t hidden(size_t value)
{
	OPTIMIZER_HIDE_VAR(value);
	return value;
}

static noinline void peek(const char *at, size_t index)
{
	(void)READ_ONCE(at[hidden(index)]);
}

static void read_behind_slab(void)
{
	char *at = kmalloc(24, GFP_KERNEL);

	if (at)
		peek(at, 24);
	kfree(at);
}

static void read_behind_vmalloc(void)
{
	char *at = vmalloc(PAGE_SIZE + 100);

	if (at)
		peek(at, PAGE_SIZE + 104);
	vfree(at);
}

static void read_behind_stack(void)
{
	char at[24];

	memset(at, 0, sizeof(at));
	OPTIMIZER_HIDE_VAR(fault);
	peek(at, sizeof(at));
}

static char global[24];

static void read_behind_global(void)
{
	peek(global, sizeof(global));
}

static void read_freed(void)
{
	char *at = kmalloc(24, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(at);
	kfree(at);
	if (at)
		peek(at, 3);
}

/* Several: the last one may be found in a register or on a stack. */
static noinline void leak(void)
{
	int i;

	for (i = 0; i < 10; i++)
		(void)hidden((size_t)kmalloc(56, GFP_KERNEL));
}

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);

static void lock_inverted(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);

	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
}

static DEFINE_RAW_SPINLOCK(raw_lock);

static void lock_nested_in_raw(void)
{
	raw_spin_lock(&raw_lock);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	raw_spin_unlock(&raw_lock);
}

static void sleep_in_atomic(void)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static void processor_while_preemptible(void)
{
	(void)hidden(smp_processor_id());
}

static int __rcu *rcu_pointer;

static void rcu_without_lock(void)
{
	(void)hidden((size_t)rcu_dereference(rcu_pointer));
}

static void shift_too_far(void)
{
	(void)hidden(1U << hidden(40));
}

static void index_too_large(void)
{
	static const int array[4];

	/* Within the padding of the section, whatever lies there. */
	(void)hidden(array[hidden(4)]);
}

static void bool_of_seven(void)
{
	static unsigned char seven = 7;

	(void)hidden(*(bool *)hidden((size_t)&seven));
}

static void timer_nothing(struct timer_list *timer)
{
}

static void free_active_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, timer_nothing, 0);
	mod_timer(timer, jiffies + 100 * HZ);
	kfree(timer);
}

static void work_nothing(struct work_struct *work)
{
}

static void free_active_work(void)
{
	struct delayed_work *work = kzalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return;
	INIT_DELAYED_WORK(work, work_nothing);
	schedule_delayed_work(work, 100 * HZ);
	kfree(work);
}

static void free_active_counter(void)
{
	struct percpu_counter *counter = kzalloc(sizeof(*counter), GFP_KERNEL);

	if (counter && !percpu_counter_init(counter, 0, GFP_KERNEL))
		kfree(counter);
}

static void rcu_nothing(struct rcu_head *head)
{
}

static void call_rcu_twice(void)
{
	static struct rcu_head head;

	call_rcu(&head, rcu_nothing);
	call_rcu(&head, rcu_nothing);
	rcu_barrier();
}

static void list_del_twice(void)
{
	LIST_HEAD(list);
	LIST_HEAD(entry);

	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
}

static void warn_debug_vm(void)
{
	VM_WARN_ON(hidden(1));
}

#ifdef CONFIG_FAULT_INJECTION
static void fail_next(void)
{
	current->fail_nth = 1;
}

/* What waits for memory is spared unless it is asked for. */
static void fail_slab(void)
{
	void *at;

	fail_next();
	at = kmalloc(24, GFP_NOWAIT);
	current->fail_nth = 0;
	pr_info("alive: kmalloc %s\n", at ? "succeeded" : "failed as told");
	kfree(at);
}

/* Two, as single ones are spared as well. */
static void fail_pages(void)
{
	struct page *pages;

	fail_next();
	pages = alloc_pages(GFP_NOWAIT, 1);
	current->fail_nth = 0;
	pr_info("alive: alloc_pages %s\n", pages ? "succeeded" : "failed as told");
	if (pages)
		__free_pages(pages, 1);
}

/* The stack of the one who loads this is there. */
static void fail_user_copy(void)
{
	const void __user *at = (void __user *)current->mm->start_stack;
	unsigned long left;
	char byte;

	fail_next();
	left = copy_from_user(&byte, at, 1);
	current->fail_nth = 0;
	pr_info("alive: copy_from_user %s\n", left ? "failed as told" : "succeeded");
}
#endif

/* The watchdogs' times are set short by alive.sh. */
static void wait_uninterruptibly(void)
{
	schedule_timeout_uninterruptible(10 * HZ);
}

static void keep_processor(void)
{
	preempt_disable();
	mdelay(12000);
	preempt_enable();
}

static void keep_rcu(void)
{
	rcu_read_lock();
	mdelay(12000);
	rcu_read_unlock();
}

static unsigned long raced;

static int race(void *unused)
{
	while (!kthread_should_stop()) {
		raced++;
		cond_resched();
	}
	return 0;
}

static void race_for_data(void)
{
	struct task_struct *a = kthread_run(race, NULL, "alive-a");
	struct task_struct *b = kthread_run(race, NULL, "alive-b");

	msleep(3000);
	if (!IS_ERR(a))
		kthread_stop(a);
	if (!IS_ERR(b))
		kthread_stop(b);
}

#define FAULT(name) { #name, name }

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	FAULT(read_behind_slab),
	FAULT(read_behind_vmalloc),
	FAULT(read_behind_stack),
	FAULT(read_behind_global),
	FAULT(read_freed),
	FAULT(leak),
	FAULT(lock_inverted),
	FAULT(lock_nested_in_raw),
	FAULT(sleep_in_atomic),
	FAULT(processor_while_preemptible),
	FAULT(rcu_without_lock),
	FAULT(shift_too_far),
	FAULT(index_too_large),
	FAULT(bool_of_seven),
	FAULT(free_active_timer),
	FAULT(free_active_work),
	FAULT(free_active_counter),
	FAULT(call_rcu_twice),
	FAULT(list_del_twice),
	FAULT(warn_debug_vm),
#ifdef CONFIG_FAULT_INJECTION
	FAULT(fail_slab),
	FAULT(fail_pages),
	FAULT(fail_user_copy),
#endif
	FAULT(wait_uninterruptibly),
	FAULT(keep_processor),
	FAULT(keep_rcu),
	FAULT(race_for_data),
};

static int __init alive_init(void)
{
	size_t i;

	for (i = 0; fault && i < ARRAY_SIZE(faults); i++) {
		if (strcmp(fault, faults[i].name))
			continue;
		faults[i].commit();
		return 0;
	}
	pr_err("alive: this kernel has no fault '%s'\n", fault ?: "");
	return -EINVAL;
}

static void __exit alive_exit(void)
{
}

module_init(alive_init);
module_exit(alive_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Does one thing wrong, to see that a checker notices");
