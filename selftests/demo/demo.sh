#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make demo: copy-on-write as the textbooks have it, then in a real Redis that
# saves a snapshot while clients go on writing. Both in a virtual machine.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"

OUT=$BUILD/demo

color() {
	if [[ -t 1 && -z ${NO_COLOR:-} ]]; then echo 1; fi
}

cd "$ROOT"
selftests/vm/setup.sh
. "$(kernel_env "$KERNEL")"
say "building"
mkdir -p "$OUT"
{ selftests/vm/module.sh && make tools; } >"$OUT/make.log" 2>&1 ||
	die "the build failed, see $OUT/make.log"
say "booting Linux $KRELEASE"
vm --timeout 1800 --out "$OUT" --log "$OUT/console.log" -- \
	env DEMO_COLOR="$(color)" selftests/demo/demo_guest.sh
