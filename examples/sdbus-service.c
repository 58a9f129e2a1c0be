// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A service written with sd-bus, as any other, that is on kdbus: only the line
 * that opens the bus is another one.
 *
 *	cc sdbus-service.c -o sdbus-service $(pkg-config --cflags --libs libkdbus libsystemd)
 *	./sdbus-service [ADDRESS]
 *	busctl introspect org.example.Thermostat1 /org/example/Thermostat1
 */
#include <errno.h>
#include <kdbus/libkdbus.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define NAME	"org.example.Thermostat1"
#define PATH	"/org/example/Thermostat1"

struct thermostat {
	double target;
	uint32_t n_changes;
};

static int method_warmer(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	struct thermostat *thermostat = userdata;
	double by;
	int r;

	r = sd_bus_message_read(call, "d", &by);
	if (r < 0)
		return r;
	if (thermostat->target + by > 30)
		return sd_bus_error_set(error, NAME ".Error.TooHot", "30 degrees are the most");
	thermostat->target += by;
	thermostat->n_changes++;
	sd_bus_emit_properties_changed(sd_bus_message_get_bus(call), PATH, NAME, "Target", NULL);
	return sd_bus_reply_method_return(call, "d", thermostat->target);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Warmer", SD_BUS_ARGS("d", by), SD_BUS_RESULT("d", target),
				method_warmer, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_WRITABLE_PROPERTY("Target", "d", NULL, NULL, offsetof(struct thermostat, target),
				 SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Changes", "u", NULL, offsetof(struct thermostat, n_changes), 0),
	SD_BUS_SIGNAL_WITH_ARGS("Alarm", SD_BUS_ARGS("s", text), 0),
	SD_BUS_VTABLE_END
};

static int serve(sd_bus *bus, sd_event *event, struct thermostat *thermostat)
{
	int r;

	r = sd_bus_add_object_manager(bus, NULL, "/org/example");
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, PATH, NAME, vtable, thermostat);
	if (r >= 0)
		r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_bus_request_name(bus, NAME, 0);
	return r < 0 ? r : sd_event_loop(event);
}

int main(int argc, char **argv)
{
	struct thermostat thermostat = { .target = 20 };
	sd_event *event = NULL;
	sd_bus *bus = NULL;
	sigset_t set;
	int r;

	/* with its signal blocked, the loop ends at SIGTERM */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);

	r = kdbus_open_sd_bus(argc > 1 ? argv[1] : NULL, &bus);
	if (r >= 0)
		r = sd_event_default(&event);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = serve(bus, event, &thermostat);
	if (r < 0)
		fprintf(stderr, "Cannot serve: %s\n", strerror(-r));
	/* what was said is delivered before this returns */
	sd_bus_flush_close_unref(bus);
	sd_event_unref(event);
	return r < 0;
}
