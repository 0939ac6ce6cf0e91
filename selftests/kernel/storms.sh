#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# All storms in their short form; make soak runs them for longer.

exec "$(dirname "$0")/../storm/soak_guest.sh"
