/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bus of its own: kernel, driver, activators and proxy, held together.
 *
 *  BEGINNING   the activators, the driver's among them, take their names
 *  OPENING     the proxy begins to serve the sockets
 *  RUNNING     address and process id were told
 *  ENDING      everybody was asked to go
 *
 * Nobody is served before the names are there: a client's first call would miss
 * a service that is just about to be had.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <limits.h>

#include "daemon/bus.h"
#include "daemon/child.h"
#include "daemon/commands.h"
#include "daemon/listen.h"
#include "daemon/options.h"
#include "daemon/settings.h"
#include "daemon/watch.h"

/* as many as the proxy takes */
#define DAEMON_SOCKETS_MAX 32

enum daemon_phase {
	DAEMON_BEGINNING,
	DAEMON_OPENING,
	DAEMON_RUNNING,
	DAEMON_ENDING,
};

/**
 * struct daemon - everything
 * @config_file:	absolute
 * @settings:		as they were read last
 * @pidfile:		that we wrote, or NULL
 * @environment_fd:	variables for what is started, see lib/environment.h
 * @background_fd:	where a parent waits, or -1
 * @notify_fd:		where children say that they are ready
 * @address:		what clients are told
 * @proxy_user:		"UID:GID" that the proxy becomes, or empty
 * @facts:		for the command lines of children
 * @keep_stderr:	in the background, too: it is the journal's
 * @children:		newest first
 * @sockets:		of @listeners, as they are handed to the proxy
 * @failed:		ends because something went wrong
 */
struct daemon {
	const struct options *options;
	char config_file[PATH_MAX];
	struct settings settings;
	struct bus bus;
	struct listener *listeners;
	char *pidfile;
	int environment_fd;
	int background_fd;
	int notify_fd;
	char *address;
	char proxy_user[32];
	struct command_facts facts;
	bool keep_stderr;

	enum daemon_phase phase;
	bool failed;
	sd_event *event;
	sd_event_source *notify;
	sd_event_source *patience;
	struct watch *watch;
	struct child_context context;
	char notify_name[32];
	struct child *children;
	int sockets[DAEMON_SOCKETS_MAX];
};

/**
 * daemon_run() - serve until told to end
 * @daemon:	with the bus made, the sockets bound, the settings read, the facts
 *		known
 *
 * Return: 0, or a negative errno if it failed, which was told.
 */
int daemon_run(struct daemon *daemon);

#endif /* DAEMON_DAEMON_H */
