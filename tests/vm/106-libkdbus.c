// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libkdbus.so over the module, as its header promises it. Both ends are in one
 * thread: whoever calls does not wait, so that the other has its turn.
 */
#include <kdbus/libkdbus.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "tests/vm/services.h"

#define NAME "org.example.Test1"
#define PATH "/org/example/Test1"

static struct bus *bus;
static struct kdbus_connection *service, *client;

static struct kdbus_connection *join(unsigned flags)
{
	struct kdbus_connection *out = NULL;

	must(kdbus_connect(bus->path, flags, &out));
	return out;
}

static void setup(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	service = join(0);
	client = join(0);
}

/* Until neither has anything to do. */
static void settle(void)
{
	int n;

	do {
		n = must(kdbus_process(service));
		n += must(kdbus_process(client));
	} while (n);
}

/* calling */

static struct kdbus_message *answer;

static int on_reply(struct kdbus_message *reply, void *userdata)
{
	expect(userdata == &answer);
	kdbus_message_unref(answer);
	answer = kdbus_message_ref(reply);
	return 0;
}

static struct kdbus_message *new_call(const char *interface, const char *member)
{
	struct kdbus_message *call;

	must(kdbus_message_new_call(kdbus_unique_name(service), PATH, interface, member, &call));
	return call;
}

/* The answer, which may be an error; NULL if there is none yet. */
static struct kdbus_message *call_message(struct kdbus_message *call)
{
	answer = kdbus_message_unref(answer);
	must(kdbus_call_async(client, call, 0, on_reply, &answer));
	kdbus_message_unref(call);
	settle();
	return answer;
}

static const char *name_of(struct kdbus_message *reply)
{
	const char *name = reply ? kdbus_message_error_name(reply) : "nothing";

	return kb_startswith(name ?: "no error", KB_ERROR_PREFIX) ?: name ?: "no error";
}

#define expect_fails(name, call) expect_text(name_of(call_message(call)), name)

/* a service */

static int test_add(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	int32_t a, b;
	int r = kdbus_message_read(call, "ii", &a, &b);

	expect(userdata == &bus);
	return r < 0 ? r : kdbus_message_append(reply, "x", (int64_t)a + b);
}

static int test_wrong(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	(void)call;
	(void)userdata;
	return kdbus_message_append(reply, "u", 1);
}

static int test_deny(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	(void)call;
	(void)reply;
	(void)userdata;
	return -EACCES;
}

static int test_named(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	(void)call;
	(void)userdata;
	must(kdbus_message_append(reply, "s", "what a failure throws away"));
	return kdbus_fail(reply, "org.example.Error.Full", "It is full");
}

static struct kdbus_message *later;

static int test_later(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	(void)reply;
	(void)userdata;
	later = kdbus_message_ref(call);
	return KDBUS_LATER;
}

static int test_leave(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	(void)call;
	(void)reply;
	(void)userdata;
	kdbus_disconnect(service);
	return 0;
}

static const struct kdbus_method methods[] = {
	{ "Add",	"ii",	"x",	test_add },
	{ "Wrong",	"",	"s",	test_wrong },
	{ "Deny",	"",	"",	test_deny },
	{ "Named",	"",	"s",	test_named },
	{ "Later",	"",	"u",	test_later },
	{ "Leave",	"",	"",	test_leave },
	{},
};

static void serve(void)
{
	setup();
	must(kdbus_serve(service, PATH, NAME, methods, &bus));
	must(kdbus_request_name(service, NAME, 0));
}

static struct kdbus_message *new_add(int a, int b)
{
	struct kdbus_message *call = new_call(NAME, "Add");

	must(kdbus_message_append(call, "ii", a, b));
	return call;
}

TEST("a method is called, with an interface or without, and answers")
{
	struct kdbus_message *call;
	int64_t sum = 0;

	serve();
	must(kdbus_message_read(call_message(new_add(2, -5)), "x", &sum));
	expect_eq(sum, -3);
	expect_text(kdbus_message_sender(answer), kdbus_unique_name(service));
	expect_eq(kdbus_message_type(answer), KDBUS_METHOD_RETURN);
	expect_errno(ENXIO, kdbus_message_read(answer, "x", &sum));
	call = new_call(NULL, "Add");
	must(kdbus_message_append(call, "ii", 4, 5));
	must(kdbus_message_read(call_message(call), "x", &sum));
	expect_eq(sum, 9);
}

