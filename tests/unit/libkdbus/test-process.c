// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who is called for which message; tests/vm/106-libkdbus has a real kernel. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "lib/error.h"
#include "libkdbus/connection.h"
#include "libkdbus/message.h"
#include "tests/unit/libkdbus/post.h"

#define PATH "/org/example/Test1"
#define NAME "org.example.Test1"

static struct kdbus_connection *client, *service;

/* Ids and unique names are 1 and 2. */
static void begin(void)
{
	cr_assert_eq(kdbus_connect("system", 0, &client), 0);
	cr_assert_eq(kdbus_connect("system", 0, &service), 0);
}

static void end(void)
{
	kdbus_disconnect(client);
	kdbus_disconnect(service);
}

TestSuite(process, .init = begin, .fini = end);

static void settle(void)
{
	int n;

	do {
		int a = kdbus_process(client), b = kdbus_process(service);

		cr_assert_geq(a, 0);
		cr_assert_geq(b, 0);
		n = a + b;
	} while (n);
}

/* a service and its client */

static struct kdbus_message *later, *answer;

static int add(struct kdbus_message *call, struct kdbus_message *reply, void *userdata _unused_)
{
	int32_t a, b;
	int r = kdbus_message_read(call, "ii", &a, &b);

	return r < 0 ? r : kdbus_message_append(reply, "x", (int64_t)a + b);
}

static int wrong(struct kdbus_message *call _unused_, struct kdbus_message *reply, void *userdata _unused_)
{
	return kdbus_message_append(reply, "u", 1);
}

static int deny(struct kdbus_message *call _unused_, struct kdbus_message *reply _unused_,
		void *userdata _unused_)
{
	return -EACCES;
}

static int named(struct kdbus_message *call _unused_, struct kdbus_message *reply, void *userdata _unused_)
{
	return kdbus_fail(reply, NAME ".Error.Full", "It is full");
}

static int postpone(struct kdbus_message *call, struct kdbus_message *reply _unused_,
		    void *userdata _unused_)
{
	later = kdbus_message_ref(call);
	return KDBUS_LATER;
}

static int misnamed(struct kdbus_message *call _unused_, struct kdbus_message *reply, void *userdata _unused_)
{
	return kdbus_fail(reply, "no name of an error", "It is full");
}

static int left;

static int leave(struct kdbus_message *call _unused_, struct kdbus_message *reply _unused_,
		 void *userdata _unused_)
{
	left = kdbus_leave(service);
	return 0;
}

static const struct kdbus_method methods[] = {
	{ "Add", "ii", "x", add },	{ "Wrong", "", "s", wrong },
	{ "Deny", "", "", deny },	{ "Named", "", "s", named },
	{ "Misnamed", "", "s", misnamed }, { "Leave", "", "", leave },
	{ "Later", "", "u", postpone }, {},
};

static int on_reply(struct kdbus_message *reply, void *userdata _unused_)
{
	answer = kdbus_message_ref(reply);
	return 0;
}

static void call(const char *interface, const char *path, const char *member, bool numbers)
{
	struct kdbus_message *message;

	cr_assert_eq(kdbus_message_new_call(":1.2", path, interface, member, &message), 0);
	if (numbers)
		cr_assert_eq(kdbus_message_append(message, "ii", 40, 2), 0);
	answer = kdbus_message_unref(answer);
	cr_assert_eq(kdbus_call_async(client, message, 0, on_reply, NULL), 0);
	kdbus_message_unref(message);
	settle();
}

Test(process, a_method_is_called_and_answers)
{
	int64_t sum = 0;

	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	call(NAME, PATH, "Add", true);
	cr_assert_not_null(answer);
	cr_expect_eq(kdbus_message_read(answer, "x", &sum), 0);
	cr_expect_eq(sum, 42);
	cr_expect_str_eq(kdbus_message_sender(answer), ":1.2");
	answer = kdbus_message_unref(answer);
}

Test(process, what_cannot_be_called_has_its_error)
{
	static const struct {
		const char *interface, *path, *member;
		bool numbers;
		const char *error;
	} rows[] = {
		{ NAME, PATH, "None", false, KB_ERROR_UNKNOWN_METHOD },
		{ NULL, PATH, "None", false, KB_ERROR_UNKNOWN_METHOD },
		{ "org.example.Else", PATH, "Add", true, KB_ERROR_UNKNOWN_INTERFACE },
		{ NAME, "/else", "Add", true, KB_ERROR_UNKNOWN_OBJECT },
		{ NULL, "/else", "Add", true, KB_ERROR_UNKNOWN_OBJECT },
		{ NAME, PATH, "Add", false, KB_ERROR_INVALID_ARGS },
		{ NAME, PATH, "Wrong", false, KB_ERROR_FAILED },
		{ NAME, PATH, "Deny", false, KB_ERROR_ACCESS_DENIED },
		{ NAME, PATH, "Named", false, NAME ".Error.Full" },
		{ NAME, PATH, "Misnamed", false, KB_ERROR_FAILED },
		{ "org.freedesktop.DBus.Peer", PATH, "None", false, KB_ERROR_UNKNOWN_METHOD },
	};

	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	for (size_t i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		call(rows[i].interface, rows[i].path, rows[i].member, rows[i].numbers);
		cr_assert_not_null(answer, "row %zu", i);
		cr_assert_eq(kdbus_message_type(answer), KDBUS_ERROR, "row %zu", i);
		cr_expect_str_eq(kdbus_message_error_name(answer), rows[i].error, "row %zu", i);
		cr_expect_str_neq(kdbus_message_error_text(answer), "");
	}
	answer = kdbus_message_unref(answer);
}

