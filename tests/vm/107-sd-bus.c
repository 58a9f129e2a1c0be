// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sd-bus on kdbus, by kdbus_open_sd_bus(): the system's own sd-bus, with all
 * that it can do, and the bridge behind it that comes and goes unseen.
 */
#include <dirent.h>
#include <kdbus/libkdbus.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "tests/vm/services.h"

#define NAME "org.example.Test1"
#define PATH "/org/example/Test1"
#define BIG (16 << 20)
/* that is much for a kernel that looks at each access */
#define PATIENCE_USEC (600 * UINT64_C(1000000))

static struct bus *bus;

static unsigned count(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* A thread that was joined may take a moment to leave the list. */
static unsigned count_threads(unsigned wanted)
{
	unsigned n;

	for (int i = 0; (n = count("/proc/self/task")) != wanted && i < 1000; i++)
		usleep(1000);
	return n;
}

static unsigned threads;

static void setup(void)
{
	threads = count("/proc/self/task");
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	driver_start(bus, NULL);
}

static sd_bus *open_bus(void)
{
	sd_bus *sd = NULL;

	must(kdbus_open_sd_bus(bus->path, &sd));
	return sd;
}

/* a service */

static uint32_t level = 7;

static int method_add(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	int32_t a, b;
	int r = sd_bus_message_read(call, "ii", &a, &b);

	(void)userdata;
	if (r >= 0 && a == b)
		return sd_bus_error_set(error, NAME ".Error.Same", "They are the same");
	return r < 0 ? r : sd_bus_reply_method_return(call, "x", (int64_t)a + b);
}

/* What method_echo() does too, but byte by byte. */
static int method_bytes(sd_bus_message *call, void *userdata, sd_bus_error *failed)
{
	sd_bus_message *answer = NULL;
	const void *data;
	size_t size;
	int r;

	(void)userdata;
	(void)failed;
	r = sd_bus_message_read_array(call, 'y', &data, &size);
	if (r >= 0)
		r = sd_bus_message_new_method_return(call, &answer);
	if (r >= 0)
		r = sd_bus_message_append_array(answer, 'y', data, size);
	if (r >= 0)
		r = sd_bus_send(NULL, answer, NULL);
	sd_bus_message_unref(answer);
	return r < 0 ? r : 1;
}

/* Whatever comes goes back. */
static int method_echo(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	int r;

	(void)userdata;
	(void)error;
	r = sd_bus_message_new_method_return(call, &reply);
	if (r >= 0)
		r = sd_bus_message_copy(reply, call, true);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}

static int level_set(sd_bus *sd, const char *path, const char *interface, const char *property,
		     sd_bus_message *value, void *userdata, sd_bus_error *error)
{
	int r = sd_bus_message_read(value, "u", &level);

	(void)userdata;
	(void)error;
	return r < 0 ? r : sd_bus_emit_properties_changed(sd, path, interface, property, NULL);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Add", "ii", "x", method_add, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Bytes", "ay", "ay", method_bytes, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Files", "ah", "ah", method_echo, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_WRITABLE_PROPERTY("Level", "u", NULL, level_set, 0,
				 SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_SIGNAL("Rang", "s", 0),
	SD_BUS_VTABLE_END
};

static void serve(sd_bus *sd)
{
	must(sd_bus_add_object_manager(sd, NULL, "/org/example"));
	must(sd_bus_add_object_vtable(sd, NULL, PATH, NAME, vtable, &level));
	must(sd_bus_request_name(sd, NAME, 0));
}

/* In a process of its own, until the test ends. */
static void service_start(void)
{
	struct kb_conn *conn = client_new(bus);

	if (!must_sys(fork())) {
		sd_bus *sd;
		int r;

		must_sys(prctl(PR_SET_PDEATHSIG, SIGKILL));
		close(bus->fd);
		sd = open_bus();
		serve(sd);
		/* until the bus ends, with the test */
		while ((r = sd_bus_process(sd, NULL)) >= 0)
			if (r == 0)
				sd_bus_wait(sd, UINT64_MAX);
		_exit(0);
	}
	expect(wait_owned(conn, NAME, true));
	kb_conn_unref(conn);
}

static sd_bus_message *reply;
static sd_bus_error error;

#define call_service(sd, member, ...)                                                             \
	({                                                                                        \
		reply = sd_bus_message_unref(reply);                                              \
		sd_bus_error_free(&error);                                                        \
		sd_bus_call_method(sd, NAME, PATH, NAME, member, &error, &reply, __VA_ARGS__);    \
	})

TEST("a call that waits is answered, though nothing else of its thread runs")
{
	const char *unique, *id, *owner;
	struct kdbus_credentials *who;
	struct kdbus_connection *native;
	sd_bus *sd;

	setup();
	sd = open_bus();
	must(sd_bus_call_method(sd, DRIVER, KB_DRIVER_PATH, DRIVER, "GetId", &error, &reply, ""));
	must(sd_bus_message_read(reply, "s", &id));
	expect_eq(strlen(id), 32);
	must(sd_bus_request_name(sd, NAME, 0));
	must(sd_bus_get_unique_name(sd, &unique));
	reply = sd_bus_message_unref(reply);
	must(sd_bus_call_method(sd, DRIVER, KB_DRIVER_PATH, DRIVER, "GetNameOwner", &error, &reply, "s", NAME));
	must(sd_bus_message_read(reply, "s", &owner));
	expect_text(owner, unique);

	/* for everybody else it is a connection of ours, and no proxy's */
	must(kdbus_connect(bus->path, 0, &native));
	must(kdbus_peer_credentials(native, unique, &who));
	expect_eq(who->pid, getpid());
	expect_text(who->comm, program_invocation_short_name);
	expect_eq(sd_bus_call_method(sd, "org.example.Nobody", "/", NAME, "Add", &error, NULL, ""),
		  -EHOSTUNREACH);
	expect_text(error.name, SD_BUS_ERROR_SERVICE_UNKNOWN);
	sd_bus_flush_close_unref(sd);
}

static int on_changed(sd_bus_message *signal, void *userdata, sd_bus_error *e)
{
	(void)e;
	expect_text(sd_bus_message_get_member(signal), "PropertiesChanged");
	++*(int *)userdata;
	return 0;
}

TEST("vtables, properties, object managers and introspection are sd-bus's own")
{
	const char *text = "";
	int64_t sum = 0;
	uint32_t u = 0;
	int n = 0;
	sd_bus *sd;

	setup();
	service_start();
	sd = open_bus();
	must(sd_bus_match_signal(sd, NULL, NAME, PATH, "org.freedesktop.DBus.Properties", NULL, on_changed, &n));
	must(call_service(sd, "Add", "ii", 40, 2));
	must(sd_bus_message_read(reply, "x", &sum));
	expect_eq(sum, 42);
	expect(call_service(sd, "Add", "ii", 1, 1) < 0);
	expect_text(error.name, NAME ".Error.Same");
	expect(call_service(sd, "Add", "s", "x") < 0);
	expect_text(error.name, SD_BUS_ERROR_INVALID_ARGS);
	must(sd_bus_get_property_trivial(sd, NAME, PATH, NAME, "Level", NULL, 'u', &u));
	expect_eq(u, 7);
	must(sd_bus_set_property(sd, NAME, PATH, NAME, "Level", NULL, "u", 8));
	while (!n)
		if (must(sd_bus_process(sd, NULL)) == 0)
			must(sd_bus_wait(sd, UINT64_MAX));
	expect_eq(n, 1);
	reply = sd_bus_message_unref(reply);
	must(sd_bus_call_method(sd, NAME, PATH, "org.freedesktop.DBus.Introspectable", "Introspect", NULL, &reply, ""));
	must(sd_bus_message_read(reply, "s", &text));
	expect(strstr(text, "<property name=\"Level\" type=\"u\" access=\"readwrite\">"));
	reply = sd_bus_message_unref(reply);
	must(sd_bus_call_method(sd, NAME, "/org/example", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
				NULL, &reply, ""));
	must(sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}"));
	must(sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}"));
	must(sd_bus_message_read(reply, "o", &text));
	expect_text(text, PATH);
	sd_bus_flush_close_unref(sd);
}

TEST("large bodies go there and back")
{
	uint8_t *bytes = malloc(BIG);
	const void *data;
	size_t size;
	sd_bus_message *call;
	sd_bus *sd;

	setup();
	service_start();
	sd = open_bus();
	for (size_t i = 0; i < BIG; i++)
		bytes[i] = i * 13 + (i >> 12);
	must(sd_bus_message_new_method_call(sd, &call, NAME, PATH, NAME, "Bytes"));
	must(sd_bus_message_append_array(call, 'y', bytes, BIG));
	must(sd_bus_call(sd, call, PATIENCE_USEC, &error, &reply));
	must(sd_bus_message_read_array(reply, 'y', &data, &size));
	expect_eq(size, BIG);
	expect(!memcmp(data, bytes, BIG));
	sd_bus_flush_close_unref(sd);
}

TEST("descriptors go there and back")
{
	struct stat a, b;
	int fds[2], h;
	sd_bus *sd;

	setup();
	service_start();
	sd = open_bus();
	must_sys(pipe(fds));
	must_sys(fstat(fds[1], &a));
	must(call_service(sd, "Files", "ah", 2, fds[0], fds[1]));
	must(sd_bus_message_enter_container(reply, 'a', "h"));
	must(sd_bus_message_read(reply, "h", &h));
	must(sd_bus_message_read(reply, "h", &h));
	must_sys(fstat(h, &b));
	expect_eq(a.st_ino, b.st_ino);
	sd_bus_flush_close_unref(sd);
}

/* coming and going */

TEST("with the last reference everything is gone, whenever it goes")
{
	unsigned fds;

	setup();
	fds = count("/proc/self/fd");
	for (int i = 0; i < 30; i++) {
		sd_bus *sd = open_bus();

		test_case("round %d", i);
		expect_eq(count_threads(threads + 1), threads + 1);
		if (i % 3)
			must(sd_bus_request_name(sd, NAME, 0));
		if (i % 2)
			sd_bus_close(sd);
		sd_bus_unref(sd);
		expect_eq(count_threads(threads), threads);
		expect_eq(count("/proc/self/fd"), fds);
	}
}

static int on_rang(struct kdbus_message *signal, void *userdata)
{
	(void)signal;
	++*(int *)userdata;
	return 0;
}

TEST("what was said before the end is heard")
{
	struct kdbus_connection *native;
	uint64_t id;
	int n;
	sd_bus *sd;

	setup();
	must(kdbus_connect(bus->path, 0, &native));
	for (int i = 0; i < 20; i++) {
		n = 0;
		must(kdbus_subscribe(native, "member='Rang'", on_rang, &n, &id));
		sd = open_bus();
		for (int j = 0; j < 20; j++)
			must(sd_bus_emit_signal(sd, PATH, NAME, "Rang", "s", "x"));
		sd_bus_flush_close_unref(sd);
		/* delivery is synchronous: nobody has to wait for it */
		while (must(kdbus_process(native)) > 0)
			;
		expect_eq(n, 20);
		must(kdbus_unsubscribe(native, id));
	}
}

TEST("a child has no bus, and its parent's is not disturbed")
{
	pid_t child;
	int status;
	sd_bus *sd;

	setup();
	service_start();
	sd = open_bus();
	must(call_service(sd, "Add", "ii", 1, 2));
	child = must_sys(fork());
	if (!child) {
		bool refused = sd_bus_flush(sd) == -ECHILD;

		sd_bus_unref(sd);
		_exit(refused ? 0 : 1);
	}
	must_sys(waitpid(child, &status, 0));
	expect_eq(status, 0);
	must(call_service(sd, "Add", "ii", 3, 4));

	/* nor does one that lives keep anything of it going here */
	child = must_sys(fork());
	if (!child) {
		pause();
		_exit(0);
	}
	reply = sd_bus_message_unref(reply);
	sd_bus_flush_close_unref(sd);
	expect_eq(count_threads(threads), threads);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TEST("a program that is executed inherits nothing")
{
	char line[300];
	sd_bus *sd;
	FILE *list;

	setup();
	sd = open_bus();
	must(sd_bus_request_name(sd, NAME, 0));
	list = popen("ls -l /proc/self/fd", "re");
	while (fgets(line, sizeof(line), list)) {
		expect(!strstr(line, "/0-test/bus"));
		expect(!strstr(line, "eventpoll"));
	}
	pclose(list);
	sd_bus_flush_close_unref(sd);
}

TEST("the end of the bus is the end of the sd_bus")
{
	sd_bus *sd;
	int r;

	setup();
	sd = open_bus();
	must(sd_bus_request_name(sd, NAME, 0));
	bus_close(bus);
	r = sd_bus_call_method(sd, DRIVER, KB_DRIVER_PATH, DRIVER, "GetId", &error, NULL, "");
	expect(r == -ECONNRESET || r == -ENOTCONN);
	expect_eq(sd_bus_is_open(sd), 0);
	sd_bus_unref(sd);
	expect_eq(count_threads(threads), threads);
}

TEST("the bridge takes no signals, and none is sent for a bus that is gone")
{
	unsigned long long blocked = 0;
	char path[64], line[200];
	struct dirent *entry;
	sd_bus *sd;
	FILE *file;
	DIR *d;

	setup();
	sd = open_bus();
	/* a thread sets its mask when it begins, and this one has, when it answers */
	must(sd_bus_call_method(sd, DRIVER, KB_DRIVER_PATH, DRIVER, "GetId", NULL, NULL, ""));
	d = opendir("/proc/self/task");
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%.10s/status", entry->d_name);
		file = fopen(path, "re");
		while (fgets(line, sizeof(line), file))
			sscanf(line, "SigBlk: %llx", &blocked);
		fclose(file);
	}
	closedir(d);
	/* all but the two that cannot be, and those of the C library */
	expect_eq(~blocked, 1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1) | 3ULL << 31);
	bus_close(bus);
	signal(SIGPIPE, SIG_DFL);
	for (int i = 0; i < 10; i++)
		sd_bus_emit_signal(sd, PATH, NAME, "Rang", "s", "x");
	sd_bus_flush_close_unref(sd);
}

