// SPDX-License-Identifier: LGPL-2.1-or-later
/* From a call to the row of the table that serves it, and to its answer. */
#include <criterion/criterion.h>

#include "driver/call.h"
#include "lib/signature.h"
#include "tests/unit/driver/fake-bus.h"

#define STATS "org.freedesktop.DBus.Debug.Stats"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define ROOT 2
#define OWNER 3
#define OTHER 4
#define FAKED 5
#define UNKNOWN 6

static struct fake_conn conns[] = {
	{ .id = FAKE_US, .euid = 900, .names = { KB_DRIVER_NAME } },
	{ .id = ROOT },
	{ .id = OWNER, .euid = 1000 },
	{ .id = OTHER, .euid = 1001 },
	{ .id = FAKED, .euid = 1001, .unattached = true },
	{ .id = UNKNOWN, .euid = KB_ID_UNSET, .unattached = true },
	{}
};

static void setup(void)
{
	fake_begin(conns);
	fake_driver.owner_uid = 1000;
}

TestSuite(call, .init = setup, .fini = fake_end);

Test(call, rows_are_well_formed_and_none_is_there_twice)
{
	for (size_t i = 0; i < driver_n_methods; i++) {
		const struct method *m = &driver_methods[i];

		cr_expect(kb_signature_is_valid(m->in, strlen(m->in)), "%s", m->member);
		cr_expect(kb_signature_is_valid(m->out, strlen(m->out)), "%s", m->member);
		cr_expect_not_null(m->function);
		for (size_t k = 0; k < i; k++) {
			const struct method *before = &driver_methods[k];
			bool same = kb_streq(m->interface, before->interface);

			cr_expect_not(same && kb_streq(m->member, before->member), "%s", m->member);
			/* rows of an interface are adjacent */
			cr_expect(!same || kb_streq(driver_methods[i - 1].interface, m->interface),
				  "%s", m->member);
		}
	}
}

Test(call, interfaces_and_members_that_do_not_exist)
{
	expect_answer(fake_call(OTHER, "/", "x.y", "Hello", ""), "ERROR UnknownInterface");
	expect_answer(fake_call(OTHER, "/", KB_DRIVER_INTERFACE, "Ping", ""), "ERROR UnknownMethod");
	expect_answer(fake_call(OTHER, "/", NULL, "Nothing", ""), "ERROR UnknownMethod");
	expect_answer(fake_call(OTHER, "/", "", "Hello", ""), "ERROR UnknownInterface");
}

Test(call, without_an_interface_the_first_that_has_the_member_is_meant)
{
	expect_answer(fake_call(OTHER, "/", NULL, "Ping", ""), "");
	expect_answer(fake_call(OTHER, "/", NULL, "Hello", ""), "s \":1.4\"");
	expect_answer(fake_call(OTHER, KB_DRIVER_PATH, NULL, "Get", "ss", "x.y", "Z"),
		      "ERROR UnknownInterface");
}

Test(call, arguments_have_to_be_of_exactly_the_types)
{
	expect_answer(fake_ask(OTHER, "Hello", "s", "x"), "ERROR InvalidArgs");
	expect_answer(fake_ask(OTHER, "GetNameOwner", ""), "ERROR InvalidArgs");
	expect_answer(fake_ask(OTHER, "GetNameOwner", "o", "/x"), "ERROR InvalidArgs");
	expect_answer(fake_ask(OTHER, "RequestName", "us", 0, "a.b"), "ERROR InvalidArgs");
	expect_answer(fake_ask(OTHER, "GetNameOwner", "ss", "a.b", "c"), "ERROR InvalidArgs");
}

Test(call, an_error_that_quotes_too_much_is_cut_between_characters)
{
	char name[4096];

	for (size_t before = 0; before < 4; before++) {
		memset(name, 'a', before);
		name[before] = '\0';
		for (size_t i = 0; i < 1000; i++)
			strcat(name, "\xe2\x82\xac");
		expect_answer(fake_ask(OTHER, "GetNameOwner", "s", name), "ERROR NameHasNoOwner");
	}
}

/* A call of each row with the arguments it wants. */
static const char *call_row(const struct method *m, uint64_t id, const char *path)
{
	if (kb_streq(m->in, ""))
		return fake_call(id, path, m->interface, m->member, "");
	if (kb_streq(m->in, "s"))
		return fake_call(id, path, m->interface, m->member, "s", "member='x'");
	if (kb_streq(m->in, "su"))
		return fake_call(id, path, m->interface, m->member, "su", "a.b", 0);
	if (kb_streq(m->in, "ss"))
		return fake_call(id, path, m->interface, m->member, "ss", "x.y", "z");
	if (kb_streq(m->in, "ssv"))
		return fake_call(id, path, m->interface, m->member, "ssv", "x.y", "z", "s", "v");
	if (kb_streq(m->in, "asu"))
		return fake_call(id, path, m->interface, m->member, "asu", NULL, 0);
	if (kb_streq(m->in, "a{ss}"))
		return fake_call(id, path, m->interface, m->member, "a{ss}", 0);
	cr_assert_fail("%s takes %s", m->member, m->in);
	return NULL;
}

