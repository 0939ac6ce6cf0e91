#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Allocations that fail while the module is loaded: each one by itself in its
# requests and in what it takes note of; and all for new processes, so that it has
# to live on its reserve, and to say so when that is used up. (Those at loading:
# ../sanitize/fail_load.)

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/sanitize/checkers.sh
. "$STORMS/../sanitize/checkers.sh"

DEBUG=/sys/kernel/debug
CACHE=/sys/kernel/slab/cowstat_process/failslab
# Forks in the storm: more than lie in reserve (module/reserve.h)
ROUNDS=60

can_fail() {
	[[ -e /proc/self/fail-nth && -d $DEBUG/failslab ]] && return
	skip "this kernel cannot let allocations fail (no CONFIG_FAULT_INJECTION, CONFIG_FAILSLAB)"
	return 1
}

# Those that may wait for memory too, and single pages, also of user space.
all_may_fail() {
	local kind

	for kind in failslab fail_page_alloc; do
		echo N >$DEBUG/$kind/ignore-gfp-wait
		echo 0 >$DEBUG/$kind/verbose
	done
	echo N >$DEBUG/fail_page_alloc/ignore-gfp-highmem
	echo 0 >$DEBUG/fail_page_alloc/min-order
}

one_by_one() {
	can_fail || return
	all_may_fail
	# shellcheck disable=SC2086
	load $KEEP_ALL || return
	quiet_console
	# A copy to user space can fail as well, and who has a restartable sequence dies
	# of that (SIGSEGV) when it is preempted.
	GLIBC_TUNABLES=glibc.pthread.rseq=0 for_seconds "$LENGTH" books --may $ALWAYS \
		"$STORMS/failures"
	loud_console
	unload
}

# processes_fail 0|1: every allocation for one
processes_fail() {
	echo Y >$DEBUG/failslab/cache-filter
	echo "$(($1 * 100))" >$DEBUG/failslab/probability
	echo -1 >$DEBUG/failslab/times
}

# storm_counts: all its forks are counted, known or not; what others write to the
# memory of those that are not known is nobody's
storm_counts() {
	books --may $ALWAYS,memory,owner --forks $((5 * ROUNDS + 4)) "$KERNEL_TESTS/storm" $ROUNDS
}

lost_memory() {
	state | sed -n 's/.*memory=\([0-9]*\).*/\1/p'
}

reserve() {
	local lost

	can_fail || return
	all_may_fail
	# shellcheck disable=SC2086
	load $KEEP_ALL || return
	[[ $(cat $CACHE) == 1 ]] ||
		{ skip "booted without slub_debug=A,cowstat_process, which lets that cache fail"; return; }
	processes_fail 1
	storm_counts
	processes_fail 0
	lost=$(lost_memory)
	[[ $lost ]] || wrong "nothing was lost beyond the reserve: $(state)"
	# The first that takes something has the reserve filled again.
	"$KERNEL_TESTS/storm" 1
	lost=$(lost_memory)
	storm_counts
	[[ $(lost_memory) == "$lost" ]] || wrong "there is memory again, but $(state)"
	unload
}

no_leaks() {
	[[ -e $KMEMLEAK ]] || { skip "this kernel does not look for leaks (no CONFIG_DEBUG_KMEMLEAK)"; return; }
	find_leaks >"$SAID/leaks" 2>&1
	[[ ! -s $SAID/leaks ]] || wrong "$(head -n 40 "$SAID/leaks")"
}

checkers_begin
part "each allocation fails in requests, forks, execs and faults" one_by_one
part "all allocations for processes fail" reserve
part "nothing has leaked" no_leaks
finish
