// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A client of sum-service.c: it calls, is told "no", calls without waiting, and
 * hears a signal.
 *
 *	cc sum-client.c -o sum-client $(pkg-config --cflags --libs libkdbus)
 *	./sum-client [ADDRESS]
 */
#include <errno.h>
#include <kdbus/libkdbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME	"org.example.Sum"
#define PATH	"/org/example/Sum"

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s (%s)\n", what, strerror(-r), kdbus_error_name(r));
	exit(1);
}

static struct kdbus_message *new_call(const char *method)
{
	struct kdbus_message *call;

	check(kdbus_message_new_call(NAME, PATH, NAME, method, &call), method);
	return call;
}

/* The simple way: call, and have the answer. */
static void add(struct kdbus_connection *bus, int a, int b)
{
	struct kdbus_message *call = new_call("Add"), *reply;
	int64_t sum;

	check(kdbus_message_append(call, "ii", a, b), "Add");
	check(kdbus_call(bus, call, 0, &reply), "Add");
	check(kdbus_message_read(reply, "x", &sum), "Add");
	printf("%d + %d = %lld\n", a, b, (long long)sum);
	kdbus_message_unref(reply);
	kdbus_message_unref(call);
}

/* An answer may be an error, which has a name and a text. */
static void add_nothing(struct kdbus_connection *bus)
{
	struct kdbus_message *call = new_call("AddAll"), *reply;
	int r;

	check(kdbus_message_append(call, "ai", NULL, (size_t)0), "AddAll");
	r = kdbus_call(bus, call, 0, &reply);
	if (r == -EREMOTEIO)
		printf("%s: %s\n", kdbus_message_error_name(reply),
		       kdbus_message_error_text(reply));
	else
		check(r, "AddAll");
	if (r >= 0 || r == -EREMOTEIO)
		kdbus_message_unref(reply);
	kdbus_message_unref(call);
}

/* The other way: call, go on, and be called when the answer is there. */
static int on_who(struct kdbus_message *reply, void *userdata)
{
	int *waiting = userdata;
	const char *name;
	uint32_t uid;

	check(kdbus_message_read(reply, "su", &name, &uid), "WhoAmI");
	printf("I am %s of user %u\n", name, uid);
	--*waiting;
	return 0;
}

static int on_added(struct kdbus_message *signal, void *userdata)
{
	int *waiting = userdata;
	uint32_t n;

	check(kdbus_message_read(signal, "u", &n), "Added");
	printf("Added %s\n", n ? "was heard" : "is wrong");
	--*waiting;
	return 0;
}

int main(int argc, char **argv)
{
	struct kdbus_connection *bus;
	struct kdbus_message *call;
	int waiting = 2;

	check(kdbus_connect(argc > 1 ? argv[1] : NULL, 0, &bus), "connect");
	check(kdbus_subscribe(bus, "type='signal',sender='" NAME "',member='Added'", on_added,
			      &waiting, NULL), "subscribe");
	add(bus, 2, 3);
	add_nothing(bus);

	call = new_call("WhoAmI");
	check(kdbus_call_async(bus, call, KDBUS_SECOND * 10, on_who, &waiting), "WhoAmI");
	kdbus_message_unref(call);
	/* any event loop does: it needs kdbus_fd() and kdbus_events() */
	while (waiting > 0) {
		check(kdbus_wait(bus, KDBUS_FOREVER), "wait");
		check(kdbus_process(bus), "process");
	}
	kdbus_disconnect(bus);
	return 0;
}
