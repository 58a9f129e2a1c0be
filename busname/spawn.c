// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A starter that forks the program itself.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "busname/spawn.h"
#include "lib/environment.h"
#include "lib/error.h"
#include "lib/log.h"
#include "lib/run.h"
#include "lib/util.h"

extern char **environ;

static struct spawn *to_spawn(struct starter *starter)
{
	return (struct spawn *)starter;
}

/* The environment without what is between the service manager and us. */
static char **child_environment(void)
{
	static const char *const ours[] = {
		"NOTIFY_SOCKET=", "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=",
		"WATCHDOG_PID=", "WATCHDOG_USEC=",
	};
	size_t i, j, n = 0;
	char **v;

	v = calloc(kb_strv_length(environ) + 1, sizeof(*v));
	for (i = 0; v && environ[i]; i++) {
		for (j = 0; j < KB_ARRAY_SIZE(ours); j++)
			if (kb_startswith(environ[i], ours[j]))
				break;
		if (j == KB_ARRAY_SIZE(ours))
			v[n++] = environ[i];
	}
	return v;
}

/* In the child: the account databases are asked here, as their libraries are
 * not to stay in our memory. The statuses are the service manager's. */
static void become_and_execute(struct spawn *spawn, char *const *environment)
{
	struct passwd *user = getpwnam(spawn->run_as);
	sigset_t none;

	if (!user || initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 ||
	    setuid(user->pw_uid) < 0) {
		kb_log(LOG_ERR, "cannot become %s to execute %s", spawn->run_as, spawn->argv[0]);
		_exit(EXIT_SETUP_USER);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(spawn->argv[0], spawn->argv, environment);
	_exit(EXIT_SETUP_EXEC);
}

static int spawn_as_user(struct spawn *spawn, char *const *environment)
{
	spawn->pid = fork();
	if (!spawn->pid)
		become_and_execute(spawn, environment);
	return spawn->pid < 0 ? -errno : 0;
}

static int spawn_fork(struct spawn *spawn)
{
	_cleanup_(kb_freep) char **own = child_environment(), **all = NULL;
	_cleanup_(kb_strv_freep) char **shared = NULL;
	int r;

	if (!own)
		return -ENOMEM;
	r = spawn->environment_fd < 0 ? 0 : kb_environment_read(spawn->environment_fd, &shared);
	if (r >= 0)
		r = kb_environment_merge(shared, own, &all);
	if (r < 0)
		return r;
	return spawn->run_as ? spawn_as_user(spawn, all) : kb_run(spawn->argv, all, -1, &spawn->pid);
}

static int spawn_run(struct spawn *spawn)
{
	int r;

	r = spawn_fork(spawn);
	if (r < 0) {
		spawn->pid = 0;
		return r;
	}

	/* Nobody but us reaps the child, so its pid cannot be another's yet. */
	spawn->pidfd = pidfd_open(spawn->pid, 0);
	if (spawn->pidfd < 0) {
		r = -errno;
		kill(spawn->pid, SIGKILL);
		waitpid(spawn->pid, NULL, 0);
		spawn->pid = 0;
		return r;
	}
	return 0;
}

static int spawn_start(struct starter *starter, struct report *out)
{
	struct spawn *spawn = to_spawn(starter);
	int r;

	spawn->left_alone = false;
	/* An instance is still there, yet mail arrives here: it has given the
	 * name back and is about to end. */
	if (spawn->pid) {
		spawn->asked = false;
		return STARTER_PENDING;
	}
	r = spawn_run(spawn);
	if (r < 0)
		return report_fail(out, KB_ERROR_PREFIX "Spawn.ExecFailed",
				   "cannot execute %s: %s", spawn->argv[0], strerror(-r));
	kb_log(LOG_DEBUG, "started %s as process %d", spawn->argv[0], spawn->pid);
	spawn->asked = true;
	spawn->abandoned = 0;
	return STARTER_PENDING;
}

static int spawn_fd(struct starter *starter)
{
	return to_spawn(starter)->pidfd;
}

static int spawn_dispatch(struct starter *starter, struct report *out)
{
	struct spawn *spawn = to_spawn(starter);
	siginfo_t info = {};

	if (!spawn->pid || waitid(P_PIDFD, spawn->pidfd, &info, WEXITED | WNOHANG) < 0 ||
	    !info.si_pid)
		return STARTER_PENDING;

	spawn->pid = 0;
	spawn->pidfd = kb_close(spawn->pidfd);
	report_exit(out, spawn->argv[0], info.si_code != CLD_EXITED, info.si_status);
	if (spawn->asked && spawn->may_fork && out->clean)
		return STARTER_PENDING;
	if (spawn->asked)
		return STARTER_FAILED;
	/* It was up, so nobody else will say that it went down badly. */
	if (info.si_code != CLD_EXITED || info.si_status)
		kb_log(LOG_WARNING, "%s", out->text);
	return spawn->left_alone ? STARTER_PENDING : STARTER_RETRY;
}

static void spawn_settle(struct starter *starter)
{
	to_spawn(starter)->asked = false;
}

/* The end of a last instance says nothing of the next one. */
static void spawn_watch(struct starter *starter)
{
	spawn_settle(starter);
	to_spawn(starter)->left_alone = true;
}

/* It neither took the name nor ended. Ask it to go, then make it go. */
static void spawn_abandon(struct starter *starter)
{
	struct spawn *spawn = to_spawn(starter);

	if (spawn->pid)
		pidfd_send_signal(spawn->pidfd, spawn->abandoned++ ? SIGKILL : SIGTERM, NULL, 0);
	spawn->asked = false;
}

void spawn_init(struct spawn *spawn, char *const *argv)
{
	static const struct starter_ops ops = {
		.start = spawn_start,
		.fd = spawn_fd,
		.dispatch = spawn_dispatch,
		.settle = spawn_settle,
		.watch = spawn_watch,
		.abandon = spawn_abandon,
	};

	*spawn = (struct spawn){
		.starter.ops = &ops,
		.argv = argv,
		.environment_fd = -1,
		.pidfd = -1,
	};
}
