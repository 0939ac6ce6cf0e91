/* SPDX-License-Identifier: GPL-2.0 */
/* What peer.bpf.c counts for a process. */
#ifndef PEER_H
#define PEER_H

enum { PEER_ZERO, PEER_FILE, PEER_PARENT, PEER_CHILD, PEER_KINDS };

struct peer_counters {
	unsigned long long pages[PEER_KINDS];
	unsigned long long heap, stack, reused;
	unsigned long long break_ns, break_max_ns;
};

#endif
