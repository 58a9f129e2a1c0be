// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The starter against a service manager of our own making, which speaks the
 * private socket's protocol and says of its one unit what the test says.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "busname/manager.h"
#include "lib/error.h"

#define UNIT_PATH	"/org/freedesktop/systemd1/unit/x"
#define JOB_PATH	"/org/freedesktop/systemd1/job/1"

/* what the unit is like */

static struct {
	const char *load;
	const char *active;
	const char *sub;
	const char *result;
	int status;
	uint64_t start;
	bool unmet;		/* a condition */
	bool waits;		/* in a job */
	const char *refusal;	/* error name of StartUnit */
	unsigned int n_starts;
	unsigned int n_calls;
} unit;

static int listener, peer = -1;
static uint32_t serial = 1000;
static char directory[] = "/tmp/manager.XXXXXX";
static pthread_t thread;

/* the manager */

static void put(struct kb_message *message)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};

	message->cookie = ++serial;
	cr_assert_eq(kb_message_encode_dbus1(message, &bytes), 0);
	cr_assert_eq(send(peer, bytes.data, bytes.size, MSG_NOSIGNAL), (ssize_t)bytes.size);
	kb_message_unref(message);
}

static void signal_job(const char *result)
{
	struct kb_message *signal;

	kb_message_new_signal("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
			      "JobRemoved", &signal);
	kb_message_append(signal, "uoss", 1, JOB_PATH, "x.service", result);
	put(signal);
}

static void signal_change(void)
{
	struct kb_message *signal;

	kb_message_new_signal(UNIT_PATH, "org.freedesktop.DBus.Properties", "PropertiesChanged",
			      &signal);
	kb_message_append(signal, "sa{sv}as", "org.freedesktop.systemd1.Unit", 0, NULL);
	put(signal);
}

static void answer_get(const struct kb_message *call, struct kb_message *reply)
{
	const char *name;

	cr_assert_eq(kb_message_read(call, "ss", NULL, &name), 0);
	if (kb_streq(name, "LoadState"))
		kb_message_append(reply, "v", "s", unit.load);
	else if (kb_streq(name, "ActiveState"))
		kb_message_append(reply, "v", "s", unit.active);
	else if (kb_streq(name, "SubState"))
		kb_message_append(reply, "v", "s", unit.sub);
	else if (kb_streq(name, "Result"))
		kb_message_append(reply, "v", "s", unit.result);
	else if (kb_streq(name, "ExecMainStatus"))
		kb_message_append(reply, "v", "i", unit.status);
	else if (kb_streq(name, "ExecMainStartTimestampMonotonic"))
		kb_message_append(reply, "v", "t", unit.start);
	else if (kb_streq(name, "ConditionResult"))
		kb_message_append(reply, "v", "b", !unit.unmet);
	else if (kb_streq(name, "Job"))
		kb_message_append(reply, "v", "(uo)", unit.waits, unit.waits ? JOB_PATH : "/");
	else
		cr_assert_fail("property %s", name);
}

static void answer(const struct kb_message *call)
{
	struct kb_message *reply;

	unit.n_calls++;
	if (kb_streq(call->member, "StartUnit") && unit.refusal) {
		kb_message_new_error(call, unit.refusal, "no", &reply);
		put(reply);
		return;
	}
	kb_message_new_return(call, &reply);
	if (kb_streq(call->member, "LoadUnit")) {
		kb_message_append(reply, "o", UNIT_PATH);
	} else if (kb_streq(call->member, "StartUnit")) {
		unit.n_starts++;
		kb_message_append(reply, "o", JOB_PATH);
	} else if (kb_streq(call->member, "Get")) {
		answer_get(call, reply);
	} else {
		cr_assert_str_eq(call->member, "Subscribe");
	}
	put(reply);
}

/* Until the line of the authentication that begins the messages. */
static void authenticate(void)
{
	char text[256] = "";
	size_t n = 0;

	while (!memmem(text, n, "BEGIN\r\n", 7)) {
		ssize_t got = recv(peer, text + n, sizeof(text) - n, 0);

		cr_assert_gt(got, 0);
		n += got;
	}
	cr_assert_eq(text[0], '\0');
	cr_assert(kb_startswith(text + 1, "AUTH EXTERNAL "));
	cr_assert_eq(send(peer, "OK 0123456789abcdef\r\n", 21, 0), 21);
}

