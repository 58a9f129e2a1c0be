// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The activator: holds a name, and starts its service when there is mail.
 *
 *            mail                    mail moved on
 *  LISTENING ────► STARTING ───────────────────────► LISTENING
 *      │  ▲           │ failed: mail refused            ▲
 *      │  │           ├─────────────────────────────────┤
 *  too │  │ later     │ failed too often: mail refused  │ after 30 s
 * early▼  │           ▼                                 │
 *   THROTTLED      REFUSING ────────────────────────────┘
 *
 * The hand-over needs no help: in the moment the service takes the name the
 * kernel moves the mail to it, and when the service gives the name back, or
 * dies, unread mail comes back here.  So LISTENING is also what we do while
 * the service runs: then there simply is no mail.
 *
 * One process per name, hence small: no event loop, no library but libc, and
 * everything it has to know is on the command line.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "busname/holder.h"
#include "busname/limit.h"
#include "busname/manager.h"
#include "busname/options.h"
#include "busname/sdnotify.h"
#include "busname/spawn.h"
#include "lib/error.h"
#include "lib/log.h"

/* How long the account databases may take at start. */
#define RESOLVE_TIMEOUT_MS	90000
/* How often to look whether the mail has moved on. */
#define CHECK_NS		KB_NSEC_PER_SEC

enum state {
	LISTENING,
	THROTTLED,
	STARTING,
	REFUSING,
};

/**
 * struct activator - the one object of this program
 * @state:	see above
 * @until_ns:	STARTING: deadline; THROTTLED, REFUSING: when it ends
 * @trigger:	STARTING: the mail the service is started for
 * @stored:	the service manager has a copy of the connection
 * @quit:	leave the loop
 * @result:	and exit with this
 */
struct activator {
	struct options options;
	struct holder holder;
	struct limit limit;
	struct spawn spawn;
	struct manager manager;
	struct starter *starter;
	enum state state;
	uint64_t until_ns;
	struct mail trigger;
	int signal_fd;
	bool stored;
	bool quit;
	int result;
};

static void activator_status(const char *status)
{
	char text[128];

	snprintf(text, sizeof(text), "STATUS=%s", status);
	sdnotify(text, -1);
}

static void activator_end(struct activator *activator, int result)
{
	activator->quit = true;
	activator->result = result;
}

static void activator_listen(struct activator *activator)
{
	activator->state = LISTENING;
	activator->starter->ops->settle(activator->starter);
}

/* Give everybody who waits the reason, instead of leaving them to wait. */
static void activator_refuse(struct activator *activator, const struct report *report)
{
	char text[sizeof(report->text) + 320];
	int r;

	snprintf(text, sizeof(text), "Cannot activate %s: %s", activator->options.name,
		 report->text);
	r = holder_refuse(&activator->holder, report->error, text);
	if (r == -ECONNRESET || r == -ESHUTDOWN)
		activator_end(activator, EXIT_SUCCESS);
	else if (r < 0)
		kb_log_errno(LOG_ERR, r, "cannot answer the mail of %s", activator->options.name);
}

static void activator_failed(struct activator *activator, const struct report *report)
{
	uint64_t now = kb_now_ns();
	bool refuse = limit_failed(&activator->limit, now) || report->limited;

	kb_log(LOG_WARNING, "cannot activate %s: %s", activator->options.name, report->text);
	activator_refuse(activator, report);
	if (!refuse) {
		activator_listen(activator);
		return;
	}
	if (activator->options.fail_on_limit) {
		activator_status("the service failed too often");
		activator_end(activator, EXIT_FAILURE);
		return;
	}
	kb_log(LOG_ERR, "%s failed too often, mail is refused for a while",
	       activator->options.name);
	activator_status("refusing mail, the service failed too often");
	activator->state = REFUSING;
	activator->until_ns = now + LIMIT_REFUSE_NS;
}

static void activator_recover(struct activator *activator)
{
	limit_reset(&activator->limit);
	activator_status("listening");
	activator_listen(activator);
}

