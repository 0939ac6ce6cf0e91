#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh [KERNEL]: builds all that the tests need but the module, or the module
# for that kernel; warnings being failures. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"

number=0 failed=0

# step NAME CMD…: what went wrong is its diagnosis, or else the end of the output
step() {
	local name=$1 output verdict=ok
	shift

	if ! output=$("$@" 2>&1) || grep -q 'WARNING: modpost' <<<"$output"; then
		verdict='not ok'
		failed=1
		{ grep -E '(error|warning|ERROR|WARNING):' <<<"$output" || tail -n 5 <<<"$output"; } |
			head -n 10 | sed 's/^/# /'
	fi
	echo "$verdict $((++number)) $name"
}

cd "$ROOT" || exit
if (($#)); then
	echo "1..1"
	step "module, W=1" selftests/vm/module.sh "$1" W=1 KCFLAGS=-Werror
else
	. "$VM_ENV"
	echo "1..5"
	step "command" make tools WERROR=-Werror
	step "kselftests" make -C selftests/kernel KSFT="$KSFT"
	step "storms" make -C selftests/storm
	step "traced programs" make -C selftests/trace
	step "witnessed programs" make -C selftests/witness
fi
exit $failed