static void *serve(void *unused)
{
	char data[4096];
	size_t n = 0;

	for (;;) {
		peer = accept(listener, NULL, NULL);
		if (peer < 0)
			return unused;
		authenticate();
		n = 0;
		for (;;) {
			ssize_t got = recv(peer, data + n, sizeof(data) - n, 0);
			int64_t size;

			if (got <= 0)
				break;
			n += got;
			while (n >= 16 && (size = kb_message_size_dbus1(data)) <= (int64_t)n) {
				struct kb_message *call;

				cr_assert_eq(kb_message_decode_dbus1(data, size, NULL, 0, &call), 0);
				answer(call);
				kb_message_unref(call);
				n -= size;
				memmove(data, data + size, n);
			}
		}
		close(peer);
	}
}

static struct manager manager;
static struct report report;

static void setup(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[64];

	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/systemd", directory);
	mkdir(path, 0700);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/private", path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 4), 0);
	setenv("XDG_RUNTIME_DIR", directory, 1);
	unit.load = "loaded";
	unit.active = "inactive";
	unit.sub = "dead";
	unit.result = "success";
	unit.start = 5;
	pthread_create(&thread, NULL, serve, NULL);
	manager_init(&manager, "x.service", true);
}

static void teardown(void)
{
	char command[96];

	manager_deinit(&manager);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(manager, .init = setup, .fini = teardown, .timeout = 60);

static int start(void)
{
	return manager.starter.ops->start(&manager.starter, &report);
}

/* What comes of the manager's next words. */
static int dispatch(void)
{
	struct pollfd pollfd = { .fd = manager.link.fd, .events = POLLIN };

	poll(&pollfd, 1, 2000);
	return manager.starter.ops->dispatch(&manager.starter, &report);
}

/* The unit went down for @result after it was started. */
static void fall(const char *active, const char *result, int status)
{
	unit.start++;
	unit.active = active;
	unit.result = result;
	unit.status = status;
	signal_job("done");
}

static void expect_failure(const char *error, const char *text)
{
	cr_assert_eq(dispatch(), STARTER_FAILED);
	cr_assert_str_eq(kb_startswith(report.error, KB_ERROR_PREFIX), error);
	cr_assert_not_null(strstr(report.text, text), "%s", report.text);
	cr_assert_not_null(strstr(report.text, "x.service"), "%s", report.text);
}

Test(manager, an_inactive_unit_is_started_once)
{
	cr_assert_eq(start(), STARTER_PENDING);
	cr_assert_eq(unit.n_starts, 1);
	unit.active = "active";
	signal_job("done");
	cr_assert_eq(dispatch(), STARTER_PENDING);
	manager.starter.ops->settle(&manager.starter);
	cr_assert_eq(manager.link.fd, -1);
}

Test(manager, an_active_unit_is_waited_for_and_then_asked_again)
{
	unit.active = "active";
	cr_assert_eq(start(), STARTER_PENDING);
	cr_assert_eq(unit.n_starts, 0);
	unit.active = "inactive";
	signal_change();
	cr_assert_eq(dispatch(), STARTER_RETRY);
	cr_assert_eq(start(), STARTER_PENDING);
	cr_assert_eq(unit.n_starts, 1);
}

Test(manager, a_unit_on_its_way_needs_no_second_start)
{
	unit.active = "activating";
	unit.sub = "start";
	cr_assert_eq(start(), STARTER_PENDING);
	cr_assert_eq(unit.n_starts, 0);
	fall("failed", "exit-code", 3);
	signal_change();
	expect_failure("Spawn.ChildExited", "status 3");
}

Test(manager, a_unit_that_waits_to_be_restarted_is_started_now)
{
	unit.active = "activating";
	unit.sub = "auto-restart";
	cr_assert_eq(start(), STARTER_PENDING);
	cr_assert_eq(unit.n_starts, 1);
}

Test(manager, states_before_the_job_are_those_of_the_instance_before)
{
	unit.active = "deactivating";
	cr_assert_eq(start(), STARTER_PENDING);
	cr_assert_eq(unit.n_starts, 1);
	unit.active = "inactive";
	signal_change();
	cr_assert_eq(dispatch(), STARTER_PENDING);
	unit.active = "active";
	signal_job("done");
	cr_assert_eq(dispatch(), STARTER_PENDING);
}

Test(manager, each_result_has_its_error)
{
	static const struct {
		const char *result;
		int status;
		const char *error;
		const char *text;
	} rows[] = {
		{ "exit-code", 1, "Spawn.ChildExited", "exited with status 1" },
		{ "exit-code", 203, "Spawn.ExecFailed", "could not be executed" },
		{ "exit-code", 217, "Spawn.FailedToSetup", "status 217" },
		{ "signal", 11, "Spawn.ChildSignaled", "signal 11" },
		{ "core-dump", 6, "Spawn.ChildSignaled", "signal 6" },
		{ "timeout", 15, "TimedOut", "in time" },
		{ "resources", 0, "Spawn.FailedToSetup", "set up" },
		{ "success", 0, "Spawn.Failed", "without taking the name" },
		{ "protocol", 0, "Spawn.Failed", "protocol" },
		{ "start-limit-hit", 1, "LimitsExceeded", "start limit" },
	};
	size_t i;

	for (i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		unit.active = "inactive";
		cr_assert_eq(start(), STARTER_PENDING);
		fall("failed", rows[i].result, rows[i].status);
		expect_failure(rows[i].error, rows[i].text);
		cr_assert_eq(report.limited, kb_streq(rows[i].error, "LimitsExceeded"));
		manager.starter.ops->settle(&manager.starter);
	}
}

Test(manager, jobs_that_come_to_nothing_have_theirs)
{
	static const struct {
		const char *result;
		const char *error;
	} rows[] = {
		{ "timeout", "TimedOut" },
		{ "dependency", "Spawn.Failed" },
		{ "canceled", "Spawn.Failed" },
		{ "assert", "Spawn.Failed" },
	};
	size_t i;

	for (i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		cr_assert_eq(start(), STARTER_PENDING);
		signal_job(rows[i].result);
		expect_failure(rows[i].error, "");
		manager.starter.ops->settle(&manager.starter);
	}
}

Test(manager, a_start_that_was_refused_for_its_limit_is_no_failure_of_the_program)
{
	unit.active = "failed";
	unit.result = "exit-code";
	unit.status = 1;
	cr_assert_eq(start(), STARTER_PENDING);
	signal_job("failed");
	expect_failure("LimitsExceeded", "too often");
	cr_assert(report.limited);
}

Test(manager, a_start_that_was_skipped_is_told_as_such)
{
	unit.unmet = true;
	cr_assert_eq(start(), STARTER_PENDING);
	signal_job("done");
	expect_failure("Spawn.Failed", "conditions");
}

Test(manager, a_unit_that_remains_after_its_program_is_not_waited_for)
{
	cr_assert_eq(start(), STARTER_PENDING);
	unit.active = "active";
	unit.sub = "exited";
	signal_job("done");
	expect_failure("Spawn.Failed", "without having taken the name");
	/* nor is it later, when it is still like that */
	cr_assert_eq(start(), STARTER_FAILED);
	cr_assert_eq(unit.n_starts, 1);
}

Test(manager, units_that_cannot_be_had_are_unknown)
{
	unit.load = "not-found";
	cr_assert_eq(start(), STARTER_FAILED);
	cr_assert_str_eq(report.error, KB_ERROR_SERVICE_UNKNOWN);
	unit.load = "masked";
	cr_assert_eq(start(), STARTER_FAILED);
	cr_assert_str_eq(report.error, KB_ERROR_SERVICE_UNKNOWN);
	unit.load = "loaded";
	unit.refusal = "org.freedesktop.systemd1.ShuttingDown";
	cr_assert_eq(start(), STARTER_FAILED);
	cr_assert_str_eq(report.error, KB_ERROR_SERVICE_UNKNOWN);
	unit.refusal = "org.freedesktop.systemd1.Anything";
	cr_assert_eq(start(), STARTER_FAILED);
	cr_assert_str_eq(report.error, KB_ERROR_SPAWN_FAILED);
}

Test(manager, while_refusing_it_hears_when_the_failure_is_reset)
{
	cr_assert_eq(start(), STARTER_PENDING);
	fall("failed", "exit-code", 1);
	expect_failure("Spawn.ChildExited", "");
	manager.starter.ops->watch(&manager.starter);
	signal_change();
	cr_assert_eq(dispatch(), STARTER_PENDING);
	unit.active = "inactive";
	signal_change();
	cr_assert_eq(dispatch(), STARTER_RETRY);
}

Test(manager, a_manager_that_goes_away_is_found_again)
{
	cr_assert_eq(start(), STARTER_PENDING);
	shutdown(peer, SHUT_RDWR);
	cr_assert_eq(dispatch(), STARTER_PENDING);
	cr_assert_eq(manager.link.fd, -1);
	/* the job is forgotten with it: the state has to tell */
	unit.start++;
	unit.active = "failed";
	unit.result = "exit-code";
	unit.status = 9;
	expect_failure("Spawn.ChildExited", "status 9");
}

Test(manager, a_job_that_is_still_there_is_waited_for)
{
	cr_assert_eq(start(), STARTER_PENDING);
	unit.waits = true;
	shutdown(peer, SHUT_RDWR);
	cr_assert_eq(dispatch(), STARTER_PENDING);
	cr_assert_eq(manager.link.fd, -1);
	/* the unit is down, for its start has not begun */
	cr_assert_eq(dispatch(), STARTER_PENDING);
	cr_assert_neq(manager.link.fd, -1);
	unit.waits = false;
	fall("failed", "exit-code", 9);
	expect_failure("Spawn.ChildExited", "status 9");
}
