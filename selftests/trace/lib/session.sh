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