Test(process, every_object_can_be_pinged_and_introspected)
{
	const char *xml = "";

	call("org.freedesktop.DBus.Peer", "/any", "Ping", false);
	cr_assert_eq(kdbus_message_type(answer), KDBUS_METHOD_RETURN);
	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	call(NULL, "/org", "Introspect", false);
	cr_assert_eq(kdbus_message_read(answer, "s", &xml), 0);
	cr_expect(strstr(xml, "<node name=\"example\"/>"));
	call(NULL, "/else", "Introspect", false);
	cr_expect_str_eq(kdbus_message_error_name(answer), KB_ERROR_UNKNOWN_OBJECT);
	answer = kdbus_message_unref(answer);
}

Test(process, an_answer_may_come_later_and_once)
{
	uint32_t u = 0;

	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	call(NAME, PATH, "Later", false);
	cr_expect_null(answer);
	cr_expect_eq(service->n_owed, 1);
	cr_expect_eq(kdbus_leave(service), -EBUSY);
	cr_expect_eq(kdbus_leave(client), -EBUSY);
	cr_expect_eq(kdbus_reply(service, later, "u", 7), 0);
	cr_expect_eq(kdbus_reply(service, later, "u", 7), -EALREADY);
	cr_expect_eq(service->n_owed, 0);
	settle();
	cr_expect_eq(kdbus_message_read(answer, "u", &u), 0);
	cr_expect_eq(u, 7);
	later = kdbus_message_unref(later);
	answer = kdbus_message_unref(answer);

	/* who lets go of a call owes nothing any more */
	call(NAME, PATH, "Later", false);
	later = kdbus_message_unref(later);
	cr_expect_eq(service->n_owed, 0);
}

Test(process, whose_method_is_running_waits_for_us)
{
	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	call(NAME, PATH, "Leave", false);
	cr_expect_eq(left, -EBUSY);
	cr_expect_eq(service->n_owed, 0);
	cr_assert_not_null(answer);
	cr_expect_eq(kdbus_message_type(answer), KDBUS_METHOD_RETURN);
	answer = kdbus_message_unref(answer);
}

/* listeners */

static unsigned int n_heard[3];
static uint64_t ids[3];

static int on_signal(struct kdbus_message *signal, void *userdata)
{
	unsigned int *n = userdata;
	const char *text;

	cr_expect_eq(kdbus_message_read(signal, "s", &text), 0);
	if (kb_streq(text, "stop"))
		cr_expect_eq(kdbus_unsubscribe(client, ids[n - n_heard]), 0);
	if (kb_streq(text, "fail"))
		return -ENOTTY;
	++*n;
	return 0;
}

static void listen_to(unsigned int i, const char *rule)
{
	cr_assert_eq(kdbus_subscribe(client, rule, on_signal, &n_heard[i], &ids[i]), 0);
}

Test(process, signals_come_to_whose_rule_matches)
{
	listen_to(0, "member='One'");
	listen_to(1, "member='One',arg0='yes'");
	listen_to(2, "member='Two'");
	cr_assert_eq(kdbus_emit(service, PATH, NAME, "One", "s", "no"), 0);
	cr_assert_eq(kdbus_emit(service, PATH, NAME, "One", "s", "yes"), 0);
	settle();
	cr_expect_eq(n_heard[0], 2);
	cr_expect_eq(n_heard[1], 1);
	cr_expect_eq(n_heard[2], 0);
	cr_expect_eq(kdbus_subscribe(client, "member='", on_signal, NULL, NULL), -EINVAL);
}

Test(process, a_handler_may_end_its_subscription_or_the_loop)
{
	listen_to(0, "member='One'");
	listen_to(1, "member='One'");
	cr_assert_eq(kdbus_emit(service, PATH, NAME, "One", "s", "stop"), 0);
	settle();
	cr_expect_eq(n_heard[0], 1);
	cr_expect_eq(n_heard[1], 1);
	cr_expect_null(client->subscriptions);
	cr_expect_eq(kdbus_unsubscribe(client, ids[0]), -ENOENT);
	listen_to(2, "member='One'");
	cr_assert_eq(kdbus_emit(service, PATH, NAME, "One", "s", "fail"), 0);
	cr_expect_eq(kdbus_process(client), -ENOTTY);
}

