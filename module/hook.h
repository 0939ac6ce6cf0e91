/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attaching to the kernel.
 *
 * Tracepoints are found by name, since the kernel exports none of those that
 * are needed; functions are hooked by ftrace, at their entry. Whatever can not
 * be attached is named in the kernel log.
 *
 * The function hooks are "permanent" in ftrace's sense: they can not be
 * registered while the sysctl kernel.ftrace_enabled is 0, and it can not be
 * cleared under them. Should they fall silent all the same (ftrace switches
 * itself off when it finds a fault of its own), the tracepoint exit_mmap sees
 * an address space that the function hook has missed.
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
