#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# write_protect.sh: writes to pages that a userfaultfd protects.

exec "$(dirname "$0")/write_protect"
