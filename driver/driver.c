// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver: its connection, its loop, its coming and going.
 */
#include <errno.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "driver/activation.h"
#include "driver/call.h"
#include "driver/driver.h"
#include "driver/matches.h"
#include "lib/cmd.h"
#include "lib/log.h"
#include "lib/notify.h"

/* Messages served before others in the loop get their turn. */
#define BATCH 64

/* messages */

static void driver_notification(struct driver *driver, const struct kb_message *message)
{
	struct kb_notification notification;

	if (kb_notify_parse(message, &notification) < 0)
		return;
	switch (notification.type) {
	case KDBUS_ITEM_ID_REMOVE:
		matches_forget(driver, notification.old_id);
		break;
	case KDBUS_ITEM_REPLY_TIMEOUT:
	case KDBUS_ITEM_REPLY_DEAD:
		activation_no_reply(driver, notification.cookie,
				    notification.type == KDBUS_ITEM_REPLY_TIMEOUT);
		break;
	}
}

static void driver_message(struct driver *driver, struct kb_message *message)
{
	switch (message->type) {
	case KB_NOTIFICATION:
		driver_notification(driver, message);
		return;
	case KB_METHOD_CALL:
		call_dispatch(driver, message);
		break;
	case KB_METHOD_RETURN:
	case KB_ERROR:
		activation_reply(driver, message);
		break;
	}
	driver->last_ns = kb_now_ns();
}

static bool bus_is_gone(int r)
{
	return r == -ECONNRESET || r == -ESHUTDOWN;
}

static int on_mail(sd_event_source *source _unused_, int fd _unused_, uint32_t revents _unused_,
		   void *userdata)
{
	struct driver *driver = userdata;
	int i, r = 0;

	for (i = 0; i < BATCH; i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;

		r = kb_conn_recv(driver->conn, &message);
		if (r < 0)
			break;
		driver_message(driver, message);
	}
	if (r >= 0 || r == -EAGAIN)
		return 0;
	if (bus_is_gone(r)) {
		kb_log(LOG_INFO, "the bus is gone");
		r = 0;
	}
	/* merely returned, it would leave us here with nobody listening */
	return sd_event_exit(driver->event, r);
}

/* leaving */

static int leave_dispatch(struct kb_message *message, void *userdata)
{
	struct driver *driver = userdata;

	driver_message(driver, message);
	/* Somebody waits for an answer we have not got yet. */
	return driver->n_pending ? -EBUSY : 0;
}

/* Calls went on coming while we were leaving: stay. */
static int driver_stay(struct driver *driver)
{
	int r;

	if (driver->named)
		return 0;
	r = kb_conn_name_acquire(driver->conn, KB_DRIVER_NAME, 0, NULL);
	driver->named = r >= 0;
	/* Another driver has it: serve what we have, then try to leave again. */
	return r == -EEXIST ? 0 : r;
}

static int driver_leave(struct driver *driver)
{
	int r;

	if (driver->n_pending)
		return 0;
	r = kb_conn_exit_on_idle(driver->conn, driver->named ? KB_DRIVER_NAME : NULL,
				 leave_dispatch, driver);
	if (r >= 0 || bus_is_gone(r))
		return sd_event_exit(driver->event, 0);
	driver->named = false;
	return driver_stay(driver);
}

static int on_idle(sd_event_source *source, uint64_t usec _unused_, void *userdata)
{
	struct driver *driver = userdata;
	uint64_t now = kb_now_ns();
	int r;

	if (now - driver->last_ns >= driver->idle_ns) {
		r = driver_leave(driver);
		if (r < 0)
			return sd_event_exit(driver->event, r);
		driver->last_ns = now;
	}
	sd_event_source_set_time(source, (driver->last_ns + driver->idle_ns) / 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* Who waits for a service we are starting hears from the kernel, not from us. */
static int on_end(sd_event_source *source _unused_, const struct signalfd_siginfo *si _unused_,
		  void *userdata)
{
	struct driver *driver = userdata;

	activation_forget_all(driver);
	driver_leave(driver);
	return sd_event_exit(driver->event, 0);
}

/* life */

static int driver_add_sources(struct driver *driver)
{
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);

	r = sd_event_new(&driver->event);
	if (r >= 0)
		r = sd_event_add_io(driver->event, NULL, driver->conn->fd, EPOLLIN, on_mail,
				    driver);
	if (r >= 0)
		r = sd_event_add_signal(driver->event, NULL, SIGTERM, on_end, driver);
	if (r >= 0)
		r = sd_event_add_signal(driver->event, NULL, SIGINT, on_end, driver);
	if (r >= 0 && driver->idle_ns)
		r = sd_event_add_time(driver->event, &driver->idle, CLOCK_MONOTONIC,
				      (driver->last_ns + driver->idle_ns) / 1000, 0, on_idle,
				      driver);
	if (r >= 0)
		r = sd_event_set_watchdog(driver->event, true);
	return r < 0 ? r : 0;
}

static int driver_connect(struct driver *driver, const char *address)
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	struct kb_info creator;
	int r;

	options.flags = 0;
	options.description = "bus-driver";
	options.attach_recv = KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS | KDBUS_ATTACH_NAMES |
			      KDBUS_ATTACH_AUXGROUPS | KDBUS_ATTACH_SECLABEL | KDBUS_ATTACH_CAPS;
	r = kb_conn_open(address, &options, &driver->conn);
	if (r < 0)
		return r;
	driver->behalf = kb_cmd_supports_behalf(driver->conn->fd) > 0;
	if (!driver->behalf)
		kb_log(LOG_WARNING, "this kernel does not let us act for others");

	driver->process = kb_cmd_supports_asking(driver->conn->fd, KDBUS_ITEM_PROCESS) > 0;
	driver->usage = kb_cmd_supports_asking(driver->conn->fd, KDBUS_ITEM_USAGE) > 0;

	driver->owner_uid = KB_ID_UNSET;
	r = kb_conn_creator_info(driver->conn, KDBUS_ATTACH_CREDS, &creator);
	if (r < 0)
		return r;
	if (creator.meta.creds)
		driver->owner_uid = creator.meta.creds->euid;
	kb_info_deinit(&creator);
	return 0;
}

int driver_new(const char *address, uint64_t idle_ns, struct driver **out)
{
	_cleanup_(driver_freep) struct driver *driver = NULL;
	int r;

	driver = calloc(1, sizeof(*driver));
	if (!driver)
		return -ENOMEM;
	driver->environment_fd = -1;
	driver->idle_ns = idle_ns;
	driver->last_ns = kb_now_ns();
	r = driver_connect(driver, address);
	if (r >= 0)
		r = driver_add_sources(driver);
	/* Last: in this moment the mail that has waited becomes ours. */
	if (r >= 0)
		r = kb_conn_name_acquire(driver->conn, KB_DRIVER_NAME, 0, NULL);
	if (r < 0)
		return r;
	driver->named = true;
	*out = TAKE_PTR(driver);
	return 0;
}

struct driver *driver_free(struct driver *driver)
{
	if (!driver)
		return NULL;
	activation_forget_all(driver);
	if (driver->conn)
		matches_forget_all(driver);
	sd_event_source_disable_unref(driver->idle);
	sd_event_unref(driver->event);
	kb_conn_unref(driver->conn);
	free(driver);
	return NULL;
}

int driver_run(struct driver *driver)
{
	sd_notify(0, "READY=1");
	return sd_event_loop(driver->event);
}
