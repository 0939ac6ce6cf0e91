#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Forks, execs, threads and exits among KSM, huge pages, mremap, madvise, ptrace,
# userfaultfd and swap, and exact books afterwards.

# shellcheck source=selftests/storm/lib.sh
. "$(dirname "$0")/lib.sh"

export -f everything stress until_end
export KERNEL

memory_features
load "${KEEP_ALL[@]}" || exit 1
books --may origin,flight bash -c "everything $LENGTH"
unload
memory_features_off
nothing_left
exit $failed
