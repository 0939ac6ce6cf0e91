/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calibration: is this kernel counted right?
 *
 * When the module is loaded it makes one event of each kind that it can make, by
 * faults of its own in the memory of the process that loads it, and compares what
 * was counted with what it did. A kernel that takes another way than the hooks are
 * on, or calls from a place that is not known, is found by that, whatever its
 * version; and the module is not loaded.
 *
 * What the calibrating task does is charged to a process that is in no tree, and
 * leaves nothing in any counter. What others do meanwhile, other threads of the same
 * process too, is charged to where it belongs: the address space has no owner for the
 * time, so that each charge takes the slow path, which asks here who pays.
 */
#ifndef COWSTAT_CALIBRATE_H
#define COWSTAT_CALIBRATE_H

struct cow_process;
struct mm_struct;

/*
 * All hooks are on. May sleep.
 * Return: 0; -ENODEV if something was not seen as what it was, which has been said in
 * the kernel's log; or -ENOMEM.
 */
int cow_calibrate(void);

/*
 * Who pays for what happens in @mm now, if that is being calibrated, or NULL.
 * Under RCU or with cow_tree_lock held.
 */
struct cow_process *cow_calibrate_payer(const struct mm_struct *mm);

#endif /* COWSTAT_CALIBRATE_H */
