/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Callers that keep no frame pointer: from the registers and the part of the stack
 * that a sample has, and the unwind information that programs and libraries have with
 * them for exceptions; with elfutils' libdwfl.
 */
#ifndef COWSTAT_STACKS_UNWIND_H
#define COWSTAT_STACKS_UNWIND_H

#include "stacks_record.h"

/* What a sample must have. */
#define UNWIND_STACK		8192
#define UNWIND_REGISTERS	0xff01ffULL	/* all but flags and segments */
#define UNWIND_NR_REGISTERS	17

/* Let @recorder find its stacks so. */
void stacks_unwind(struct recorder *recorder);

#endif
