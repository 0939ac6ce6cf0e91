// SPDX-License-Identifier: GPL-2.0
/*
 * A process whose first thread has exited. It prints its pid then, and ends
 * when its standard input does.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_t first;

static void *second(void *unused)
{
	char byte;

	pthread_join(first, NULL);
	printf("%d\n", getpid());
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(0);
}

int main(void)
{
	pthread_t thread;

	first = pthread_self();
	if (pthread_create(&thread, NULL, second, NULL))
		return 1;
	pthread_exit(NULL);
}
