#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check_guest.sh loaded|verify|unloaded: check.sh's part in the virtual machine,
# runs what the file plan lists of that kind: tests that need the module, all
# with the same one; workloads, likewise; or tests that load it themselves.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

OUT=$COWSTAT_OUT
RESULTS=$OUT/results

# verify NAME: its table is the test's diagnosis
verify() {
	local name=$1 status=0 table

	table=$(tools/cowstat verify "$name" 2>&1) || status=$?
	sed 's/^/# /' <<<"$table"
	echo "1..1"
	((status == 0)) || printf 'not '
	echo "ok 1 verify $name"
}

# run_all KIND [CMD…]: CMD with the name of each of that kind
run_all() {
	local kind name wanted=$1
	shift

	while read -r kind name; do
		[[ $kind != "$wanted" ]] || "$@" "$name"
	done <"$OUT/plan"
}

program() {
	run_test "$1" "selftests/kernel/$1"
}

workload() {
	run_test "verify/$1" "$0" verify-one "$1"
}

# After all that was done to it the module must still stand by its numbers.
with_module() {
	insmod cowstat.ko || return
	"$@"
	if grep -qx 'state exact' /proc/cowstat; then
		result pass state "after $2"
	else
		result fail state "after $2" "$(sed -n 2p /proc/cowstat)"
	fi
	rmmod cowstat
}

case $1 in
verify-one) verify "$2" ;;
loaded) with_module run_all loaded program ;;
verify) with_module run_all verify workload ;;
unloaded) run_all unloaded program ;;
esac
