/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cowstat verify --witness: a command, or each workload, is run with the witnesses
 * beside it. All return the exit status of the tool.
 */
#ifndef COWSTAT_VERIFY_WITNESS_H
#define COWSTAT_VERIFY_WITNESS_H

#include "witness.h"
#include "witness_report.h"

struct verify_witness {
	int device;
	struct witness witness;
	struct witness_report report;
};

int verify_witness_open(struct verify_witness *verify, int device, bool json);
int verify_witness_close(struct verify_witness *verify);

int verify_witness_workload(struct verify_witness *verify, const char *name, const char *pages);
int verify_witness_command(struct verify_witness *verify, char **command);

#endif
