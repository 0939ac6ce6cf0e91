# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# hold.sh DIR: bpftrace's command, which it runs once all probes are attached, and
# with which it ends: says so, and waits to be told to.

echo attached >"$1/ready"
read -r _ <"$1/end"
