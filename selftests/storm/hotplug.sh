#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Processors that go and come while pages are charged to their part of the
# counters.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

ONLINE=/sys/devices/system/cpu/cpu1/online

all() {
	until_end "$1" "$KERNEL/storm" &
	until_end "$1" bash -c "while :; do echo 0 >$ONLINE; echo 1 >$ONLINE; echo >>$TMP/times; done" &
	wait
	echo 1 >"$ONLINE" 2>/dev/null
}

[[ -w $ONLINE ]] || skip "no second processor that can be switched off"
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
export -f all until_end
export ONLINE KERNEL TMP
load "${KEEP_ALL[@]}" || exit 1
books --may origin,flight bash -c "all $LENGTH"
echo "survived: $(wc -l <"$TMP/times") times off and on"
[[ -s $TMP/times ]] || wrong "it was never switched off"
unload
nothing_left
exit $failed
