#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make bench: what a page fault and a fork cost without the module, with it and
# after it was taken out again; and the memory that it keeps for a process. In
# a virtual machine whose clock counts instructions, so the figures are the same
# on every machine. Exit 1 if a limit (see table.awk) is broken. The table also
# goes to build/bench/bench.json.
#
#	difference	loaded less bare
#	unloaded	unloaded less bare: must be about 0
#	spread		highest less lowest of all rounds

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"

OUT=$BUILD/bench
GUEST=selftests/bench/bench_guest.sh

cd "$ROOT"
selftests/vm/setup.sh
selftests/vm/module.sh "$KERNEL" -s >&2
make -s -C selftests/bench faultcost >&2
rm -rf "$OUT"
say "measuring in two virtual machines: about 2 minutes"
vm --out "$OUT" --log "$OUT/console-memory.log" -- "$GUEST" memory >&2
vm --icount --timeout 3600 --out "$OUT" --log "$OUT/console.log" -- \
	"$GUEST" times >&2
awk -v JSON="$OUT/bench.json" -f selftests/bench/table.awk \
	"$OUT"/{bare,loaded,unloaded,memory}
