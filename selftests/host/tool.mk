# SPDX-License-Identifier: GPL-2.0
#
# Tests of the command that need no kernel: the parts by themselves, and the
# whole command on a device that is only pretended (tool_fake_device.c).

tool-dir   := $(dir $(lastword $(MAKEFILE_LIST)))
tool-src   := $(tool-dir)../../tools
tool-build := $(tool-dir)../../build/host-tool
tool-flags  = -std=gnu11 -D_GNU_SOURCE -I$(tool-src) -I$(tool-dir)../../module/uapi \
	      -Wall -Wextra $(WERROR) -g

# The parts of the command that the tests of parts are linked with.
tool-parts := $(addprefix $(tool-src)/,compare.c counters.c output.c report.c say.c \
		snapshot.c units.c)
tool-all    = $(wildcard $(tool-src)/*.c $(tool-src)/*.S)
tool-heads  = $(wildcard $(tool-src)/*.h) $(tool-dir)../../module/uapi/linux/cowstat.h

tool-tests := $(tool-build)/test_tool_report $(tool-build)/test_tool_compare \
	      $(tool-dir)test_tool_cli.sh

$(tool-build)/test_tool_%: $(tool-dir)test_tool_%.c $(tool-dir)test_tool.h $(tool-parts) $(tool-heads)
	@mkdir -p $(@D)
	$(CC) $(tool-flags) -o $@ $< $(tool-parts) -ljson-c

$(tool-build)/cowstat-fake: $(tool-dir)tool_fake_device.c $(tool-all) $(tool-heads)
	@mkdir -p $(@D)
	$(CC) $(tool-flags) -Wl,--wrap=open,--wrap=ioctl -o $@ $< $(tool-all) -ljson-c

tool-build: $(filter $(tool-build)/%,$(tool-tests)) $(tool-build)/cowstat-fake

tool-check: tool-build
	@set -e; for test in $(tool-tests); do \
		echo "# $$test"; COWSTAT_FAKE_COMMAND=$(tool-build)/cowstat-fake $$test; done

tool-clean:
	rm -rf $(tool-build)

.PHONY: tool-build tool-check tool-clean
