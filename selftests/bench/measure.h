/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Costs, in nanoseconds, which a machine whose clock counts instructions (vm.sh
 * --icount) makes instructions. Each measure prints a line: name, median (of forks the
 * lowest), lowest and highest of its rounds, per fault, fork or exit.
 *
 * A round takes all its faults in one go over memory whose page tables exist: the
 * region was touched before and emptied with MADV_DONTNEED. Huge pages are off.
 * The parent runs as SCHED_FIFO and its children do not, so that a new child never
 * runs before the parent waits for it.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE	4096UL
#define MIB	(1024UL * 1024)

/*
 * Zero-fills by 1 or 2 threads in one address space, at once, on a processor each; the
 * time of the slowest for one fault. Of a clock that counts time.
 */
void measure_threads(int threads);

/* First of all. */
void be_first(void);

uint64_t now(void);
void die(const char *what) __attribute__((noreturn));

/* A system call, so that no handler of the C library runs. */
pid_t do_fork(void);

/* Zero-fill, copy and take-over; and those of zero pages and files as well */
void measure_main_faults(void);
void measure_faults(void);

/* @rounds forks, or exits of a child, of a process with @bytes of populated memory */
void measure_fork(const char *name, size_t bytes, int rounds);
void measure_exit(size_t bytes, int rounds);

#endif