/* Is the mail we started for still the first? Then nobody has the name. */
static bool activator_still_has(struct activator *activator)
{
	struct mail mail;
	int r;

	r = holder_peek(&activator->holder, &mail, false);
	if (r == -ECONNRESET || r == -ESHUTDOWN)
		activator_end(activator, EXIT_SUCCESS);
	return r > 0 && mail.seqnum == activator->trigger.seqnum &&
	       mail.src_id == activator->trigger.src_id &&
	       mail.cookie == activator->trigger.cookie;
}

/* There may be mail: start the service, unless that has to wait. */
static void activator_trigger(struct activator *activator)
{
	struct report report;
	uint64_t now = kb_now_ns(), wait;
	int r;

	r = holder_peek(&activator->holder, &activator->trigger, true);
	if (r == -ECONNRESET || r == -ESHUTDOWN)
		activator_end(activator, EXIT_SUCCESS);
	if (r <= 0) {
		activator_listen(activator);
		return;
	}
	wait = limit_take(&activator->limit, now);
	if (wait) {
		activator->state = THROTTLED;
		activator->until_ns = now + wait;
		return;
	}
	activator->state = STARTING;
	activator->until_ns = now + activator->options.start_timeout_ns;
	if (activator->starter->ops->start(activator->starter, &report) == STARTER_FAILED)
		activator_failed(activator, &report);
}

/* STARTING: has the service what we started it for? */
static bool activator_check(struct activator *activator)
{
	if (activator_still_has(activator))
		return false;
	limit_reset(&activator->limit);
	activator_listen(activator);
	return true;
}

static void activator_dispatch_starter(struct activator *activator)
{
	struct report report;
	int r;

	r = activator->starter->ops->dispatch(activator->starter, &report);
	if (r == STARTER_PENDING)
		return;
	if (activator->state == REFUSING && r == STARTER_RETRY) {
		activator_recover(activator);
		return;
	}
	/* It may have come and gone since we looked; then all is well. */
	if (activator->state != STARTING || activator_check(activator))
		return;
	if (r == STARTER_RETRY)
		activator_trigger(activator);
	else
		activator_failed(activator, &report);
}

static void activator_timeout(struct activator *activator)
{
	uint64_t now = kb_now_ns();
	struct report report;

	switch (activator->state) {
	case STARTING:
		if (activator_check(activator))
			return;
		activator_dispatch_starter(activator);
		if (activator->state != STARTING || now < activator->until_ns)
			return;
		activator->starter->ops->abandon(activator->starter);
		report_fail(&report, KB_ERROR_TIMED_OUT, "the service did not take the name in time");
		activator_failed(activator, &report);
		return;
	case THROTTLED:
		if (now >= activator->until_ns)
			activator_trigger(activator);
		return;
	case REFUSING:
		if (now >= activator->until_ns)
			activator_recover(activator);
		return;
	case LISTENING:
		return;
	}
}

static void activator_mail(struct activator *activator)
{
	struct report report;

	if (activator->state == REFUSING) {
		report_fail(&report, KB_ERROR_LIMITS_EXCEEDED,
			    "the service failed too often and is left alone for a while");
		activator_refuse(activator, &report);
	} else if (activator->state == LISTENING) {
		activator_trigger(activator);
	}
}

/*
 * Who waits on us is told, unless we come back: what the service manager has
 * stored outlives a restart with everything that is queued on it.
 */
static void activator_stop(struct activator *activator)
{
	struct report report;
	int restart = 0;

	if (activator->stored)
		restart = manager_is_restarting_us(activator->options.user);
	if (!restart && activator->options.activating) {
		report_fail(&report, KB_ERROR_SERVICE_UNKNOWN, "it is being shut down");
		activator_refuse(activator, &report);
	}
	activator_end(activator, EXIT_SUCCESS);
}

