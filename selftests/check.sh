#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [--add] [KERNEL…|--all]
#
# make check, make check-kernels: sets up, builds, lints, runs the tests that
# need no module, then those that do on each of these kernels of vm/kernels (6.1,
# or all that Debian has). With --add the kernels alone, beside what an earlier run
# has left. Ends with a table of what the scripts for bpftrace told and the counters
# had, one of the kernels, and the line 'N passed, N failed, N skipped', and with status
# 1 if anything failed, did not run, or nothing ran. The outputs of all tests stay in
# build/check.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

CHECK=$BUILD/check
OUT=$CHECK/host
RESULTS=$OUT/results
# A machine has two processors, of which it mostly uses one.
JOBS=${COWSTAT_JOBS:-2}

# What lint finds is shown when the others have ended: it needs one processor, and so
# do they.
host_tests() {
	run_test runner selftests/tap_test.sh
	run_test build selftests/build.sh
	run_test lint selftests/lint.sh >"$OUT/lint.shown" 2>&1 &
	run_test machine selftests/vm/vm_test.sh
	run_test host make -s --no-print-directory -C selftests/host check
	wait
	cat "$OUT/lint.shown"
}

# start KERNEL: in the background, its name before each line
start() {
	setpriv --pdeathsig TERM selftests/check_kernel.sh "$1" 2>&1 |
		sed -u "s/^/$(printf '%-12s' "$1")/" &
}

# kernel_tests KERNEL…: each leaves the file "done" with its results
kernel_tests() {
	local kernel

	mkdir -p "${@/#/$CHECK/}"
	if (($# == 1)); then
		COWSTAT_GUESTS=$JOBS selftests/check_kernel.sh "$1"
	else
		say "$# kernels, $JOBS at a time: about $((20 * (($# + JOBS - 1) / JOBS))) minutes"
		for kernel; do
			(($(jobs -pr | wc -l) < JOBS)) || wait -n
			start "$kernel"
		done
		wait
	fi
	for kernel; do
		[[ -e $CHECK/$kernel/done ]] ||
			RESULTS=$CHECK/$kernel/results result fail check_kernel.sh "$kernel" "did not end"
	done
}

# row NAME: of the table; the reasons of its skips after all rows
row() {
	awk -F '\t' -v name="$1" -v release="$(cat "$CHECK/$1/release" 2>/dev/null)" '
		{ n[$1]++ }
		END {
			printf "%-14s %-28s %7d %7d %7d\n", name, release,
				n["pass"], n["fail"], n["skip"]
		}' "$CHECK/$1"/results*
}

table() {
	local name

	printf '\n%-14s %-28s %7s %7s %7s\n' kernel release passed failed skipped
	for name in host "$@"; do
		row "$name"
	done
	for name in host "$@"; do
		awk -F '\t' -v name="$name" '$1 == "skip" {
			print "skipped on " name ": " $2 ": " $3 ": " $4
		}' "$CHECK/$name"/results*
	done
	echo
}

# scripts KERNEL…: those for bpftrace, and the counters
scripts() {
	local -a agreed=()
	local name

	for name; do
		[[ ! -s $CHECK/$name/agreed ]] || agreed+=("$CHECK/$name/agreed")
	done
	((${#agreed[@]})) || return 0
	echo
	awk -f "$ROOT/selftests/trace/lib/table.awk" "${agreed[@]}"
}

main() {
	local -a kernels
	local add=''

	cd "$ROOT" || exit
	[[ ${1:-} != --add ]] || { add=1; shift; }
	kernels=("${@:-$KERNEL}")
	if [[ ${kernels[0]} == --all ]]; then
		mapfile -t kernels < <(awk '/^[^#]/ && $2 != "script" { print $1 }' "$VM_DIR/kernels")
	fi
	[[ $add ]] || rm -rf "$CHECK"
	rm -rf "${kernels[@]/#/$CHECK/}"
	mkdir -p "$OUT"
	[[ $add ]] || : >"$RESULTS"
	if selftests/vm/setup.sh; then
		[[ $add ]] || host_tests
		kernel_tests "${kernels[@]}"
		scripts "${kernels[@]}"
		table "${kernels[@]}"
	else
		result fail setup all "see above"
	fi
	summary "$CHECK"/*/results*
}

main "$@"
