#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [KERNEL]
#
# make check-sanitized: the tests of the module in a kernel that checks itself:
# "memory" or "race", see kernel.sh. First each of its checkers has to report a
# fault made on purpose (alive/faults), or its silence on the rest would mean
# nothing. Then come the KUnit tests, all kselftests and `cowstat verify`, which
# fail if the kernel reports anything or memory has leaked. Ends as `make check`
# does; the outputs are left in build/check/KERNEL.

set -uo pipefail
KERNEL=${1:-memory}
export KERNEL
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

DIR=selftests/sanitize
OUT=$BUILD/check/$KERNEL-checkers
RESULTS=$OUT/results
# A sanitizer makes all slower, emulation does so once more.
export COWSTAT_TEST_LIMIT=${COWSTAT_TEST_LIMIT:-3600}

# Into the clone, since that is what the guest has.
build_tests() {
	. "$(kernel_env "$KERNEL")"
	make -s -C "$KDIR" M="$ROOT/selftests" W=1 KCFLAGS=-Werror modules &&
		make -s -C $DIR/fail_load CFLAGS='-O2 -Wall -Wextra -Werror' fail_load
}

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

	run_test build selftests/build.sh
	for boot in $(boots); do
		guest "alive-$boot" --allow . -- $DIR/alive/alive.sh "$boot"
	done
	guest kunit -- $DIR/kunit.sh
	[[ $KERNEL != memory ]] || guest fail_load --allow 'Call Trace:' -- \
		$DIR/fail_load/fail_load cowstat.ko $DIR/fail_load/fail_init.ko
}

summary() {
	awk -F '\t' '{ n[$1]++ } END {
		printf "%d passed, %d failed, %d skipped\n", n["pass"], n["fail"], n["skip"]
		exit n["fail"] || !n["pass"]
	}' "$OUT"/results "$BUILD/check/$KERNEL"/results*
}

main() {
	cd "$ROOT" || exit
	rm -rf "$OUT" "$BUILD/check/$KERNEL"
	mkdir -p "$OUT" "$BUILD/check/$KERNEL"
	: >"$RESULTS"
	if selftests/vm/setup.sh && build_tests; then
		sanitizer_tests
		selftests/check_kernel.sh "$KERNEL"
	else
		result fail setup "$KERNEL" "see above"
	fi
	summary
}

main "$@"
