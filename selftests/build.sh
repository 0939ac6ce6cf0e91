#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds all that the tests need, warnings being failures, as TAP.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"
. "$VM_ENV"

number=0 failed=0

# step NAME CMD…
step() {
	local name=$1 output verdict=ok
	shift

	if ! output=$("$@" 2>&1) || grep -q 'WARNING: modpost' <<<"$output"; then
		verdict='not ok'
		failed=1
	fi
	[[ $verdict == ok ]] || sed 's/^/# /' <<<"$output"
	echo "$verdict $((++number)) $name"
}

cd "$ROOT" || exit
echo "1..4"
step "module, W=1" make module KDIR="$KDIR_VM" W=1 KCFLAGS=-Werror
step "command" make tools WERROR=-Werror
step "kselftests" make -C selftests/kernel KSFT="$KSFT"
step "storms" make -C selftests/storm
exit $failed
