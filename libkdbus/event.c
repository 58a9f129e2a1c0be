// SPDX-License-Identifier: LGPL-2.1-or-later
/* In an event loop of systemd. */
#include <errno.h>
#include <systemd/sd-event.h>

#include "libkdbus/connection.h"

/* messages before others have their turn */
#define ROUND 32

static int on_readable(sd_event_source *source, int fd _unused_, uint32_t events _unused_,
		       void *userdata)
{
	_cleanup_(connection_unrefp) struct kdbus_connection *bus = connection_ref(userdata);
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	int r = 1;

	event = sd_event_ref(sd_event_source_get_event(source));
	for (int i = 0; i < ROUND && r > 0 && bus->source; i++)
		r = kdbus_process(bus);
	/* it is for whoever runs the loop */
	return r < 0 ? sd_event_exit(event, r) : 0;
}

int kdbus_attach_event(struct kdbus_connection *bus, struct sd_event *event, int64_t priority)
{
	sd_event_source *source;
	int r;

	if (bus->source)
		return -EBUSY;
	r = sd_event_add_io(event, &source, kdbus_fd(bus), kdbus_events(bus), on_readable,
			    bus);
	if (r < 0)
		return r;
	r = sd_event_source_set_priority(source, priority);
	if (r < 0) {
		sd_event_source_disable_unref(source);
		return r;
	}
	bus->source = source;
	return 0;
}

void kdbus_detach_event(struct kdbus_connection *bus)
{
	bus->source = sd_event_source_disable_unref(bus->source);
}
