// SPDX-License-Identifier: LGPL-2.1-or-later
/* A program that runs below the daemon. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/child.h"
#include "lib/log.h"
#include "lib/util.h"

/* So many ends in so much time, and something is wrong that does not pass. */
#define ENDS_MAX	5
#define ENDS_NS		(10 * KB_NSEC_PER_SEC)

/* What is in the way may go in a moment. */
#define AGAIN_USEC	200000

#define FIRST_PASSED_FD	3

int child_new(const struct child_context *context, const char *title, char **argv,
	      struct child **out)
{
	struct child *child = calloc(1, sizeof(*child));

	if (!child || !argv) {
		free(child);
		kb_strv_free(argv);
		return -ENOMEM;
	}
	child->context = context;
	child->argv = argv;
	child->title = strdup(title);
	if (!child->title) {
		child_free(child);
		return -ENOMEM;
	}
	*out = child;
	return 0;
}

struct child *child_free(struct child *child)
{
	if (!child)
		return NULL;
	sd_event_source_disable_unref(child->source);
	sd_event_source_disable_unref(child->again);
	if (child->pid) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	kb_strv_free(child->argv);
	free(child->title);
	free(child->tag);
	free(child);
	return NULL;
}

/* in the new process */

/* Where one is to go, there may be another; so all are moved out of the way. */
static void pass_sockets(const int *fds, size_t n_fds)
{
	int end = FIRST_PASSED_FD + n_fds, moved[n_fds];
	char text[24];

	snprintf(text, sizeof(text), "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%zu", n_fds);
	setenv("LISTEN_FDS", text, 1);
	for (size_t i = 0; i < n_fds; i++)
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, end);
	for (size_t i = 0; i < n_fds; i++)
		dup2(moved[i], FIRST_PASSED_FD + i);
}

static void redirect(bool quiet, bool mute)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	if (quiet)
		dup2(fd, STDOUT_FILENO);
	if (mute)
		dup2(fd, STDERR_FILENO);
}

static void child_execute(const struct child *child, pid_t parent)
{
	const struct child_context *context = child->context;
	sigset_t none;

	/* nobody is to be left behind when we are killed */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	redirect(context->quiet, context->mute);
	unsetenv("LISTEN_FDNAMES");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("WATCHDOG_USEC");
	setenv("NOTIFY_SOCKET", context->notify, 1);
	if (child->n_sockets > 0)
		pass_sockets(child->sockets, child->n_sockets);
	else
		setrlimit(RLIMIT_NOFILE, &context->files);
	if (context->environment_fd >= 0)
		fcntl(context->environment_fd, F_SETFD, 0);
	execv(child->argv[0], child->argv);
	kb_log_errno(LOG_ERR, errno, "Cannot execute %s", child->argv[0]);
	_exit(EXIT_FAILURE);
}

/* and here */

static void child_tell(struct child *child)
{
	child->context->changed(child->context->userdata, child);
}

static bool ends_too_often(struct child *child)
{
	uint64_t now = kb_now_ns();

	if (now - child->first_end_ns > ENDS_NS)
		child->n_ends = 0;
	if (!child->n_ends++)
		child->first_end_ns = now;
	return child->n_ends > ENDS_MAX;
}

static void child_describe_end(const struct child *child, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		kb_log(LOG_WARNING, "%s ended with status %d", child->title, info->si_status);
	else
		kb_log(LOG_WARNING, "%s was killed by signal %d (%s)", child->title,
		       info->si_status, strsignal(info->si_status));
}

static void child_give_up(struct child *child)
{
	child->state = CHILD_FAILED;
	child_tell(child);
}

static int on_again(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
	struct child *child = userdata;

	child->again = sd_event_source_disable_unref(child->again);
	if (!child->leaving && !child->pid && child_start(child) < 0)
		child_give_up(child);
	return 0;
}

/* The first time at once, then with a pause. */
static int child_restart(struct child *child)
{
	if (child->n_ends <= 1)
		return child_start(child);
	child->again = sd_event_source_disable_unref(child->again);
	return sd_event_add_time_relative(child->context->event, &child->again, CLOCK_MONOTONIC,
					  AGAIN_USEC, 0, on_again, child);
}

static int on_end(sd_event_source *source _unused_, const siginfo_t *info, void *userdata)
{
	struct child *child = userdata;

	child->pid = 0;
	child->source = sd_event_source_disable_unref(child->source);
	child->state = CHILD_RESTING;
	if (child->leaving) {
		child_tell(child);
		return 0;
	}
	if (child->replaced) {
		child->replaced = false;
		child->n_ends = 0;
	} else {
		child_describe_end(child, info);
	}
	if (ends_too_often(child) || child_restart(child) < 0)
		child_give_up(child);
	return 0;
}

int child_start(struct child *child)
{
	pid_t parent = getpid();
	int r;

	child->pid = fork();
	if (child->pid < 0) {
		child->pid = 0;
		return kb_log_errno(LOG_ERR, errno, "Cannot start %s", child->title);
	}
	if (!child->pid)
		child_execute(child, parent);
	child->state = CHILD_STARTING;
	r = sd_event_add_child(child->context->event, &child->source, child->pid, WEXITED, on_end,
			       child);
	return r < 0 ? kb_log_errno(LOG_ERR, r, "Cannot watch %s", child->title) : 0;
}

void child_stop(struct child *child, int signal)
{
	child->leaving = true;
	if (child->pid)
		kill(child->pid, signal);
}

/* An end that is wanted does not count, and the next one has the new command. */
void child_replace(struct child *child, char **argv)
{
	kb_strv_free(child->argv);
	child->argv = argv;
	child->n_ends = 0;
	child->replaced = child->pid;
	if (child->pid)
		kill(child->pid, SIGTERM);
	else
		child_start(child);
}

void child_is_ready(struct child *child)
{
	child->state = CHILD_READY;
	child_tell(child);
}
