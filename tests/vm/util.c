/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame of every guest program: runs its promises, prints TAP. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/vm/util.h"

/* Shared by all processes of a test. */
struct verdict {
	unsigned failures;
	bool skipped;
	char reason[200];
};

char mount_dir[128];
static struct test *first_test;
static struct verdict *verdict;
static __thread char case_text[200];

/* promises */

void test_register(struct test *test)
{
	struct test **at = &first_test;

	while (*at && (*at)->line < test->line)
		at = &(*at)->next;
	test->next = *at;
	*at = test;
}

static void print(const char *format, ...) __attribute__((__format__(printf, 1, 2)));

/* One write per line, so that lines of several processes do not mix. */
static void print(const char *format, ...)
{
	char line[1000];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, n) < 0)
		_exit(99);
}

void test_case(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(case_text, sizeof(case_text), format, args);
	va_end(args);
}

void test_note(const char *format, ...)
{
	char text[500];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print("# %s", text);
}

static void fail(const char *where, int line, const char *what, const char *detail)
{
	unsigned n = __atomic_add_fetch(&verdict->failures, 1, __ATOMIC_SEQ_CST);

	if (n > 40)	/* the first ones tell */
		return;
	print("#   %s:%d: %s%s%s%s%s", where, line, what, *detail ? ": " : "", detail, *case_text ? "  -- " : "",
	      case_text);
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(verdict->reason, sizeof(verdict->reason), format, args);
	va_end(args);
	verdict->skipped = true;
	_exit(0);
}

static const char *error_text(long long result, char buffer[64])
{
	const char *name = result < 0 ? strerrorname_np(-result) : NULL;

	if (name)
		snprintf(buffer, 64, "%s", name);
	else
		snprintf(buffer, 64, "%lld", result);
	return buffer;
}

void test_abort(const char *where, int line, const char *what, long long result)
{
	char text[64];

	fail(where, line, what, error_text(result, text));
	_exit(1);
}

unsigned test_rounds(unsigned usual)
{
	const char *text = getenv("KDBUS_TEST_ROUNDS");

	return text && atoi(text) > 0 ? (unsigned)atoi(text) : usual;
}

unsigned test_failures(void)
{
	return __atomic_load_n(&verdict->failures, __ATOMIC_SEQ_CST);
}

bool expect_(const char *where, int line, const char *what, bool holds)
{
	if (!holds)
		fail(where, line, what, "");
	return holds;
}

bool expect_eq_(const char *where, int line, const char *what, __u64 is, __u64 wanted)
{
	char detail[100];

	if (is == wanted)
		return true;
	snprintf(detail, sizeof(detail), "%lld (0x%llx) instead of %lld (0x%llx)", (long long)is, is,
		 (long long)wanted, wanted);
	fail(where, line, what, detail);
	return false;
}

bool expect_result_(const char *where, int line, const char *what, long long is, int wanted)
{
	char detail[160], a[64], b[64];

	if (is == wanted)
		return true;
	snprintf(detail, sizeof(detail), "%s instead of %s", error_text(is, a), error_text(wanted, b));
	fail(where, line, what, detail);
	return false;
}

bool expect_text_(const char *where, int line, const char *what, const char *is, const char *wanted)
{
	char detail[700];

	if (!strcmp(is, wanted))
		return true;
	snprintf(detail, sizeof(detail), "\"%s\" instead of \"%s\"", is, wanted);
	fail(where, line, what, detail);
	return false;
}

/* Waits for @pid at most @seconds; what is left of its group is ended. */
static int watch(pid_t pid, unsigned seconds, int *out_status)
{
	struct timespec wait = { .tv_sec = seconds };
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	r = sigtimedwait(&set, NULL, &wait);
	kill(-pid, SIGKILL);
	for (unsigned i = 0; i < 1000; i++) {
		if (waitpid(pid, out_status, WNOHANG) == pid)
			return r < 0 ? -ETIMEDOUT : 0;
		sleep_ms(10);
	}
	return -EBUSY;
}

static bool run_test(const struct test *test, unsigned number, unsigned seconds)
{
	int status, r;
	pid_t pid;

	memset(verdict, 0, sizeof(*verdict));
	pid = fork();
	if (pid < 0)
		return false;
	if (!pid) {
		sigset_t none;

		setpgid(0, 0);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		test->run();
		_exit(0);
	}
	setpgid(pid, pid);
	r = watch(pid, seconds, &status);
	if (r == -ETIMEDOUT)
		fail(test->promise, test->line, "took too long", "");
	else if (r < 0)
		fail(test->promise, test->line, "cannot be ended", "");
	else if (WIFSIGNALED(status))
		fail(test->promise, test->line, "ended by signal", strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) && !verdict->failures)
		fail(test->promise, test->line, "ended early", "");

	if (verdict->failures > 40)
		print("#   and %u more", verdict->failures - 40);
	if (verdict->failures)
		print("not ok %u - %s", number, test->promise);
	else if (verdict->skipped)
		print("ok %u - %s # SKIP %s", number, test->promise, verdict->reason);
	else
		print("ok %u - %s", number, test->promise);
	return r != -EBUSY && !verdict->failures;
}

