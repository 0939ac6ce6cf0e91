#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The calibration at load: a module that does not see what the kernel does refuses to
# be loaded, with one line (those of ../broken/build.sh), whoever loads a good one can,
# and nothing is left in the counters. Prints TAP.

set -uo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=selftests/kernel/cow_lib.sh
. "$HERE/cow_lib.sh"
BROKEN=$HERE/../broken/${KERNEL:-$(uname -r)}
COWSTAT=$HERE/../../tools/cowstat
THP=/sys/kernel/mm/transparent_hugepage/enabled
number=0 failed=0

# check NAME CMD…: one test; what CMD prints is its diagnosis
check() {
	local name=$1 verdict=ok output
	shift

	! loaded || rmmod cowstat
	output=$("$@" 2>&1) || verdict='not ok'
	[[ -z $output ]] || sed 's/^/# /' <<<"$output"
	echo "$verdict $((++number)) $name"
	[[ $verdict == ok ]] || failed=1
}

skip() {
	echo "ok $((++number)) $1 # SKIP $2"
}

# refuses WAY LINE: that broken module, with this one line after the kernel's name
refuses() {
	local mark="cowstat test $number $RANDOM begins" log
	local line

	line="cowstat: this kernel ($(uname -r)) is not counted right: $2"
	echo "$mark" >/dev/kmsg
	! insmod "$BROKEN/$1.ko" 2>/dev/null || complain "it was loaded" || return
	log=$(dmesg | sed "1,/$mark/d" | grep 'cowstat: ')
	[[ ${log#*] } == "$line" ]] || complain "not this line alone: $line"$'\n'"$log" || return
	no_trace_left
}

# broken WAY NAME LINE
broken() {
	local name="$2: refused"

	if [[ ! -e $BROKEN/$1.ko ]]; then
		skip "$name" "no ${BROKEN##*/}/$1.ko: selftests/broken/build.sh makes it"
	else
		check "$name" refuses "$1" "$3"
	fi
}

broken_huge() {
	local name="a huge page comes from a place that is not known"

	if ! grep -q '\[never\]' $THP 2>/dev/null && [[ -e $THP ]]; then
		broken huge_site "$name" \
			"a zero-fill with a huge page was seen as lost site 1 (expected zero_filled 512, zero_huge 512)"
	else
		skip "$name: refused" "this kernel has no transparent huge pages"
	fi
}

loads() {
	insmod "$KO" || complain "$(dmesg | tail -n 1)" || return
	[[ $(state) == exact ]] || complain "$(state)"
}

# Whoever loads it looks at copies and take-overs, too.
quick_verify() {
	local output

	insmod "$KO" || return
	output=$("$COWSTAT" verify --quick) || complain "$output" || return
	[[ $output == '7 workloads, '*' counters compared: all as expected' ]] || complain "$output"
}

loader() {
	"$HERE/loader" "$1" "$KO" || complain "$(dmesg | tail -n 1)"
}

main() {
	[[ -e $KO ]] || { echo "1..0 # SKIP no module at $KO"; exit 4; }
	# What the kernel says of the first module that it did not come with is said once.
	insmod "$KO" && rmmod cowstat
	echo "TAP version 13"
	echo "1..14"
	broken hook "a hook on a function that is not called" \
		"a zero-fill was seen as nothing (expected zero_filled 1)"
	broken site "a call from a place that is not known" \
		"a zero-fill was seen as lost site 1 (expected zero_filled 1)"
	broken twice "zero-fills that count twice" \
		"a zero-fill was seen as zero_filled 2 (expected zero_filled 1)"
	broken read_twice "reads that count twice" \
		"a read of fresh memory was seen as zero_mapped 2 (expected zero_mapped 1)"
	broken write_hook "writes to present pages that are not seen to begin" \
		"a write over the zero page was seen as lost flight 1 (expected zero_filled 1, zero_upgraded 1)"
	broken file_site "a file page's copy from a place that is not known" \
		"a first write to an absent file page was seen as lost site 1 (expected broken 1, broken_file 1)"
	broken_huge
	check "the module itself is loaded after all that" loads
	check "the calibration leaves nothing in the counters" loader nothing
	check "it is exact beside threads that fault and fork" loader threads
	check "a loader whose memory is locked can load" loader locked
	check "one that can map no more can" loader narrow
	check "one without huge pages can" loader base
	check "verify --quick says in one line that all is right" quick_verify
	! loaded || rmmod cowstat
	exit $failed
}

main
