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

#include "busname/confine.h"
#include "busname/holder.h"
#include "busname/limit.h"
#include "busname/manager.h"
#include "busname/options.h"
#include "busname/sdnotify.h"
#include "busname/spawn.h"
#include "busname/stored.h"
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
 * @last:	the mail that the service was last started for
 * @n_last:	how often in a row it was that one
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
	struct mail last;
	unsigned int n_last;
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
	holder_let_go(&activator->holder);
	activator->starter->ops->settle(activator->starter);
}

/* Give everybody who waits the reason, instead of leaving them to wait. */
static void activator_refuse(struct activator *activator, const struct report *report)
{
	char text[sizeof(report->text) + 320];
	int r;

	snprintf(text, sizeof(text), "Cannot activate %s: %s", activator->options.name,
		 report->text);
	holder_let_go(&activator->holder);
	r = holder_refuse(&activator->holder, report->error, text);
	if (r == -ECONNRESET || r == -ESHUTDOWN)
		activator_end(activator, EXIT_SUCCESS);
	else if (r < 0)
		kb_log_errno(LOG_ERR, r, "cannot answer the mail of %s", activator->options.name);
}

/* Leave the service alone for a while. */
static void activator_give_up(struct activator *activator, const struct report *report)
{
	activator_refuse(activator, report);
	kb_log(LOG_ERR, "%s failed too often: %s", activator->options.name, report->text);
	if (activator->options.fail_on_limit) {
		activator_status("the service failed too often");
		activator_end(activator, EXIT_FAILURE);
		return;
	}
	activator_status("refusing mail, the service failed too often");
	activator->state = REFUSING;
	activator->until_ns = kb_now_ns() + LIMIT_REFUSE_NS;
	activator->starter->ops->watch(activator->starter);
}

static void activator_failed(struct activator *activator, const struct report *report)
{
	bool often = limit_failed(&activator->limit, kb_now_ns());

	kb_log(LOG_WARNING, "cannot activate %s: %s", activator->options.name, report->text);
	if (often || report->limited) {
		activator_give_up(activator, report);
		return;
	}
	activator_refuse(activator, report);
	activator_listen(activator);
}

static void activator_recover(struct activator *activator)
{
	limit_reset(&activator->limit);
	activator_status("listening");
	activator_listen(activator);
}

/* The bus may end at any time. */
static int activator_result(struct activator *activator, int r)
{
	if (r == -ECONNRESET || r == -ESHUTDOWN)
		activator_end(activator, EXIT_SUCCESS);
	return r;
}

/*
 * The same mail again and again: the service takes the name, and each time goes
 * without having read anything.  However slowly it does so, it will not answer.
 */
static bool activator_goes_in_circles(struct activator *activator, struct report *out)
{
	const struct options *options = &activator->options;

	if (!mail_is_same(&activator->holder.kept, &activator->last))
		activator->n_last = 0;
	activator->last = activator->holder.kept;
	if (activator->n_last++ < LIMIT_FAILURES)
		return false;
	activator->n_last = 0;
	report_fail(out, KB_ERROR_LIMITS_EXCEEDED,
		    "%s took the name %u times without reading its mail",
		    options->service ?: options->exec[0], LIMIT_FAILURES);
	return true;
}

/* There may be mail (@fresh: that was not here before): start the service,
 * unless that has to wait. */
