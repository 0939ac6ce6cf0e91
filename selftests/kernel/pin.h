/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access to a process's pages other than by its own instructions: as the
 * kernel's get_user_pages() makes it for system calls and drivers.
 */
#ifndef PIN_H
#define PIN_H

#include "actor.h"

/* A byte in each of @count places, with process_vm_writev() or _readv(). */
void write_outside(pid_t pid, char *at, size_t stride, size_t count);
void read_outside(pid_t pid, char *at, size_t stride, size_t count);

/* Pins @size bytes to be written, for long. The ring that does, or -errno. */
long pin_buffer(struct actor *actor, char *at, size_t size);
void unpin_buffer(struct actor *actor, long ring);

#endif /* PIN_H */
