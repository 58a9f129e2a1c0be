// SPDX-License-Identifier: LGPL-2.1-or-later
/* Watching a bus. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ctl/watch.h"

/* messages until somebody looks at the clock and the signals again */
#define BATCH 256

static const int caught[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH };

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < KB_ARRAY_SIZE(caught); i++)
		sigaddset(&set, caught[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int watch_open(struct watch *watch, const struct ctl *ctl, uint64_t attach)
{
	int r;

	watch->input = watch->signals = -1;
	/* that nobody reads any more is seen when something is written */
	signal(SIGPIPE, SIG_IGN);
	r = ctl_connect(ctl, KDBUS_HELLO_MONITOR, attach, &watch->conn);
	if (r)
		return r;
	watch->signals = open_signals();
	return watch->signals < 0 ? ctl_fail_errno(errno, "cannot watch") : 0;
}

void watch_close(struct watch *watch)
{
	watch->conn = kb_conn_unref(watch->conn);
	watch->signals = kb_close(watch->signals);
}

static int drain(struct watch *watch)
{
	uint64_t n_dropped = watch->conn->n_dropped;
	int r = 0;

	for (int i = 0; i < BATCH && !r; i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;

		r = kb_conn_recv(watch->conn, &m);
		if (r == -EAGAIN) {
			r = 0;
			break;
		}
		if (r == -ECONNRESET || r == -ESHUTDOWN)
			return ctl_fail("the bus has ended");
		if (r < 0)
			return ctl_fail_errno(r, "cannot receive");
		r = watch->see(m, watch->userdata);
	}
	if (watch->conn->n_dropped > n_dropped)
		fprintf(stderr, "kdbusctl: %" PRIu64 " messages came too fast and are lost\n",
			watch->conn->n_dropped - n_dropped);
	return r;
}

static bool take_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->signals, &info, sizeof(info)) != sizeof(info))
		return false;
	watch->signal = info.ssi_signo;
	return true;
}

/* poll() until @end_ns; 0 when that is over. */
static int wait_for(struct pollfd *fds, size_t n, uint64_t end_ns)
{
	uint64_t now = kb_now_ns();
	struct timespec left = {};

	if (!end_ns)
		return ppoll(fds, n, NULL, NULL);
	if (end_ns > now) {
		left.tv_sec = (end_ns - now) / KB_NSEC_PER_SEC;
		left.tv_nsec = (end_ns - now) % KB_NSEC_PER_SEC;
	}
	return ppoll(fds, n, &left, NULL);
}

int watch_run(struct watch *watch, uint64_t end_ns)
{
	struct pollfd fds[] = {
		{ .fd = kb_conn_fd(watch->conn), .events = POLLIN },
		{ .fd = watch->signals, .events = POLLIN },
		{ .fd = watch->input, .events = POLLIN },
	};
	int r;

	for (;;) {
		r = wait_for(fds, KB_ARRAY_SIZE(fds), end_ns);
		if (r < 0 && errno != EINTR)
			return ctl_fail_errno(errno, "cannot wait");
		if (r == 0)
			return WATCH_E_TIME;
		if (r < 0)
			continue;
		if (fds[1].revents && take_signal(watch))
			return WATCH_E_SIGNAL;
		if (fds[2].revents)
			return WATCH_E_INPUT;
		r = fds[0].revents ? drain(watch) : 0;
		/* a stream without end is no reason to watch for ever */
		if (!r && end_ns && kb_now_ns() >= end_ns)
			return WATCH_E_TIME;
		if (r)
			return r;
	}
}

bool watch_is_over(const struct watch *watch)
{
	if (watch->signal == SIGTSTP)
		raise(SIGSTOP);
	return watch->signal != SIGTSTP && watch->signal != SIGWINCH;
}

int watch_written(int r, const char *name)
{
	if (r >= 0)
		return 0;
	if (r != -EPIPE)
		return ctl_fail_errno(r, "cannot write to %s", name);
	/* it has been dealt with */
	clearerr(stdout);
	return WATCH_E_ENOUGH;
}

int watch_flush(void)
{
	int r = fflush(stdout) == EOF ? -errno : 0;

	/* of a report nothing is left to be flushed */
	if (!r && ferror(stdout))
		r = -EPIPE;
	return watch_written(r, "standard output");
}
