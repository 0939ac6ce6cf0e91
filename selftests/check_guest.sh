#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check_guest.sh loaded|unloaded: check.sh's part in the virtual machine, runs
# what the file plan lists: what needs the module, all with the same one, or the
# programs that load it themselves.

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

run_loaded() {
	local kind name

	insmod cowstat.ko || return
	while read -r kind name; do
		case $kind in
		loaded) run_test "$name" "selftests/kernel/$name" ;;
		verify) run_test "verify/$name" "$0" verify-one "$name" ;;
		esac
	done <"$OUT/plan"
	rmmod cowstat
}

run_unloaded() {
	local kind name

	while read -r kind name; do
		[[ $kind != unloaded ]] || run_test "$name" "selftests/kernel/$name"
	done <"$OUT/plan"
}

case $1 in
verify-one) verify "$2" ;;
loaded) run_loaded ;;
unloaded) run_unloaded ;;
esac
