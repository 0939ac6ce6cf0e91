#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# registers.sh: the direct call from the entry of __handle_mm_fault() keeps that
# function's arguments: the object code of the stub (module/straight.S) and of what it
# calls, as gcc and each clang compile them with the kernel's own flags, is linked to a
# program that calls it with all registers set. One that a compiler's attribute alone
# shall make keep them (registers_attribute.c) must be found out. Prints TAP.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"

HERE=$ROOT/selftests/host
OUT=$BUILD/host-registers
number=0 failed=0

# result STATUS NAME [FILE]: what FILE says of errors is why, if it is not 0
result() {
	if [[ $1 == 0 ]]; then
		echo "ok $((++number)) - $2"
	else
		[[ ! ${3:-} ]] || grep -E 'error|changes|calls' "$3" | head -n 10 | sed 's/^[^#]/# &/'
		echo "not ok $((++number)) - $2"
		failed=1
	fi
}

skip() {
	echo "ok $((++number)) - $1 # SKIP $2"
}

clangs() {
	local path

	for path in /usr/bin/clang-[0-9]*; do
		[[ ${path##*-} == *[!0-9]* || ! -x $path ]] || echo "${path##*/}"
	done
}

# compile CC: leaves module/straight.o and module/fault.o in OUT/CC. What a compiler
# cannot do for the returns of this kernel is of no matter here.
compile() {
	local cc=$1 dir=$OUT/$1
	local -a options=()

	[[ $cc != clang* ]] || options=(CC="$cc" CONFIG_RETHUNK= CONFIG_MITIGATION_RETHUNK=)
	[[ $cc != clang-1[0-5] ]] || options+=(CONFIG_CC_HAS_AUTO_VAR_INIT_ZERO_ENABLER=y)
	mkdir -p "$dir"
	cp -pu "$ROOT"/{Makefile,Kbuild} "$dir"
	(cd "$ROOT" && find module \( -name '*.[chS]' -o -name offers.sh \) \
		! -name offsets.h ! -name offers.h -exec cp -pu --parents -t "$dir" {} +)
	make -C "$dir" objects KDIR="$KDIR_VM" OBJECTS='module/straight.o module/fault.o' \
		"${options[@]}"
}

# link PROGRAM STRAIGHT OBJECT…: whatever else the objects want, nobody calls
link() {
	local program=$1 straight=$2
	shift 2

	gcc -O1 -Wall -Wextra -Werror -no-pie -static -DSTRAIGHT="$straight" \
		-I"$OUT/gcc/module" -Wl,--unresolved-symbols=ignore-all \
		-Wl,--no-warnings -o "$program" "$HERE"/registers{.c,_call.S} "$@"
}

# keeps CC: the module's
keeps() {
	local dir=$OUT/$1

	compile "$1" >"$dir.log" 2>&1 &&
		link "$dir/registers" 1 "$dir"/module/{straight,fault}.o >>"$dir.log" 2>&1 &&
		"$dir/registers" >"$dir.log"
}

# untraced CC: entries of functions as clang makes them are not those that ftrace of a
# kernel built by gcc expects, which then switches itself off
untraced() {
	! readelf -SW "$OUT/$1"/module/{straight,fault}.o | grep -E '__mcount_loc|__fentry__' |
		sed 's/^/error: to be traced:/' | tee "$OUT/$1.log" | grep -q .
}

# attribute CC: what the attribute alone leaves changed
attribute() {
	local dir=$OUT/$1

	"$1" -O2 -mgeneral-regs-only -mno-red-zone -fno-pic -c -o "$dir/attribute.o" \
		"$HERE/registers_attribute.c" >"$dir.log" 2>&1 &&
		link "$dir/attribute" 0 "$dir/attribute.o" >>"$dir.log" 2>&1 || return 2
	"$dir/attribute" >"$dir.log"
}

main() {
	local cc some=''

	. "$VM_ENV"
	mkdir -p "$OUT"
	keeps gcc
	result $? "gcc: arguments are kept" "$OUT/gcc.log"
	for cc in $(clangs); do
		some=1
		keeps "$cc"
		result $? "$cc: arguments are kept" "$OUT/$cc.log"
		untraced "$cc"
		result $? "$cc: no function is there for ftrace to patch" "$OUT/$cc.log"
		attribute "$cc"
		[[ $? == 1 ]] && grep -q 'changes rdi' "$OUT/$cc.log"
		result $? "$cc: one that does not keep them is found out" "$OUT/$cc.log"
	done
	[[ $some ]] || skip "clang: arguments are kept" "no clang here: selftests/vm/setup.sh installs it"
	echo "1..$number"
	exit $failed
}

main
