#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make check-sanitized: the tests of the module, in a kernel that watches over
# memory and locks. First each of its checkers has to report a fault made on
# purpose (alive/faults), or the silence of the rest means nothing; then come the
# KUnit tests, all kselftests and `cowstat verify`, which fail if the kernel
# reports anything or memory leaks. The outputs stay in build/check-sanitized.

set -uo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"
# shellcheck source=selftests/run.sh
. "$ROOT/selftests/run.sh"

DIR=selftests/sanitize
OUT=$BUILD/check-sanitized
RESULTS=$OUT/results
