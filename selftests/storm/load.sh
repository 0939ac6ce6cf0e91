#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads and unloads the module again and again in the middle of everything that
# it hooks: as often as the time allows, and 20 times at least, or 200 in a
# quarter of an hour.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/storm/pages.sh
. "$STORMS/pages.sh"

LOADS=20
((LENGTH < 900)) || LOADS=200

# One kind after the other, for ever, and a mark when each has had its turn.
# Loading waits, many times, until all that can run have run: the fewer there are,
# the more often it can be done.
in_turn() {
	local -a words

	while :; do
		"$STORMS/churn" 2
		# shellcheck disable=SC2206
		words=($STRESS)
		while ((${#words[@]})); do
			stress "${words[@]:0:4}"
			words=("${words[@]:4}")
		done
		echo >>"$SAID/turns"
	done
}

one_load() {
	load || return
	until (($(value forks) > 10)); do :; done
	must sums_hold
	no_loss hook site
	unload
	loads=$((loads + 1))
}

all() {
	local loads=0 end=$((SECONDS + LENGTH))

	features_on
	background nice "$KERNEL_TESTS/storm"
	background nice bash -c in_turn
	until ((failed)) || { ((loads >= LOADS && SECONDS >= end)) && [[ -s $SAID/turns ]]; }; do
		one_load
	done
	end_background
	features_happened
	features_off
}

export -f in_turn
export SAID
part "loaded in the middle of everything, $LOADS times or more" all
finish
