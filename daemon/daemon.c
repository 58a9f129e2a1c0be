// SPDX-License-Identifier: LGPL-2.1-or-later
/* A bus of its own: kernel, driver, activators and proxy, held together. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/background.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "daemon/services.h"
#include "lib/log.h"

/* Who was asked to go is killed then. */
#define PATIENCE_USEC 3000000

static void daemon_remove(struct daemon *daemon, struct child *child)
{
	struct child **at;

	for (at = &daemon->children; *at != child; at = &(*at)->next)
		;
	*at = child->next;
	child_free(child);
}

/* ending */

/* All are gone: without its descriptor the bus ends, and who is still on it. */
static void daemon_end_finally(struct daemon *daemon)
{
	bus_deinit(&daemon->bus);
	sd_event_exit(daemon->event, 0);
}

static int on_patience(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
	struct daemon *daemon = userdata;

	for (struct child *child = daemon->children; child; child = child->next)
		child_stop(child, SIGKILL);
	return 0;
}

/* The sockets go first: nobody comes to a bus that ends. */
static void daemon_end(struct daemon *daemon)
{
	if (daemon->phase == DAEMON_ENDING)
		return;
	daemon->phase = DAEMON_ENDING;
	sd_notify(0, "STOPPING=1");
	listeners_close(&daemon->listeners);
	for (struct child *child = daemon->children, *next; child; child = next) {
		next = child->next;
		child_stop(child, SIGTERM);
		if (!child->pid)
			daemon_remove(daemon, child);
	}
	if (!daemon->children) {
		daemon_end_finally(daemon);
		return;
	}
	sd_event_add_time_relative(daemon->event, &daemon->patience, CLOCK_MONOTONIC,
				   PATIENCE_USEC, 0, on_patience, daemon);
}

static void daemon_fail(struct daemon *daemon, const char *what)
{
	kb_log(LOG_ERR, "%s cannot be kept alive, so this bus ends", what);
	daemon->failed = true;
	daemon_end(daemon);
}

/* children */

/* Takes @argv over. Returns the child, or NULL; then that was told. */
static struct child *daemon_add(struct daemon *daemon, const char *title, char **argv)
{
	struct child *child;
	int r;

	r = child_new(&daemon->context, title, argv, &child);
	if (r < 0) {
		kb_log_errno(LOG_ERR, r, "Cannot start %s", title);
		return NULL;
	}
	child->next = daemon->children;
	daemon->children = child;
	return child;
}

static int daemon_start_driver(struct daemon *daemon)
{
	struct child *child = daemon_add(daemon, "The driver's activator",
					 command_driver(&daemon->facts));

	if (!child)
		return -ENOMEM;
	child->vital = true;
	return child_start(child);
}

/* One for all sockets, so that limits count once. */
static int daemon_start_proxy(struct daemon *daemon)
{
	size_t n = 0;
	const struct listener *listener;
	struct child *child;

	for (listener = daemon->listeners; listener; listener = listener->next) {
		if (n == DAEMON_SOCKETS_MAX)
			return kb_log_errno(LOG_ERR, E2BIG, "Cannot listen on all of them");
		daemon->sockets[n++] = listener->fd;
	}
	child = daemon_add(daemon, "The proxy", command_proxy(&daemon->facts));
	if (!child)
		return -ENOMEM;
	child->sockets = daemon->sockets;
	child->n_sockets = n;
	child->vital = true;
	return child_start(child);
}

/* services */

static struct child *daemon_find_service(struct daemon *daemon, const char *name)
{
	for (struct child *child = daemon->children; child; child = child->next)
		if (child->tag && !child->leaving && kb_streq(child->tag, name))
			return child;
	return NULL;
}

static int daemon_add_service(struct daemon *daemon, const char *name, char **argv)
{
	char title[300];
	struct child *child;

	snprintf(title, sizeof(title), "The activator of %s", name);
	child = daemon_add(daemon, title, argv);
	if (!child)
		return -ENOMEM;
	child->tag = strdup(name);
	return child->tag ? child_start(child) : -ENOMEM;
}

static bool strv_equal(char *const *a, char *const *b)
{
	for (; *a && *b && kb_streq(*a, *b); a++, b++)
		;
	return !*a && !*b;
}

