#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# pipeline.sh: a shell, its subshells and what they run, as scripts mostly do.

set -euo pipefail

count() {
	find /usr/share /etc -type f 2>/dev/null | sed 's/.*\.//' | sort | uniq -c | sort -rn
}

for _ in 1 2 3; do
	most=$(count | awk 'NR <= 3 { print $2 }' | tr '\n' ' ')
done
[[ $most ]]
echo "the most usual endings of files: $most"
