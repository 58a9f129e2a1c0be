// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A service as others write theirs with sd-bus: vtables, properties, an object
 * manager and objects that come and go.
 *
 * usage: sdbus-service NAME        on DBUS_SYSTEM_BUS_ADDRESS
 *
 * Interface org.kdbus.Test1, as in tests/system/binding.py; besides, New and
 * Remove make and end objects below.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define PATH		"/org/kdbus/Test"
#define INTERFACE	"org.kdbus.Test1"
#define ITEM		"org.kdbus.Test1.Item"
#define ITEMS_MAX	16

/**
 * struct state - what the properties show
 */
static struct state {
	uint32_t count;
	uint32_t secret;
} state;
static uint32_t items[ITEMS_MAX];
static sd_bus_slot *slots[ITEMS_MAX];

/* methods */

static int method_echo(sd_bus_message *call, void *data, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	int r;

	(void)data;
	(void)error;
	r = sd_bus_message_new_method_return(call, &reply);
	if (r >= 0)
		r = sd_bus_message_copy(reply, call, 0);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}

static int method_add(sd_bus_message *call, void *data, sd_bus_error *error)
{
	int32_t a, b;
	int r = sd_bus_message_read(call, "ii", &a, &b);

	(void)data;
	(void)error;
	return r < 0 ? r : sd_bus_reply_method_return(call, "i", a + b);
}

static int method_fail(sd_bus_message *call, void *data, sd_bus_error *error)
{
	(void)call;
	(void)data;
	return sd_bus_error_set(error, INTERFACE ".Error.Failed", "as you wish");
}

static int method_tick(sd_bus_message *call, void *data, sd_bus_error *error)
{
	sd_bus *bus = sd_bus_message_get_bus(call);
	int r;

	(void)data;
	(void)error;
	state.count++;
	r = sd_bus_emit_signal(bus, PATH, INTERFACE, "Ticked", "u", state.count);
	if (r >= 0)
		r = sd_bus_emit_properties_changed(bus, PATH, INTERFACE, "Count", NULL);
	return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

static int set_count(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *value, void *data, sd_bus_error *error)
{
	int r = sd_bus_message_read(value, "u", data);

	(void)error;
	return r < 0 ? r : sd_bus_emit_properties_changed(bus, path, interface, property, NULL);
}

/* A file to read "hello" from. */
static int method_open(sd_bus_message *call, void *data, sd_bus_error *error)
{
	int pipes[2], r;

	(void)data;
	(void)error;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	r = write(pipes[1], "hello", 5) == 5 ? sd_bus_reply_method_return(call, "h", pipes[0]) : -EIO;
	close(pipes[0]);
	close(pipes[1]);
	return r;
}

/* objects that come and go */

static int item_number(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *data, sd_bus_error *error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	return sd_bus_message_append(reply, "u", *(uint32_t *)data);
}

static const sd_bus_vtable item_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Number", "u", item_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END
};

static void item_path(uint32_t number, char out[64])
{
	snprintf(out, 64, PATH "/item_%u", number);
}

static int method_new(sd_bus_message *call, void *data, sd_bus_error *error)
{
	sd_bus *bus = sd_bus_message_get_bus(call);
	char path[64];
	uint32_t n;
	int r;

	(void)data;
	(void)error;
	r = sd_bus_message_read(call, "u", &n);
	if (r < 0 || n >= ITEMS_MAX || slots[n])
		return r < 0 ? r : -EINVAL;
	items[n] = n;
	item_path(n, path);
	r = sd_bus_add_object_vtable(bus, &slots[n], path, ITEM, item_vtable, &items[n]);
	if (r >= 0)
		r = sd_bus_emit_object_added(bus, path);
	return r < 0 ? r : sd_bus_reply_method_return(call, "o", path);
}

static int method_remove(sd_bus_message *call, void *data, sd_bus_error *error)
{
	char path[64];
	uint32_t n;
	int r;

	(void)data;
	(void)error;
	r = sd_bus_message_read(call, "u", &n);
	if (r < 0 || n >= ITEMS_MAX || !slots[n])
		return r < 0 ? r : -EINVAL;
	item_path(n, path);
	r = sd_bus_emit_object_removed(sd_bus_message_get_bus(call), path);
	slots[n] = sd_bus_slot_unref(slots[n]);
	return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

/* Says that it changed, not to what. */
static int method_change_secret(sd_bus_message *call, void *data, sd_bus_error *error)
{
	int r;

	(void)data;
	(void)error;
	state.secret++;
	r = sd_bus_emit_properties_changed(sd_bus_message_get_bus(call), PATH, INTERFACE, "Secret", NULL);
	return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Echo", "v", "v", method_echo, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Add", "ii", "i", method_add, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Fail", NULL, NULL, method_fail, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Tick", NULL, NULL, method_tick, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Open", NULL, "h", method_open, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("New", "u", "o", method_new, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Remove", "u", NULL, method_remove, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ChangeSecret", NULL, NULL, method_change_secret, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("Ticked", "u", 0),
	SD_BUS_WRITABLE_PROPERTY("Count", "u", NULL, set_count, offsetof(struct state, count),
				 SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE | SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Secret", "u", NULL, offsetof(struct state, secret), SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
	SD_BUS_VTABLE_END
};

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: sdbus-service NAME\n");
		return EXIT_FAILURE;
	}
	r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_add_object_manager(bus, NULL, PATH);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, PATH, INTERFACE, vtable, &state);
	if (r >= 0)
		r = sd_bus_request_name(bus, argv[1], 0);
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	fprintf(stderr, "sdbus-service: %s\n", strerror(-r));
	sd_bus_unref(bus);
	return EXIT_FAILURE;
}
