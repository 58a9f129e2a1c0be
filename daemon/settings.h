/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the configuration says to a daemon; policy and limits are the proxy's. */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct settings - one reading of the configuration
 * @type:	"session", "system" or what somebody invented; NULL for none
 * @user:	whom to become, NULL for nobody
 * @pidfile:	NULL for none
 * @listen:	addresses, NULL-terminated, or NULL
 * @services:	directories of activation files in their order; "session" and
 *		"system" stand for the usual ones
 * @watch:	directories where the configuration may change
 * @fork:	go into the background
 * @keep_umask:	and do not change the umask there
 * @syslog:	log to the journal
 * @start_timeout_ms: how long a service may take to start
 */
struct settings {
	char *type;
	char *user;
	char *pidfile;
	char **listen;
	char **services;
	char **watch;
	bool fork;
	bool keep_umask;
	bool syslog;
	uint64_t start_timeout_ms;
};

/**
 * settings_read() - let the proxy read the configuration
 * @path:	of the main file
 *
 * Return: 0; -EBADMSG if there is a mistake, which the proxy told.
 */
int settings_read(struct settings *settings, const char *path);
void settings_deinit(struct settings *settings);

bool settings_is_system(const struct settings *settings);

/* Takes a line of the proxy's; what is not known is left alone. */
int settings_line(void *userdata, const char *word, const char *value);

#endif /* DAEMON_SETTINGS_H */
