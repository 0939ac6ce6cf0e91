// SPDX-License-Identifier: GPL-2.0
/*
 * Lets the nth allocation of cowstat's initialization fail: those that the
 * kernel makes before it, to load the module at all, are none of its business.
 */
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/string.h>

static unsigned int nth;
module_param(nth, uint, 0600);
MODULE_PARM_DESC(nth, "which one, from 1 on; 0: none");

/* cowstat's, from when it is about to be loaded */
static initcall_t init;

static int on_module(struct notifier_block *block, unsigned long state,
		     void *data)
{
	const struct module *module = data;

	if (state == MODULE_STATE_COMING && !strcmp(module->name, "cowstat"))
		init = module->init;
	return NOTIFY_DONE;
}

static struct notifier_block block = { .notifier_call = on_module };

/* The kernel is about to call the function that is its first argument. */
static int before_init(struct kprobe *probe, struct pt_regs *regs)
{
	if (regs->di == (unsigned long)init)
		current->fail_nth = nth;
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "do_one_initcall",
	.pre_handler = before_init,
};

static int __init fail_init(void)
{
	int ret = register_kprobe(&probe);

	if (ret)
		return ret;
	ret = register_module_notifier(&block);
	if (ret)
		unregister_kprobe(&probe);
	return ret;
}

static void __exit fail_exit(void)
{
	unregister_module_notifier(&block);
	unregister_kprobe(&probe);
}

module_init(fail_init);
module_exit(fail_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lets an allocation of cowstat's initialization fail");
