#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh KERNEL: builds the module for a sanitizer kernel, and the modules of the
# tests, those in the clone, since that is what the guest has; warnings of gcc and
# sparse being failures. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"

cd "$ROOT" || exit
. "$(kernel_env "$1")"

cowstat() {
	selftests/vm/module.sh "$KERNEL" -s W=1 KCFLAGS=-Werror
}

# Processes without counters may well stand in an array. What the kernel offers was
# asked for as the module was built.
test_modules() {
	make -s -C "$KDIR" M="$ROOT/selftests" C=2 CF=-Wno-flexible-array-array W=1 \
		KCFLAGS="-Werror -I$(dirname "$KO")/module" modules
}

fail_load() {
	make -s -C selftests/sanitize/fail_load CFLAGS='-O2 -Wall -Wextra -Werror' fail_load
}

number=0 failed=0
echo "1..3"
for step in cowstat test_modules fail_load; do
	verdict=ok
	output=$($step 2>&1) && [[ ! $output ]] || verdict='not ok' failed=1
	[[ ! $output ]] || sed 's/^/# /' <<<"$output"
	echo "$verdict $((++number)) $step"
done
exit $failed
