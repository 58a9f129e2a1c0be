// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A service: it adds numbers, tells everybody how often it did, and ends when
 * nobody has asked for a while, without ever losing a call.
 *
 *	cc sum-service.c -o sum-service $(pkg-config --cflags --libs libkdbus)
 *	./sum-service [ADDRESS]
 *
 * sum-client.c is its client; "busctl introspect org.example.Sum
 * /org/example/Sum" shows it.
 */
#include <errno.h>
#include <kdbus/libkdbus.h>
#include <stdio.h>
#include <string.h>

#define NAME	"org.example.Sum"
#define PATH	"/org/example/Sum"

/* What methods are given as their last argument; ours to choose. */
struct sum {
	struct kdbus_connection *bus;
	uint32_t n_calls;
};

/* The library has seen to it already that there are two numbers. */
static int sum_add(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	struct sum *sum = userdata;
	int32_t a, b;
	int r;

	r = kdbus_message_read(call, "ii", &a, &b);
	if (r < 0)
		return r;
	kdbus_emit(sum->bus, PATH, NAME, "Added", "u", ++sum->n_calls);
	return kdbus_message_append(reply, "x", (int64_t)a + b);
}

/* An array of any length, read where the kernel has put it. */
static int sum_add_all(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	const void *data;
	const int32_t *numbers;
	int64_t total = 0;
	size_t n;
	int r;

	(void)userdata;
	r = kdbus_message_read(call, "ai", &data, &n);
	if (r < 0)
		return r;
	if (n == 0)
		return kdbus_fail(reply, NAME ".Error.Empty", "There is nothing to add");
	numbers = data;
	for (size_t i = 0; i < n; i++)
		total += numbers[i];
	return kdbus_message_append(reply, "x", total);
}

/* Who asks is told by the kernel: nobody can pretend to be another. */
static int sum_who_am_i(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	const struct kdbus_credentials *caller = kdbus_message_credentials(call);

	(void)userdata;
	if (!caller)
		return -ENOMEM;
	return kdbus_message_append(reply, "su", kdbus_message_sender(call), caller->uid);
}

static const struct kdbus_method methods[] = {
	{ "Add",	"ii",	"x",	sum_add },
	{ "AddAll",	"ai",	"x",	sum_add_all },
	{ "WhoAmI",	"",	"su",	sum_who_am_i },
	{ NULL,		NULL,	NULL,	NULL },
};

int main(int argc, char **argv)
{
	struct sum sum = { NULL, 0 };
	int r;

	/* without an address: the bus that has started us, or the usual one */
	r = kdbus_connect(argc > 1 ? argv[1] : NULL, 0, &sum.bus);
	if (r < 0) {
		fprintf(stderr, "Cannot connect: %s\n", strerror(-r));
		return 1;
	}
	/* first the objects, then the name: whoever finds us finds all of us */
	r = kdbus_serve(sum.bus, PATH, NAME, methods, &sum);
	if (r >= 0)
		r = kdbus_request_name(sum.bus, NAME, 0);
	if (r >= 0)
		r = kdbus_run(sum.bus, 5 * KDBUS_SECOND);
	if (r < 0)
		fprintf(stderr, "Cannot serve: %s\n", strerror(-r));
	else
		printf("%u times two numbers were added.\n", sum.n_calls);
	kdbus_disconnect(sum.bus);
	return r < 0;
}
