#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ci.sh [TIERS]: in tiers, each if the time is enough for it: the machine's own kernel;
# the other kernels of Debian; a kernel that checks itself (all 3). How long a tier takes is
# reckoned from the first, and longer if what it needs is not in the cache yet. One that
# there is no time for is a skip. The last line is 'N passed, N failed, N skipped',
# over all tiers.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

MINUTES=${COWSTAT_CI_MINUTES:-85}
TIERS=${1:-3}
CHECK=$BUILD/check
# The longest first
OTHERS=(6.12 7.3 6.1-rt 6.1-cloud)

minutes_left() {
	echo $((MINUTES - SECONDS / 60))
}

# minutes TIMES: so many times as long as the tests on the first kernel took
minutes() {
	awk -v times="$1" '{ print int($1 / 60 * times) + 1 }' "$CHECK/6.1/seconds"
}

# is_cached PATTERN…: is something of each in the cache?
is_cached() {
	local pattern

	for pattern; do
		compgen -G "$(cache_dir)/$pattern" >/dev/null || return
	done
}

# tier NAME MINUTES CMD…
tier() {
	local name=$1 needed=$2
	shift 2

	if (($(minutes_left) < needed)); then
		result skip ci "$name" "about $needed minutes, of $MINUTES are $(minutes_left) left"
		return
	fi
	say "$name: about $needed minutes"
	"$@" | grep --line-buffered -vE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' || :
}

# To fetch the roots and images of four kernels takes some minutes, to build one more.
other_kernels() {
	local needed

	needed=$(minutes 3.2)
	is_cached "kernel-bookworm-*cloud*/complete" "kernel-bookworm-*-rt-*/complete" \
		"kernel-bookworm-backports-*/complete" "kernel-trixie-backports-*/complete" \
		"guest-trixie-*.ext4" || needed=$((needed + 12))
	tier "other kernels" "$needed" selftests/check.sh --add "${OTHERS[@]}"
}

sanitized() {
	local needed

	needed=$(minutes 5)
	is_cached "kernel-memory-$(selftests/sanitize/memory.sh key 2>/dev/null)/complete" ||
		needed=$((needed + $(minutes 4)))
	tier "sanitizers" "$needed" selftests/sanitize/check.sh memory
}

main() {
	local status

	cd "$ROOT" || exit
	selftests/check.sh
	status=$?
	RESULTS=$CHECK/ci/results
	mkdir -p "$CHECK/ci"
	: >"$RESULTS"
	if [[ -e $CHECK/6.1/seconds ]]; then
		((TIERS < 2)) || other_kernels
		((TIERS < 3)) || sanitized
	else
		result fail ci "6.1" "exit status $status, the other tiers did not run"
	fi
	say "took $((SECONDS / 60)) minutes"
	summary "$CHECK"/*/results*
}

main "$@"