static void activator_trigger(struct activator *activator, bool fresh)
{
	struct report report;
	uint64_t now = kb_now_ns(), wait;

	if (activator_result(activator, holder_keep(&activator->holder, true)) <= 0) {
		activator_listen(activator);
		return;
	}
	if (fresh && activator_goes_in_circles(activator, &report)) {
		activator_give_up(activator, &report);
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
	if (activator_result(activator, holder_trace(&activator->holder)) == HOLDER_STAYED)
		return false;
	limit_reset(&activator->limit);
	activator_listen(activator);
	return true;
}

/* STARTING: the service is no more, or was not what we asked for. */
static void activator_ended(struct activator *activator, const struct report *report, int how)
{
	int where = activator_result(activator, holder_trace(&activator->holder));

	/* It came and went since we looked. If there is more mail it will be
	 * started again, but not for ever when it fell over this one. */
	if (where == HOLDER_RETURNED && how == STARTER_FAILED && !report->clean &&
	    limit_failed(&activator->limit, kb_now_ns()))
		activator_give_up(activator, report);
	else if (where == HOLDER_RETURNED)
		activator_listen(activator);
	else if (where != HOLDER_STAYED)
		activator_check(activator);
	else if (how == STARTER_RETRY)
		activator_trigger(activator, false);
	else
		activator_failed(activator, report);
}

static void activator_dispatch_starter(struct activator *activator)
{
	struct report report;
	int r;

	r = activator->starter->ops->dispatch(activator->starter, &report);
	if (r == STARTER_PENDING)
		return;
	if (activator->state == STARTING)
		activator_ended(activator, &report, r);
	else if (activator->state == REFUSING && r == STARTER_RETRY)
		activator_recover(activator);
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
			activator_trigger(activator, false);
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
		activator_trigger(activator, true);
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

/* Hold the name. */
static int activator_open(struct activator *activator)
{
	const struct options *options = &activator->options;
	const char *missing;
	bool forgotten = false;
	int r;

	activator->stored = stored_adopt(options, &activator->holder, &forgotten);
	if (activator->stored)
		return 0;
	r = policy_resolve(&activator->options.policy, RESOLVE_TIMEOUT_MS, &missing);
	if (r == -ESRCH) {
		kb_log(LOG_ERR, "no such user or group: %s", missing);
		return r;
	}
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "cannot look up users and groups");
	r = stored_replace(options, &activator->holder, forgotten);
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
	bool store = !activator->stored && !activator->options.standalone;
	char name[STORED_NAME_MAX], text[256];
	int r;

	stored_name(&activator->options, name, sizeof(name));
	snprintf(text, sizeof(text), "%s%s%sREADY=1\nSTATUS=%s",
		 store ? "FDSTORE=1\nFDNAME=" : "", store ? name : "", store ? "\n" : "", status);
	r = sdnotify(text, store ? activator->holder.conn->fd : -1);
	if (r > 0 && store)
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
	/* whoever ignored it would have the kernel forget how children ended */
	signal(SIGCHLD, SIG_DFL);
	activator->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (activator->signal_fd < 0)
		return kb_log_errno(LOG_ERR, errno, "cannot watch signals");

	activator->limit.interval_ns = options->limit_interval_ns;
	activator->limit.burst = options->limit_burst;
	if (options->exec) {
		/* As any service that a classic bus starts is told. */
		setenv("DBUS_STARTER_ADDRESS", options->starter_address, true);
		setenv("DBUS_STARTER_BUS_TYPE", options->user ? "session" : "system", true);
		spawn_init(&activator->spawn, options->exec);
		activator->spawn.run_as = options->run_as;
		activator->spawn.environment_fd = options->environment_fd;
		/* as on a classic bus in this, too */
		activator->spawn.may_fork = options->starter_address != options->address;
		activator->starter = &activator->spawn.starter;
	} else {
		manager_init(&activator->manager, options->service ?: "", options->user);
		activator->starter = &activator->manager.starter;
	}
	return 0;
}

/* A program that we execute lives with what we leave it, so its unit decides.
 * Users have little that could be given up. */
static void activator_confine(const struct options *options)
{
	int r;

	if (options->user || options->exec)
		return;
	r = confine();
	if (r < 0)
		kb_log_errno(r == -EOPNOTSUPP ? LOG_DEBUG : LOG_WARNING, r, "cannot confine myself");
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

	activator_confine(&activator.options);

	r = activator_run(&activator);
	holder_close(&activator.holder);
	options_deinit(&activator.options);
	return r < 0 ? EXIT_FAILURE : r;
}
