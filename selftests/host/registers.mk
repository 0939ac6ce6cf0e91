# SPDX-License-Identifier: GPL-2.0
#
# The registers of the direct call, as each compiler makes it.

registers-dir := $(dir $(lastword $(MAKEFILE_LIST)))

registers-build:

registers-check:
	@echo "# $(registers-dir)registers.sh"; $(registers-dir)registers.sh

registers-clean:
	rm -rf $(registers-dir)../../build/host-registers

.PHONY: registers-build registers-check registers-clean
