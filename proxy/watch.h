/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sees when files of the configuration change. */
#ifndef PROXY_WATCH_H
#define PROXY_WATCH_H

#include <systemd/sd-event.h>

struct proxy;
struct watch;

/**
 * watch_new() - read the configuration again when a file of it changes
 *
 * A package puts several files in place at once, so some time passes between
 * the last change and the reading.
 */
int watch_new(struct proxy *proxy, struct watch **out_watch);
struct watch *watch_free(struct watch *watch);

/* Watches the directories of the configuration now in force, and no others. */
void watch_update(struct watch *watch);

#endif /* PROXY_WATCH_H */