/* What looks like a reply, but did not come as one. */
Test(process, only_a_reply_is_an_answer)
{
	_cleanup_(kb_message_unrefp) struct kb_message *forged = NULL;

	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	call(NAME, PATH, "Later", false);
	cr_assert_eq(kb_message_new(KB_METHOD_RETURN, &forged), 0);
	cr_assert_eq(kb_message_set(forged, KB_FIELD_DESTINATION, ":1.1"), 0);
	forged->reply_cookie = later->kb->cookie;
	forged->flags = 0;
	cr_assert_eq(kb_conn_send(service->kb, forged), 0);
	settle();
	cr_expect_null(answer);
	later = kdbus_message_unref(later);
}

Test(process, whoever_is_to_be_called_has_to_be_there)
{
	struct kdbus_message *message;

	cr_assert_eq(kdbus_message_new_call(":1.2", PATH, NAME, "Add", &message), 0);
	cr_expect_eq(kdbus_call_async(client, message, 0, NULL, NULL), -EINVAL);
	kdbus_message_unref(message);
	cr_expect_eq(kdbus_subscribe(client, "type='signal'", NULL, NULL, NULL), -EINVAL);
	settle();
}

Test(process, who_has_left_is_not_connected)
{
	struct kdbus_credentials *credentials;

	/* what is left of a connection after kdbus_leave() */
	kb_conn_close(client->kb);
	cr_expect_eq(kdbus_process(client), -ENOTCONN);
	cr_expect_eq(kdbus_wait(client, KDBUS_FOREVER), -ENOTCONN);
	cr_expect_eq(kdbus_run(client, 0), -ENOTCONN);
	cr_expect_eq(kdbus_leave(client), -ENOTCONN);
	cr_expect_eq(kdbus_request_name(client, NAME, 0), -ENOTCONN);
	cr_expect_eq(kdbus_release_name(client, NAME), -ENOTCONN);
	cr_expect_eq(kdbus_peer_credentials(client, ":1.2", &credentials), -ENOTCONN);
	cr_expect_eq(kdbus_fd(client), -1);
}

/* the last messages of one who leaves */

static void say_goodbye(void)
{
	cr_assert_eq(kdbus_emit(client, PATH, NAME, "One", ""), 0);
}

static int end_of_it(struct kdbus_message *signal _unused_, void *userdata _unused_)
{
	kdbus_disconnect(service);
	return 0;
}

static int failure(struct kdbus_message *signal _unused_, void *userdata _unused_)
{
	return -ENOTTY;
}

static void begin_to_leave(kdbus_signal_handler handler)
{
	post_on_release = say_goodbye;
	cr_assert_eq(kdbus_request_name(service, NAME, 0), 0);
	cr_assert_eq(post_n_names, 1);
	cr_assert_eq(kdbus_subscribe(service, "member='One'", handler, NULL, NULL), 0);
}

Test(process, who_is_disconnected_while_leaving_has_left)
{
	begin_to_leave(end_of_it);
	cr_expect_eq(kdbus_leave(service), -ENOTCONN);
	cr_assert_eq(kdbus_connect("system", 0, &service), 0);
}

Test(process, who_cannot_leave_has_its_names_as_before)
{
	begin_to_leave(failure);
	cr_expect_eq(kdbus_leave(service), -ENOTTY);
	cr_expect_eq(post_n_names, 1);
}

static void *answer_slowly(void *unused)
{
	usleep(100000);
	cr_assert_eq(kdbus_reply(service, later, "u", 7), 0);
	return unused;
}

static int leave_now(struct kdbus_message *reply _unused_, void *userdata _unused_)
{
	kb_conn_close(client->kb);
	return 0;
}

Test(process, whoever_runs_until_the_last_answer_sleeps_until_it_comes)
{
	struct kdbus_message *message;
	pthread_t thread;

	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	cr_assert_eq(kdbus_message_new_call(":1.2", PATH, NAME, "Later", &message), 0);
	cr_assert_eq(kdbus_call_async(client, message, 0, leave_now, NULL), 0);
	kdbus_message_unref(message);
	settle();
	pthread_create(&thread, NULL, answer_slowly, NULL);
	cr_expect_eq(kdbus_run(client, 0), -ENOTCONN);
	pthread_join(thread, NULL);
	/* to find that it is idle, that it cannot leave, and until it was time */
	cr_expect_leq(post_n_waits, 6, "%u", post_n_waits);
	later = kdbus_message_unref(later);
}
