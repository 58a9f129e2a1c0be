// SPDX-License-Identifier: LGPL-2.1-or-later
/* Starting services: one ping for all who want the same, and what became of it. */
#include <criterion/criterion.h>
#include <errno.h>

#include "driver/activation.h"
#include "tests/unit/driver/fake-bus.h"

#define ROOT 2
#define A 3
#define B 4

static struct fake_conn conns[6];
static struct fake_conn *const service = &conns[4];

static void setup(void)
{
	memset(conns, 0, sizeof(conns));
	conns[0] = (struct fake_conn){ .id = FAKE_US, .names = { KB_DRIVER_NAME } };
	conns[1] = (struct fake_conn){ .id = ROOT };
	conns[2] = (struct fake_conn){ .id = A, .names = { "run.ning" }, .euid = 5 };
	conns[3] = (struct fake_conn){
		.id = 9, .flags = KDBUS_HELLO_ACTIVATOR, .names = { "act.one", "act.two" },
	};
	fake_begin(conns);
}

/* The service has taken its name over from the activator. */
static void appear(void)
{
	*service = (struct fake_conn){ .id = 10, .names = { "act.one" } };
}

TestSuite(activation, .init = setup, .fini = fake_end);

#define start(id, name) fake_ask(id, "StartServiceByName", "su", name, 12345)

/* What comes back for the last call that was made: a return, or an error. */
static void answer_ping(const char *error)
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL, *reply = NULL;

	cr_assert_eq(kb_message_new_call("x.y", "/", NULL, "Ping", &call), 0);
	call->cookie = fake_sent_cookie;
	call->src_id = FAKE_US;
	if (error)
		cr_assert_eq(kb_message_new_error(call, error, "why", &reply), 0);
	else
		cr_assert_eq(kb_message_new_return(call, &reply), 0);
	kb_message_seal(reply);
	reply->reply_cookie = fake_sent_cookie;
	activation_reply(&fake_driver, reply);
}

Test(activation, who_runs_is_not_started)
{
	expect_answer(start(A, "run.ning"), "u 2");
	expect_answer(start(A, KB_DRIVER_NAME), "u 2");
	expect_answer(start(A, ":1.3"), "u 2");
	expect_answer(start(A, "no.body"), "ERROR ServiceUnknown");
	expect_answer(start(A, ":1.9"), "ERROR ServiceUnknown");
	expect_answer(start(A, ""), "ERROR ServiceUnknown");
	cr_expect_eq(fake_n_sent, 0);
}

Test(activation, one_ping_answers_all_who_wait)
{
	expect_answer(start(A, "act.one"), "silence");
	expect_answer(start(ROOT, "act.one"), "silence");
	expect_answer(start(A, "act.two"), "silence");
	cr_expect_eq(fake_n_sent, 2);
	cr_expect_str_eq(fake_sent, "act.two Ping ");
	cr_expect_eq(fake_driver.n_pending, 2);
	fake_sent_cookie = 1;
	answer_ping(NULL);
	cr_expect_eq(fake_n_answers, 2);
	expect_answer(fake_answer, "u 1");
	cr_expect_eq(fake_driver.n_pending, 1);
	/* again: nobody waits for it any more */
	answer_ping(NULL);
	cr_expect_eq(fake_n_answers, 2);
}

Test(activation, errors_of_the_start_are_passed_on_others_are_failures)
{
	static const struct {
		const char *error;
		const char *told;
	} rows[] = {
		{ "ServiceUnknown", "ERROR ServiceUnknown" }, { "NoMemory", "ERROR NoMemory" },
		{ "LimitsExceeded", "ERROR LimitsExceeded" }, { "AccessDenied", "ERROR AccessDenied" },
		{ "TimedOut", "ERROR TimedOut" }, { "Spawn.ExecFailed", "ERROR Spawn.ExecFailed" },
		{ "Spawn.ChildExited", "ERROR Spawn.ChildExited" },
		{ "UnknownMethod", "ERROR Spawn.Failed" }, { "NoReply", "ERROR Spawn.Failed" },
		{ "Spawned", "ERROR Spawn.Failed" },
	};
	char error[100];

	for (size_t i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		snprintf(error, sizeof(error), KB_ERROR_PREFIX "%s", rows[i].error);
		*service = (struct fake_conn){};
		expect_answer(start(A, "act.one"), "silence");
		answer_ping(error);
		expect_answer(fake_answer, rows[i].told);
		/* whatever it says of the ping: the service is there */
		expect_answer(start(A, "act.one"), "silence");
		appear();
		answer_ping(error);
		expect_answer(fake_answer, "u 1");
	}
	cr_expect_eq(fake_n_answers, 2 * KB_ARRAY_SIZE(rows));
	cr_expect_eq(fake_driver.n_pending, 0);
}

