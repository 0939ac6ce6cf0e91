#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compile.sh: the compiler's driver, which runs compiler, assembler and linker with
# vfork, and what came of it.

set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

{
	echo '#include <stdio.h>'
	for i in {1..50}; do
		echo "static int f$i(int n) { return n < 2 ? n : f$i(n - 1) + $i; }"
	done
	echo 'int main(void) { return printf("%d\n", f1(3) + f50(2)) < 0; }'
} >"$dir/small.c"
gcc -O1 -pipe -o "$dir/small" "$dir/small.c"
"$dir/small"
