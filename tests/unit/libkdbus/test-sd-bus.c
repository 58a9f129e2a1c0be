// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sd-bus and the bridge behind it, threads and all; tests/vm/107-sd-bus has a
 * real kernel and a driver.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <kdbus/libkdbus.h>
#include <pthread.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "lib/util.h"

#define NAME "org.example.Test1"
#define PATH "/org/example/Test1"

static int method_add(sd_bus_message *call, void *userdata _unused_, sd_bus_error *error)
{
	int32_t a, b;
	int r = sd_bus_message_read(call, "ii", &a, &b);

	if (r >= 0 && a == b)
		return sd_bus_error_set(error, NAME ".Error.Same", "They are the same");
	return r < 0 ? r : sd_bus_reply_method_return(call, "x", (int64_t)a + b);
}

static int method_stop(sd_bus_message *call, void *userdata, sd_bus_error *error _unused_)
{
	*(bool *)userdata = true;
	return sd_bus_reply_method_return(call, "");
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Add", "ii", "x", method_add, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Stop", "", "", method_stop, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END
};

static unsigned int count(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* A thread that was joined may take a moment to leave the list. */
static unsigned int count_threads(unsigned int wanted)
{
	unsigned int n;

	for (int i = 0; (n = count("/proc/self/task")) != wanted && i < 1000; i++)
		usleep(1000);
	return n;
}

static sd_bus *open_bus(void)
{
	sd_bus *bus = NULL;

	cr_assert_eq(kdbus_open_sd_bus("system", &bus), 0);
	return bus;
}

/* Serves until it is told to stop; its name is in @userdata by then. */
static sd_bus *service;

static void *serve(void *userdata)
{
	bool stop = false;

	cr_assert_geq(sd_bus_add_object_vtable(service, NULL, PATH, NAME, vtable, &stop), 0);
	while (!stop)
		if (sd_bus_process(service, NULL) == 0)
			sd_bus_wait(service, UINT64_MAX);
	sd_bus_flush_close_unref(service);
	return userdata;
}

Test(sd_bus, calls_another_and_waits)
{
	unsigned int threads = count("/proc/self/task");
	sd_bus *client = open_bus();
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply;
	const char *name;
	char own[64];
	pthread_t thread;
	int64_t sum;

	service = open_bus();
	cr_assert_geq(sd_bus_get_unique_name(service, &name), 0);
	snprintf(own, sizeof(own), "%s", name);
	cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
	for (int i = 0; i < 50; i++) {
		cr_assert_geq(sd_bus_call_method(client, own, PATH, NAME, "Add", NULL, &reply, "ii", i, 100), 0);
		cr_assert_geq(sd_bus_message_read(reply, "x", &sum), 0);
		cr_expect_eq(sum, i + 100);
		sd_bus_message_unref(reply);
	}
	cr_expect_lt(sd_bus_call_method(client, own, PATH, NAME, "Add", &error, NULL, "ii", 1, 1), 0);
	cr_expect_str_eq(error.name, NAME ".Error.Same");
	sd_bus_error_free(&error);
	cr_expect_geq(sd_bus_call_method(client, own, PATH, NAME, "Stop", NULL, NULL, ""), 0);
	pthread_join(thread, NULL);
	sd_bus_flush_close_unref(client);
	cr_expect_eq(count_threads(threads), threads);
}

static int on_signal(struct kdbus_message *signal _unused_, void *userdata)
{
	++*(unsigned int *)userdata;
	return 0;
}

Test(sd_bus, delivers_what_was_said_before_the_end)
{
	struct kdbus_connection *native;
	unsigned int n = 0;
	sd_bus *bus;

	cr_assert_eq(kdbus_connect("system", 0, &native), 0);
	cr_assert_eq(kdbus_subscribe(native, "member='Rang'", on_signal, &n, NULL), 0);
	bus = open_bus();
	for (int i = 0; i < 20; i++)
		cr_assert_geq(sd_bus_emit_signal(bus, PATH, NAME, "Rang", "s", "x"), 0);
	sd_bus_flush_close_unref(bus);
	while (kdbus_process(native) > 0)
		;
	cr_expect_eq(n, 20);
	kdbus_disconnect(native);
}

Test(sd_bus, ends_with_its_last_reference_whenever_that_is)
{
	unsigned int threads = count("/proc/self/task");

	for (int i = 0; i < 4; i++) {
		sd_bus *bus = open_bus();
		const char *name;

		cr_expect_eq(count_threads(threads + 1), threads + 1);
		if (i % 2)
			cr_expect_geq(sd_bus_get_unique_name(bus, &name), 0);
		if (i / 2)
			sd_bus_close(bus);
		sd_bus_unref(bus);
		cr_expect_eq(count_threads(threads), threads);
	}
}

Test(sd_bus, is_not_for_children)
{
	sd_bus *bus = open_bus();
	const char *name;
	pid_t child;
	int status;

	cr_assert_geq(sd_bus_get_unique_name(bus, &name), 0);
	child = fork();
	if (child == 0) {
		bool refused = sd_bus_flush(bus) == -ECHILD;

		sd_bus_unref(bus);
		_exit(refused ? 0 : 1);
	}
	cr_expect_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
	cr_expect_geq(sd_bus_emit_signal(bus, PATH, NAME, "Rang", "s", "x"), 0);
	sd_bus_flush_close_unref(bus);
}