static int mount_own(void)
{
	snprintf(mount_dir, sizeof(mount_dir), "/tmp/kdbus-test-XXXXXX");
	if (!mkdtemp(mount_dir))
		return -errno;
	if (mount("kdbusfs", mount_dir, "kdbusfs", 0, NULL) < 0) {
		int r = -errno;

		rmdir(mount_dir);
		return r;
	}
	return 0;
}

/* Arguments are numbers of tests; none runs them all. */
/* What a test started may still be on its way out. */
static int umount_own(void)
{
	for (int i = 0; i < 100; i++) {
		if (!umount(mount_dir))
			return 0;
		if (errno != EBUSY)
			break;
		usleep(100 * 1000);
	}
	return -1;
}

int main(int argc, char **argv)
{
	const char *limit = getenv("KDBUS_TEST_SECONDS");
	unsigned number = 0, run = 0, seconds = limit ? atoi(limit) : 60;
	bool fine = true;
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(022);
	verdict = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	r = verdict == MAP_FAILED ? -errno : mount_own();
	if (r < 0) {
		print("Bail out! cannot mount kdbusfs: %s", strerror(-r));
		return 1;
	}
	for (struct test *test = first_test; test; test = test->next) {
		bool wanted = argc < 2;

		number++;
		for (int i = 1; i < argc; i++)
			wanted |= (unsigned)atoi(argv[i]) == number;
		if (!wanted)
			continue;
		run++;
		fine &= run_test(test, number, seconds);
	}
	print("1..%u", run);
	if (umount_own() < 0) {
		print("# %s is still busy: %s", mount_dir, strerror(errno));
		fine = false;
	}
	rmdir(mount_dir);
	return !fine;
}

/* users, processes, time */

void become(unsigned uid)
{
	gid_t none[1];

	/* effective first: only root may set the rest */
	must_sys(setresuid(-1, 0, 0));
	must_sys(setresgid(uid, uid, 0));
	must_sys(setgroups(0, none));
	must_sys(setresuid(uid, uid, 0));
	/* or /proc/self belongs to root */
	prctl(PR_SET_DUMPABLE, 1);
}

void become_for_good(unsigned uid)
{
	must_sys(setgroups(0, NULL));
	must_sys(setresgid(uid, uid, uid));
	must_sys(setresuid(uid, uid, uid));
	prctl(PR_SET_DUMPABLE, 1);
}

void command_line_set(const char *text, size_t size)
{
	const char *end = text + size;

	/* start and end are never the wrong way round, not even in between */
	if (prctl(PR_SET_MM, PR_SET_MM_ARG_START, (uintptr_t)text, 0, 0) < 0) {
		must_sys(prctl(PR_SET_MM, PR_SET_MM_ARG_END, (uintptr_t)end, 0, 0));
		must_sys(prctl(PR_SET_MM, PR_SET_MM_ARG_START, (uintptr_t)text, 0, 0));
	}
	must_sys(prctl(PR_SET_MM, PR_SET_MM_ARG_END, (uintptr_t)end, 0, 0));
}

pid_t child_start(void)
{
	return must_sys(fork());
}

void child_exit(void)
{
	_exit(0);
}

void child_join(pid_t pid)
{
	char detail[60];
	int status;

	must_sys(waitpid(pid, &status, 0));
	if (!status)
		return;
	snprintf(detail, sizeof(detail), "status 0x%x", status);
	fail(__FILE__, __LINE__, "a child ended badly", detail);
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

int userns_enter(unsigned uid)
{
	char map[40];

	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	write_text("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	must(write_text("/proc/self/uid_map", map));
	must(write_text("/proc/self/gid_map", map));
	return 0;
}

void gate_init(struct gate *gate)
{
	must_sys(pipe2(gate->pipe, O_CLOEXEC));
}

void gate_open(struct gate *gate)
{
	must_sys(write(gate->pipe[1], "", 1));
}

void gate_wait(struct gate *gate)
{
	char c;

	while (read(gate->pipe[0], &c, 1) < 0 && errno == EINTR)
		;
}

__u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec;
}

void sleep_ms(unsigned ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

long meminfo(const char *key)
{
	char text[8192], line[40];
	int fd = must_sys(open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
	ssize_t n = must_sys(read(fd, text + 1, sizeof(text) - 2));
	const char *at;

	close(fd);
	text[0] = '\n';
	text[n + 1] = '\0';
	snprintf(line, sizeof(line), "\n%s:", key);
	at = strstr(text, line);
	return at ? atol(at + strlen(line)) : 0;
}

void drop_caches(void)
{
	int fd = must_sys(open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC));

	must_sys(write(fd, "3", 1));
	close(fd);
}

unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
