#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# merge.sh: KSM: what it merges and copies back itself, and copies that lose races.

exec "$(dirname "$0")/merge"
