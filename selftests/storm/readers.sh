#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Readers of both files, handles that come and go, descriptors over sockets and
# signals, all at full speed in the middle of a storm. The module must not be
# unloaded meanwhile.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

export -f until_end
export KERNEL

read_on() {
	while :; do
		cat /proc/cowstat
		dd if=/proc/cowstat bs=7 count=50
	done >/dev/null 2>&1
}

# Calls of every kind, by two users, with children and a peer.
call_on() {
	local end=$((SECONDS + $1))

	while ((SECONDS < end)); do
		"$KERNEL/fuzz" --calls 3000
	done
}

refuse_unloading() {
	while :; do
		rmmod cowstat 2>/dev/null && echo "it was unloaded while in use"
		sleep 0.2
	done
}

all() {
	local seconds=$1 calls=$TMP/calls

	exec 9</dev/cowstat
	until_end "$seconds" "$KERNEL/storm" &
	until_end "$seconds" bash -c read_on &
	(timeout -s KILL "$seconds" bash -c refuse_unloading || :) >"$TMP/unloaded" 2>/dev/null &
	call_on "$seconds" >"$calls" 2>&1 &
	wait
	exec 9<&-
}

TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
export -f all read_on refuse_unloading call_on
export TMP
load || exit 1
books --may origin,flight bash -c "all $LENGTH"
[[ ! -s $TMP/unloaded ]] || wrong "$(sort -u "$TMP/unloaded")"
grep -q '^ok' "$TMP/calls" || wrong "no run of the fuzzer came to its end"
! grep '^# wrong:\|^not ok' "$TMP/calls" || failed=1
echo "survived: $(awk '/ calls in / { sum += $2 } END { print sum + 0 }' "$TMP/calls") calls"
unload
nothing_left
exit $failed
