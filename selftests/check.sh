#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make check: sets up, builds, lints, runs the host's unit tests, then all
# kselftests and `cowstat verify` in the virtual machine. Ends with the line
# 'N passed, N failed, N skipped', and with status 1 if anything failed, did
# not run, or nothing ran. The outputs of all tests stay in build/check.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

OUT=$BUILD/check
RESULTS=$OUT/results
PLAN=$OUT/plan
# The virtual machine's, for all tests together.
VM_LIMIT=3600

tests_of() {
	make -s --no-print-directory -C selftests/kernel --eval "list:; @echo \$($1)" list
}

# plan: what the guest shall run: a kind and a name a line
plan() {
	local path name

	for path in $(tests_of TEST_GEN_PROGS); do
		echo "loaded ${path##*/}"
	done
	for path in $(tests_of TEST_PROGS); do
		echo "unloaded ${path##*/}"
	done
	for name in $(tools/cowstat workload --list | awk '{ print $1 }'); do
		echo "verify $name"
	done
}

# run_guest KINDS [OPTION…]: those of the plan, in a machine with these options
run_guest() {
	local kinds=$1 status=0
	shift

	vm --timeout "$VM_LIMIT" --out "$OUT" --log "$OUT/console-$kinds.log" "$@" -- \
		selftests/check_guest.sh "$kinds" || status=$?
	if ((status)); then
		result fail vm "$kinds" "exit status $status, see build/check/console-$kinds.log"
	else
		result pass vm "$kinds"
	fi
}

# What was planned and left no result did not run, and that is a failure.
account() {
	local kind name

	while read -r kind name; do
		[[ $kind != verify ]] || name=verify/$name
		awk -F '\t' -v name="$name" '$2 == name { found = 1 } END { exit !found }' \
			"$RESULTS" || result fail "$name" all "did not run"
	done <"$PLAN"
}

summary() {
	awk -F '\t' '{ n[$1]++ } END {
		printf "%d passed, %d failed, %d skipped\n", n["pass"], n["fail"], n["skip"]
		exit n["fail"] || !n["pass"]
	}' "$RESULTS"
}

all_tests() {
	run_test runner selftests/tap_test.sh
	run_test machine selftests/vm/vm_test.sh
	run_test build selftests/build.sh
	run_test lint selftests/lint.sh
	run_test host make -s --no-print-directory -C selftests/host check
	plan >"$PLAN" || result fail plan all "cannot list the tests"
	run_guest loaded --numa 2
	run_guest verify
	run_guest unloaded --turns
	account
}

main() {
	cd "$ROOT" || exit
	rm -rf "$OUT"
	mkdir -p "$OUT"
	: >"$RESULTS"
	if selftests/vm/setup.sh; then
		all_tests
	else
		result fail setup all "see above"
	fi
	summary
}

main "$@"
