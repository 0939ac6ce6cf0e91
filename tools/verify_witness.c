// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "say.h"
#include "spawn.h"
#include "verify_witness.h"

int verify_witness_open(struct verify_witness *verify, int device, bool json)
{
	struct cowstat_info info;
	int error = client_info(device, &info);

	if (error)
		return fail("%s", client_explain(error));
	verify->device = device;
	witness_report_open(&verify->report, json, info.page_size);
	/* Daemons are waited for as well. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return fail("cannot wait for the ends of daemons: %s", strerror(errno));
	return witness_open(&verify->witness);
}

int verify_witness_close(struct verify_witness *verify)
{
	witness_close(&verify->witness);
	witness_report_close(&verify->report);
	return verify->report.nr_wrong ? EXIT_DIFFERENT : 0;
}

static void wait_for_all(void)
{
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* From the fork on: that of the next child is opened before there is one. */
static int start(struct verify_witness *verify, struct spawn *spawn, char **command, int *tree)
{
	int error = witness_begin(&verify->witness);

	if (error)
		return error;
	*tree = client_open_tree(verify->device, 0, COWSTAT_TREE_NEXT_CHILD);
	if (*tree < 0)
		return fail("cannot watch '%s': %s", command[0], client_explain(*tree));
	error = spawn_hold(spawn, command);
	if (error) {
		close(*tree);
		return fail("cannot start a process: %s", strerror(-error));
	}
	return 0;
}

static int finish(struct verify_witness *verify, const struct spawn *spawn, int tree,
		  const char *name)
{
	struct testimony testimonies[TESTIMONIES] = { 0 };
	struct reading_state state;
	struct cowstat_read read;
	int error;

	wait_for_all();
	error = client_read(tree, &read);
	if (error)
		return fail("cannot read the counters: %s", client_explain(error));
	state = reading_state(read.state, read.lost);
	error = witness_end(&verify->witness, spawn->pid, &read.counters, testimonies);
	if (!error)
		witness_report_add(&verify->report, name, testimonies, &state);
	return error;
}

/* @status: the command's own. What a skipped workload did says nothing. */
static int watch(struct verify_witness *verify, const char *name, struct spawn *spawn, int tree,
		 char **command, int *status)
{
	int error = spawn_release(spawn);

	if (error)
		return fail("'%s' cannot be executed: %s", command[0], strerror(-error));
	*status = spawn_wait(spawn);
	if (*status != EXIT_SKIPPED)
		return finish(verify, spawn, tree, name);
	wait_for_all();
	witness_report_skipped(&verify->report, name);
	return 0;
}

int verify_witness_command(struct verify_witness *verify, char **command)
{
	const char *slash = strrchr(command[0], '/');
	struct spawn spawn;
	int tree, status;
	int error = start(verify, &spawn, command, &tree);

	if (error)
		return error;
	error = watch(verify, slash ? slash + 1 : command[0], &spawn, tree, command, &status);
	close(tree);
	if (!error && status)
		return fail("'%s' ended with status %d", command[0], status);
	return error;
}

/* What the workload says goes nowhere. */
static int start_mute(struct verify_witness *verify, struct spawn *spawn, char **command, int *tree)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int error;

	if (nowhere < 0 || before < 0)
		return fail("cannot redirect the output: %s", strerror(errno));
	dup2(nowhere, STDOUT_FILENO);
	error = start(verify, spawn, command, tree);
	dup2(before, STDOUT_FILENO);
	close(before);
	close(nowhere);
	return error;
}

int verify_witness_workload(struct verify_witness *verify, const char *name, const char *pages)
{
	char *command[] = { "/proc/self/exe", "workload", (char *)name,
			    pages ? "--pages" : NULL, (char *)pages, NULL };
	struct spawn spawn;
	int tree, status;
	int error = start_mute(verify, &spawn, command, &tree);

	if (error)
		return error;
	error = watch(verify, name, &spawn, tree, command, &status);
	close(tree);
	if (!error && status && status != EXIT_SKIPPED)
		return fail("workload '%s' ended with status %d", name, status);
	return error;
}
