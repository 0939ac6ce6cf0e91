# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What the tests of tracing share: TAP, the module, a program with known numbers,
# and sums of events to hold against the counters.

TRACE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOP=$(cd "$TRACE/../.." && pwd)
# shellcheck source=selftests/kernel/cow_lib.sh
. "$TOP/selftests/kernel/cow_lib.sh"

COWSTAT=$TOP/tools/cowstat
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
number=0 failed=0

# check NAME CMD…: one test; what CMD prints is its diagnosis
check() {
	local name=$1 verdict=ok
	shift

	"$@" >"$dir/said" 2>&1 || verdict='not ok'
	sed 's/^/# /' "$dir/said"
	echo "$verdict $((++number)) $name"
	[[ $verdict == ok ]] || failed=1
}

skip() {
	echo "ok $((++number)) $1 # SKIP $2"
}

# equal WHAT GOT EXPECTED
equal() {
	[[ $2 == "$3" ]] || complain "$1: $2, not $3"
}

# --- events and counters

# Writes pages of which it says how many; see there.
TOUCH=$TRACE/touch
# The report of `cowstat run`, and what the command that it ran has said
REPORT=$dir/report.json
SAID=$dir/touched
# A command that a tracer can run
COUNTED=("$COWSTAT" run --json -o "$REPORT" -- sh -c "exec '$TOUCH' >'$SAID'")

# Of the counted command: it is the root of its tree.
tree() {
	jq '.processes[0].pid' "$REPORT"
}

# counter NAME: of the tree
counter() {
	jq --arg name "$1" '.tree[$name]' "$REPORT"
}

# sums: of the events of the tree on standard input
sums() {
	awk -v TREE="$(tree)" -f "$TRACE/lib/events.awk" -f "$TRACE/lib/sums.awk"
}

# agree: the events on standard input, with the counters of the tree
agree() {
	sums >"$dir/sums"
	while read -r name _; do
		echo "$name $(counter "$name")"
	done <"$dir/sums" >"$dir/counters"
	diff "$dir/sums" "$dir/counters" || complain "events (<) and counters (>) differ" || return
	(($(counter broken_child) > 4000)) || complain "nothing was counted: $(cat "$REPORT")"
}

# Workloads whose counters are known to the page
VERIFIED=(child-write both-write last-owner)

# --- the module

load() {
	loaded || insmod "$KO" || exit
}

unload() {
	! loaded || rmmod cowstat
}

# finish: the module must still stand by its numbers
finish() {
	local was

	if loaded; then
		was=$(state)
		unload
		[[ $was == exact ]] || { echo "# state $was"; failed=1; }
	fi
	exit $failed
}
