/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is refused is told once a burst, with who and why. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/message.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/record.h"
#include "proxy/xml-policy.h"

static struct config config;
static struct proxy proxy = { .config = &config };
static struct client client = {
	.proxy = &proxy,
	.peer = { .uid = 1000, .comm = "someone" },
};
static FILE *log_file;

static void begin(void)
{
	log_file = tmpfile();
	cr_assert_not_null(log_file);
	dup2(fileno(log_file), STDERR_FILENO);
	limits_init(&config.limits);
}

/* How many lines have all of this by now? */
static unsigned int lines(const char *text)
{
	char line[4096];
	unsigned int n = 0;

	rewind(log_file);
	while (fgets(line, sizeof(line), log_file))
		n += strstr(line, text) != NULL;
	return n;
}

TestSuite(refusal, .init = begin);

Test(refusal, a_burst_is_one_line)
{
	for (int i = 0; i < 100; i++)
		refusal_limit(&client, "max_of_something", 3);
	cr_expect_eq(lines("someone[0] of uid 1000 reached the limit max_of_something of 3"), 1);
	cr_expect_eq(client.refusals.kinds[REFUSAL_LIMIT].n_untold, 99);
	refusals_deinit(&client);
	cr_expect_eq(lines("leaves; not told before: limit (and 99 before)"), 1);
}

Test(refusal, another_reason_is_another_line)
{
	for (int i = 0; i < 50; i++) {
		refusal_limit(&client, "max_of_something", 3);
		refusal_limit(&client, "max_of_others", 4);
	}
	cr_expect_geq(lines("max_of_something"), 1);
	cr_expect_geq(lines("max_of_others"), 1);
	cr_expect_leq(lines("reached the limit"), 8);
	/* kinds do not hide each other */
	refusal_disconnect(&client, "it is rude");
	cr_expect_eq(lines("is disconnected: it is rude"), 1);
}

Test(refusal, who_comes_again_is_told_of_eight_times_a_burst)
{
	for (int i = 0; i < 100; i++) {
		struct client again = client;

		refusal_disconnect(&again, "it is rude");
	}
	cr_expect_eq(lines("is disconnected: it is rude"), 8);
	cr_expect_eq(proxy.disconnects[1000 % REFUSAL_USERS].n_untold, 92);
	client.peer.uid = 1001;
	refusal_disconnect(&client, "it is rude");
	cr_expect_eq(lines("of uid 1001 is disconnected"), 1);
	/* when the burst is over, the next line tells */
	client.peer.uid = 1000;
	proxy.disconnects[1000 % REFUSAL_USERS].quiet_until_ns = 0;
	refusal_disconnect(&client, "it is worse");
	cr_expect_eq(lines("it is worse (and 92 before)"), 1);
}

Test(refusal, lost_messages_are_counted)
{
	refusal_drop(&client, 5, NULL, "it is slow");
	refusal_drop(&client, 7, NULL, "it is slow");
	cr_expect_eq(lines("lost 5 messages: it is slow"), 1);
	cr_expect_eq(client.refusals.kinds[REFUSAL_DROP].n_untold, 7);
}

Test(refusal, the_rule_is_named)
{
	struct policy_rule *rule = policy_rule_new();
	struct kb_message *call;

	rule->file = "/etc/some.conf";
	rule->line = 12;
	cr_assert_eq(kb_message_new_call("org.Foo", "/", "org.Foo.I", "Do", &call), 0);
	refusal_policy(&client, REFUSAL_SEND, call, "org.Foo", rule);
	cr_expect_eq(lines("may not send org.Foo.I.Do to org.Foo: denied by /etc/some.conf:12"), 1);
	refusal_policy(&client, REFUSAL_OWN, NULL, "org.Foo", NULL);
	cr_expect_eq(lines("may not own org.Foo: no rule allows it"), 1);
	kb_message_unref(call);
	policy_rule_free(rule);
}

Test(refusal, what_the_driver_says_is_told)
{
	struct kb_message *call, *error;

	cr_assert_eq(kb_message_new_call("org.Foo", "/", "org.Foo.I", "Do", &call), 0);
	call->cookie = 1;
	cr_assert_eq(kb_message_new_error(call, KB_ERROR_ACCESS_DENIED, "no way", &error), 0);
	cr_assert_eq(kb_message_seal(error), 0);
	refusal_driver(&client, error);
	kb_message_unref(error);
	cr_assert_eq(kb_message_new_error(call, KB_ERROR_FAILED, "not so", &error), 0);
	refusal_driver(&client, error);
	cr_expect_eq(lines("is refused by the driver: no way"), 1);
	cr_expect_eq(lines("not so"), 0);
	kb_message_unref(error);
	kb_message_unref(call);
}

static const char *field(const struct record *record, const char *key)
{
	for (size_t i = 0; i < record->n; i++)
		if (kb_startswith(record->fields[i], key) &&
		    record->fields[i][strlen(key)] == '=')
			return record->fields[i] + strlen(key) + 1;
	return NULL;
}

Test(refusal, records_say_who_and_what)
{
	struct record record = { 0 };
	struct kb_message *call;

	cr_assert_eq(kb_message_new_call("org.Foo", "/a", "org.Foo.I", "Do", &call), 0);
	record_client(&record, &client);
	record_message(&record, call);
	record_text(&record, "NOTHING", "");
	cr_expect_str_eq(field(&record, "KDBUS_CLIENT_UID"), "1000");
	cr_expect_str_eq(field(&record, "KDBUS_CLIENT_COMM"), "someone");
	cr_expect_str_eq(field(&record, "KDBUS_MESSAGE_TYPE"), "method_call");
	cr_expect_str_eq(field(&record, "KDBUS_DESTINATION"), "org.Foo");
	cr_expect_str_eq(field(&record, "KDBUS_PATH"), "/a");
	cr_expect_null(field(&record, "NOTHING"));
	for (int i = 0; i < 100; i++)
		record_add(&record, "MANY=%d", i);
	cr_expect_eq(record.n, RECORD_FIELDS_MAX);
	cr_expect_null(record.fields[RECORD_FIELDS_MAX]);
	record_deinit(&record);
	kb_message_unref(call);
}

/* Who is refused chose the message; too long a line would reach no journal. */
Test(refusal, records_are_short_however_long_a_message_is)
{
	struct record record = { 0 };
	struct kb_message *call;
	char *path = malloc(1000002);

	memset(path, 'a', 1000001);
	path[0] = '/';
	path[1000001] = 0;
	cr_assert_eq(kb_message_new_call("org.Foo", path, "org.Foo.I", "Do", &call), 0);
	record_message(&record, call);
	cr_assert_not_null(field(&record, "KDBUS_PATH"));
	cr_expect_lt(strlen(field(&record, "KDBUS_PATH")), 2000);
	cr_expect_eq(strncmp(field(&record, "KDBUS_PATH"), path, 900), 0);
	cr_expect_str_eq(field(&record, "KDBUS_INTERFACE"), "org.Foo.I");
	record_deinit(&record);
	kb_message_unref(call);
	free(path);
}
