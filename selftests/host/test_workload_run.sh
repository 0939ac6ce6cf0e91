#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each workload as it runs on this machine, without the module: it must take
# exactly the page faults that the model foretells. And what the command says
# when it cannot run one.

set -u
here=$(cd "$(dirname "$0")" && pwd)
cowstat=${COWSTAT_COMMAND:-$here/../../tools/cowstat}
thp=/sys/kernel/mm/transparent_hugepage/enabled
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
nr=0 failed=0

# The model is that of a kernel that maps the zero page.
zero_page=
"$here/../../build/host-workload/zero_page" && zero_page=yes

tap() { # STATUS TEXT
	nr=$((nr + 1))
	if [ "$1" = 0 ]; then
		echo "ok $nr - $2"
	else
		echo "not ok $nr - $2"
		failed=1
	fi
}

# A number of the JSON in $dir/out, which has each key on a line of its own.
value() { # KEY
	sed -n "s/^ *\"$1\": \([0-9]*\),\{0,1\}$/\1/p" "$dir/out" | tail -n 1
}

runs_as_foretold() { # NAME OPTION...
	"$cowstat" workload "$@" >"$dir/out" 2>"$dir/err" || return 1
	[ ! -s "$dir/err" ] || return 1
	[ "$(tail -n 1 "$dir/out")" = '}' ] || return 1
	grep -q '"taken"' "$dir/out" || return 0
	# Both are the last two numbers: expected, taken.
	[ "$(grep -c "^    \"\(expected\|taken\)\": $(value taken),\{0,1\}$" "$dir/out")" = 2 ]
}

test_workload() { # NAME
	local pages='1 2 23 1000'

	if [[ $1 == *huge* ]]; then
		pages='512 1536'
		if ! grep -q '\[\(always\|madvise\)\]' $thp 2>/dev/null; then
			nr=$((nr + 1))
			echo "ok $nr - $1 # SKIP no transparent huge pages here: see $thp"
			return
		fi
	fi
	for n in $pages; do
		if ! runs_as_foretold "$1" --pages "$n"; then
			if [ ! "$zero_page" ] && [ "$(value zero_upgraded)" != 0 ]; then
				nr=$((nr + 1))
				echo "ok $nr - $1 # SKIP this machine's kernel maps no zero page"
				return
			fi
			tap 1 "$1 with $n pages takes the faults foretold"
			sed 's/^/# /' "$dir/out" "$dir/err"
			return
		fi
	done
	tap 0 "$1 takes the faults foretold"
}

# Of the special ones those that need nothing: they change no setting.
special="dontneed free mremap munmap mprotect populate file-tmpfs file-shared
shared-memory exec-data kernel-read"

test_special() {
	local name

	for name in $special; do
		if ! runs_as_foretold "$name" --pages 23; then
			tap 1 "$name runs"
			sed 's/^/# /' "$dir/out" "$dir/err"
			return
		fi
	done
	tap 0 "special workloads that need nothing run"
}

test_list() {
	"$cowstat" workload --list >"$dir/ordinary"
	"$cowstat" workload --list --all >"$dir/all"
	[ "$(head -n "$(wc -l <"$dir/ordinary")" "$dir/all")" = "$(cat "$dir/ordinary")" ] &&
		grep -q '^uffd-move ' "$dir/all" && ! grep -q '^uffd-move ' "$dir/ordinary" &&
		[ -z "$(cut -d' ' -f1 "$dir/all" | sort | uniq -d)" ]
	tap $? "--list --all lists the special workloads behind the others"
}

test_skipped() {
	taskset -c 0 "$cowstat" workload roam >"$dir/out" 2>"$dir/err"
	[ $? = 4 ] && [ ! -s "$dir/out" ] &&
		[ "$(cat "$dir/err")" = 'cowstat: workload: there is one CPU' ]
	tap $? "what the machine has not ends in exit status 4 and the reason"
}

