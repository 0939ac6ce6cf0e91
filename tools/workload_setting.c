// SPDX-License-Identifier: GPL-2.0
#include "workload_setting.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

#define SETTINGS_MAX	8

static struct setting {
	char path[96];
	char before[96];
} settings[SETTINGS_MAX];

static volatile sig_atomic_t nr_settings;
static void (*volatile undo_last)(void);

int setting_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -1;
	got = read(fd, text, size - 1);
	close(fd);
	if (got < 0)
		return -1;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

__u64 setting_number(const char *path)
{
	char text[32];

	return setting_read(path, text, sizeof(text)) ? 0 : strtoull(text, NULL, 10);
}

int setting_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length = strlen(text);
	int error = 0;

	if (fd < 0)
		return -1;
	if (write(fd, text, length) != length)
		error = -1;
	close(fd);
	return error;
}

void setting_restore(void)
{
	if (undo_last)
		undo_last();
	undo_last = NULL;
	while (nr_settings) {
		const struct setting *setting = &settings[nr_settings - 1];

		setting_write(setting->path, setting->before);
		nr_settings--;
	}
}

/* The default action follows: SA_RESETHAND. */
static void restore_and_die(int signal)
{
	setting_restore();
	raise(signal);
}

static void restore_on_signals(void)
{
	static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	const struct sigaction action = {
		.sa_handler = restore_and_die,
		.sa_flags = SA_RESETHAND | SA_NODEFER,
	};
	struct sigaction before;

	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
		sigaction(deadly[i], NULL, &before);
		if (before.sa_handler == SIG_DFL)
			sigaction(deadly[i], &action, NULL);
	}
}

void setting_on_end(void (*undo)(void))
{
	undo_last = undo;
	restore_on_signals();
}

/* Of "always [madvise] never" the chosen word. */
static void pick_chosen(char *text)
{
	char *chosen = strchr(text, '[');

	if (!chosen)
		return;
	memmove(text, chosen + 1, strlen(chosen));
	text[strcspn(text, "]")] = '\0';
}

int setting_change(const char *path, const char *text)
{
	struct setting *setting = &settings[nr_settings];

	if (nr_settings == SETTINGS_MAX || strlen(path) >= sizeof(setting->path))
		return fail("workload: cannot keep what was in %s", path);
	if (setting_read(path, setting->before, sizeof(setting->before)))
		return fail("workload: cannot read %s: %s", path, strerror(errno));
	pick_chosen(setting->before);
	strcpy(setting->path, path);
	restore_on_signals();
	nr_settings++;
	if (setting_write(path, text))
		return fail("workload: cannot write '%s' to %s: %s", text, path,
			    strerror(errno));
	return 0;
}

int setting_change_number(const char *path, __u64 number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return setting_change(path, text);
}