Test(call, each_row_is_answered_once_and_its_flags_are_obeyed)
{
	for (size_t i = 0; i < driver_n_methods; i++) {
		const struct method *m = &driver_methods[i];
		bool special = m->flags & (METHOD_PRIVILEGED | METHOD_OBJECT);
		const char *answer;

		answer = call_row(m, ROOT, KB_DRIVER_PATH);
		cr_expect_str_neq(answer, "silence", "%s", m->member);
		cr_expect_str_neq(answer, "ERROR UnknownMethod", "%s", m->member);
		answer = call_row(m, OTHER, "/");
		if (special)
			cr_expect_str_eq(answer, "ERROR AccessDenied", "%s: %s", m->member, answer);
		else
			cr_expect_str_neq(answer, "ERROR AccessDenied", "%s", m->member);
		if (m->flags & METHOD_PRIVILEGED) {
			expect_answer(call_row(m, OTHER, KB_DRIVER_PATH), "ERROR AccessDenied");
			/* nobody knows who that is, and impersonated is not root */
			expect_answer(call_row(m, UNKNOWN, KB_DRIVER_PATH), "ERROR AccessDenied");
			expect_answer(call_row(m, FAKED, KB_DRIVER_PATH), "ERROR AccessDenied");
			answer = call_row(m, OWNER, KB_DRIVER_PATH);
			cr_expect_str_neq(answer, "ERROR AccessDenied", "%s", m->member);
		}
	}
}

Test(call, who_a_message_says_nothing_about_is_asked_about)
{
	expect_answer(fake_ask(FAKED, "ReloadConfig", ""), "ERROR AccessDenied");
	conns[FAKED - 1].euid = 0;
	expect_answer(fake_ask(FAKED, "ReloadConfig", ""), "");
	conns[FAKED - 1].euid = 1001;
	/* gone meanwhile */
	expect_answer(fake_ask(99, "GetId", ""), "s \"0123456789abcdef000102030405" "06ff\"");
}

Test(call, who_sends_counts_not_who_connected)
{
	conns[OTHER - 1].is_run_by_root = true;
	expect_answer(fake_ask(OTHER, "ReloadConfig", ""), "");
	conns[OTHER - 1].is_run_by_root = false;
	expect_answer(fake_ask(OTHER, "ReloadConfig", ""), "ERROR AccessDenied");
}

Test(call, what_is_wrong_is_looked_at_in_order)
{
	/* path, then privilege, then types */
	expect_answer(fake_call(OTHER, "/", STATS, "GetStats", "s", "x"), "ERROR AccessDenied");
	expect_answer(fake_call(OTHER, KB_DRIVER_PATH, STATS, "GetStats", "s", "x"), "ERROR AccessDenied");
	expect_answer(fake_call(ROOT, KB_DRIVER_PATH, STATS, "GetStats", "s", "x"), "ERROR InvalidArgs");
}

Test(call, without_the_extension_four_methods_are_not_supported_and_the_others_are)
{
	unsigned int n = 0;

	fake_driver.behalf = fake_driver.process = fake_driver.usage = false;
	for (size_t i = 0; i < driver_n_methods; i++) {
		const struct method *m = &driver_methods[i];
		const char *answer = call_row(m, ROOT, KB_DRIVER_PATH);

		if (m->flags & METHOD_BEHALF) {
			cr_expect_str_eq(answer, "ERROR NotSupported", "%s", m->member);
			n++;
		} else if (!kb_streq(m->member, "BecomeMonitor")) {
			cr_expect_str_neq(answer, "ERROR NotSupported", "%s", m->member);
		}
		/* nobody else's eyes, then */
		cr_expect_eq(fake_behalf, 0, "%s", m->member);
	}
	cr_expect_eq(n, 4);
}

Test(call, what_needs_no_answer_gets_none_and_is_done)
{
	struct kb_message *message;

	cr_assert_eq(kb_message_new_call(KB_DRIVER_NAME, "/", NULL, "RequestName", &message), 0);
	kb_message_append(message, "su", "a.b", 0);
	kb_message_seal(message);
	message->src_id = OTHER;
	message->flags |= KB_NO_REPLY_EXPECTED;
	fake_behalf = 0;
	call_dispatch(&fake_driver, message);
	cr_expect_eq(fake_n_answers, 0);
	cr_expect_eq(fake_behalf, OTHER);
	kb_message_unref(message);
}
