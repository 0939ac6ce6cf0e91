// SPDX-License-Identifier: GPL-2.0
/*
 * peer CMD [ARG…]: attaches peer.bpf.c, runs CMD, and says on standard error what
 * the program has counted, so that it is seen to work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "peer.h"
#include "peer.skel.h"

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void add(struct peer_counters *sum, const struct peer_counters *cpus, int nr)
{
	for (int i = 0; i < nr; i++) {
		for (int kind = 0; kind < PEER_KINDS; kind++)
			sum->pages[kind] += cpus[i].pages[kind];
		sum->reused += cpus[i].reused;
	}
}

static void report(int map)
{
	int nr = libbpf_num_possible_cpus();
	struct peer_counters *cpus = calloc(nr, sizeof(*cpus)), sum = { 0 };
	unsigned int pid, next, *last = NULL;

	for (; !bpf_map_get_next_key(map, last, &next); last = &pid) {
		pid = next;
		if (!bpf_map_lookup_elem(map, &pid, cpus))
			add(&sum, cpus, nr);
	}
	fprintf(stderr, "peer: %llu zero-filled, %llu broken, %llu of files, %llu reused\n",
		sum.pages[PEER_ZERO], sum.pages[PEER_PARENT] + sum.pages[PEER_CHILD],
		sum.pages[PEER_FILE], sum.reused);
	free(cpus);
}

int main(int argc, char **argv)
{
	struct peer_bpf *peer;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	peer = peer_bpf__open_and_load();
	if (!peer || peer_bpf__attach(peer))
		die("peer: cannot attach");
	pid = fork();
	if (!pid) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("peer: wait");
	report(bpf_map__fd(peer->maps.counters));
	peer_bpf__destroy(peer);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
