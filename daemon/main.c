// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbus-daemon: a bus of one's own, with the command line of dbus-daemon. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/background.h"
#include "daemon/daemon.h"
#include "lib/environment.h"
#include "lib/log.h"

/* The memfd has a number that no program of ours expects something else at. */
#define FIRST_FREE_FD 64
#define FILES_WANTED 65536

static int introspect(void)
{
	static char *const argv[] = { (char *)"kdbus-driver", (char *)"--introspect", NULL };

	execv(KDBUSLIBEXECDIR "/kdbus-driver", argv);
	kb_log_errno(LOG_ERR, errno, "Cannot execute " KDBUSLIBEXECDIR "/kdbus-driver");
	return EXIT_FAILURE;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Descriptors we print into are nobody else's business. */
static void keep_to_ourselves(int fd)
{
	if (fd > STDERR_FILENO)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* reading */

static int read_configuration(struct daemon *daemon)
{
	const char *name = daemon->options->config_file;
	int r;

	if (!realpath(name, daemon->config_file))
		return kb_log_errno(LOG_ERR, errno, "Cannot open the configuration %s", name);
	r = settings_read(&daemon->settings, daemon->config_file);
	if (r == -EBADMSG)
		kb_log(LOG_ERR, "The configuration %s cannot be used", name);
	else if (r < 0)
		kb_log_errno(LOG_ERR, r, "Cannot read the configuration %s", name);
	if (r >= 0 && !daemon->options->address && !daemon->settings.listen) {
		kb_log(LOG_ERR, "The configuration %s has no <listen>, and there is no --address=", name);
		r = -EINVAL;
	}
	return r;
}

static int listen_everywhere(struct daemon *daemon)
{
	char *const *address;
	int r = 0;

	if (daemon->options->address)
		return listener_open(daemon->options->address, &daemon->listeners);
	for (address = daemon->settings.listen; *address && r >= 0; address++)
		r = listener_open(*address, &daemon->listeners);
	return r;
}

/* becoming */

static bool goes_to_background(const struct daemon *daemon)
{
	enum answer answer = daemon->options->fork;

	return answer == ANSWER_YES || (answer == ANSWER_NONE && daemon->settings.fork);
}

static void choose_log(struct daemon *daemon)
{
	enum log_to to = daemon->options->log_to;
	bool background = goes_to_background(daemon);

	if (to == LOG_TO_JOURNAL ||
	    (to == LOG_TO_CONFIGURED && daemon->settings.syslog && background))
		daemon->keep_stderr = log_to_journal();
	daemon->context.quiet = background;
	daemon->context.mute = background && !daemon->keep_stderr;
}

/*
 * On the bus of a system services run as all kinds of users, so the daemon
 * stays root and its proxy, which listens to does not.
 */
static int become_user(struct daemon *daemon)
{
	const char *user = daemon->settings.user;
	uid_t uid;
	gid_t gid;

	if (!user)
		return 0;
	if (user_find(user, &uid, &gid) < 0) {
		kb_log(LOG_ERR, "<user>: there is nobody called %s", user);
		return -ESRCH;
	}
	if (uid == geteuid())
		return 0;
	if (geteuid() == 0 && settings_is_system(&daemon->settings)) {
		snprintf(daemon->proxy_user, sizeof(daemon->proxy_user), "%u:%u",
			 (unsigned int)uid, (unsigned int)gid);
		return 0;
	}
	if (initgroups(user, gid) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
		return kb_log_errno(LOG_ERR, errno, "<user>: cannot become %s", user);
	return 0;
}

static int write_pidfile(struct daemon *daemon)
{
	int r;

	if (daemon->options->no_pidfile || !daemon->settings.pidfile)
		return 0;
	r = pidfile_write(daemon->settings.pidfile);
	if (r < 0)
		return r;
	daemon->pidfile = strdup(daemon->settings.pidfile);
	return daemon->pidfile ? 0 : -ENOMEM;
}

/* As many descriptors as the reference gives itself, or as may be. */
static void raise_descriptors(struct daemon *daemon)
{
	struct rlimit limit;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	daemon->context.files = limit;
	if (limit.rlim_cur >= FILES_WANTED)
		return;
	limit.rlim_cur = FILES_WANTED;
	if (limit.rlim_max < FILES_WANTED) {
		/* for root there is no most */
		most = limit.rlim_max;
		limit.rlim_max = FILES_WANTED;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			return;
		limit.rlim_cur = limit.rlim_max = most;
	}
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		kb_log_errno(LOG_WARNING, errno, "Cannot have more than the usual file descriptors");
}

/* making */

/* What is started learns the address as it would from dbus-daemon. */
static void set_environment(const struct daemon *daemon)
{
	const char *type = daemon->settings.type;

	if (type && kb_streq(type, "session"))
		setenv("DBUS_SESSION_BUS_ADDRESS", daemon->address, 1);
	else if (type && kb_streq(type, "system"))
		setenv("DBUS_SYSTEM_BUS_ADDRESS", daemon->address, 1);
}

static int make_environment_fd(void)
{
	int fd = kb_environment_new(), high;

	if (fd < 0)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	kb_close(fd);
	return high < 0 ? -errno : high;
}

static int make_bus(struct daemon *daemon)
{
	struct command_facts *facts = &daemon->facts;
	int r;

	r = bus_make(&daemon->bus, settings_is_system(&daemon->settings));
	if (r < 0)
		return r;
	daemon->address = listeners_address(daemon->listeners, daemon->bus.guid);
	daemon->environment_fd = make_environment_fd();
	if (!daemon->address || daemon->environment_fd < 0)
		return kb_log_errno(LOG_ERR, ENOMEM, "Cannot begin");
	daemon->context.environment_fd = daemon->environment_fd;
	set_environment(daemon);
	facts->config_file = daemon->config_file;
	facts->proxy_user = *daemon->proxy_user ? daemon->proxy_user : NULL;
	facts->bus = daemon->bus.address;
	facts->address = daemon->address;
	facts->environment_fd = daemon->environment_fd;
	facts->start_timeout_ms = daemon->settings.start_timeout_ms;
	facts->system = settings_is_system(&daemon->settings);
	facts->is_root = geteuid() == 0;
	facts->systemd_activation = daemon->options->systemd_activation;
	return 0;
}

static int run(struct daemon *daemon)
{
	int r;

	r = read_configuration(daemon);
	if (r >= 0)
		r = listen_everywhere(daemon);
	if (r < 0)
		return r;
	choose_log(daemon);
	if (goes_to_background(daemon))
		r = background_enter(&daemon->background_fd);
	if (r >= 0)
		r = write_pidfile(daemon);
	if (r >= 0)
		r = become_user(daemon);
	raise_descriptors(daemon);
	if (r >= 0)
		r = make_bus(daemon);
	return r < 0 ? r : daemon_run(daemon);
}

static void clean_up(struct daemon *daemon)
{
	listeners_close(&daemon->listeners);
	if (daemon->pidfile)
		unlink(daemon->pidfile);
	free(daemon->pidfile);
	bus_deinit(&daemon->bus);
	settings_deinit(&daemon->settings);
	free(daemon->address);
	kb_close(daemon->environment_fd);
	kb_close(daemon->background_fd);
}

int main(int argc, char **argv)
{
	struct options options;
	struct daemon daemon = {
		.options = &options,
		.bus.fd = -1,
		.environment_fd = -1,
		.background_fd = -1,
		.context.environment_fd = -1,
	};
	int r;

	kb_log_open("kdbus-daemon");
	r = options_parse(&options, argc, argv);
	if (r <= 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (options.introspect)
		return introspect();
	keep_to_ourselves(options.print_address_fd);
	keep_to_ourselves(options.print_pid_fd);
	block_signals();
	r = run(&daemon);
	clean_up(&daemon);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