static int daemon_update_service(struct daemon *daemon, const struct service *service)
{
	struct child *child = daemon_find_service(daemon, service->name);
	char **argv = command_service(&daemon->facts, service);

	if (!argv)
		return -ENOMEM;
	if (!child)
		return daemon_add_service(daemon, service->name, argv);
	/* what failed gets another chance whenever somebody mends something */
	if (child->state == CHILD_FAILED || !strv_equal(argv, child->argv))
		child_replace(child, argv);
	else
		kb_strv_free(argv);
	return 0;
}

static bool services_have(const struct services *services, const char *name)
{
	for (const struct service *service = services->list; service; service = service->next)
		if (kb_streq(service->name, name))
			return true;
	return false;
}

static int daemon_update_services(struct daemon *daemon, const struct services *services)
{
	int r = 0;

	for (struct child *child = daemon->children, *next; child; child = next) {
		next = child->next;
		if (!child->tag || child->leaving || services_have(services, child->tag))
			continue;
		child_stop(child, SIGTERM);
		if (!child->pid)
			daemon_remove(daemon, child);
	}
	for (const struct service *s = services->list; s && r >= 0; s = s->next)
		if (command_has_service(&daemon->facts, s))
			r = daemon_update_service(daemon, s);
	return r;
}

/* The directory for services of this login alone is made when it is missing. */
static void make_transient(const char *directory)
{
	_cleanup_(kb_freep) char *parent = NULL;
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *slash = strrchr(directory, '/');

	if (!runtime || !*runtime || !slash || !kb_startswith(directory, runtime))
		return;
	parent = strndup(directory, slash - directory);
	if (parent && mkdir(parent, 0700) < 0 && errno != EEXIST)
		return;
	(void)mkdir(directory, 0700);
}

static void daemon_watch(struct daemon *daemon, const struct services *services)
{
	const char *slash = strrchr(daemon->facts.config_file, '/');
	char *const *path;

	watch_reset(daemon->watch);
	for (path = services->directories; path && *path; path++) {
		make_transient(*path);
		watch_add(daemon->watch, *path, ".service");
	}
	for (path = daemon->settings.watch; path && *path; path++) {
		watch_add(daemon->watch, *path, ".conf");
		watch_add(daemon->watch, *path, slash + 1);
	}
}

static int daemon_load_services(struct daemon *daemon)
{
	struct services services;
	int r;

	r = services_read(&services, daemon->settings.services);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "Cannot read the directories of services");
	daemon_watch(daemon, &services);
	r = daemon_update_services(daemon, &services);
	services_deinit(&services);
	return r;
}

/* Where to listen and who we are stays what it was at the beginning. */
static void daemon_reload(void *userdata)
{
	struct daemon *daemon = userdata;
	struct settings settings;

	if (daemon->phase == DAEMON_ENDING)
		return;
	if (settings_read(&settings, daemon->facts.config_file) < 0) {
		kb_log(LOG_WARNING, "The configuration has a mistake; the old one stays in force");
	} else {
		settings_deinit(&daemon->settings);
		daemon->settings = settings;
		daemon->facts.start_timeout_ms = settings.start_timeout_ms;
	}
	if (daemon_load_services(daemon) < 0)
		kb_log(LOG_WARNING, "Not all services are there");
}

/* phases */

static int daemon_announce(struct daemon *daemon)
{
	const struct options *options = daemon->options;
	char pid[16];
	int r = 0;

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (options->print_address_fd >= 0)
		r = print_line(options->print_address_fd, daemon->address);
	if (r >= 0 && options->print_pid_fd >= 0)
		r = print_line(options->print_pid_fd, pid);
	if (options->print_address_fd > STDERR_FILENO)
		kb_close(options->print_address_fd);
	if (options->print_pid_fd > STDERR_FILENO &&
	    options->print_pid_fd != options->print_address_fd)
		kb_close(options->print_pid_fd);
	if (r >= 0)
		sd_notify(0, "READY=1");
	if (r >= 0 && daemon->background_fd >= 0)
		background_ready(TAKE_FD(daemon->background_fd), daemon->settings.keep_umask,
				 daemon->keep_stderr);
	return r;
}

static bool daemon_is_settled(const struct daemon *daemon)
{
	for (const struct child *child = daemon->children; child; child = child->next)
		if (!child->leaving && child->state != CHILD_READY && child->state != CHILD_FAILED)
			return false;
	return true;
}

