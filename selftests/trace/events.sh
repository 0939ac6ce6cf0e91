#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# events.sh [CMD…]: events and counters agree one to one. While each workload runs (or
# the test programs CMD, or what else), all events are on; of each process that has been
# born and is gone they must add up to its own counters. Prints TAP.

set -uo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
TOP=$HERE/../..
# shellcheck source=selftests/kernel/cow_lib.sh
. "$TOP/selftests/kernel/cow_lib.sh"

INSTANCE=$TRACING/instances/cowstat_events
PROGRAMS=(tree cases paths paths_file paths_huge paths_hugetlb paths_ksm paths_pin
	paths_uffd swap)
dir=$(mktemp -d) || exit
number=0 failed=0

end() {
	[[ ! -d $INSTANCE ]] || rmdir "$INSTANCE"
	rm -rf "$dir"
}

begin() {
	mkdir "$INSTANCE" || exit
	trap end EXIT
	# One clock for all processors, so that the trace is in order.
	echo mono >"$INSTANCE/trace_clock"
	echo 65536 >"$INSTANCE/buffer_size_kb"
}

pids() {
	local path

	for path in /proc/[0-9]*; do
		echo "${path##*/}"
	done
}

events() {
	echo "$1" >"$INSTANCE/events/cowstat/enable"
}

# Events that did not fit, or that a CPU's buffer has dropped
lost() {
	awk '/^(overrun|commit overrun|dropped events):/ { n += $NF } END { print n + 0 }' \
		"$INSTANCE"/per_cpu/cpu*/stats
}

# agree NAME CMD…: a test
agree() {
	local name=$1 verdict lost
	shift

	echo >"$INSTANCE/trace"
	pids >"$dir/pids"
	events 1
	"$@" >"$dir/out" 2>&1 </dev/null
	events 0
	lost=$(lost)
	if ((lost)); then
		verdict="$lost events lost: the buffer is too small"
	elif verdict=$(awk -f "$HERE/lib/events.awk" -f "$HERE/events.awk" \
		"$dir/pids" "$INSTANCE/trace"); then
		echo "ok $((++number)) $name: $verdict"
		return
	fi
	sed 's/^/# /' <<<"$verdict"
	echo "not ok $((++number)) $name"
	failed=1
}

main() {
	local name

	loaded || insmod "$KO" || exit
	begin
	if (($#)); then
		agree "$*" "$@"
	else
		for name in $("$TOP/tools/cowstat" workload --list --all | awk '{ print $1 }'); do
			agree "$name" "$TOP/tools/cowstat" workload "$name"
		done
		for name in "${PROGRAMS[@]}"; do
			agree "$name" "$TOP/selftests/kernel/$name"
		done
	fi
	echo "1..$number"
	exit $failed
}

main "$@"
