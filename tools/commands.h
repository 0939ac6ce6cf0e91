/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COWSTAT_COMMANDS_H
#define COWSTAT_COMMANDS_H

/* argv[0] is the command's name. Each answers to --help and returns the status. */
int cmd_run(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_stacks(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_workload(int argc, char **argv);

#endif
