#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Processors that go and come while pages are charged to their part of the
# counters.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

ONLINE=/sys/devices/system/cpu/cpu1/online
TIMES=20

off_and_on() {
	local i result=0

	background "$KERNEL_TESTS/storm"
	for ((i = 0; i < TIMES; i++)); do
		echo 0 >$ONLINE && echo 1 >$ONLINE || { result=1; break; }
	done
	end_background
	return $result
}

one_round() {
	books --may $ALWAYS bash -c off_and_on
}

all() {
	[[ -w $ONLINE ]] || { skip "no second processor that can be switched off"; return; }
	# shellcheck disable=SC2086
	load $KEEP_ALL || return
	for_seconds "$LENGTH" one_round
	unload
}

export -f off_and_on
export ONLINE TIMES
part "a processor goes and comes" all
finish
