#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What special workloads change of the system is there while they run, and is put
# back when they have ended, or a signal has ended them. Needs no module. Prints TAP.

set -uo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
COWSTAT=$HERE/../../tools/cowstat
KSM=/sys/kernel/mm/ksm
THP=/sys/kernel/mm/transparent_hugepage
dir=$(mktemp -d) || exit
trap 'rm -rf "$dir"' EXIT
number=0 failed=0

settings() {
	tail -n +1 /proc/sys/vm/nr_hugepages /proc/swaps $KSM/{run,pages_to_scan,sleep_millisecs} \
		$THP/enabled $THP/hugepages-*/enabled 2>/dev/null
	echo /sys/block/zram*
}

# Starts workload $1, held before its work; its descriptors are 8 and 9.
start() {
	local byte

	mkfifo "$dir/to" "$dir/from"
	exec 8<>"$dir/to" 9<>"$dir/from"
	rm "$dir/to" "$dir/from"
	"$COWSTAT" workload "$1" --sync-in 8 --sync-out 9 >"$dir/out" 2>&1 &
	pid=$!
	# One that is not done here ends without a byte.
	while kill -0 "$pid" 2>/dev/null; do
		if read -rN1 -t 1 -u 9 byte; then
			[[ $byte == B ]]
			return
		fi
	done
	return 1
}

let_it_end() {
	printf gg >&8
	wait "$pid"
}

end_it() {
	kill -TERM "$pid"
	wait "$pid"
	[[ $? == 143 ]]
}

# tap STATUS NAME: the difference of the settings is its diagnosis
tap() {
	local verdict=ok

	(($1 == 0)) || { verdict='not ok' failed=1; sed 's/^/# /' "$dir/difference" "$dir/out"; }
	echo "$verdict $((++number)) $2"
}

# restores WORKLOAD END: END is a command
restores() {
	local before status=0

	: >"$dir/difference"
	before=$(settings)
	if ! start "$1"; then
		wait "$pid"
		if [[ $? == 4 ]]; then
			echo "ok $((++number)) $1, $2 # SKIP $(sed 's/.*workload: //' "$dir/out")"
		else
			tap 1 "$1, $2"
		fi
		return
	fi
	[[ $(settings) != "$before" ]] || status=1
	"$2" || status=1
	diff <(echo "$before") <(settings) >"$dir/difference" || status=1
	tap $status "$1, $2"
}

# The module of zram, which stays, brings a device of its own.
modprobe -q zram
for name in hugetlb-child hugetlb-scarce ksm-alone folios swap-child; do
	restores "$name" let_it_end
	restores "$name" end_it
done
echo "1..$number"
exit $failed