TEST("what nobody serves is said exactly")
{
	struct kdbus_message *call;

	serve();
	expect_fails("UnknownMethod", new_call(NAME, "Nothing"));
	expect_fails("UnknownMethod", new_call(NULL, "Nothing"));
	expect_fails("UnknownInterface", new_call("org.example.Other", "Add"));
	must(kdbus_message_new_call(NAME, "/elsewhere", NAME, "Add", &call));
	expect_fails("UnknownObject", call);
	expect_fails("InvalidArgs", new_call(NAME, "Add"));
	must(kdbus_unserve(service, PATH, NAME));
	expect_fails("UnknownObject", new_add(1, 2));
	expect_errno(ENOENT, kdbus_unserve(service, PATH, NAME));
}

TEST("a method fails with an errno, with a name, or by a mistake of its own")
{
	serve();
	expect_fails("AccessDenied", new_call(NAME, "Deny"));
	expect_fails("org.example.Error.Full", new_call(NAME, "Named"));
	expect_text(kdbus_message_error_text(answer), "It is full");
	expect_fails("Failed", new_call(NAME, "Wrong"));
	expect(strstr(kdbus_message_error_text(answer), "\"s\", but gives \"u\""));
}

TEST("every object can be introspected and pinged")
{
	static const char *const wanted[] = {
		"<interface name=\"" NAME "\">", "<method name=\"Add\">",
		"<arg direction=\"in\" type=\"i\"/>", "<arg direction=\"out\" type=\"x\"/>",
		"<interface name=\"org.freedesktop.DBus.Peer\">",
	};
	struct kdbus_message *call;
	const char *xml = "";

	serve();
	expect_fails("no error", new_call("org.freedesktop.DBus.Peer", "Ping"));
	must(kdbus_message_read(call_message(new_call("org.freedesktop.DBus.Introspectable", "Introspect")),
				"s", &xml));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		expect(strstr(xml, wanted[i]));
	must(kdbus_message_new_call(NAME, "/org", NULL, "Introspect", &call));
	must(kdbus_message_read(call_message(call), "s", &xml));
	expect(strstr(xml, "<node name=\"example\"/>"));
	expect(!strstr(xml, NAME));
}

TEST("a method answers later, and once")
{
	struct kdbus_message *call;
	uint32_t u = 0;

	serve();
	expect(!call_message(new_call(NAME, "Later")));
	expect_errno(EBUSY, kdbus_leave(service));
	expect_ok(kdbus_reply(service, later, "u", 7));
	expect_errno(EALREADY, kdbus_reply(service, later, "u", 8));
	expect_errno(EALREADY, kdbus_reply_error(service, later, KB_ERROR_FAILED, "twice"));
	settle();
	must(kdbus_message_read(answer, "u", &u));
	expect_eq(u, 7);
	later = kdbus_message_unref(later);

	/* whoever is not waited for owes nothing */
	call = new_call(NAME, "Later");
	must(kdbus_message_set_flags(call, KDBUS_NO_REPLY));
	must(kdbus_send(client, call));
	settle();
	expect_ok(kdbus_leave(service));
	kdbus_message_unref(later);
	kdbus_message_unref(call);
}

TEST("a handler may disconnect")
{
	serve();
	must(kdbus_send(client, new_call(NAME, "Leave")));
	expect_errno(ENOTCONN, kdbus_run(service, KDBUS_FOREVER));
}

/* waiting */

