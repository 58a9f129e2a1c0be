// SPDX-License-Identifier: LGPL-2.1-or-later
/* Coming and going. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/error.h"
#include "libkdbus/call.h"
#include "libkdbus/connection.h"
#include "libkdbus/name.h"
#include "libkdbus/object.h"
#include "libkdbus/subscription.h"

#define ATTACH_WHO \
	(KDBUS_ATTACH_NAMES | KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS | KDBUS_ATTACH_TIMESTAMP)
#define ATTACH_ALL \
	(ATTACH_WHO | KDBUS_ATTACH_PID_COMM | KDBUS_ATTACH_EXE | KDBUS_ATTACH_CGROUP | \
	 KDBUS_ATTACH_CAPS | KDBUS_ATTACH_SECLABEL)

char *connection_address(const char *address)
{
	if (!address)
		address = getenv("DBUS_STARTER_ADDRESS");
	if (!address)
		address = geteuid() ? "user" : "system";
	if (kb_streq(address, "system"))
		return strdup(KB_ADDRESS_SYSTEM);
	if (kb_streq(address, "user"))
		return kb_address_user(geteuid());
	return strdup(address);
}

int kdbus_connect(const char *address, unsigned int flags, struct kdbus_connection **out)
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	_cleanup_(connection_unrefp) struct kdbus_connection *bus = NULL;
	_cleanup_(kb_freep) char *own = NULL;
	int r;

	if (flags & ~KDBUS_ALL_CREDENTIALS)
		return -EINVAL;
	own = connection_address(address);
	bus = calloc(1, sizeof(*bus));
	if (!own || !bus)
		return -ENOMEM;
	bus->n_refs = 1;
	options.attach_recv = flags & KDBUS_ALL_CREDENTIALS ? ATTACH_ALL : ATTACH_WHO;
	options.description = program_invocation_short_name;
	r = kb_conn_open(own, &options, &bus->kb);
	if (r < 0)
		return r;
	*out = TAKE_PTR(bus);
	return 0;
}

struct kdbus_connection *connection_ref(struct kdbus_connection *bus)
{
	bus->n_refs++;
	return bus;
}

struct kdbus_connection *connection_unref(struct kdbus_connection *bus)
{
	if (!bus || --bus->n_refs)
		return NULL;
	kb_conn_unref(bus->kb);
	free(bus);
	return NULL;
}

void kdbus_disconnect(struct kdbus_connection *bus)
{
	if (!bus)
		return;
	kdbus_detach_event(bus);
	kb_conn_close(bus->kb);
	subscriptions_free(bus);
	pending_free(bus);
	objects_free(bus);
	names_free(bus);
	connection_unref(bus);
}

const char *kdbus_unique_name(const struct kdbus_connection *bus)
{
	return bus->kb->unique_name;
}

uint64_t kdbus_lost(const struct kdbus_connection *bus)
{
	return bus->kb->n_dropped;
}

const char *kdbus_error_name(int r)
{
	return kb_error_from_errno(r);
}

int kdbus_fd(const struct kdbus_connection *bus)
{
	return kb_conn_fd(bus->kb);
}

short kdbus_events(const struct kdbus_connection *bus _unused_)
{
	return POLLIN;
}
