// SPDX-License-Identifier: GPL-2.0
/*
 * lockcost PROCESSES CHAIN HANDLES MODULE [PARAMETER]... - what the locks of the module
 * have to bear
 *
 * An ordinary user has so many processes, of which CHAIN are a chain. Beside them, and
 * a bystander that forks, execs, faults and exits, the module is loaded. Then the user
 * has so many tree handles on the chain's members, and as many that wait for the exec
 * of its root. Readers of every kind read at full speed meanwhile, handles of all of it
 * come and go, and the bystander goes on. Then the root of the chain calls exec, members
 * of it exit, and the parent of all the others calls exec, and exits too.
 *
 * How long the locks were held thereby, lockhold (see there) tells.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/cowstat.h>

#include "measure.h"

#define USER		65534
#define MEMBERS_MOST	4096

/* What the processes tell each other, and how often each reader has read. */
static struct {
	pid_t parent;
	pid_t member[MEMBERS_MOST];
	int members;
	unsigned long rounds[16];
	unsigned long forks;
} *board;

static int nr_processes, nr_chain, nr_handles;
static char *self;

static void say(const char *what)
{
	printf("  %s\n", what);
	fflush(stdout);
}

static void become_user(void)
{
	const struct rlimit many = { 200000, 200000 };
	const struct rlimit files = { 8192, 8192 };

	if (setrlimit(RLIMIT_NPROC, &many) || setrlimit(RLIMIT_NOFILE, &files) ||
	    setgroups(0, NULL) || setresgid(USER, USER, USER) ||
	    setresuid(USER, USER, USER))
		die("cannot become an ordinary user");
	prctl(PR_SET_DUMPABLE, 1);
}

/* Nothing is written before it sleeps, so that it has few pages of its own. */
static pid_t start_sleeper(void)
{
	pid_t pid = do_fork();

	if (!pid)
		for (;;)
			syscall(SYS_pause);
	return pid;
}

static void tell(int fd)
{
	if (write(fd, "t", 1) != 1)
		die("write");
}

static void await(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		die("read");
}

/* The parent of all who sleep: told once it calls exec, told again it exits. */
static pid_t start_parent(int n, int ready, int go)
{
	pid_t pid = do_fork();

	if (pid)
		return pid;
	become_user();
	board->parent = getpid();
	for (int i = 0; i < n; i++)
		start_sleeper();
	tell(ready);
	await(go);
	dup2(go, 0);
	execl(self, self, "await", NULL);
	die("exec");
}

/* A chain of so many: each forks the next; told, the first of them calls exec. */
static pid_t start_chain(int n, int ready, int go)
{
	pid_t pid = do_fork();

	if (pid)
		return pid;
	become_user();
	for (int i = 0; i < n; i++) {
		board->member[i] = getpid();
		board->members = i + 1;
		if (i + 1 == n || do_fork())
			break;
	}
	if (getpid() == board->member[n - 1])
		tell(ready);
	if (getpid() == board->member[0]) {
		await(go);
		dup2(go, 0);
		execl(self, self, "await", NULL);
		die("exec");
	}
	for (;;)
		pause();
}

