// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the module's parts in the kernel that they run in, with KUnit. They
 * run when this is loaded; what they found is in the kernel's log.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "suite.h"

unsigned int kunit_seed;
module_param_named(seed, kunit_seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the one random sequence to run (default: 20 of them)");

kunit_test_suites(&cowstat_classify, &cowstat_counters, &cowstat_flight,
		  &cowstat_reserve, &cowstat_site, &cowstat_space, &cowstat_split,
		  &cowstat_tree);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tests of cowstat's parts");