static void daemon_advance(struct daemon *daemon)
{
	if (!daemon_is_settled(daemon))
		return;
	if (daemon->phase == DAEMON_BEGINNING) {
		daemon->phase = DAEMON_OPENING;
		if (daemon_start_proxy(daemon) < 0)
			daemon_fail(daemon, "The proxy");
	} else if (daemon->phase == DAEMON_OPENING) {
		daemon->phase = DAEMON_RUNNING;
		if (daemon_announce(daemon) < 0) {
			daemon->failed = true;
			daemon_end(daemon);
		}
	}
}

/* events */

static void on_child_changed(void *userdata, struct child *child)
{
	struct daemon *daemon = userdata;

	if (child->leaving && !child->pid)
		daemon_remove(daemon, child);
	else if (child->state == CHILD_FAILED && child->vital)
		daemon_fail(daemon, child->title);
	else if (child->state == CHILD_FAILED)
		kb_log(LOG_WARNING, "%s fails too often and is left alone", child->title);

	if (daemon->phase != DAEMON_ENDING)
		daemon_advance(daemon);
	else if (!daemon->children)
		daemon_end_finally(daemon);
}

static int on_notify(sd_event_source *source _unused_, int fd, uint32_t revents _unused_,
		     void *userdata)
{
	struct daemon *daemon = userdata;
	struct child *child = daemon->children;
	pid_t pid = notify_read(fd);

	while (child && child->pid != pid)
		child = child->next;
	if (pid && child && child->state == CHILD_STARTING)
		child_is_ready(child);
	return 0;
}

static int on_end_signal(sd_event_source *source _unused_,
			 const struct signalfd_siginfo *si _unused_, void *userdata)
{
	daemon_end(userdata);
	return 0;
}

static int on_hangup(sd_event_source *source _unused_, const struct signalfd_siginfo *si _unused_,
		     void *userdata)
{
	struct daemon *daemon = userdata;

	for (struct child *child = daemon->children; child; child = child->next)
		if (child->n_sockets > 0 && child->pid)
			kill(child->pid, SIGHUP);
	daemon_reload(daemon);
	return 0;
}

static int daemon_handle_signals(struct daemon *daemon)
{
	int r;

	r = sd_event_add_signal(daemon->event, NULL, SIGTERM, on_end_signal, daemon);
	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGINT, on_end_signal, daemon);
	if (r >= 0)
		r = sd_event_add_signal(daemon->event, NULL, SIGHUP, on_hangup, daemon);
	return r;
}

/* life */

static int daemon_init(struct daemon *daemon)
{
	int r;

	daemon->notify_fd = notify_open(daemon->notify_name, sizeof(daemon->notify_name));
	if (daemon->notify_fd < 0)
		return daemon->notify_fd;
	r = sd_event_new(&daemon->event);
	if (r >= 0)
		r = daemon_handle_signals(daemon);
	if (r >= 0)
		r = sd_event_add_io(daemon->event, &daemon->notify, daemon->notify_fd, EPOLLIN,
				    on_notify, daemon);
	if (r >= 0)
		r = watch_new(daemon->event, daemon_reload, daemon, &daemon->watch);
	daemon->context.event = daemon->event;
	daemon->context.notify = daemon->notify_name;
	daemon->context.changed = on_child_changed;
	daemon->context.userdata = daemon;
	return r;
}

static void daemon_deinit(struct daemon *daemon)
{
	while (daemon->children)
		daemon_remove(daemon, daemon->children);
	daemon->watch = watch_free(daemon->watch);
	sd_event_source_disable_unref(daemon->patience);
	sd_event_source_disable_unref(daemon->notify);
	sd_event_unref(daemon->event);
	kb_close(daemon->notify_fd);
}

int daemon_run(struct daemon *daemon)
{
	int r;

	r = daemon_init(daemon);
	if (r < 0)
		kb_log_errno(LOG_ERR, r, "Cannot make an event loop");
	if (r >= 0)
		r = daemon_start_driver(daemon);
	if (r >= 0)
		r = daemon_load_services(daemon);
	if (r >= 0)
		r = sd_event_loop(daemon->event);
	daemon_deinit(daemon);
	return r < 0 ? r : daemon->failed ? -EIO : 0;
}