TEST("a call that waits has its answer, an error, or a reason why not")
{
	struct kdbus_message *call, *reply = NULL;
	int64_t sum = 0;
	pid_t child;

	setup();
	child = must_sys(fork());
	if (!child) {
		struct kdbus_connection *own = join(0);

		must(kdbus_serve(own, PATH, NAME, methods, &bus));
		must(kdbus_request_name(own, NAME, 0));
		_exit(kdbus_run(own, SEC / 2) != 0);
	}
	while (kdbus_peer_credentials(client, NAME, &(struct kdbus_credentials *){ NULL }) < 0)
		usleep(1000);
	must(kdbus_message_new_call(NAME, PATH, NAME, "Add", &call));
	must(kdbus_message_append(call, "ii", 1, 2));
	/* the same message may be sent again */
	for (int i = 0; i < 3; i++) {
		must(kdbus_call(client, call, 0, &reply));
		must(kdbus_message_read(reply, "x", &sum));
		expect_eq(sum, 3);
		kdbus_message_unref(reply);
	}
	kdbus_message_unref(call);
	must(kdbus_message_new_call(NAME, PATH, NAME, "Deny", &call));
	expect_errno(EREMOTEIO, kdbus_call(client, call, 0, &reply));
	expect_text(name_of(reply), "AccessDenied");
	kdbus_message_unref(call);
	must(kdbus_message_new_call(NAME, PATH, NAME, "Later", &call));
	expect_errno(ETIMEDOUT, kdbus_call(client, call, 20 * MSEC, &reply));
	kdbus_message_unref(call);
	must(kdbus_message_new_call("org.example.Nobody", PATH, NAME, "Add", &call));
	expect_errno(ESRCH, kdbus_call(client, call, 0, &reply));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TEST("a reply that does not come is an error, and a call can be cancelled")
{
	struct kdbus_message *call;

	serve();
	answer = NULL;
	call = new_call(NAME, "Later");
	must(kdbus_call_async(client, call, 50 * MSEC, on_reply, &answer));
	settle();
	while (!answer) {
		must(kdbus_wait(client, SEC));
		must(kdbus_process(client));
	}
	expect_text(name_of(answer), "NoReply");
	later = kdbus_message_unref(later);

	answer = kdbus_message_unref(answer);
	must(kdbus_call_async(client, call, 0, on_reply, &answer));
	expect_ok(kdbus_cancel(client, call));
	expect_errno(ENOENT, kdbus_cancel(client, call));
	settle();
	expect_ok(kdbus_reply(service, later, "u", 1));
	settle();
	expect(!answer);
	kdbus_message_unref(call);

	/* and one whose peer goes */
	call = new_call(NAME, "Later");
	must(kdbus_call_async(client, call, 0, on_reply, &answer));
	kdbus_disconnect(service);
	while (!answer) {
		must(kdbus_wait(client, SEC));
		must(kdbus_process(client));
	}
	expect_text(name_of(answer), "NoReply");
}

/* A message that looks like the reply to the call with @cookie. */
static void forge(struct kb_conn *conn, enum kb_message_type type, unsigned flags, __u64 cookie)
{
	struct kb_message *m;

	must(kb_message_new(type, &m));
	must(kb_message_set(m, KB_FIELD_DESTINATION, kdbus_unique_name(client)));
	if (type == KB_METHOD_CALL) {
		must(kb_message_set(m, KB_FIELD_PATH, PATH));
		must(kb_message_set(m, KB_FIELD_MEMBER, "Add"));
	}
	m->flags = flags;
	m->reply_cookie = cookie;
	must(kb_message_append(m, "u", 666));
	kb_conn_send(conn, m);
	kb_message_unref(m);
}

TEST("only who was called can answer")
{
	struct kdbus_message *call;
	struct kb_conn *rogue;
	uint32_t u = 0;

	serve();
	rogue = client_new(bus);
	call = new_call(NAME, "Later");
	must(kdbus_call_async(client, call, 0, on_reply, &answer));
	settle();
	/* cookies are counted: 1 is the only one so far */
	for (__u64 cookie = 0; cookie < 4; cookie++)
		for (unsigned flags = 0; flags < 2; flags++) {
			forge(rogue, KB_METHOD_RETURN, flags, cookie);
			forge(rogue, KB_METHOD_CALL, flags, cookie);
			settle();
		}
	expect(!answer);
	expect_ok(kdbus_reply(service, later, "u", 7));
	settle();
	must(kdbus_message_read(answer, "u", &u));
	expect_eq(u, 7);
	kb_conn_unref(rogue);
}

/* signals */

static unsigned n_heard[4];
static uint64_t ids[4];

static int on_signal(struct kdbus_message *signal, void *userdata)
{
	const char *text = NULL;

	expect_eq(kdbus_message_type(signal), KDBUS_SIGNAL);
	if (kdbus_message_read(signal, "s", &text) == 0 && !strcmp(text, "stop"))
		must(kdbus_unsubscribe(client, ids[(uintptr_t)userdata]));
	n_heard[(uintptr_t)userdata]++;
	return 0;
}

#define HEAR(i, rule) must(kdbus_subscribe(client, rule, on_signal, (void *)(uintptr_t)i, &ids[i]))

TEST("signals come to whose rule matches, exactly, and once each")
{
	/* a filter in which everything collides */
	bus = bus_new(.bloom_size = 8);
	service = join(0);
	client = join(0);
	must(kdbus_request_name(service, NAME, 0));
	HEAR(0, "type='signal',sender='" NAME "',member='One'");
	HEAR(1, "interface='" NAME "',arg0='yes'");
	HEAR(2, "path_namespace='/org/example'");
	HEAR(3, "member='Never'");
	for (int i = 0; i < 50; i++) {
		must(kdbus_emit(service, PATH, NAME, "One", "s", i % 2 ? "yes" : "no"));
		must(kdbus_emit(service, "/org/other", NAME, "Two", "ss", "no", "yes"));
		settle();
	}
	expect_eq(n_heard[0], 50);
	expect_eq(n_heard[1], 25);
	expect_eq(n_heard[2], 50);
	expect_eq(n_heard[3], 0);
	expect_eq(kdbus_lost(client), 0);
}

TEST("a handler ends its subscription, and others go on")
{
	setup();
	HEAR(0, "member='One'");
	HEAR(1, "member='One',arg0='stop'");
	HEAR(2, "member='One'");
	for (int i = 0; i < 3; i++) {
		must(kdbus_emit(service, PATH, NAME, "One", "s", i ? "more" : "stop"));
		settle();
	}
	for (int i = 0; i < 3; i++)
		expect_eq(n_heard[i], 1);
	expect_errno(ENOENT, kdbus_unsubscribe(client, ids[0]));
	expect_errno(EINVAL, kdbus_subscribe(client, "member='", on_signal, NULL, NULL));
}

static char owners[200];

static int on_owner(struct kdbus_message *signal, void *userdata)
{
	const char *name, *old, *new;

	(void)userdata;
	must(kdbus_message_read(signal, "sss", &name, &old, &new));
	expect_text(kdbus_message_sender(signal), KB_DRIVER_NAME);
	snprintf(owners + strlen(owners), sizeof(owners) - strlen(owners), "%s>%s ", old, new);
	return 0;
}

TEST("names change hands, and everybody hears of it")
{
	char wanted[200];

	setup();
	must(kdbus_subscribe(client, "sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" NAME "'",
			     on_owner, NULL, NULL));
	expect_eq(kdbus_request_name(service, NAME, KDBUS_ALLOW_REPLACEMENT), 0);
	expect_eq(kdbus_request_name(service, NAME, KDBUS_ALLOW_REPLACEMENT), 0);
	expect_eq(kdbus_request_name(client, NAME, KDBUS_DO_NOT_QUEUE), -EEXIST);
	expect_eq(kdbus_request_name(client, NAME, 0), 1);
	expect_eq(kdbus_request_name(client, NAME, KDBUS_REPLACE_EXISTING), 0);
	expect_eq(kdbus_release_name(client, NAME), 0);
	expect_eq(kdbus_release_name(client, NAME), -EADDRINUSE);
	expect_eq(kdbus_release_name(service, NAME), 0);
	expect_eq(kdbus_release_name(service, NAME), -ESRCH);
	expect_eq(kdbus_request_name(service, "nonsense", 0), -EINVAL);
	settle();
	snprintf(wanted, sizeof(wanted), ">%1$s %1$s>%2$s %2$s>%1$s %1$s> ", kdbus_unique_name(service),
		 kdbus_unique_name(client));
	expect_text(owners, wanted);
}

/* what messages carry */

static struct kdbus_message *received;

static int test_take(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	(void)reply;
	(void)userdata;
	received = kdbus_message_ref(call);
	return 0;
}

static const struct kdbus_method takers[] = {
	{ "Frame",	"ssuays",	"",	test_take },
	{ "Bytes",	"ay",		"",	test_take },
	{ "Files",	"ah",		"",	test_take },
	{ "Nest",	"a(sv)as",	"",	test_take },
	{},
};

static void take(struct kdbus_message *call)
{
	must(kdbus_serve(service, PATH, NAME, takers, NULL));
	expect_text(name_of(call_message(call)), "no error");
	if (!received)
		test_abort(__FILE__, __LINE__, "it was received", -ENOENT);
}

/* The file behind an address of ours. */
static void mapping_of(const void *address, char out[256])
{
	unsigned long from, to;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	*out = 0;
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255[^\n]", &from, &to, out) >= 2 &&
		    from <= (uintptr_t)address && (uintptr_t)address < to)
			break;
	fclose(maps);
}

