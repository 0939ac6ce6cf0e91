// SPDX-License-Identifier: GPL-2.0
/*
 * fail_load cowstat.ko fail_init.ko: loads the module again and again, and lets
 * the first allocation of its initialization fail, then the second, until none is
 * left to fail. If it cannot be loaded it must leave nothing behind; if it can
 * all the same it is taken out again. Prints TAP.
 *
 * An attempt takes a second. All of the first and the last allocations are tried:
 * tables and caches, hooks, the calibration and files. Between them the module
 * allocates the same over and over, for its reserves and for each running process:
 * only some of these are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define FAIL_INIT	"/sys/module/fail_init/parameters/nth"
#define DEBUG		"/sys/kernel/debug/"

#define ALL_FIRST	40
#define ALL_LAST	120
/* Of those in between: a prime, so that no place in a repetition is left out. */
#define STRIDE		7
/* More allocations than there are */
#define TOO_MANY	1000000

/* What one attempt to load it came to */
struct attempt {
	int error;
	bool failed;		/* an allocation was made to fail */
	unsigned int left;	/* that many more would have been needed for it */
};

static void bail_out(const char *path)
{
	printf("Bail out! cannot read or write %s: %s\n", path, strerror(errno));
	exit(1);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* Those that wait for memory are to fail too, and single pages; in silence. */
static bool prepare(const char *fail_init)
{
	int module = open(fail_init, O_RDONLY | O_CLOEXEC);

	return module >= 0 && !syscall(SYS_finit_module, module, "", 0) &&
	       write_text(DEBUG "failslab/ignore-gfp-wait", "N") &&
	       write_text(DEBUG "failslab/verbose", "0") &&
	       write_text(DEBUG "fail_page_alloc/ignore-gfp-wait", "N") &&
	       write_text(DEBUG "fail_page_alloc/min-order", "0") &&
	       write_text(DEBUG "fail_page_alloc/verbose", "0");
}

/*
 * The kernel counts down to 0, where it lets one fail. It counts what is copied
 * from and to here too: if it was not at 0 yet it may get there now.
 */
static void read_left(int fail, struct attempt *attempt)
{
	char left[16] = "1";

	if ((pread(fail, left, sizeof(left) - 1, 0) < 0 && errno != EFAULT) ||
	    (pwrite(fail, "0", 1, 0) < 0 && errno != EFAULT))
		bail_out(FAIL_NTH);
	attempt->left = strtoul(left, NULL, 10);
	attempt->failed = !attempt->left;
}

static struct attempt load(int module, int fail, unsigned int nth)
{
	struct attempt attempt = { };
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	if (!write_text(FAIL_INIT, text))
		bail_out(FAIL_INIT);
	if (syscall(SYS_finit_module, module, "", 0))
		attempt.error = errno;
	read_left(fail, &attempt);
	return attempt;
}

static bool nothing_left(void)
{
	static const char *const paths[] = {
		"/proc/cowstat", "/dev/cowstat", "/sys/module/cowstat",
		"/sys/class/misc/cowstat",
	};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (access(paths[i], F_OK))
			continue;
		printf("# %s is still there\n", paths[i]);
		return false;
	}
	return true;
}

/* Is it as it must be after that? */
static bool right(unsigned int nth, const struct attempt *attempt)
{
	if (!attempt->error && syscall(SYS_delete_module, "cowstat", 0)) {
		printf("# allocation %u: cannot unload: %s\n", nth, strerror(errno));
		return false;
	}
	if (attempt->error && attempt->error != ENOMEM) {
		printf("# allocation %u: %s\n", nth, strerror(attempt->error));
		return false;
	}
	return nothing_left();
}

static unsigned int next(unsigned int nth, unsigned int all)
{
	bool between = nth > ALL_FIRST && nth + STRIDE + ALL_LAST < all;

	return nth + (between ? STRIDE : 1);
}

/* How many allocations there are, if none fails */
static unsigned int count(int module, int fail)
{
	struct attempt attempt = load(module, fail, TOO_MANY);

	if (attempt.error || !right(0, &attempt)) {
		printf("Bail out! without a failure: %s\n", strerror(attempt.error));
		exit(1);
	}
	return TOO_MANY - attempt.left;
}

int main(int argc, char **argv)
{
	int module = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	int fail = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	unsigned int nth = 1, tried = 0, refused = 0, wrong = 0, all;
	struct attempt attempt;

	printf("TAP version 13\n1..3\n");
	if (module < 0 || fail < 0 || !prepare(argv[2])) {
		printf("Bail out! no module, or no fault injection: %s\n",
		       strerror(errno));
		return 1;
	}
	all = count(module, fail);
	for (;; nth = next(nth, all)) {
		attempt = load(module, fail, nth);
		wrong += !right(nth, &attempt);
		if (!attempt.failed || wrong == 10)
			break;
		tried++;
		refused += attempt.error != 0;
	}
	printf("# of %u allocations %u failed, %u of them for good\n",
	       nth - 1, tried, refused);
	printf("%sok 1 each time all is left as it was\n", wrong ? "not " : "");
	printf("%sok 2 some failures are fatal\n", refused ? "" : "not ");
	printf("%sok 3 without a failure it can be loaded\n",
	       attempt.failed || attempt.error ? "not " : "");
	return wrong || !refused || attempt.failed || attempt.error;
}