/* Once the bystander is at work. @args: those of insmod, the first one to be its name */
static void load(char **args)
{
	int status;
	pid_t pid;

	while (board->forks < 3)
		usleep(10000);
	pid = do_fork();
	if (!pid) {
		args[0] = "insmod";
		execvp(args[0], args);
		die("insmod");
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("cannot load the module");
}

static int open_device(void)
{
	int fd = open("/dev/cowstat", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/dev/cowstat");
	return fd;
}

static int open_handle(int device, pid_t pid, unsigned int flags)
{
	struct cowstat_tree tree = {
		.size = sizeof(tree), .flags = flags, .pid = pid,
	};

	return ioctl(device, COWSTAT_IOC_TREE, &tree);
}

/* Every third one keeps the gone. They are open until this process ends. */
static void open_handles(int device)
{
	for (int i = 0; i < nr_handles; i++) {
		pid_t pid = board->member[(i * 7) % nr_chain];

		if (open_handle(device, pid, i % 3 ? 0 : COWSTAT_TREE_KEEP) < 0 ||
		    open_handle(device, board->member[0],
				COWSTAT_TREE_FROM_EXEC) < 0)
			die("tree handle");
	}
}

/* The readers. Each reads once in a call. */

static void read_info(int device)
{
	struct cowstat_info info = { .size = sizeof(info) };

	if (ioctl(device, COWSTAT_IOC_INFO, &info))
		die("INFO");
}

static void read_system(int device)
{
	struct cowstat_system system = { .size = sizeof(system) };

	if (ioctl(device, COWSTAT_IOC_SYSTEM, &system))
		die("SYSTEM");
}

static void read_process(int device)
{
	struct cowstat_process process = {
		.size = sizeof(process), .pid = board->parent,
	};

	if (ioctl(device, COWSTAT_IOC_PROCESS, &process) && errno != ESRCH)
		die("PROCESS");
}

static void list_all(int fd, const char *what)
{
	static struct cowstat_row *rows;
	static size_t room;
	struct cowstat_list list = {
		.size = sizeof(list), .row_size = sizeof(*rows),
	};

	if (!rows) {
		room = nr_processes + 10000;
		rows = mmap(NULL, room * sizeof(*rows), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	list.rows = (uintptr_t)rows;
	list.capacity = room;
	if (ioctl(fd, COWSTAT_IOC_LIST, &list))
		die(what);
}

static void read_list(int device)
{
	list_all(device, "LIST");
}

static int handle_of(int device, unsigned int flags)
{
	int handle = open_handle(device, board->parent, flags);

	if (handle < 0 && errno != ESRCH)
		die("tree handle");
	return handle;
}

static void list_handle(int device)
{
	static int handle = -1;

	if (handle < 0)
		handle = handle_of(device, 0);
	if (handle >= 0)
		list_all(handle, "LIST of a handle");
}

static void read_handle(int device)
{
	static int handle = -1;
	struct cowstat_read read = { .size = sizeof(read) };

	if (handle < 0)
		handle = handle_of(device, 0);
	if (handle >= 0 && ioctl(handle, COWSTAT_IOC_READ, &read))
		die("READ");
}

static void open_and_close(int device)
{
	close(handle_of(device, 0));
}

static void keep_and_close(int device)
{
	close(handle_of(device, COWSTAT_TREE_KEEP));
}

static void wait_for_exec(int device)
{
	close(handle_of(device, COWSTAT_TREE_FROM_EXEC));
}

/* A tree whose processes are gone and kept, until its handle is closed. */
static void keep_the_gone(int device)
{
	int handle = open_handle(device, 0, COWSTAT_TREE_KEEP);

	if (handle < 0)
		die("tree handle");
	for (int i = 0; i < 300; i++) {
		if (!do_fork())
			_exit(0);
		wait(NULL);
	}
	close(handle);
}

static void read_text(int device)
{
	static char buffer[64 * 1024];
	int fd = open("/proc/cowstat", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die("/proc/cowstat");
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	if (n < 0)
		die("/proc/cowstat");
	close(fd);
}

static const struct {
	const char *name;
	void (*read)(int device);
} readers[] = {
	{ "INFO", read_info },
	{ "SYSTEM", read_system },
	{ "PROCESS", read_process },
	{ "LIST", read_list },
	{ "LIST of a handle", list_handle },
	{ "READ", read_handle },
	{ "TREE", open_and_close },
	{ "TREE, KEEP", keep_and_close },
	{ "TREE, FROM_EXEC", wait_for_exec },
	{ "TREE, KEEP, of gone ones", keep_the_gone },
	{ "/proc/cowstat", read_text },
};
#define READERS		((int)(sizeof(readers) / sizeof(readers[0])))

static pid_t start_reader(int which)
{
	pid_t pid = do_fork();
	int device;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	become_user();
	device = open_device();
	for (;;) {
		readers[which].read(device);
		board->rounds[which]++;
	}
}

/* What others do meanwhile. */
static pid_t start_bystander(void)
{
	static char memory[64 * PAGE];
	pid_t pid = do_fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;; board->forks++) {
		memset(memory, board->forks, sizeof(memory));
		pid = do_fork();
		if (!pid) {
			memset(memory, 1, sizeof(memory));
			if (board->forks % 2)
				execl(self, self, "end", NULL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

/* Until each of them has read so often, and the bystander has forked a while */
static void let_read(unsigned long rounds)
{
	unsigned long before[READERS], forks = board->forks;
	int done = 0;

	for (int i = 0; i < READERS; i++)
		before[i] = board->rounds[i];
	while (done < READERS || board->forks < forks + 10) {
		usleep(100000);
		if (done < READERS && board->rounds[done] >= before[done] + rounds) {
			printf("    %s\n", readers[done++].name);
			fflush(stdout);
		}
	}
}

static void exit_members(void)
{
	for (int i = 1; i < board->members; i += 2)
		kill(board->member[i], SIGKILL);
}

static void parse(char **argv)
{
	if (!argv[1] || !argv[2] || !argv[3] || !argv[4]) {
		fprintf(stderr,
			"lockcost PROCESSES CHAIN HANDLES MODULE [PARAMETER]...\n");
		exit(2);
	}
	nr_processes = atoi(argv[1]);
	nr_chain = atoi(argv[2]);
	nr_handles = atoi(argv[3]);
	if (nr_chain < 2 || nr_chain > MEMBERS_MOST || nr_processes < nr_chain)
		die("impossible numbers");
}

int main(int argc, char **argv)
{
	int ready[2], parent_go[2], chain_go[2], device;
	pid_t keeper;

	self = argv[0];
	if (argc == 2 && !strcmp(argv[1], "end"))
		return 0;
	if (argc == 2 && !strcmp(argv[1], "await")) {
		await(0);
		return 0;
	}
	parse(argv);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED || pipe(ready) || pipe(parent_go) || pipe(chain_go))
		die("no memory");
	say("starting the processes");
	start_parent(nr_processes - nr_chain, ready[1], parent_go[0]);
	await(ready[0]);
	start_chain(nr_chain, ready[1], chain_go[0]);
	await(ready[0]);
	start_bystander();
	say("loading the module");
	load(argv + 3);
	say("opening the handles");
	keeper = do_fork();
	if (!keeper) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		become_user();
		device = open_device();
		open_handles(device);
		tell(ready[1]);
		for (;;)
			pause();
	}
	await(ready[0]);
	for (int i = 0; i < READERS; i++)
		start_reader(i);
	say("readers of each kind:");
	let_read(2);
	say("exec of the chain's root");
	tell(chain_go[1]);
	let_read(1);
	say("exits in the chain");
	exit_members();
	let_read(1);
	say("exec of the parent of all others");
	tell(parent_go[1]);
	let_read(1);
	say("its exit, and the end of the handles");
	tell(parent_go[1]);
	kill(keeper, SIGKILL);
	let_read(1);
	return 0;
}
