#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make soak MINUTES=N: builds, and runs all storms in the virtual machine, for
# that long. STORMS=NAME… names some of them.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"

MINUTES=${MINUTES:-30}

[[ $MINUTES =~ ^[1-9][0-9]*$ ]] || die "MINUTES=$MINUTES is no number of minutes"
cd "$ROOT"
selftests/vm/setup.sh
{
	selftests/build.sh && selftests/build.sh "$KERNEL" &&
		make -s -C selftests/storm
} >"$BUILD/soak-build.log" 2>&1 || die "cannot build, see build/soak-build.log"
# The storms end by themselves: the limit is for a machine that hangs. Their
# processors take turns because the kernel is patched under load.
# shellcheck disable=SC2086
vm --turns --timeout $((MINUTES * 180 + 3600)) --log "$BUILD/console-soak.log" \
	--append slub_debug=A,cowstat_process -- \
	selftests/storm/soak_guest.sh "$MINUTES" ${STORMS:-}
