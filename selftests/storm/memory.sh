#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Forks, execs, threads and exits among swap, huge pages, KSM, mremap, madvise,
# ptrace and userfaultfd, and exact books afterwards.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/storm/pages.sh
. "$STORMS/pages.sh"

ROUNDS=8

everything() {
	local result=0

	background "$KERNEL_TESTS/storm"
	"$STORMS/churn" $ROUNDS || result=1
	# shellcheck disable=SC2086
	stress $STRESS || result=1
	end_background
	return $result
}

one_round() {
	books --may $ALWAYS bash -c everything
}

all() {
	features_on
	# shellcheck disable=SC2086
	load $KEEP_ALL || return
	for_seconds "$LENGTH" one_round
	features_happened
	unload
	features_off
}

export -f everything
export ROUNDS
part "processes among swap, huge pages, KSM, mremap, madvise, ptrace" all
finish
