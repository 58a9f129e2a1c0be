// SPDX-License-Identifier: LGPL-2.1-or-later
/* The driver's methods about names: who has which, and how to get one. */
#include "tests/vm/services.h"

#define ALLOW 1
#define REPLACE 2
#define NO_QUEUE 4

static struct bus *bus;
static struct kb_conn *a, *b;

static void setup(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	driver_start(bus, NULL);
	a = client_new(bus);
	b = client_new(bus);
}

static const char *request(struct kb_conn *conn, const char *name, unsigned flags)
{
	return ask_driver(conn, "RequestName", "su", name, flags);
}

static const char *owner(const char *name)
{
	return ask_driver(a, "GetNameOwner", "s", name);
}

static const char *quoted(const char *s)
{
	static char text[300];

	snprintf(text, sizeof(text), "s \"%s\"", s);
	return text;
}

TEST("RequestName answers 1 to 4 in all combinations of flags")
{
	setup();
	for (unsigned first = 0; first < 8; first++)
		for (unsigned second = 0; second < 8; second++) {
			bool replaced = (first & ALLOW) && (second & REPLACE);

			test_case("first %u, second %u", first, second);
			expect_text(request(a, "a.b", first), "u 1");
			expect_text(request(a, "a.b", first), "u 4");
			expect_text(request(b, "a.b", second),
				    replaced ? "u 1" : second & NO_QUEUE ? "u 3" : "u 2");
			expect_text(owner("a.b"), quoted(replaced ? b->unique_name : a->unique_name));
			/* who was replaced waits, unless it would not */
			expect_text(ask_driver(a, "ReleaseName", "s", "a.b"),
				    replaced && (first & NO_QUEUE) ? "u 3" : "u 1");
			if (!replaced && !(second & NO_QUEUE))
				expect_text(owner("a.b"), quoted(b->unique_name));
			ask_driver(b, "ReleaseName", "s", "a.b");
			expect_error(owner("a.b"), "NameHasNoOwner");
		}
}

TEST("who waits and asks again without waiting has left the queue")
{
	setup();
	expect_text(request(a, "a.b", 0), "u 1");
	expect_text(request(b, "a.b", 0), "u 2");
	expect_text(request(b, "a.b", 0), "u 2");
	expect_text(request(b, "a.b", NO_QUEUE), "u 3");
	expect_text(ask_driver(b, "ReleaseName", "s", "a.b"), "u 3");
}

TEST("a name is taken over from its activator")
{
	setup();
	activator_start(bus, ECHO, "kdbus-echo", NULL);
	expect_error(owner(ECHO), "NameHasNoOwner");
	expect_text(ask_driver(a, "NameHasOwner", "s", ECHO), "b false");
	expect_text(ask_driver(a, "ReleaseName", "s", ECHO), "u 2");
	expect_text(request(a, ECHO, NO_QUEUE), "u 1");
	expect_text(owner(ECHO), quoted(a->unique_name));
	expect_text(ask_driver(b, "ReleaseName", "s", ECHO), "u 3");
	expect_text(ask_driver(a, "ReleaseName", "s", ECHO), "u 1");
	expect_error(owner(ECHO), "NameHasNoOwner");
}

TEST("ReleaseName answers 1 to 3")
{
	setup();
	expect_text(ask_driver(a, "ReleaseName", "s", "a.b"), "u 2");
	request(a, "a.b", 0);
	expect_text(ask_driver(b, "ReleaseName", "s", "a.b"), "u 3");
	request(b, "a.b", 0);
	expect_text(ask_driver(b, "ReleaseName", "s", "a.b"), "u 1");
	expect_text(ask_driver(a, "ReleaseName", "s", "a.b"), "u 1");
	expect_text(ask_driver(a, "ReleaseName", "s", "a.b"), "u 2");
}

