#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make fuzz CALLS=N: builds, and makes so many random calls on the module's files
# in the virtual machine. KERNEL=memory and KERNEL=race check themselves meanwhile
# (sanitize/). SEED makes the calls of an earlier run, which has said it.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

CALLS=${CALLS:-200000}
OUT=$BUILD/fuzz/$KERNEL
RESULTS=$OUT/results
args=(--calls "$CALLS")

[[ $CALLS =~ ^[1-9][0-9]*$ ]] || die "CALLS=$CALLS is no number of calls"
[[ ! ${SEED:-} ]] || args+=(--seed "$SEED")
cd "$ROOT"
selftests/vm/setup.sh
rm -rf "$OUT"
mkdir -p "$OUT"
{ selftests/build.sh && selftests/build.sh "$KERNEL"; } >"$OUT/build.log" 2>&1 ||
	die "cannot build, see ${OUT#"$ROOT/"}/build.log"
# It ends by itself: the limit, ten calls a second, is for a machine that hangs.
if vm --timeout $((CALLS / 10 + 1800)) --out "$OUT" --log "$OUT/console.log" -- \
	selftests/check_guest.sh fuzz "${args[@]}"; then
	result pass vm fuzz
else
	result fail vm fuzz "exit status $?"
fi
summary "$OUT"/results*
