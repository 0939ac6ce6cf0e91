#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh KERNEL: builds the module for that kernel once for each way to break it
# that is below, as KERNEL/WAY.ko beside this script: it must refuse to load (see
# ../kernel/calibrate.sh). Prints TAP.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"

KERNEL=$1
DIR=$BUILD/broken/$KERNEL
OUT=$ROOT/selftests/broken/$KERNEL
number=0 failed=0

# A function that the kernel has and that no fault of the calibration comes by
ELSEWHERE='"do_swap_page"'

# wrong_hook CALLBACK: it sits on that function
wrong_hook() {
	printf 's/COW_ENTRY([A-Za-z_"]*, \\(%s\\)/COW_ENTRY(%s, \\1/' "$1" "$ELSEWHERE"
}

# The way, the file of module/ that is changed, and how
ways() {
	printf '%s\t%s\t%s\n' \
		hook hook.c "$(wrong_hook 'cow_on_new_anon_rmap[a-z_]*')" \
		write_hook hook.c "$(wrong_hook cow_on_do_wp_page)" \
		site classify.c '/COW_SITE_\(ZERO\|MAP\|HANDLER\) }/d' \
		file_site classify.c '/COW_SITE_FILE }/d' \
		huge_site classify.c '/huge_pmd_anonymous_page"\|"map_anon_folio_pmd/d' \
		twice fault.c 's/charge(vma, COW_BIT(COW_ZERO_FILLED), pages)/charge(vma, COW_BIT(COW_ZERO_FILLED), 2 * pages)/' \
		read_twice zeroread.c 's/cow_fault_charge(mm, COW_BIT(COW_ZERO_MAPPED), 1)/cow_fault_charge(mm, COW_BIT(COW_ZERO_MAPPED), 2)/'
}

# Built as the module was before this, or else none of its objects would do.
module() {
	"$VM_DIR/module.sh" --in "$DIR" "$KERNEL" -s W=1 KCFLAGS=-Werror
}

# broken FILE SCRIPT: the copy's file, unless the script finds nothing to change
broken() {
	local file=module/$1

	sed "$2" "$ROOT/$file" >"$DIR/$file"
	! cmp -s "$ROOT/$file" "$DIR/$file" || { echo "'$2' changes nothing in $file"; return 1; }
}

# mend FILE: the copy's file is newer than the original all the same
mend() {
	cp "$ROOT/module/$1" "$DIR/module"
}

# build WAY FILE SCRIPT
build() {
	local status=0

	broken "$2" "$3" && module || status=1
	mend "$2"
	((!status)) && strip --strip-debug -o "$OUT/$1.ko" "$DIR/cowstat.ko"
}

# The copy, with all its objects. In the root of another suite the directory that they
# are built in has one name: they can be had from there.
whole() {
	local output built

	built=$(. "$(kernel_env "$KERNEL")" && echo "${KROOT:+${KO%/*}}")
	if [[ $built && -d $built && ! -d $DIR ]]; then
		mkdir -p "${DIR%/*}"
		cp -a "$built" "$DIR"
	fi
	output=$(module 2>&1) && return
	tail -n 5 <<<"$output" | sed 's/^/# /'
	echo "Bail out! the module cannot be built"
	exit 1
}

main() {
	local way file script output verdict

	rm -rf "$OUT"
	mkdir -p "$OUT"
	echo "1..$(ways | wc -l)"
	whole
	while IFS=$'\t' read -r way file script; do
		verdict=ok
		output=$(build "$way" "$file" "$script" 2>&1 </dev/null) || {
			verdict='not ok' failed=1
			tail -n 5 <<<"$output" | sed 's/^/# /'
		}
		echo "$verdict $((++number)) $way"
	done < <(ways)
	exit $failed
}

main
