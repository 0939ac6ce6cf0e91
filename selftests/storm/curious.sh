#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ordinary users who ask for all that they can: tree handles by the hundreds on a
# chain of processes, waiters for its exec, readers of every kind beside thousands of
# sleeping processes. Others must not wait for them (see curious.c), and the books
# must balance afterwards. `make bench` has the same with larger numbers, and
# without luck.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

# Milliseconds; generous, for machines whose emulated processors take turns.
LONGEST=500

chain() {
	"$STORMS/curious" chain 200 200 200 $LONGEST
}

readers() {
	"$STORMS/curious" readers 2000 2 4 $LONGEST
}

# storm NAME: that one, again and again, and what else a user does meanwhile
storm() {
	local before

	before=$(cat /proc/sys/kernel/pid_max)
	echo 100000 >/proc/sys/kernel/pid_max
	# shellcheck disable=SC2086
	load $KEEP_ALL max_handles=1024 || return
	for_seconds $((LENGTH / 2)) books --may $ALWAYS "$BASH" -c "$1"
	unload
	echo "$before" >/proc/sys/kernel/pid_max
}

export -f chain readers
export LONGEST
part "handles and waiters on a chain" storm chain
part "readers of every kind beside sleepers" storm readers
finish
