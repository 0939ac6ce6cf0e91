/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module attaches to: which tracepoints, which functions (attach.h says how).
 *
 * Should the function hooks fall silent (ftrace switches itself off when it finds a
 * fault of its own), the tracepoint exit_mmap sees an address space that the hook on
 * the function of that name has missed.
 */
#ifndef COWSTAT_HOOK_H
#define COWSTAT_HOOK_H

/* Birth, exec and death of processes */
int cow_hook_life(void);
void cow_unhook_life(void);

/* Page faults and what comes of them */
int cow_hook_faults(void);
void cow_unhook_faults(void);

/*
 * The begin and the end of the copy of an address space, for its time alone:
 * without them it is not known. Once for each that asks; may sleep.
 */
void cow_hook_copy(void);
void cow_unhook_copy(void);

#endif /* COWSTAT_HOOK_H */
