// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An application in a sandbox: it reaches the bus through a door of its own, an
 * endpoint, behind which it may talk to one service and nothing else is.
 *
 *	cc sandbox.c -o sandbox $(pkg-config --cflags --libs libkdbus)
 *	./sandbox [ADDRESS]
 *
 * Whoever owns the bus may make doors: root on the system's, you on yours. A
 * real sandbox would show its application this one file of /sys/fs/kdbus; here
 * the application is a child that uses no other.
 */
#include <errno.h>
#include <kdbus/libkdbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLOCK	"org.example.Clock1"	/* the application may talk to it */
#define WALLET	"org.example.Wallet1"	/* and knows nothing of this one */

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-r));
	exit(1);
}

/* The application: tries everything, and says what came of it. */

static void say(const char *what, int r)
{
	printf("%-24s %s\n", what, r < 0 ? kdbus_error_name(r) : "allowed");
}

static int ask(struct kdbus_connection *bus, const char *name)
{
	struct kdbus_message *call;
	int r;

	check(kdbus_message_new_call(name, "/", NULL, "Ask", &call), name);
	r = kdbus_call(bus, call, 0, NULL);
	kdbus_message_unref(call);
	return r;
}

static void application(const char *door)
{
	struct kdbus_credentials *who;
	struct kdbus_connection *bus;
	int r;

	check(kdbus_connect(door, 0, &bus), door);
	say("call " CLOCK, ask(bus, CLOCK));
	say("call " WALLET, ask(bus, WALLET));
	/* and behind this door it does not even exist */
	r = kdbus_peer_credentials(bus, WALLET, &who);
	say("who is the wallet", r);
	if (r >= 0)
		kdbus_credentials_free(who);
	say("own org.example.App", kdbus_request_name(bus, "org.example.App", 0));
	say("own " CLOCK, kdbus_request_name(bus, CLOCK, KDBUS_REPLACE_EXISTING));
	kdbus_disconnect(bus);
}

/* Everybody else on the bus: two services, in one process to be short. */

static int answer(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	(void)call;
	(void)reply;
	(void)userdata;
	return 0;
}

static const struct kdbus_method methods[] = {
	{ "Ask", "", "", answer },
	{ NULL, NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	static const struct kdbus_grant grants[] = {
		{ CLOCK, KDBUS_MAY_TALK },
	};
	const char *address = argc > 1 ? argv[1] : NULL;
	struct kdbus_connection *bus, *other;
	char name[64], *door;
	int endpoint, status;
	pid_t child;

	check(kdbus_connect(address, 0, &bus), "connect");
	check(kdbus_serve(bus, "/", "org.example.Ask", methods, NULL), "serve");
	check(kdbus_request_name(bus, CLOCK, 0), CLOCK);
	/* of another: who may talk to a name may talk to all that its owner is */
	check(kdbus_connect(address, 0, &other), "connect");
	check(kdbus_request_name(other, WALLET, 0), WALLET);

	/* the door is there as long as its descriptor is open */
	snprintf(name, sizeof(name), "%u-app-%d", (unsigned int)geteuid(), (int)getpid());
	endpoint = kdbus_make_endpoint(address, name, grants, 1, &door);
	check(endpoint, "make a door");

	fflush(stdout);
	child = fork();
	check(child < 0 ? -errno : 0, "fork");
	if (child == 0) {
		application(door);
		fflush(stdout);
		_exit(0);
	}
	check(kdbus_run(bus, 2 * KDBUS_SECOND), "serve");
	kdbus_disconnect(other);
	kdbus_disconnect(bus);
	close(endpoint);
	free(door);
	return waitpid(child, &status, 0) < 0 || status != 0;
}