TEST("names that nobody may have give InvalidArgs")
{
	static const char *const bad[] = {
		"", "a", ".a.b", "a..b", "a.b.", "a.1b", "a.b*", "a.*", ":1.1", ":x.y",
		DRIVER, "org.freedesktop.DBus.Local",
	};

	setup();
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		test_case("%s", bad[i]);
		expect_error(request(a, bad[i], 0), "InvalidArgs");
		expect_error(ask_driver(a, "ReleaseName", "s", bad[i]), "InvalidArgs");
	}
	test_case("flags");
	expect_error(request(a, "a.b", 8), "InvalidArgs");
	expect_error(request(a, "a.b", 0x80000000), "InvalidArgs");
	test_case("too long");
	{
		char name[300];

		memset(name, 'x', sizeof(name));
		name[1] = '.';
		name[256] = '\0';
		expect_error(request(a, name, 0), "InvalidArgs");
		name[255] = '\0';
		expect_text(request(a, name, 0), "u 1");
	}
}

TEST("the policy of the caller counts, not that of the driver")
{
	struct kb_conn *stranger;

	setup();
	holder_new(bus, "c.d", .access = { KDBUS_POLICY_ACCESS_USER, KDBUS_POLICY_OWN, UID_A });
	stranger = client_of(bus, UID_A);
	become(UID_A);
	expect_error(request(stranger, "a.b", 0), "AccessDenied");
	expect_text(request(stranger, "c.d", 0), "u 1");
	become(0);
	expect_text(request(a, "a.b", 0), "u 1");
}

TEST("a connection may own 256 names and no more")
{
	char name[32];

	setup();
	for (unsigned i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "n.x%u", i);
		expect_text(request(a, name, 0), "u 1");
	}
	expect_error(request(a, "n.more", 0), "LimitsExceeded");
	expect_text(ask_driver(a, "ReleaseName", "s", "n.x7"), "u 1");
	expect_text(request(a, "n.more", 0), "u 1");
}

TEST("queries know owners, unique names, the driver itself, and nobody else")
{
	static const char *const nobody[] = {
		"", "a", "x.y", ":1.999999", ":1.01", ":1.x", ":2.1", "a..b", ":", ":1.18446744073709551616",
	};
	char driver[KB_UNIQUE_NAME_SIZE + 8];

	setup();
	request(a, "a.b", 0);
	expect_text(owner("a.b"), quoted(a->unique_name));
	expect_text(owner(b->unique_name), quoted(b->unique_name));
	expect_text(owner(DRIVER), quoted(DRIVER));
	expect_text(ask_driver(a, "NameHasOwner", "s", "a.b"), "b true");
	expect_text(ask_driver(a, "NameHasOwner", "s", DRIVER), "b true");
	expect_text(ask_driver(a, "NameHasOwner", "s", b->unique_name), "b true");
	for (unsigned i = 0; i < ARRAY_SIZE(nobody); i++) {
		test_case("%s", nobody[i]);
		expect_error(owner(nobody[i]), "NameHasNoOwner");
		expect_text(ask_driver(a, "NameHasOwner", "s", nobody[i]), "b false");
		expect_error(ask_driver(a, "ListQueuedOwners", "s", nobody[i]), "NameHasNoOwner");
		expect_error(ask_driver(a, "GetConnectionUnixUser", "s", nobody[i]), "NameHasNoOwner");
		expect_error(ask_driver(a, "GetConnectionUnixProcessID", "s", nobody[i]), "NameHasNoOwner");
		expect_error(ask_driver(a, "GetConnectionCredentials", "s", nobody[i]), "NameHasNoOwner");
		expect_error(ask_driver(a, "GetConnectionSELinuxSecurityContext", "s", nobody[i]),
			     "NameHasNoOwner");
		expect_error(ask_driver(a, "GetAdtAuditSessionData", "s", nobody[i]), "NameHasNoOwner");
	}
	test_case("the driver's own data");
	snprintf(driver, sizeof(driver), "u %d", owner_pid(a, DRIVER));
	expect_text(ask_driver(a, "GetConnectionUnixProcessID", "s", DRIVER), driver);
}