refuses() { # WORDS OPTION...
	local words=$1

	shift
	"$cowstat" workload "$@" >"$dir/out" 2>"$dir/err"
	[ $? = 2 ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" = 1 ] &&
		grep -qF -- "$words" "$dir/err"
	tap $? "refuses $*"
}

# Starts a workload whose handshake is on descriptors 8 and 9, in $pid.
start_synced() { # OPTION...
	mkfifo "$dir/to" "$dir/from"
	exec 8<>"$dir/to" 9<>"$dir/from"
	rm "$dir/to" "$dir/from"
	"$cowstat" workload "$@" --sync-in 8 --sync-out 9 >"$dir/out" 2>"$dir/err" &
	pid=$!
}

await() { # BYTE
	local byte

	read -rN1 -t 300 -u 9 byte && [ "$byte" = "$1" ] || echo "no $1 from $pid"
}

go_on() {
	printf g >&8
}

end_synced() {
	wait "$pid" || echo "$pid failed"
	exec 8>&- 9>&-
}

anonymous_pages() { # PID
	awk '$1 == "Anonymous:" { kb += $2 } END { print kb / 4 }' "/proc/$1/smaps"
}

# Pages of anonymous memory outside of the region, when the work is done.
outside_at_end() { # PAGES
	start_synced child-write --pages "$1"
	await B
	go_on
	await E
	echo $(($(anonymous_pages "$pid") - $1))
	go_on
	end_synced
}

# The textbook's second step is the first at which there is a child, B.
test_isolated() {
	local child present

	start_synced textbook --steps --pages 23
	for byte in B S S; do
		[ $byte = B ] || go_on
		await $byte
	done
	child=$(sed -n '$s/.* B=\([0-9]*\):.*/\1/p' "$dir/err")
	present=$(anonymous_pages "$child")
	for byte in S S S E; do
		go_on
		await $byte
	done
	go_on
	end_synced
	[ "$present" = 23 ]
	tap $? "a child is born with the pages of the region and no others"
}

test_constant() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		outside_at_end 1000
		outside_at_end 2000
	done >"$dir/totals" 2>&1
	# Where the kernel began the stack adds what it took itself: up to two.
	[ "$(sort -un "$dir/totals" | wc -l)" -le 3 ] &&
		! grep -q '[^0-9]' "$dir/totals"
	tap $? "memory outside of the region does not depend on the pages"
}

test_reader_gone() {
	"$cowstat" workload child-write --sync-in 0 --sync-out 1 \
		</dev/null >/dev/null 2>"$dir/err"
	[ $? = 2 ] && grep -q 'reader of --sync-out has gone' "$dir/err"
	tap $? "a reader that goes away ends it"
}

test_steps() {
	yes '' | "$cowstat" workload textbook --steps >"$dir/out" 2>"$dir/err"
	[ "${PIPESTATUS[1]}" = 0 ] && [ "$(value broken_parent)" = 1 ] &&
		[ "$(grep -c '^step [1-5]/5 A=[0-9]*.*: ' "$dir/err")" = 5 ]
	tap $? "textbook --steps tells five steps"
}

for name in $("$cowstat" workload --list | cut -d' ' -f1); do
	test_workload "$name"
done
for name in prefork fork-chain fork-repeat threads; do
	runs_as_foretold "$name" --workers 64
	tap $? "$name with 64 workers takes the faults foretold"
done
test_special
test_list
test_skipped
test_constant
test_isolated
test_reader_gone
test_steps
refuses 'which one?'
refuses "there is no 'nope'" nope
refuses "'two' is too much" child-write two
refuses 'a number from 1 to' child-write --pages 0
refuses 'a number from 1 to' child-write --pages 12x
refuses 'a number from 1 to' child-write --pages -3
refuses 'a number from 1 to' child-write --pages 99999999999999999999
refuses 'a multiple of 512' huge-fill --pages 1000
refuses 'no --workers to choose' child-write --workers 2
refuses 'a number from 1 to 64' prefork --workers 65
refuses 'no such open descriptor' child-write --sync-in 99
refuses 'belong together' child-write --sync-out 1
refuses '--all belongs to --list' --all child-write
refuses "unknown option '--wrong'" child-write --wrong
echo "1..$nr"
exit $failed
