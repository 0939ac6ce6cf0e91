#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# read_pin.sh: what one was left alone with, huge pages too, is pinned to be read.

exec "$(dirname "$0")/read_pin"