TEST("ListQueuedOwners has the owner first, then those who wait")
{
	char text[200];

	setup();
	request(b, "a.b", 0);
	request(a, "a.b", 0);
	snprintf(text, sizeof(text), "as 2 \"%s\" \"%s\"", b->unique_name, a->unique_name);
	expect_text(ask_driver(a, "ListQueuedOwners", "s", "a.b"), text);
	expect_text(ask_driver(a, "ListQueuedOwners", "s", DRIVER), "as 1 \"" DRIVER "\"");
	snprintf(text, sizeof(text), "as 1 \"%s\"", a->unique_name);
	expect_text(ask_driver(a, "ListQueuedOwners", "s", a->unique_name), text);
}

TEST("ListNames has each connection and name once, sorted, and no special connections")
{
	char text[400], unique[KB_UNIQUE_NAME_SIZE];
	struct kb_info info;

	setup();
	activator_start(bus, ECHO, "kdbus-echo", NULL);
	holder_new(bus, "c.d");
	monitor_new(bus);
	request(a, "a.b", 0);
	request(a, "a.a", 0);
	request(b, "a.b", 0);
	must(kb_conn_info(a, 0, DRIVER, 0, 0, &info));
	kb_unique_name(info.id, unique);
	snprintf(text, sizeof(text), "as 6 \"%s\" \"%s\" \"%s\" \"a.a\" \"a.b\" \"" DRIVER "\"",
		 a->unique_name, b->unique_name, unique);
	expect_text(ask_driver(a, "ListNames", ""), text);
	expect_text(ask_driver(a, "ListActivatableNames", ""), "as 2 \"" DRIVER "\" \"" ECHO "\"");
	/* it stays in the list while the service runs */
	expect_text(ask_echo(a, "x"), "s \"x\"");
	expect_text(ask_driver(a, "ListActivatableNames", ""), "as 2 \"" DRIVER "\" \"" ECHO "\"");
}

TEST("on a custom endpoint nobody learns what is hidden there")
{
	char path[240], text[100];
	union cmd cmd;
	struct kb_conn *guest;
	int endpoint;

	setup();
	request(a, "hidden.name", 0);
	request(b, "shown.name", 0);
	endpoint = endpoint_new(bus, "0-custom", KDBUS_MAKE_ACCESS_WORLD, path);
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, DRIVER);
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0);
	cmd_text(&cmd, KDBUS_ITEM_NAME, "shown.name");
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_SEE, 0);
	must(call(endpoint, KDBUS_CMD_ENDPOINT_UPDATE, &cmd));
	must(kb_conn_open(path, NULL, &guest));

	expect_text(ask_driver(guest, "NameHasOwner", "s", "shown.name"), "b true");
	expect_text(ask_driver(guest, "NameHasOwner", "s", "hidden.name"), "b false");
	expect_error(ask_driver(guest, "GetNameOwner", "s", "hidden.name"), "NameHasNoOwner");
	expect_error(ask_driver(guest, "GetConnectionUnixUser", "s", a->unique_name), "NameHasNoOwner");
	expect(!strstr(ask_driver(guest, "ListNames", ""), "hidden"));
	snprintf(text, sizeof(text), "\"%s\"", a->unique_name);
	expect(!strstr(ask_driver(guest, "ListNames", ""), text));
	expect(strstr(ask_driver(guest, "ListNames", ""), "shown.name"));
	expect_error(ask_driver(guest, "RequestName", "su", "x.y", 0), "AccessDenied");
	expect_text(ask_driver(guest, "ReleaseName", "s", "hidden.name"), "u 2");
	expect_text(ask_driver(guest, "ReleaseName", "s", "shown.name"), "u 3");
	expect_error(ask_driver(guest, "ListQueuedOwners", "s", "hidden.name"), "NameHasNoOwner");
	expect_error(ask_driver(guest, "StartServiceByName", "su", "hidden.name", 0), "ServiceUnknown");
}