static void activator_signal(struct activator *activator)
{
	struct signalfd_siginfo info;

	if (read(activator->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGHUP)
		activator_stop(activator);
	else if (activator->state == REFUSING)
		activator_recover(activator);
}

/* What to wait for at most, in milliseconds for poll(). */
static int activator_patience(struct activator *activator)
{
	uint64_t now = kb_now_ns(), left;

	if (activator->state == LISTENING)
		return -1;
	left = activator->until_ns > now ? activator->until_ns - now : 0;
	if (activator->state == STARTING && left > CHECK_NS)
		left = CHECK_NS;
	return left / KB_NSEC_PER_MSEC + 1;
}

static int activator_run(struct activator *activator)
{
	while (!activator->quit) {
		/* Mail stays while the service starts: asking for it then would
		 * wake us without end. */
		bool want_mail = activator->options.activating &&
				 (activator->state == LISTENING || activator->state == REFUSING);
		struct pollfd fds[] = {
			{ .fd = activator->signal_fd, .events = POLLIN },
			{ .fd = activator->holder.conn->fd, .events = want_mail ? POLLIN : 0 },
			{ .fd = activator->starter->ops->fd(activator->starter), .events = POLLIN },
		};

		if (poll(fds, KB_ARRAY_SIZE(fds), activator_patience(activator)) < 0) {
			if (errno == EINTR)
				continue;
			return kb_log_errno(LOG_ERR, errno, "cannot wait");
		}
		if (fds[0].revents)
			activator_signal(activator);
		if (activator->quit)
			break;
		if (fds[1].revents & (POLLHUP | POLLERR)) {
			kb_log(LOG_INFO, "the bus is gone");
			break;
		}
		if (fds[2].revents)
			activator_dispatch_starter(activator);
		if (fds[1].revents & POLLIN)
			activator_mail(activator);
		activator_timeout(activator);
	}
	return activator->result;
}

/* Hold the name, with the connection of a former run if there is one. */
static int activator_open(struct activator *activator)
{
	const struct options *options = &activator->options;
	const char *missing;
	int fd, r;

	fd = sdnotify_take_stored("activator");
	if (fd >= 0) {
		r = holder_adopt(&activator->holder, fd);
		if (r >= 0) {
			activator->stored = true;
			return 0;
		}
		kb_log_errno(LOG_WARNING, r, "cannot go on with the stored connection");
	}
	r = policy_resolve(&activator->options.policy, RESOLVE_TIMEOUT_MS, &missing);
	if (r == -ESRCH) {
		kb_log(LOG_ERR, "no such user or group: %s", missing);
		return r;
	}
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "cannot look up users and groups");
	r = holder_open(&activator->holder, options->address, options->name, &options->policy,
			options->activating, options->accept_fds);
	if (r == -EEXIST)
		return kb_log_errno(LOG_ERR, r, "somebody else holds %s already", options->name);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "cannot hold %s on %s", options->name,
				    options->address);
	return 0;
}

static int activator_ready(struct activator *activator)
{
	const char *status = activator->options.activating ? "listening" : "holding the policy";
	char text[256];
	int r;

	snprintf(text, sizeof(text), "%sREADY=1\nSTATUS=%s",
		 activator->stored ? "" : "FDSTORE=1\nFDNAME=activator\n", status);
	r = sdnotify(text, activator->stored ? -1 : activator->holder.conn->fd);
	if (r > 0)
		activator->stored = true;
	return r;
}

static int activator_setup(struct activator *activator)
{
	const struct options *options = &activator->options;
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	activator->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (activator->signal_fd < 0)
		return kb_log_errno(LOG_ERR, errno, "cannot watch signals");

	activator->limit.interval_ns = options->limit_interval_ns;
	activator->limit.burst = options->limit_burst;
	if (options->exec) {
		/* As any service that a classic bus starts is told. */
		setenv("DBUS_STARTER_ADDRESS", options->address, true);
		setenv("DBUS_STARTER_BUS_TYPE", options->user ? "session" : "system", true);
		spawn_init(&activator->spawn, options->exec);
		activator->starter = &activator->spawn.starter;
	} else {
		manager_init(&activator->manager, options->service ?: "", options->user);
		activator->starter = &activator->manager.starter;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct activator activator = { .state = LISTENING };
	int r;

	kb_log_open("kdbus-activator");
	r = options_parse(&activator.options, argc, argv);
	if (r <= 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (activator_setup(&activator) < 0 || activator_open(&activator) < 0)
		return EXIT_FAILURE;
	if (activator_ready(&activator) < 0)
		kb_log(LOG_WARNING, "cannot notify the service manager");

	r = activator_run(&activator);
	holder_close(&activator.holder);
	options_deinit(&activator.options);
	return r < 0 ? EXIT_FAILURE : r;
}
