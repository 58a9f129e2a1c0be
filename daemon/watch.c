// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sees when activation files, or the configuration, change. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "daemon/watch.h"
#include "lib/log.h"
#include "lib/util.h"

/* Several files that change together are read once. */
#define GATHER_USEC 50000

#define EVENTS                                                               \
	(IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | \
	 IN_DELETE_SELF | IN_MOVE_SELF)

/**
 * struct directory - one that is watched
 * @wd:		inotify's number for it
 */
struct directory {
	struct directory *next;
	int wd;
	const char *suffix;
};

struct watch {
	sd_event *event;
	void (*changed)(void *userdata);
	void *userdata;
	int fd;
	struct directory *directories;
	sd_event_source *io;
	sd_event_source *soon;
};

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && kb_streq(s + n - m, suffix);
}

/* What has no name happened to the directory itself, or we lost track. */
static bool matters(const struct watch *watch, const struct inotify_event *event)
{
	const struct directory *d;

	if (!event->len)
		return !(event->mask & IN_IGNORED);
	for (d = watch->directories; d; d = d->next)
		if (d->wd == event->wd && ends_with(event->name, d->suffix))
			return true;
	return false;
}

static int on_change(sd_event_source *source _unused_, int fd, uint32_t revents _unused_,
		     void *userdata)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct watch *watch = userdata;
	int enabled = SD_EVENT_OFF;
	bool hit = false;
	ssize_t n, at;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		const struct inotify_event *event;

		for (at = 0; at < n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(buffer + at);
			hit |= matters(watch, event);
		}
	}
	(void)sd_event_source_get_enabled(watch->soon, &enabled);
	if (!hit || enabled != SD_EVENT_OFF)
		return 0;
	sd_event_source_set_time_relative(watch->soon, GATHER_USEC);
	return sd_event_source_set_enabled(watch->soon, SD_EVENT_ONESHOT);
}

static int on_soon(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
	struct watch *watch = userdata;

	watch->changed(watch->userdata);
	return 0;
}

/*
 * The descriptor stays, for in it is what changed since it was looked at last:
 * while the files were read, that is. A directory that is added again keeps its
 * number; of one that is not, nothing matters.
 */
void watch_reset(struct watch *watch)
{
	struct directory *d;

	while ((d = watch->directories)) {
		watch->directories = d->next;
		free(d);
	}
}

void watch_add(struct watch *watch, const char *path, const char *suffix)
{
	struct directory *d;
	int wd;

	if (watch->fd < 0)
		return;
	wd = inotify_add_watch(watch->fd, path, EVENTS | IN_ONLYDIR);
	if (wd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			kb_log_errno(LOG_WARNING, errno, "Cannot watch %s", path);
		return;
	}
	d = malloc(sizeof(*d));
	if (!d)
		return;
	*d = (struct directory){ watch->directories, wd, suffix };
	watch->directories = d;
}

static int watch_open(struct watch *watch)
{
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		return -errno;
	return sd_event_add_io(watch->event, &watch->io, watch->fd, EPOLLIN, on_change, watch);
}

int watch_new(sd_event *event, void (*changed)(void *userdata), void *userdata,
	      struct watch **out)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	watch->event = event;
	watch->changed = changed;
	watch->userdata = userdata;
	watch->fd = -1;
	r = sd_event_add_time(event, &watch->soon, CLOCK_MONOTONIC, 0, 0, on_soon, watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->soon, SD_EVENT_OFF);
	if (r < 0) {
		watch_free(watch);
		return r;
	}
	r = watch_open(watch);
	if (r < 0)
		kb_log_errno(LOG_WARNING, r, "Changes of files will not be seen");
	*out = watch;
	return 0;
}

struct watch *watch_free(struct watch *watch)
{
	if (!watch)
		return NULL;
	watch_reset(watch);
	sd_event_source_disable_unref(watch->io);
	sd_event_source_disable_unref(watch->soon);
	kb_close(watch->fd);
	free(watch);
	return NULL;
}
