#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh [KERNEL…]: make bench. What page faults, a fork and an exit cost without
# the module, with it and after it was taken out again; on the first kernel also
# what BPF programs cost that count the same, the costs beside 10, 1000 and 30000
# other processes, the memory for a process, and how long locks are held at most. In
# virtual machines whose clock counts instructions, so the figures are the same on
# every machine; but for what others notice of curious users, which is time. Exit 1 if a
# limit (see table.awk) is broken. What was measured goes to build/bench/KERNEL,
# and if it was all, to docs/costs.json and docs/costs.md.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"
# shellcheck source=selftests/vm/packages.sh
. "$VM_DIR/packages.sh"

OUT=$BUILD/bench
LOG=$BUILD/bench-apt.log
BENCH=selftests/bench
ALL=(6.1 6.12 7.3)
# What the peers are built with
PACKAGES=(clang llvm libbpf-dev bpftool libelf-dev zlib1g-dev)

# guest KERNEL WHAT [OPTION…]: WHAT may have arguments
# shellcheck disable=SC2086
guest() {
	local kernel=$1 what=$2
	shift 2

	vm --kernel "$kernel" --timeout 7200 --out "$OUT/$kernel" \
		--log "$OUT/$kernel/console-${what%% *}.log" "$@" -- \
		$BENCH/bench_guest.sh $what >&2
}

measure() {
	local kernel=$1

	mkdir -p "$OUT/$kernel"
	selftests/vm/module.sh "$kernel" -s >&2
	say "$kernel: faults, forks and exits, 2 minutes"
	guest "$kernel" times --icount
	[[ $kernel == "${ALL[0]}" ]] || return 0
	guest "$kernel" processors
	say "$kernel: beside up to 30000 processes, 5 minutes"
	guest "$kernel" scale --icount --mem 6G
	say "$kernel: what others notice of curious users, 3 minutes"
	make -s -C selftests/storm curious >&2
	guest "$kernel" curious --mem 8G
	say "$kernel: locks beside 65536 processes and readers of all kinds, 20 minutes"
	build_lockhold "$kernel"
	guest "$kernel" "locks 65536 1000 1000" --icount --possible 8 --mem 10G
}

# build_lockhold KERNEL: of this machine's headers
build_lockhold() {
	. "$(kernel_env "$1")"
	make -s -C "$KDIR" M="$PWD/$BENCH/lockhold" modules >&2
}

# table KERNEL: exit 1 if a limit is broken
table() {
	local dir=$OUT/$1 name
	local -a files=()

	for name in bare loaded events unloaded loaded-again events-again libbpf bpftrace memory locks curious threads-bare threads-loaded scale-10 scale-1000 scale-30000; do
		[[ ! -e $dir/$name ]] || files+=("$dir/$name")
	done
	awk -v KERNEL="$1" -v RELEASE="$(sed -n 's/^KRELEASE=//p' "$(kernel_env "$1")")" \
		-v JSON="$dir/bench.json" -v MARKDOWN="$dir/bench.md" \
		-f $BENCH/table.awk "${files[@]}"
}

# publish KERNEL…: in docs/
publish() {
	local kernel

	jq -s . "${@/%//bench.json}" >docs/costs.json
	{
		cat $BENCH/costs.md.in
		for kernel; do
			cat "$kernel/bench.md"
		done
	} >docs/costs.md
}

main() {
	local -a kernels=("${@:-${ALL[@]}}")
	local kernel bad=0

	cd "$ROOT"
	mkdir -p "$BUILD"
	: >"$LOG"
	for kernel in "${kernels[@]}"; do
		selftests/vm/setup.sh "$kernel"
	done
	install_packages "${PACKAGES[@]}"
	make -s -C $BENCH >&2
	rm -rf "$OUT"
	for kernel in "${kernels[@]}"; do
		measure "$kernel"
	done
	for kernel in "${kernels[@]}"; do
		table "$kernel" || bad=1
	done
	[[ ${kernels[*]} != "${ALL[*]}" ]] || publish "${kernels[@]/#/$OUT/}"
	exit $bad
}

main "$@"