TEST("a memfd among other arguments is read in the very pages that were written")
{
	size_t page = getpagesize(), size = 3 * page + 100, n = 0;
	int fd = must_sys(memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	const char *a, *b, *c;
	char mapping[256];
	struct kdbus_message *call;
	const void *data;
	uint8_t *map;
	uint32_t u;

	setup();
	/* large enough for a mapping of its own */
	size += 32 * page;
	must_sys(ftruncate(fd, page + size));
	map = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (size_t i = 0; i < size; i++)
		map[page + i] = i % 251;

	call = new_call(NAME, "Frame");
	must(kdbus_message_append(call, "ssu", "one", "two", 3));
	expect_errno(EBUSY, kdbus_message_append_memfd(call, fd, page, size));
	munmap(map, page + size);
	must(kdbus_message_append_memfd(call, fd, page, size));
	expect_errno(EINVAL, kdbus_message_append_memfd(call, fd, page, size));
	must(kdbus_message_append(call, "s", "last"));
	take(call);

	must(kdbus_message_read(received, "ssuays", &a, &b, &u, &data, &n, &c));
	expect_text(a, "one");
	expect_text(b, "two");
	expect_eq(u, 3);
	expect_text(c, "last");
	expect_eq(n, size);
	for (size_t i = 0; i < size; i++)
		if (((const uint8_t *)data)[i] != i % 251) {
			expect_eq(i, size);
			break;
		}
	mapping_of(data, mapping);
	expect_text(mapping, "/memfd:picture (deleted)");
	/* ours is closed and theirs goes on */
	close(fd);
	kdbus_disconnect(service);
	expect_eq(((const uint8_t *)data)[size - 1], (size - 1) % 251);
	kdbus_message_unref(received);
}

TEST("a signal with a memfd goes to everybody")
{
	int fd = must_sys(memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	struct kdbus_message *signal;

	setup();
	must_sys(ftruncate(fd, 200 * KIB));
	HEAR(0, "member='One',arg0='left'");
	HEAR(1, "member='One',arg0='right'");
	must(kdbus_message_new_signal(PATH, NAME, "One", &signal));
	must(kdbus_message_append(signal, "s", "left"));
	must(kdbus_message_append_memfd(signal, fd, 0, 200 * KIB));
	must(kdbus_send(service, signal));
	settle();
	expect_eq(n_heard[0], 1);
	expect_eq(n_heard[1], 0);
}

TEST("bodies of any size arrive")
{
	static const size_t sizes[] = { 0, 1, 4096, 100000, 700000, 8 << 20 };
	uint8_t *bytes = malloc(8 << 20);
	const void *data;
	size_t n;

	setup();
	for (size_t i = 0; i < 8 << 20; i++)
		bytes[i] = i * 7 + 1;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct kdbus_message *call = new_call(NAME, "Bytes");

		test_case("%zu bytes", sizes[i]);
		must(kdbus_message_append(call, "ay", bytes, sizes[i]));
		if (i)
			kdbus_unserve(service, PATH, NAME);
		take(call);
		must(kdbus_message_read(received, "ay", &data, &n));
		expect_eq(n, sizes[i]);
		expect(!memcmp(data, bytes, n));
		received = kdbus_message_unref(received);
	}
}

TEST("descriptors travel, and are whose they are said to be")
{
	struct kdbus_message *call;
	struct stat a, b;
	uint32_t h;
	int fds[2];

	setup();
	must_sys(pipe(fds));
	must_sys(fstat(fds[0], &a));
	call = new_call(NAME, "Files");
	expect_eq(kdbus_message_add_fd(call, fds[0]), 0);
	expect_eq(kdbus_message_add_fd(call, fds[1]), 1);
	must(kdbus_message_append(call, "ah", 2u, 1, 0));
	take(call);
	must(kdbus_message_enter(received, 'a'));
	must(kdbus_message_read(received, "h", NULL));
	must(kdbus_message_read(received, "h", &h));
	must(kdbus_message_exit(received));
	expect_eq(h, 0);
	must_sys(fstat(kdbus_message_fd(received, h), &b));
	expect_eq(a.st_ino, b.st_ino);
	expect_eq(kdbus_message_fd(received, 2), -1);
	h = kdbus_message_take_fd(received, 0);
	expect_eq(kdbus_message_fd(received, 0), -1);
	fds[1] = kdbus_message_fd(received, 1);
	kdbus_message_unref(received);
	expect(fcntl(h, F_GETFD) == FD_CLOEXEC);
	expect(fcntl(fds[1], F_GETFD) < 0);
}

TEST("containers are written and read piece by piece")
{
	char *const words[] = { "a", "b", NULL };
	char **strings;
	struct kdbus_message *call;
	const char *key, *text;
	uint32_t u;

	setup();
	call = new_call(NAME, "Nest");
	must(kdbus_message_open(call, 'a', "(sv)"));
	must(kdbus_message_append(call, "(sv)", "first", "u", 1));
	must(kdbus_message_append(call, "(sv)", "second", "s", "two"));
	must(kdbus_message_close(call));
	expect_text(kdbus_message_signature(call), "a(sv)");
	must(kdbus_message_append(call, "as", words));
	take(call);
	expect_text(kdbus_message_signature(received), "a(sv)as");
	expect_eq(kdbus_message_peek(received), 'a');
	expect_errno(ENXIO, kdbus_message_enter(received, 'v'));
	must(kdbus_message_enter(received, 'a'));
	must(kdbus_message_read(received, "(sv)", &key, "u", &u));
	expect_text(key, "first");
	expect_eq(u, 1);
	must(kdbus_message_read(received, "(sv)", &key, "s", &text));
	expect_text(text, "two");
	expect_eq(kdbus_message_peek(received), 0);
	must(kdbus_message_exit(received));
	must(kdbus_message_read(received, "as", &strings));
	expect_text(strings[1], "b");
	kdbus_strings_free(strings);
	must(kdbus_message_rewind(received));
	must(kdbus_message_skip(received));
	expect_eq(kdbus_message_peek(received), 'a');
}

/* who they are */

TEST("credentials are the kernel's")
{
	const struct kdbus_credentials *who;
	struct kdbus_credentials *peer;

	serve();
	call_message(new_add(1, 2));
	who = kdbus_message_credentials(answer);
	expect_eq(who->pid, getpid());
	expect_eq(who->uid, 0);
	expect(who->id && who->time_ns);
	expect(!who->comm && !who->exe);

	kdbus_disconnect(client);
	become(4242);
	client = join(KDBUS_ALL_CREDENTIALS);
	become(0);
	call_message(new_add(1, 2));
	who = kdbus_message_credentials(answer);
	expect(who->comm && strstr(who->exe, "106-libkdbus"));
	expect(who->cgroup && who->capabilities & 1);

	must(kdbus_peer_credentials(service, kdbus_unique_name(client), &peer));
	expect_eq(peer->uid, 4242);
	expect_eq(peer->pid, getpid());
	expect(peer->comm && peer->exe);
	kdbus_credentials_free(peer);
	expect_errno(ESRCH, kdbus_peer_credentials(service, "org.example.Nobody", &peer));
	expect_errno(ENXIO, kdbus_peer_credentials(service, ":1.999999", &peer));
}

/* leaving */

TEST("nobody leaves while mail is queued or answers are due")
{
	struct kdbus_message *call;

	serve();
	call = new_add(1, 2);
	must(kdbus_call_async(client, call, 0, on_reply, &answer));
	expect_errno(EBUSY, kdbus_leave(service));
	expect_errno(EBUSY, kdbus_leave(client));
	settle();
	expect(answer);
	/* it still has its name and its methods */
	expect_text(name_of(call_message(new_add(3, 4))), "no error");
	expect_ok(kdbus_leave(service));
	expect_errno(ENOTCONN, kdbus_process(service));
	expect_errno(ENOTCONN, kdbus_wait(service, KDBUS_FOREVER));
	expect_errno(ENOTCONN, kdbus_send(service, call));
	expect_errno(ENOTCONN, kdbus_leave(service));
	expect_errno(ENXIO, kdbus_send(client, call));
}

TEST("a service that leaves loses no call: its activator has them")
{
	struct peer *activator;
	struct kdbus_message *call;

	setup();
	activator = activator_new(bus, NAME);
	must(kdbus_serve(service, PATH, NAME, methods, &bus));
	expect_eq(kdbus_request_name(service, NAME, 0), 0);
	must(kdbus_message_new_call(NAME, PATH, NAME, "Add", &call));
	must(kdbus_message_append(call, "ii", 1, 2));
	expect_ok(kdbus_run(service, 1));
	expect(!peer_readable(activator, 0));
	must(kdbus_call_async(client, call, 0, on_reply, &answer));
	expect(peer_readable(activator, 1000));

	/* the next instance takes what waits */
	service = join(0);
	must(kdbus_serve(service, PATH, NAME, methods, &bus));
	expect_eq(kdbus_request_name(service, NAME, 0), 0);
	settle();
	expect_text(name_of(answer), "no error");
}

TEST("the end of the bus is the end of the loop")
{
	serve();
	bus_close(bus);
	expect_errno(ECONNRESET, kdbus_run(client, KDBUS_FOREVER));
}

/* loops */

static int on_last(struct kdbus_message *reply, void *userdata)
{
	int64_t sum = 0;

	must(kdbus_message_read(reply, "x", &sum));
	sd_event_exit(userdata, sum);
	return 0;
}

static int on_failure(struct kdbus_message *reply, void *userdata)
{
	(void)reply;
	(void)userdata;
	return -ENOTTY;
}

TEST("both ends are in one sd-event")
{
	struct kdbus_message *call;
	sd_event *event;

	serve();
	must(sd_event_new(&event));
	must(kdbus_attach_event(service, event, 0));
	must(kdbus_attach_event(client, event, SD_EVENT_PRIORITY_IMPORTANT));
	expect_errno(EBUSY, kdbus_attach_event(client, event, 0));
	call = new_add(20, 22);
	must(kdbus_call_async(client, call, 0, on_last, event));
	expect_eq(sd_event_loop(event), 42);
	sd_event_unref(event);

	/* what a handler returns ends it, too */
	kdbus_detach_event(service);
	kdbus_detach_event(client);
	must(sd_event_new(&event));
	must(kdbus_attach_event(service, event, 0));
	must(kdbus_attach_event(client, event, 0));
	must(kdbus_call_async(client, call, 0, on_failure, NULL));
	expect_eq(sd_event_loop(event), -ENOTTY);
	sd_event_unref(event);
}

/* doors */

TEST("a door lets through what is granted and nothing else")
{
	static const struct kdbus_grant grants[] = {
		{ NAME, KDBUS_MAY_TALK },
		{ "org.example.Seen", KDBUS_MAY_SEE },
		{ "org.example.Own.*", KDBUS_MAY_OWN },
	};
	struct kdbus_credentials *peer;
	struct kdbus_connection *other;
	struct kdbus_message *call;
	char *address;
	int door;

	serve();
	/* another's: who may talk to one of a peer's names may talk to the peer */
	must(kdbus_connect(bus->path, 0, &other));
	must(kdbus_request_name(other, "org.example.Secret", 0));
	door = must(kdbus_make_endpoint(bus->path, "0-door", grants, 3, &address));
	kdbus_disconnect(client);
	must(kdbus_connect(address, 0, &client));
	must(kdbus_message_new_call(NAME, PATH, NAME, "Add", &call));
	must(kdbus_message_append(call, "ii", 1, 2));
	expect_text(name_of(call_message(call)), "no error");
	must(kdbus_message_new_call("org.example.Secret", PATH, NAME, "Add", &call));
	expect_errno(EPERM, kdbus_send(client, call));
	expect_errno(ESRCH, kdbus_peer_credentials(client, "org.example.Secret", &peer));
	/* the policy of the bus has its say, too */
	expect_errno(EPERM, kdbus_request_name(client, "org.example.Own.Me", 0));
	expect_errno(EPERM, kdbus_request_name(client, "org.example.Else", 0));
	expect_errno(EEXIST, kdbus_make_endpoint(bus->path, "0-door", grants, 3, &(char *){ NULL }));
	close(door);
	expect_errno(ECONNRESET, kdbus_run(client, KDBUS_FOREVER));
	free(address);
}

TEST("where there is no bus, or what is no address, is an error of its own")
{
	setup();
	expect_errno(ENOENT, kdbus_connect("/nowhere/bus", 0, &client));
	expect_errno(EINVAL, kdbus_connect("nonsense", 0, &client));
	expect_errno(EAFNOSUPPORT, kdbus_connect("unix:path=/run/x", 0, &client));
	expect_errno(EINVAL, kdbus_connect(bus->path, 2, &client));
	setenv("DBUS_STARTER_ADDRESS", bus_address(bus), 1);
	expect_ok(kdbus_connect(NULL, 0, &client));
}

/* the examples */

static pid_t example_start(const char *name, const char *log)
{
	pid_t pid = must_sys(fork());

	if (pid)
		return pid;
	setenv("LD_LIBRARY_PATH", program_path(""), 1);
	if (!freopen(log, "w", stdout))
		_exit(126);
	execl(program_path(name), name, bus->path, NULL);
	_exit(127);
}

static int example_end(pid_t pid)
{
	int status;

	must_sys(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Connections are counted by whoever was there before. */
static void mask_ids(char *text)
{
	while ((text = strstr(text, ":1."))) {
		size_t n = strspn(text + 3, "0123456789");

		if (n) {
			text[3] = 'N';
			memmove(text + 4, text + 3 + n, strlen(text + 3 + n) + 1);
		}
		text += 3;
	}
}

static const char *log_of(const char *file)
{
	static char text[8192];
	FILE *f = fopen(file, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = 0;
	if (f)
		fclose(f);
	mask_ids(text);
	return text;
}

/* A service of an example and its client, which is to print @wanted. */
static void examples(const char *server, const char *name, const char *user, const char *wanted,
		     const char *last)
{
	struct kb_conn *conn;
	pid_t pid;

	bus = bus_new();
	conn = client_new(bus);
	pid = example_start(server, "/run/server.log");
	if (!expect(wait_owned(conn, name, true)))
		return;
	expect_eq(example_end(example_start(user, "/run/user.log")), 0);
	expect_text(log_of("/run/user.log"), wanted);
	expect_eq(example_end(pid), 0);
	expect(strstr(log_of("/run/server.log"), last));
}

TEST("the examples of a service and its client talk")
{
	examples("examples/sum-service", "org.example.Sum", "examples/sum-client",
		 "2 + 3 = 5\norg.example.Sum.Error.Empty: There is nothing to add\n"
		 "Added was heard\nI am :1.N of user 0\n",
		 "1 times two numbers were added.\n");
}

TEST("the examples of a camera and a screen show frames")
{
	examples("examples/video-screen", "org.example.Screen1", "examples/video-camera",
		 "25 frames of 1228800 bytes were sent.\n",
		 "frame 24: 640 x 480, brightness 240\n25 frames were shown.\n");
}

TEST("the example of a sandbox is refused what it is not granted")
{
	bus = bus_new();
	expect_eq(example_end(example_start("examples/sandbox", "/run/user.log")), 0);
	expect_text(log_of("/run/user.log"),
		    "call org.example.Clock1  allowed\n"
		    "call org.example.Wallet1 org.freedesktop.DBus.Error.AccessDenied\n"
		    "who is the wallet        org.freedesktop.DBus.Error.ServiceUnknown\n"
		    "own org.example.App      org.freedesktop.DBus.Error.AccessDenied\n"
		    "own org.example.Clock1   org.freedesktop.DBus.Error.AccessDenied\n");
}
