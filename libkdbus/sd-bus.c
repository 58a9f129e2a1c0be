// SPDX-License-Identifier: LGPL-2.1-or-later
/* An ordinary sd_bus, with a bridge at the other end of its socket. */
#include <errno.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "lib/log.h"
#include "libkdbus/connection.h"
#include "proxy/bridge.h"

/* A filter is the one thing of a sd_bus that goes when the sd_bus goes, and can
 * say so; it lets everything pass. */
static int pass(sd_bus_message *message _unused_, void *userdata _unused_,
		sd_bus_error *error _unused_)
{
	return 0;
}

static void on_destroy(void *userdata)
{
	bridge_close(userdata);
}

static int tie(sd_bus *bus, struct bridge *bridge)
{
	sd_bus_slot *slot;
	int r;

	r = sd_bus_add_filter(bus, &slot, pass, bridge);
	if (r < 0)
		return r;
	r = sd_bus_slot_set_floating(slot, true);
	if (r >= 0)
		r = sd_bus_slot_set_destroy_callback(slot, on_destroy);
	sd_bus_slot_unref(slot);
	return r;
}

/* Takes the socket over, also on failure. */
static int set_up(sd_bus *bus, int fd)
{
	int r;

	r = sd_bus_set_fd(bus, fd, fd);
	if (r < 0) {
		kb_close(fd);
		return r;
	}
	r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_negotiate_fds(bus, true);
	return r < 0 ? r : sd_bus_start(bus);
}

int kdbus_open_sd_bus(const char *address, sd_bus **out)
{
	_cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
	_cleanup_(kb_freep) char *own = connection_address(address);
	struct bridge *bridge;
	int fds[2], r;

	if (!own)
		return -ENOMEM;
	/* a library is silent: what is refused comes back as an error */
	kb_log_set_level(-1);
	r = sd_bus_new(&bus);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	r = bridge_open(own, fds[1], &bridge);
	if (r < 0) {
		kb_close(fds[0]);
		return r;
	}
	/* from then on the bridge ends with the bus */
	r = tie(bus, bridge);
	if (r < 0) {
		kb_close(fds[0]);
		bridge_close(bridge);
		return r;
	}
	r = set_up(bus, fds[0]);
	if (r < 0)
		return r;
	*out = TAKE_PTR(bus);
	return 0;
}
