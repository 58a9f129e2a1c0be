/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sees when activation files, or the configuration, change. */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include <systemd/sd-event.h>

struct watch;

/**
 * watch_new() - watch nothing for now
 * @changed:	is called when there were changes, soon after the first of them
 */
int watch_new(sd_event *event, void (*changed)(void *userdata), void *userdata,
	      struct watch **out);
struct watch *watch_free(struct watch *watch);

/* Forgets all directories; what changed in those that are added again is not lost. */
void watch_reset(struct watch *watch);

/**
 * watch_add() - files of a directory matter
 * @path:	of the directory; if it does not exist nothing is watched
 * @suffix:	of files that matter
 */
void watch_add(struct watch *watch, const char *path, const char *suffix);

#endif /* DAEMON_WATCH_H */
