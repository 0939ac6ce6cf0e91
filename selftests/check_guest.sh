#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh's part in the virtual machine: runs what the file plan lists.
# A freshly loaded module serves each program, but for those that load it
# themselves; the many runs of `cowstat verify` share one.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

OUT=$COWSTAT_OUT
RESULTS=$OUT/results

# load NAME, unload NAME: on behalf of that test
load() {
	local error

	[[ ! -e /proc/cowstat ]] || return 0
	error=$(insmod cowstat.ko 2>&1) && return
	result fail "$1" insmod "$error; $(dmesg | tail -n 1)"
	return 1
}

unload() {
	local error

	[[ -e /proc/cowstat ]] || return 0
	error=$(rmmod cowstat 2>&1) || result fail "$1" rmmod "$error"
}

# verify NAME: its table is the test's diagnosis
verify() {
	local name=$1 status=0 table

	table=$(tools/cowstat verify "$name" 2>&1) || status=$?
	sed 's/^/# /' <<<"$table"
	echo "1..1"
	((status == 0)) || printf 'not '
	echo "ok 1 verify $name"
}

main() {
	local kind name

	if [[ ${1:-} == verify ]]; then
		verify "$2"
		return
	fi
	while read -r kind name; do
		echo "cowstat test: $name" >/dev/kmsg
		case $kind in
		loaded)
			unload "$name"
			load "$name" && run_test "$name" "selftests/kernel/$name"
			;;
		unloaded)
			unload "$name"
			run_test "$name" "selftests/kernel/$name"
			;;
		verify)
			load "verify/$name" && run_test "verify/$name" "$0" verify "$name"
			;;
		esac
	done <"$OUT/plan"
	unload "${name:-all}"
}

main "$@"
