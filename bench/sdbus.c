/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An echo between two programs that speak D-Bus by sd-bus, over the bus at an
 * address: whatever serves it.
 *
 * usage: sdbus KEY ADDRESS        prints the rows KEY-64 and KEY-64k
 */
#include <systemd/sd-bus.h>

#include "bench/util.h"

#define NAME "org.example.Echo"

/* sd-bus calls return a negative errno. */
#define TRY(call)                                                       \
	({                                                              \
		int try_ = (call);                                      \
		if (try_ < 0) {                                         \
			errno = -try_;                                  \
			die(__FILE__, __LINE__, #call);                 \
		}                                                       \
		try_;                                                   \
	})

static const char *address;

static sd_bus *bus_open(void)
{
	const char *name;
	sd_bus *bus;

	TRY(sd_bus_new(&bus));
	TRY(sd_bus_set_address(bus, address));
	TRY(sd_bus_set_bus_client(bus, 1));
	TRY(sd_bus_start(bus));
	/* once it has one, the bus waits for nothing of ours */
	TRY(sd_bus_get_unique_name(bus, &name));
	return bus;
}

/* Takes and gives an array of bytes. */
static int echo(sd_bus_message *call, void *data, sd_bus_error *error)
{
	sd_bus_message *answer;
	const void *bytes;
	size_t size;

	(void)data;
	(void)error;
	TRY(sd_bus_message_read_array(call, 'y', &bytes, &size));
	TRY(sd_bus_message_new_method_return(call, &answer));
	TRY(sd_bus_message_append_array(answer, 'y', bytes, size));
	TRY(sd_bus_send(NULL, answer, NULL));
	sd_bus_message_unref(answer);
	return 1;
}

static void serve(void *data)
{
	static const sd_bus_vtable methods[] = {
		SD_BUS_VTABLE_START(0),
		SD_BUS_METHOD("Echo", "ay", "ay", echo, SD_BUS_VTABLE_UNPRIVILEGED),
		SD_BUS_VTABLE_END,
	};
	sd_bus *bus = bus_open();

	(void)data;
	TRY(sd_bus_add_object_vtable(bus, NULL, "/", NAME, methods, NULL));
	TRY(sd_bus_request_name(bus, NAME, 0));
	child_says(1);
	for (;;) {
		if (!TRY(sd_bus_process(bus, NULL)))
			TRY(sd_bus_wait(bus, UINT64_MAX));
	}
}

struct client {
	sd_bus *bus;
	void *bytes;
	size_t size;
};

static void call(void *data)
{
	struct client *client = data;
	sd_bus_message *request, *answer;
	sd_bus_error error = SD_BUS_ERROR_NULL;

	TRY(sd_bus_message_new_method_call(client->bus, &request, NAME, "/", NAME, "Echo"));
	TRY(sd_bus_message_append_array(request, 'y', client->bytes, client->size));
	TRY(sd_bus_call(client->bus, request, 0, &error, &answer));
	sd_bus_message_unref(request);
	sd_bus_message_unref(answer);
}

static const struct size {
	const char *suffix;
	size_t bytes;
	unsigned int rounds;
} sizes[] = {
	{ "64",		64,		100 },
	{ "64k",	64 * KIB,	30 },
};

static double measure_size(const void *data)
{
	const struct size *size = data;
	const struct work work = { .once = call, .rounds = size->rounds };
	struct client client = { .bytes = calloc(1, size->bytes), .size = size->bytes };
	struct child child = child_start(serve, NULL);
	double cost;

	client.bus = bus_open();
	tell_maps();
	cost = measure(&work, &client);
	sd_bus_flush_close_unref(client.bus);
	child_end(&child);
	usleep(200000);	/* until the name is free again */
	return cost;
}

int main(int argc, char **argv)
{
	char key[64];

	if (argc != 3) {
		fprintf(stderr, "usage: %s KEY ADDRESS\n", argv[0]);
		return 2;
	}
	address = argv[2];
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		snprintf(key, sizeof(key), "%s-%s", argv[1], sizes[i].suffix);
		if (wanted(key))
			row(key, best_of_starts(measure_size, &sizes[i]));
	}
	return 0;
}
