// SPDX-License-Identifier: GPL-2.0
#include "commands.h"
#include "say.h"
int cmd_verify(int argc, char **argv)
{
	(void)argc, (void)argv;
	return fail("verify: not yet");
}
