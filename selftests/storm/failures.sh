#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every allocation of the module fails once: at loading, and in each request.
# Needs a kernel with fault injection for slab allocations.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

[[ -e /proc/self/fail-nth && -d /sys/kernel/debug/failslab ]] ||
	skip "this kernel has no fault injection (CONFIG_FAILSLAB, CONFIG_FAULT_INJECTION)"

echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
echo 0 >/sys/kernel/debug/failslab/verbose

# nth N CMD…: the N-th allocation of CMD fails, counted from its exec on.
# Return: 0 if it had fewer
nth() {
	"$STORMS/nth" "$@"
}

at_load() {
	local n status

	for ((n = 1; n < 2000; n++)); do
		status=0
		nth "$n" insmod "$KO" 2>/dev/null || status=$?
		if loaded; then
			[[ $(state) == exact || $(state) == *memory* ]] ||
				wrong "loaded with failure $n, but $(state)"
			unload
		else
			nothing_left
		fi
		((!failed)) || return
		((status != 200)) || break
	done
	echo "survived: $((n - 1)) failures at loading"
}

at_run_time() {
	local n status

	load || return
	for ((n = 1; n < 500; n++)); do
		status=0
		nth "$n" "$KERNEL/storm" nothing || status=$?
		nth "$n" cat /proc/cowstat >/dev/null 2>&1 || :
		nth "$n" "$STORMS/books" --may memory,origin /bin/true >/dev/null 2>&1 || :
		((status != 200)) || break
	done
	no_loss hook site
	echo "survived: $((n - 1)) failures at run time, state $(state)"
	unload
}

at_load
at_run_time
nothing_left
exit $failed
