#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [KERNEL]
#
# make check-sanitized: the tests of the module in a kernel that checks itself:
# "memory" or "race", see kernel.sh. First each of its checkers has to report a
# fault made on purpose (alive/faults), or its silence on the rest would mean
# nothing. Then come the KUnit tests, all kselftests, the fuzzer and `cowstat
# verify`, which fail if the kernel reports anything or memory has leaked. Ends with
# a list of the checkers, the number of reports, and as `make check` does; the outputs
# are left in build/check/KERNEL and build/check/KERNEL-checkers.

set -uo pipefail
KERNEL=${1:-memory}
export KERNEL
# A sanitizer makes all slower, emulation does so once more: of each test, here and in
# the machines.
export COWSTAT_TEST_LIMIT=${COWSTAT_TEST_LIMIT:-3600}
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

DIR=selftests/sanitize
OUT=$BUILD/check/$KERNEL-checkers
RESULTS=$OUT/results
# What the kernel says of each allocation that fail_load lets fail
INJECTED='Call Trace:'

# guest NAME CMD…: a test program that runs in a machine
guest() {
	local name=$1
	shift

	run_test "$name" selftests/vm/vm.sh --out "$OUT" --log "$OUT/console-$name.log" \
		--timeout "$LIMIT" "$@"
}

# The boots in which faults are committed
boots() {
	awk -F '\t' -v kernel="$KERNEL" '
		/^[^#]/ && $1 ~ "^" kernel "(-|$)" && !seen[$1]++ {
		print $1
	}' $DIR/alive/faults
}

sanitizer_tests() {
	local boot

	for boot in $(boots); do
		guest "alive-$boot" --allow . -- $DIR/alive/alive.sh "$boot"
	done
	guest kunit -- $DIR/kunit.sh
	[[ $KERNEL != memory ]] || guest fail_load --allow "$INJECTED" -- \
		$DIR/fail_load/fail_load cowstat.ko $DIR/fail_load/fail_init.ko
}

# side_by_side CMD CMD: a machine mostly uses one of two processors. The second one
# shows how far it has got, the first its output when both have ended.
side_by_side() {
	$1 >"$OUT/output" 2>&1 &
	$2
	wait
	cat "$OUT/output"
}

# Those that have reported what was done on purpose
armed() {
	echo
	echo "checkers armed on $KERNEL, each has reported a fault made on purpose:"
	sed -n 's/^ok [0-9]* \(.*\) reports .*/\1/p' "$OUT"/alive-*.tap | sort -u | xargs |
		fold -s -w 76 | sed 's/^/  /'
	sed -n 's/^not ok [0-9]* \(.*\) says nothing of .*/  NOT ARMED: \1/p' "$OUT"/alive-*.tap
}

# In the logs of all machines but those in which faults are committed. That of a machine
# which ended as it booted, and was booted once more, does not count either. Each report
# has failed a test already.
reports() {
	local log allow logs=0 lines=0

	for log in "$OUT"/console-{kunit,fail_load}.log "$BUILD/check/$KERNEL"/console-*.log; do
		[[ -s $log && $log != *-first.log ]] || continue
		allow=
		[[ $log != *-fail_load.log ]] || allow=$INJECTED
		lines=$((lines + $(reports_of "$log" "$allow" | wc -l)))
		logs=$((logs + 1))
	done
	echo
	echo "$lines reports of the kernel, in the logs of $logs machines"
}

# Linux's own are no failure, but are not hidden either.
foreign_races() {
	[[ $KERNEL == race ]] || return 0
	awk -f "$VM_DIR/foreign_races.awk" "$BUILD/check/$KERNEL"/console-*.log 2>&1 >/dev/null |
		sed 's/$/, not counted: see console-*.log/'
}

main() {
	cd "$ROOT" || exit
	rm -rf "$OUT" "$BUILD/check/$KERNEL"
	mkdir -p "$OUT" "$BUILD/check/$KERNEL"
	: >"$RESULTS"
	if selftests/vm/setup.sh; then
		run_test build selftests/build.sh
		run_test modules $DIR/build.sh "$KERNEL"
		side_by_side sanitizer_tests "selftests/check_kernel.sh $KERNEL"
	else
		result fail setup "$KERNEL" "see above"
	fi
	armed
	reports
	foreign_races
	echo
	summary "$RESULTS" "$BUILD/check/$KERNEL"/results*
}

main "$@"
