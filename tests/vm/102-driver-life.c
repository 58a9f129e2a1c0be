// SPDX-License-Identifier: LGPL-2.1-or-later
/* The driver comes, goes, is killed, and starts others. */
#include <signal.h>
#include <sys/wait.h>

#include "tests/vm/services.h"

static struct bus *bus;
static struct kb_conn *a;

static void setup(const char *args)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	driver_start(bus, args);
	a = client_new(bus);
}

/* life */

TEST("the first call starts it, it leaves when idle, the next call starts it again")
{
	pid_t first;

	setup("-- --idle-timeout=0.3");
	expect_eq(owner_pid(a, DRIVER), 0);
	expect(strstr(ask_driver(a, "GetId", ""), "s \""));
	first = owner_pid(a, DRIVER);
	expect(first);
	expect(wait_owned(a, DRIVER, false));
	expect(strstr(ask_driver(a, "GetId", ""), "s \""));
	expect(owner_pid(a, DRIVER) && owner_pid(a, DRIVER) != first);
}

TEST("calls that go on keep it")
{
	pid_t first;

	setup("-- --idle-timeout=0.5");
	ask_driver(a, "GetId", "");
	first = owner_pid(a, DRIVER);
	for (unsigned i = 0; i < 10; i++) {
		sleep_ms(150);
		ask_driver(a, "GetId", "");
	}
	expect_eq(owner_pid(a, DRIVER), first);
}

TEST("rules that it added do not keep it, and stay")
{
	struct kb_message *signal, *message;
	struct kb_conn *b;

	setup("-- --idle-timeout=0.3");
	b = client_new(bus);
	expect_text(ask_driver(b, "AddMatch", "s", "member='M'"), "");
	expect(wait_owned(a, DRIVER, false));
	must(kb_message_new_signal("/x", "x.y", "M", &signal));
	must(kb_conn_send(a, signal));
	expect_ok(kb_conn_recv(b, &message));
	expect_text(ask_driver(b, "RemoveMatch", "s", "member='M'"), "");
	expect_error(ask_driver(b, "RemoveMatch", "s", "member='M'"), "MatchRuleNotFound");
}

TEST("a second driver leaves quietly, and the first goes on")
{
	char option[400];
	pid_t first, second;
	int status;

	setup(NULL);
	ask_driver(a, "GetId", "");
	first = owner_pid(a, DRIVER);
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	second = program_start("kdbus-driver", option, NULL);
	must_sys(waitpid(second, &status, 0));
	expect_eq(status, 0);
	expect_eq(owner_pid(a, DRIVER), first);
}

TEST("SIGTERM ends it at once, and nothing that waits is lost")
{
	char option[400];
	pid_t pid;

	setup(NULL);
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	pid = program_start("kdbus-driver", option, NULL);
	expect(wait_owned(a, DRIVER, true));
	expect_eq(owner_pid(a, DRIVER), pid);
	expect_eq(program_stop(pid), 0);
	expect(strstr(ask_driver(a, "GetId", ""), "s \""));
}

TEST("it ends with its bus")
{
	char option[400];
	int status;
	pid_t pid;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = client_new(bus);
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	pid = program_start("kdbus-driver", option, NULL);
	expect(wait_owned(a, DRIVER, true));
	bus_close(bus);
	must_sys(waitpid(pid, &status, 0));
	expect_eq(status, 0);
}

/* nothing lost, nothing twice */

#define CLIENTS 10
#define CALLS 100

/* So many times unless $KDBUS_TEST_ROUNDS says another number: 100 for long. */
static unsigned rounds(unsigned n)
{
	const char *text = getenv("KDBUS_TEST_ROUNDS");

	return text ? (unsigned)atoi(text) : n;
}

/* A call that takes its answer's cookie down. */
static uint64_t send_call(struct kb_conn *conn)
{
	struct kb_message *call;
	uint64_t cookie;

	must(kb_message_new_call(DRIVER, KB_DRIVER_PATH, KB_DRIVER_INTERFACE, "GetId", &call));
	must(kb_conn_send(conn, call));
	cookie = call->cookie;
	kb_message_unref(call);
	return cookie;
}

struct flight {
	struct kb_conn *conn;
	uint64_t first;
	unsigned sent, answered;
	bool seen[CALLS];
};

