# SPDX-License-Identifier: GPL-2.0
#
# Tests of the workloads: the model by itself, and each workload as it runs on
# this machine, which needs no module.

workload-dir   := $(dir $(lastword $(MAKEFILE_LIST)))
workload-src   := $(workload-dir)../../tools
workload-build := $(workload-dir)../../build/host-workload
workload-flags  = -std=gnu11 -D_GNU_SOURCE -I$(workload-src) \
		  -I$(workload-dir)../../module/uapi -Wall -Wextra $(WERROR) -g -O2

workload-pure  := $(addprefix $(workload-src)/workload_,catalog.c model.c plan.c) \
		  $(wildcard $(workload-src)/workload_replay_*.c $(workload-src)/workload_special_*.c)
workload-heads  = $(wildcard $(workload-src)/workload*.h) $(workload-dir)test_tool.h

workload-tests := $(workload-build)/test_workload_model \
		  $(workload-dir)test_workload_run.sh

$(workload-build)/test_workload_%: $(workload-dir)test_workload_%.c $(workload-pure) $(workload-heads)
	@mkdir -p $(@D)
	$(CC) $(workload-flags) -o $@ $< $(workload-pure)

$(workload-build)/zero_page: $(workload-dir)zero_page.c
	@mkdir -p $(@D)
	$(CC) $(workload-flags) -o $@ $<

workload-build: $(filter $(workload-build)/%,$(workload-tests)) $(workload-build)/zero_page
	$(MAKE) -C $(workload-src)

workload-check: workload-build
	@set -e; for test in $(workload-tests); do echo "# $$test"; $$test; done

workload-clean:
	rm -rf $(workload-build)

.PHONY: workload-build workload-check workload-clean