Test(activation, no_answer_is_an_answer_too)
{
	expect_answer(start(A, "act.one"), "silence");
	activation_no_reply(&fake_driver, fake_sent_cookie, true);
	expect_answer(fake_answer, "ERROR TimedOut");
	/* it can be tried again at once */
	expect_answer(start(A, "act.one"), "silence");
	activation_no_reply(&fake_driver, fake_sent_cookie, false);
	expect_answer(fake_answer, "ERROR Spawn.ChildExited");
	expect_answer(start(A, "act.one"), "silence");
	activation_no_reply(&fake_driver, 0, false);
	activation_no_reply(&fake_driver, 999, true);
	cr_expect_eq(fake_n_answers, 2);
	appear();
	activation_no_reply(&fake_driver, fake_sent_cookie, false);
	expect_answer(fake_answer, "u 1");
}

Test(activation, a_ping_that_cannot_be_sent_leaves_nothing)
{
	fake_send_result = -ENOBUFS;
	expect_answer(start(A, "act.one"), "ERROR LimitsExceeded");
	cr_expect_eq(fake_driver.n_pending, 0);
	fake_send_result = 0;
	expect_answer(start(A, "act.one"), "silence");
}

/* The kernel's limit of calls that wait is the lower one. */
Test(activation, who_comes_when_too_many_are_under_way_is_told_so)
{
	fake_send_result = -EMLINK;
	expect_answer(start(A, "act.one"), "ERROR LimitsExceeded");
	cr_expect(strstr(fake_error, "services are starting"), "%s", fake_error);
	cr_expect_eq(fake_driver.n_pending, 0);
}

Test(activation, so_many_may_be_under_way)
{
	static char text[32];

	conns[3].names[1] = NULL;
	for (unsigned int i = 0; i < DRIVER_PENDING_MAX; i++) {
		snprintf(text, sizeof(text), "n.x%u", i);
		conns[3].names[0] = text;
		cr_assert_str_eq(start(A, text), "silence");
	}
	conns[3].names[0] = "one.more";
	expect_answer(start(A, "one.more"), "ERROR LimitsExceeded");
	/* who joins in takes no room */
	conns[3].names[0] = "n.x7";
	expect_answer(start(B, "n.x7"), "silence");
	answer_ping(NULL);
	conns[3].names[0] = "one.more";
	expect_answer(start(A, "one.more"), "silence");
}

#define update(...) fake_ask(ROOT, "UpdateActivationEnvironment", "a{ss}", __VA_ARGS__)

Test(activation, the_environment_goes_to_the_service_manager)
{
	expect_answer(update(2, "A", "b c", "_x9", ""), "silence");
	cr_expect_str_eq(fake_sent, "org.freedesktop.systemd1 SetEnvironment as 2 \"A=b c\" \"_x9=\"");
	answer_ping(NULL);
	expect_answer(fake_answer, "");
	expect_answer(update(1, "A", "b"), "silence");
	answer_ping("org.example.Why");
	expect_answer(fake_answer, "ERROR org.example.Why");
	expect_answer(update(1, "A", "b"), "silence");
	activation_no_reply(&fake_driver, fake_sent_cookie, false);
	expect_answer(fake_answer, "ERROR NoReply");
}

Test(activation, variables_that_cannot_be_are_left_out)
{
	static const struct {
		const char *key, *value;
	} bad[] = {
		{ "", "x" }, { "9", "x" }, { "A-B", "x" }, { "A=B", "x" }, { "A B", "x" },
		{ "\303\251", "x" }, { "A", "\x01" }, { "A", "x\ry" }, { "A", "\x7f" }, { "A", "\x1b[0m" },
	};
	static char big[(128 << 10) + 1];

	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++)
		expect_answer(update(1, bad[i].key, bad[i].value), "");
	memset(big, 'x', sizeof(big) - 1);
	expect_answer(update(1, "A", big), "");
	expect_answer(update(0), "");
	cr_expect_eq(fake_n_sent, 0);
	expect_answer(update(3, "1", "x", "A", "a\tb\nc", "B", "\x02"), "silence");
	cr_expect(strstr(fake_sent, "as 1 \"A="));
}