/* Takes what is there; false if an answer was wrong. */
static bool take(struct flight *flight)
{
	struct kb_message *reply;
	uint64_t i;
	bool fine = true;

	while (kb_conn_recv(flight->conn, &reply) >= 0) {
		i = reply->reply_cookie - flight->first;
		if (reply->type != KB_METHOD_RETURN || i >= flight->sent || flight->seen[i]) {
			test_note("type %d, cookie %llu of %u", reply->type, (unsigned long long)i,
				  flight->sent);
			fine = false;
		} else {
			flight->seen[i] = true;
			flight->answered++;
		}
		kb_message_unref(reply);
	}
	return fine;
}

static struct flight flights[CLIENTS];

static void flights_new(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		flights[i].conn = client_new(bus);
}

static void flights_begin(void)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		memset(flights[i].seen, 0, sizeof(flights[i].seen));
		flights[i].sent = flights[i].answered = 0;
	}
}

/*
 * A few more calls by each, and what is there for them. A queue takes 256
 * messages of one user, so not all at once. Adds up what has been answered.
 */
static bool flights_go_on(unsigned at_once, unsigned *out_answered)
{
	*out_answered = 0;
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct flight *flight = &flights[i];

		for (unsigned n = 0; n < at_once && flight->sent < CALLS &&
		     flight->sent - flight->answered < 20; n++) {
			uint64_t cookie = send_call(flight->conn);

			if (!flight->sent++)
				flight->first = cookie;
		}
		if (!expect(take(flight)))
			return false;
		*out_answered += flight->answered;
	}
	return true;
}

TEST("told to leave with 1000 calls in flight: none is lost, none answered twice")
{
	unsigned n_rounds = rounds(10), starts = 0;

	setup("--trigger-limit-burst=0 -- --idle-timeout=60");
	flights_new();
	for (unsigned round = 0; round < n_rounds; round++) {
		uint64_t end = now_ns() + 20 * SEC;
		unsigned answered = 0;
		bool told = false;

		test_case("round %u", round);
		flights_begin();
		while (answered < CLIENTS * CALLS && now_ns() < end) {
			pid_t pid = told ? 0 : owner_pid(a, DRIVER);

			if (!flights_go_on(10, &answered))
				return;
			/* some time in the middle of it */
			if (pid && answered > (round % 10) * 100) {
				kill(pid, SIGTERM);
				told = true;
				starts++;
			}
		}
		if (!expect_eq(answered, CLIENTS * CALLS))
			return;
	}
	expect_eq(starts, n_rounds);
	test_note("%u drivers were told to leave", starts);
}

TEST("idle and gone in each pause between 1000 calls: none is lost, none answered twice")
{
	unsigned n_rounds = rounds(3), starts = 0, pauses = 0;
	pid_t last = 0;

	setup("--trigger-limit-burst=0 -- --idle-timeout=0.004");
	flights_new();
	for (unsigned round = 0; round < n_rounds; round++) {
		uint64_t end = now_ns() + 60 * SEC;
		unsigned answered = 0, before = 0;

		test_case("round %u", round);
		flights_begin();
		while (answered < CLIENTS * CALLS && now_ns() < end) {
			pid_t pid = owner_pid(a, DRIVER);

			starts += pid && pid != last;
			last = pid ?: last;
			if (!flights_go_on(3, &answered))
				return;
			/* around the moment in which it goes, to both sides */
			if (answered >= before + 25) {
				before = answered;
				if (pauses++ % 8)
					usleep(1000 + pauses * 613 % 15000);
				else
					expect(wait_owned(a, DRIVER, false));
			}
		}
		if (!expect_eq(answered, CLIENTS * CALLS))
			return;
	}
	expect(starts > 1);
	test_note("%u drivers came and went by themselves in %u pauses", starts, pauses);
}

TEST("killed again and again: an answer or NoReply, never silence, and the next call works")
{
	unsigned kills = 10 * rounds(5), answers = 0, dead = 0;

	setup("--trigger-limit-burst=0");
	for (unsigned i = 0; i < kills; i++) {
		const char *answer;
		pid_t pid, killer;

		if (!expect(strstr(ask_driver(a, "GetId", ""), "s \"")))
			return;
		pid = owner_pid(a, DRIVER);
		killer = must_sys(fork());
		if (!killer) {
			usleep(i * 37 % 3000);
			kill(pid, SIGKILL);
			_exit(0);
		}
		do {
			answer = ask_driver(a, "ListNames", "");
			if (strstr(answer, "as "))
				answers++;
			else if (!strcmp(answer, "EPIPE"))
				dead++;
			else
				expect_text(answer, "an answer or EPIPE");
		} while (owner_pid(a, DRIVER) == pid);
		waitpid(killer, NULL, 0);
	}
	test_note("%u answers, %u times nobody left to answer", answers, dead);
}

