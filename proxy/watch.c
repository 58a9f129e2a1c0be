/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sees when files of the configuration change. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "proxy/proxy.h"
#include "proxy/reload.h"
#include "proxy/watch.h"

/* quiet time after the last change, but no more than so long after the first */
#define SETTLE_USEC 300000
#define SETTLE_MAX_USEC 1000000

#define EVENTS                                                               \
	(IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | \
	 IN_DELETE_SELF | IN_MOVE_SELF)

/* @first_ns: when the first change was that has not been read yet, or 0 */
struct watch {
	struct proxy *proxy;
	uint64_t first_ns;
	int fd;
	sd_event_source *io;
	sd_event_source *settle;
};

static void watch_stop(struct watch *watch)
{
	watch->io = sd_event_source_disable_unref(watch->io);
	watch->fd = kb_close(watch->fd);
}

static bool name_matters(const struct config *config, const char *name)
{
	size_t size = strlen(name);

	if (size > 5 && kb_streq(name + size - 5, ".conf"))
		return true;
	for (char **known = config->names; known && *known; known++)
		if (kb_streq(*known, name))
			return true;
	return false;
}

/* What has no name happened to the directory itself, or we lost track. */
static bool event_matters(const struct watch *watch,
			  const struct inotify_event *event)
{
	if (event->len == 0)
		return !(event->mask & IN_IGNORED);
	return name_matters(watch->proxy->config, event->name);
}

static bool watch_read(struct watch *watch)
{
	char events[4096]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	bool matters = false;
	ssize_t n;

	while ((n = read(watch->fd, events, sizeof(events))) > 0) {
		const struct inotify_event *event;

		for (ssize_t i = 0; i < n; i += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(events + i);
			matters |= event_matters(watch, event);
		}
	}
	return matters;
}

/* Something that matters has changed. */
static void watch_settle(struct watch *watch)
{
	uint64_t now = kb_now_ns();

	if (!watch->first_ns)
		watch->first_ns = now;
	/* who changes files all the time does not put it off for ever */
	if (now - watch->first_ns > (SETTLE_MAX_USEC - SETTLE_USEC) * 1000)
		return;
	sd_event_source_set_time_relative(watch->settle, SETTLE_USEC);
	sd_event_source_set_enabled(watch->settle, SD_EVENT_ONESHOT);
}

static int on_change(sd_event_source *source, int fd, uint32_t revents,
		     void *userdata)
{
	struct watch *watch = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	if (watch_read(watch))
		watch_settle(watch);
	return 0;
}

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct watch *watch = userdata;

	(void)source;
	(void)usec;
	watch->first_ns = 0;
	/* a directory that was replaced is to be watched again */
	if (reload_begin(watch->proxy->reload) != 0)
		watch_update(watch);
	return 0;
}

/*
 * A fresh descriptor watches nothing, so the old ones need not be undone.  What
 * changed since the files were read is still in the old one.
 */
void watch_update(struct watch *watch)
{
	char **directories = watch->proxy->config->watch;
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), r;

	if (fd < 0) {
		kb_log_errno(LOG_WARNING, errno,
			     "Changes of the configuration may not be seen");
		return;
	}
	for (; directories && *directories; directories++)
		if (inotify_add_watch(fd, *directories, EVENTS | IN_ONLYDIR) < 0 &&
		    errno != ENOENT && errno != ENOTDIR)
			kb_log_errno(LOG_WARNING, errno, "Cannot watch %s",
				     *directories);
	if (watch->fd >= 0 && watch_read(watch))
		watch_settle(watch);
	watch_stop(watch);
	watch->fd = fd;
	r = sd_event_add_io(watch->proxy->event, &watch->io, watch->fd, EPOLLIN,
			    on_change, watch);
	if (r < 0)
		kb_log_errno(LOG_WARNING, r, "Cannot watch the configuration");
}

int watch_new(struct proxy *proxy, struct watch **out_watch)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	watch->proxy = proxy;
	watch->fd = -1;
	r = sd_event_add_time(proxy->event, &watch->settle, CLOCK_MONOTONIC, 0,
			      0, on_settled, watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->settle, SD_EVENT_OFF);
	if (r < 0) {
		watch_free(watch);
		return r;
	}
	watch_update(watch);
	*out_watch = watch;
	return 0;
}

struct watch *watch_free(struct watch *watch)
{
	if (!watch)
		return NULL;
	watch_stop(watch);
	sd_event_source_disable_unref(watch->settle);
	free(watch);
	return NULL;
}