TEST("a bus that is not there is an error at once")
{
	sd_bus *sd = NULL;

	threads = count("/proc/self/task");
	expect_errno(ENOENT, kdbus_open_sd_bus("/nowhere/bus", &sd));
	expect_errno(EAFNOSUPPORT, kdbus_open_sd_bus("unix:path=/run/x", &sd));
	expect(!sd);
	expect_eq(count_threads(threads), threads);
}

/* several of them */

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *e)
{
	int64_t sum = 0;

	(void)e;
	must(sd_bus_message_read(m, "x", &sum));
	sd_event_exit(userdata, sum);
	return 0;
}

TEST("a service and its client are in one event loop")
{
	sd_bus *service, *client;
	sd_event *event;

	setup();
	must(sd_event_new(&event));
	service = open_bus();
	client = open_bus();
	serve(service);
	must(sd_bus_attach_event(service, event, 0));
	must(sd_bus_attach_event(client, event, 0));
	must(sd_bus_call_method_async(client, NULL, NAME, PATH, NAME, "Add", on_answer, event, "ii", 30, 3));
	expect_eq(sd_event_loop(event), 33);
	sd_bus_flush_close_unref(client);
	sd_bus_flush_close_unref(service);
	sd_event_unref(event);
}

static void *hammer(void *unused)
{
	sd_bus *sd = open_bus();
	intptr_t wrong = 0;

	(void)unused;
	for (int i = 0; i < 100; i++) {
		sd_bus_message *answer = NULL;
		int64_t sum = -1;

		if (sd_bus_call_method(sd, NAME, PATH, NAME, "Add", NULL, &answer, "ii", i, -1000) < 0 ||
		    sd_bus_message_read(answer, "x", &sum) < 0 || sum != i - 1000)
			wrong++;
		sd_bus_message_unref(answer);
	}
	sd_bus_flush_close_unref(sd);
	return (void *)wrong;
}

TEST("threads with buses of their own do not disturb each other")
{
	pthread_t threads[4];
	void *wrong;

	setup();
	service_start();
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		must(-pthread_create(&threads[i], NULL, hammer, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		pthread_join(threads[i], &wrong);
		expect_eq((intptr_t)wrong, 0);
	}
}