/* StartServiceByName */

static const char *start(const char *name)
{
	return ask_driver(a, "StartServiceByName", "su", name, 17);
}

TEST("StartServiceByName starts, finds running, or does not know")
{
	setup(NULL);
	activator_start(bus, ECHO, "kdbus-echo", NULL);
	expect_text(start(ECHO), "u 1");
	expect(owner_pid(a, ECHO));
	expect_text(start(ECHO), "u 2");
	expect_text(start(DRIVER), "u 2");
	expect_text(start(a->unique_name), "u 2");
	expect_error(start("x.y"), "ServiceUnknown");
	expect_error(start(":1.77777"), "ServiceUnknown");
	expect_error(start("nodots"), "ServiceUnknown");
	expect_error(start(""), "ServiceUnknown");
}

TEST("who starts at the same time gets the same answer")
{
	struct kb_conn *clients[8];
	unsigned answered = 0;

	setup(NULL);
	activator_start(bus, ECHO, "kdbus-echo", NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(clients); i++) {
		struct kb_message *call;

		clients[i] = client_new(bus);
		must(kb_message_new_call(DRIVER, KB_DRIVER_PATH, NULL, "StartServiceByName", &call));
		must(kb_message_append(call, "su", ECHO, 0));
		must(kb_conn_send(clients[i], call));
		kb_message_unref(call);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(clients); i++) {
		struct kb_message *reply;
		uint32_t result;

		if (!expect(kb_conn_wait(clients[i], 10 * SEC) > 0))
			continue;
		must(kb_conn_recv(clients[i], &reply));
		expect_eq(reply->type, KB_METHOD_RETURN);
		expect_ok(kb_message_read(reply, "u", &result));
		expect(result == 1 || result == 2);
		answered++;
		kb_message_unref(reply);
	}
	expect_eq(answered, ARRAY_SIZE(clients));
}

TEST("StartServiceByName says why a service does not come")
{
	setup(NULL);
	activator_start(bus, "f.exit", "/bin/false", NULL);
	activator_start(bus, "f.exec", "/nowhere/to/be/found", NULL);
	activator_start(bus, "f.kill", "/bin/sh", "-- -c kill${IFS}-9${IFS}$$");
	activator_start(bus, "f.none", "/bin/true", NULL);
	activator_start(bus, "f.slow", "/bin/sleep", "--start-timeout=0.5 -- 60");
	expect_error(start("f.exit"), "Spawn.ChildExited");
	expect(strstr(start("f.exit"), "/bin/false exited with status 1"));
	expect_error(start("f.exec"), "Spawn.ExecFailed");
	expect_error(start("f.kill"), "Spawn.ChildSignaled");
	expect_error(start("f.none"), "Spawn.Failed");
	expect_error(start("f.slow"), "TimedOut");
	/* others were not held up, and it can be tried again */
	expect(strstr(ask_driver(a, "GetId", ""), "s \""));
	expect_error(start("f.slow"), "TimedOut");
}

TEST("a slow start holds up nobody else, nor does it keep anybody from leaving")
{
	struct kb_message *call, *reply;
	struct kb_conn *waiting;

	setup("-- --idle-timeout=0.2");
	activator_start(bus, "f.slow", "/bin/sleep", "--start-timeout=2 -- 60");
	waiting = client_new(bus);
	must(kb_message_new_call(DRIVER, KB_DRIVER_PATH, NULL, "StartServiceByName", &call));
	must(kb_message_append(call, "su", "f.slow", 0));
	must(kb_conn_send(waiting, call));
	for (unsigned i = 0; i < 5; i++)
		expect(strstr(ask_driver(a, "GetId", ""), "s \""));
	expect_eq(kb_conn_wait(waiting, 0), 0);
	/* idle or not, the driver owes an answer */
	expect(kb_conn_wait(waiting, 10 * SEC) > 0);
	must(kb_conn_recv(waiting, &reply));
	expect_eq(reply->type, KB_ERROR);
	expect_text(reply->error_name, KB_ERROR_TIMED_OUT);
	expect(wait_owned(a, DRIVER, false));
}
