// SPDX-License-Identifier: GPL-2.0
/*
 * Lets the nth allocation of cowstat's initialization fail: those of the kernel
 * that come before it, to load the module at all, are none of its business.
 */
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/string.h>

static unsigned int nth;
module_param(nth, uint, 0600);
MODULE_PARM_DESC(nth, "which one, from 1 on; 0: none");

static int on_module(struct notifier_block *block, unsigned long state,
		     void *data)
{
	const struct module *module = data;

	if (state == MODULE_STATE_COMING && !strcmp(module->name, "cowstat"))
		current->fail_nth = nth;
	return NOTIFY_DONE;
}

/* Behind those of the kernel, which allocate themselves. */
static struct notifier_block block = {
	.notifier_call = on_module,
	.priority = INT_MIN,
};

static int __init fail_init(void)
{
	return register_module_notifier(&block);
}

static void __exit fail_exit(void)
{
	unregister_module_notifier(&block);
}

module_init(fail_init);
module_exit(fail_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lets an allocation of cowstat's initialization fail");
