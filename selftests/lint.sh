#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make lint: checkpatch, sparse, gcc W=1 and shellcheck on the project, as TAP.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/vm/lib.sh"

number=0 failed=0

# no_output NAME CMD…: passes if CMD says nothing and ends well
no_output() {
	local name=$1 output
	shift

	if output=$("$@" 2>&1) && [[ ! $output ]]; then
		echo "ok $((++number)) $name"
		return
	fi
	sed 's/^/# /' <<<"$output"
	echo "not ok $((++number)) $name"
	failed=1
}

c_files() {
	find "$@" -name '*.[chS]' ! -name '*.mod.c' ! -name offsets.h ! -name offers.h | sort
}

# Tables of macros cannot be enclosed in parentheses. To ask whether another one
# holds a lock asserts nothing.
MODULE_IGNORE=COMPLEX_MACRO,BRACKET_SPACE,CONSTANT_COMPARISON,USE_LOCKDEP
# Outside of the kernel its macros and its rules for errno do not exist.
TOOLS_IGNORE=$MODULE_IGNORE,ARRAY_SIZE,NEW_TYPEDEFS
TOOLS_IGNORE+=,PREFER_DEFINED_ATTRIBUTE_MACRO,VOLATILE,AVOID_EXTERNS,STATIC_CONST_CHAR_ARRAY,EMBEDDED_FUNCTION_NAME
# A suite of tests is one macro, on the host as in the kernel.
TESTS_IGNORE=$TOOLS_IGNORE,TRAILING_SEMICOLON

# checkpatch IGNORED FOLDER…
checkpatch() {
	local ignored=$1
	local -a files
	shift

	mapfile -t files < <(c_files "$@")
	perl "$CHECKPATCH" --no-tree --quiet --terse --no-summary \
		--max-line-length=100 --ignore "$ignored" -f "${files[@]}"
}

# The warnings of gcc and sparse. With build.sh's flags, so that in one run with
# it nothing is compiled again.
compile() {
	make -s module KDIR="$KDIR_VM" C=2 W=1 KCFLAGS=-Werror 2>&1 |
		grep -E '(warning|error|WARNING|ERROR):|\*\*\*' |
		grep -v 'the compiler differs' || :
}

scripts() {
	local -a files

	mapfile -t files < <(find module selftests tools .ci -type f -exec grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell' {} + | sort)
	shellcheck -x -S warning "${files[@]}"
}

manuals() {
	local page

	for page in tools/bpftrace/man/*.8; do
		groff -man -ww -z -T utf8 "$page"
	done
}

# Each has a manual of its own.
scripts_have_manuals() {
	local script

	for script in tools/bpftrace/*.bt; do
		[[ -e ${script%/*}/man/${script##*/}.8 ]] || echo "$script has no manual"
	done
}

main() {
	cd "$ROOT" || exit
	selftests/vm/setup.sh || exit
	. "$VM_ENV"
	echo "1..7"
	no_output "checkpatch module" checkpatch "$MODULE_IGNORE" module
	no_output "checkpatch tools" checkpatch "$TOOLS_IGNORE" tools
	no_output "checkpatch test modules" checkpatch "$TESTS_IGNORE" \
		selftests/kunit selftests/sanitize
	no_output "sparse and gcc W=1 module" compile
	no_output "shellcheck" scripts
	no_output "manuals" manuals
	no_output "a manual for each script" scripts_have_manuals
	exit $failed
}

main
