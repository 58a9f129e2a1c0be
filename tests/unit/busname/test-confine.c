// SPDX-License-Identifier: LGPL-2.1-or-later
/* What an activator gives up; each test is a process of its own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "busname/confine.h"
#include "lib/util.h"

/*
 * In a child: what is lost there would be missed here. It says which of its
 * checks was wrong by its status; 77 is for a kernel without Landlock.
 */
static int in_child(int (*check)(void))
{
	int status, r;
	pid_t pid = fork();

	if (pid == 0) {
		r = confine();
		_exit(r == -EOPNOTSUPP ? 77 : r < 0 ? 76 : check());
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int check_files(void)
{
	if (!opens("/etc/passwd", O_RDONLY) || !opens("/proc/self/stat", O_RDONLY))
		return 1;
	if (opens("/etc/passwd", O_WRONLY) || errno != EACCES)
		return 2;
	if (opens("/tmp/confine-test", O_WRONLY | O_CREAT))
		return 3;
	if (opens("/tmp", O_RDONLY | O_DIRECTORY) || opens("/root", O_RDONLY | O_DIRECTORY))
		return 4;
	if (!mkdir("/run/confine-test", 0700) || !unlink("/etc/passwd-") ||
	    !symlink("x", "/tmp/confine-test"))
		return 5;
	return 0;
}

Test(confine, nothing_is_written_and_little_read)
{
	int status = in_child(check_files);

	if (status == 77)
		cr_skip_test("this kernel has no Landlock");
	cr_expect_eq(status, 0, "%d", status);
}

static bool is_refused(long r)
{
	return r == -1 && errno == EPERM;
}

static int check_calls(void)
{
	struct sched_param param = { .sched_priority = 1 };
	void *p;

	if (!is_refused(unshare(CLONE_NEWUSER)) || !is_refused(setns(0, 0)))
		return 1;
	if (!is_refused(personality(0xffffffff)))
		return 2;
	if (!is_refused(sched_setscheduler(0, SCHED_FIFO, &param)))
		return 3;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED)
		return 4;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || mprotect(p, 4096, PROT_READ) < 0)
		return 5;
	if (!is_refused(mprotect(p, 4096, PROT_READ | PROT_EXEC)))
		return 6;
	return 0;
}

Test(confine, some_calls_are_refused)
{
	int status = in_child(check_calls);

	cr_expect(status == 0 || status == 77, "%d", status);
}

static int check_life(void)
{
	int fds[2], status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 || write(fds[0], "x", 1) != 1)
		return 1;
	pid = fork();
	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return 2;
	return 0;
}

Test(confine, talking_and_starting_programs_goes_on)
{
	int status = in_child(check_life);

	cr_expect(status == 0 || status == 77, "%d", status);
}
