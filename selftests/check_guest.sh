#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check_guest.sh KIND NAME… [+ KIND NAME…] | fuzz ARG…: the part of check_kernel.sh and
# fuzz.sh in the virtual machine. Kinds run one after the other:
#
#	loaded		tests that need the module, all with the same one
#	verify, special	workloads, and those that need more, likewise
#	witness		programs with the witnesses beside them, likewise
#	unloaded	tests that load the module themselves
#	trace		those of tracing
#	storms		in their short form

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"
# shellcheck source=selftests/sanitize/checkers.sh
. "$ROOT/selftests/sanitize/checkers.sh"

OUT=$COWSTAT_OUT

# verify NAME: its table is the test's diagnosis
verify() {
	local name=$1 status=0 table why

	table=$(tools/cowstat verify "$name" 2>&1) || status=$?
	sed 's/^/# /' <<<"$table"
	why=$(sed -n 's/.* skipped: //p' <<<"$table")
	echo "1..1"
	if [[ $why ]]; then
		echo "ok 1 verify $name # SKIP $why"
	else
		((status == 0)) || printf 'not '
		echo "ok 1 verify $name"
	fi
}

# witness NAME: the same of a program, or of all workloads
witness() {
	local status=0 table

	echo "1..1"
	if ! grep -q 'hist trigger' /sys/kernel/tracing/README; then
		echo "ok 1 witness $1 # SKIP this kernel's tracing has no histograms"
		return
	fi
	if [[ $1 == workloads ]]; then
		table=$(tools/cowstat verify --witness 2>&1) || status=$?
	else
		table=$(tools/cowstat verify --command -- "selftests/witness/$1.sh" 2>&1) || status=$?
	fi
	sed 's/^/# /' <<<"$table"
	((status == 0)) || printf 'not '
	echo "ok 1 witness $1"
}

# run_all CMD NAME…: CMD with each name
run_all() {
	local name cmd=$1
	shift

	for name; do
		"$cmd" "$name"
	done
}

program() {
	run_test "$1" "selftests/kernel/$1"
}

workload() {
	run_test "verify/$1" "$0" verify-one "$1"
}

witnessed() {
	run_test "witness/$1" "$0" witness-one "$1"
}

traced() {
	run_test "trace/$1" "selftests/trace/$1.sh"
}

storm() {
	run_test "storm/$1" "selftests/storm/$1.sh"
}

# One test, whose output is seen as it comes: it may go on for an hour.
fuzz() {
	if selftests/kernel/fuzz "$@"; then
		result pass fuzz "$*"
	else
		result fail fuzz "$*" "see above"
	fi
}

# After all that was done to it the module must still stand by its numbers.
with_module() {
	insmod cowstat.ko || return
	"$@"
	if grep -qx 'state exact' /proc/cowstat; then
		result pass state "after $kind"
	else
		result fail state "after $kind" "$(sed -n 2p /proc/cowstat)"
	fi
	checkers_leaks "with the module, after $kind"
	rmmod cowstat
}

# Of a kernel that checks itself: nothing was lost, and no checker has given up.
checked() {
	checkers_begin
	"$@"
	checkers_leaks "after $kind"
	checkers_end "after $kind"
}

# khugepaged would make huge pages of what a test has laid out, whenever it likes.
still_memory() {
	local khugepaged=/sys/kernel/mm/transparent_hugepage/khugepaged

	[[ -e $khugepaged ]] || return 0
	echo 1 >$khugepaged/pages_to_scan
	echo 600000000 >$khugepaged/scan_sleep_millisecs
}

# run_kind KIND NAME…
run_kind() {
	kind=$1
	RESULTS=$OUT/results-$kind
	shift
	[[ $kind == storms ]] || still_memory
	case $kind in
	loaded) checked with_module run_all program "$@" ;;
	verify | special) checked with_module run_all workload "$@" ;;
	witness) checked with_module run_all witnessed "$@" ;;
	unloaded) checked run_all program "$@" ;;
	trace) checked run_all traced "$@" ;;
	storms) checked run_all storm "$@" ;;
	fuzz) checked with_module fuzz "$@" ;;
	esac
}

main() {
	local -a part

	while (($#)); do
		part=()
		while (($#)) && [[ $1 != + ]]; do
			part+=("$1")
			shift
		done
		run_kind "${part[@]}"
		(($# == 0)) || shift
	done
}

case $1 in
verify-one) verify "$2" ;;
witness-one) witness "$2" ;;
*) main "$@" ;;
esac
