#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Readers of both files, handles that come and go, travel, and outlive their
# trees, signals, and attempts to unload the module, all at full speed in the
# middle of a storm.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

CALLS=4000
HANDLES=30
CALLS_MADE=$SAID/calls

# calls NAME CMD…: its output is looked through for the calls that it made
calls() {
	local output result=0

	output=$("$@" 2>&1) || result=$?
	((!result)) || grep -v '^ok' <<<"$output"
	sed -n 's/^\(# \)\?\([0-9]*\) calls.*/\2/p' <<<"$output" >>"$CALLS_MADE"
	return $result
}

# With nothing else that could keep the module
handles_alone() {
	load || return
	must calls "$STORMS/handles" 4
	unload
}

read_on() {
	while :; do
		cat /proc/cowstat
		dd if=/proc/cowstat bs=7 count=50
		echo >>"$SAID/reads"
	done >/dev/null 2>&1
}

unload_on() {
	exec 9</dev/cowstat
	while :; do
		! rmmod cowstat || echo >>"$SAID/unloaded"
		echo >>"$SAID/refusals"
	done >/dev/null 2>&1
}

everything() {
	local result=0

	background "$KERNEL_TESTS/storm"
	background read_on
	background unload_on
	calls "$STORMS/handles" $HANDLES || result=1
	calls "$KERNEL_TESTS/fuzz" --calls $CALLS || result=1
	workloads || result=1
	end_background
	return $result
}

one_round() {
	books --may $ALWAYS bash -c everything
}

in_a_storm() {
	# shellcheck disable=SC2086
	load $KEEP_ALL || return
	for_seconds "$LENGTH" one_round
	unload
	[[ ! -e $SAID/unloaded ]] || wrong "it was unloaded while in use"
	[[ -s $SAID/reads ]] || wrong "/proc/cowstat was never read"
	[[ -s $SAID/refusals ]] || wrong "nobody tried to unload it"
}

export -f everything read_on unload_on calls
export SAID CALLS HANDLES CALLS_MADE
part "a handle in a socket, of a dead tree, keeps the module" handles_alone
part "readers, handles, signals and unloading in a storm" in_a_storm
survived[calls]=$(awk '{ sum += $1 } END { print sum + 0 }' "$CALLS_MADE")
finish
