// SPDX-License-Identifier: LGPL-2.1-or-later
#include <criterion/criterion.h>
#include <errno.h>

#include "driver/call.h"
#include "driver/matches.h"
#include "lib/cmd.h"
#include "tests/unit/driver/fake-kernel.h"

/* in place of the parts of driver/ that need a bus */

static char answer[256];
static bool privileged;

int call_read(struct call *call, const char *types, ...)
{
	va_list args;
	int r;

	va_start(args, types);
	r = kb_message_read(call->message, types, va_arg(args, const char **));
	va_end(args);
	return r;
}

int call_fail(struct call *call _unused_, const char *error, const char *format _unused_, ...)
{
	snprintf(answer, sizeof(answer), "%s", kb_startswith(error, KB_ERROR_PREFIX));
	return CALL_DONE;
}

bool call_is_privileged(struct call *call _unused_)
{
	return privileged;
}

/* a driver, and what it is asked */

static struct kb_conn conn = { .fd = -1, .bloom = { .size = 64, .n_hash = 8 } };
static struct driver driver = { .conn = &conn, .behalf = true };

static void forget(void)
{
	matches_forget_all(&driver);
}

static void setup(void)
{
	memset(fake_matches, 0, sizeof(fake_matches));
	fake_n_matches = 0;
	fake_gone = 0;
	fake_room = -1;
	privileged = false;
}

TestSuite(matches, .init = setup, .fini = forget);

/* A new driver: nothing is remembered, but the kernel's matches stay. */
static void restart(void)
{
	struct fake_match kept[64];
	size_t i, n = 0;

	for (i = 0; i < fake_n_matches; i++)
		if (fake_matches[i].id)
			kept[n++] = fake_matches[i];
	forget();
	memcpy(fake_matches, kept, n * sizeof(*kept));
	fake_n_matches = n;
}

/* "" if it went well, else the name of the error, or of the errno. */
static const char *ask(int (*method)(struct call *call), uint64_t id, const char *rule)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	struct call call = { .driver = &driver };
	int r;

	answer[0] = '\0';
	kb_message_new_call(NULL, "/", NULL, "M", &message);
	kb_message_append(message, "s", rule);
	kb_message_seal(message);
	message->src_id = id;
	call.message = message;
	r = method(&call);
	if (r < 0)
		snprintf(answer, sizeof(answer), "%s", strerrorname_np(-r));
	else if (r == CALL_DONE && !*answer)
		snprintf(answer, sizeof(answer), "silence");
	return answer;
}

#define add(id, rule)		cr_assert_str_eq(ask(matches_add, id, rule), "")
#define remove_(id, rule)	cr_assert_str_eq(ask(matches_remove, id, rule), "")
#define RULE			"member='M'"

Test(matches, one_instance_is_one_match_and_its_number)
{
	add(7, RULE);
	cr_assert_eq(fake_count(7), 1);
	cr_assert_eq(fake_count_all(7), 2);
	remove_(7, RULE);
	cr_assert_eq(fake_count_all(7), 0);
}

Test(matches, instances_share_what_lets_signals_through)
{
	add(7, RULE);
	add(7, "member=M");
	add(7, RULE);
	cr_assert_eq(fake_count(7), 1);
	cr_assert_eq(fake_count_all(7), 4);
	remove_(7, RULE);
	remove_(7, RULE);
	cr_assert_eq(fake_count(7), 1);
	remove_(7, RULE);
	cr_assert_eq(fake_count_all(7), 0);
	cr_assert_str_eq(ask(matches_remove, 7, RULE), "MatchRuleNotFound");
}

Test(matches, a_new_driver_counts_the_instances_it_finds)
{
	add(7, RULE);
	restart();
	add(7, RULE);
	restart();
	add(7, RULE);
	cr_assert_eq(fake_count(7), 1);
	cr_assert_eq(fake_count_all(7), 4);
	restart();
	remove_(7, RULE);
	restart();
	remove_(7, RULE);
	cr_assert_eq(fake_count(7), 1);
	remove_(7, RULE);
	cr_assert_eq(fake_count_all(7), 0);
	restart();
	cr_assert_str_eq(ask(matches_remove, 7, RULE), "MatchRuleNotFound");
}

Test(matches, a_rule_for_owner_changes_has_several_matches_with_one_cookie)
{
	add(7, "member='NameOwnerChanged'");
	cr_assert_eq(fake_count(7), 6);
	remove_(7, "member='NameOwnerChanged'");
	cr_assert_eq(fake_count_all(7), 0);
}

Test(matches, what_a_killed_driver_has_left_is_replaced)
{
	add(7, RULE);
	/* killed between the two steps of RemoveMatch */
	kb_cmd_match_remove(-1, driver.clients->rules->cookie + 1, 7);
	restart();
	cr_assert_str_eq(ask(matches_remove, 7, RULE), "MatchRuleNotFound");
	add(7, RULE);
	cr_assert_eq(fake_count(7), 1);
	remove_(7, RULE);
	cr_assert_eq(fake_count_all(7), 0);
}

Test(matches, clients_do_not_share_rules)
{
	add(7, RULE);
	add(8, RULE);
	remove_(7, RULE);
	cr_assert_eq(fake_count(8), 1);
	cr_assert_str_eq(ask(matches_remove, 7, RULE), "MatchRuleNotFound");
	remove_(8, RULE);
}

Test(matches, a_caller_that_has_gone_gets_no_answer_and_is_forgotten)
{
	fake_gone = 7;
	cr_assert_str_eq(ask(matches_add, 7, RULE), "silence");
	cr_assert_eq(driver.n_clients, 0);
	cr_assert_str_eq(ask(matches_remove, 7, RULE), "silence");
}

Test(matches, when_the_kernel_has_no_room_nothing_is_left_behind)
{
	add(7, RULE);
	/* room for the match, not for its number */
	fake_room = 1;
	cr_assert_str_eq(ask(matches_add, 7, "member='N'"), "LimitsExceeded");
	cr_assert_eq(fake_count_all(7), 2);
	fake_room = 3;
	cr_assert_str_eq(ask(matches_add, 7, "member='NameOwnerChanged'"), "LimitsExceeded");
	cr_assert_eq(fake_count_all(7), 2);
	fake_room = -1;
	remove_(7, RULE);
	cr_assert_eq(fake_count_all(7), 0);
}

Test(matches, a_client_may_have_so_many_rules)
{
	char rule[64];
	int i;

	for (i = 0; i < DRIVER_RULES_MAX; i++) {
		snprintf(rule, sizeof(rule), "member='m%d'", i);
		add(7, rule);
	}
	cr_assert_str_eq(ask(matches_add, 7, "member='more'"), "LimitsExceeded");
}

Test(matches, so_many_clients_are_remembered_and_nobody_is_refused)
{
	uint64_t id;

	add(1, RULE);
	for (id = 1; id <= DRIVER_CLIENTS_MAX + 1; id++)
		add(id, RULE);
	cr_assert_eq(driver.n_clients, DRIVER_CLIENTS_MAX);
	cr_assert_eq(fake_count_all(0), 1);
	/* the first is forgotten, its rules are not */
	cr_assert_null(matches_client(&driver, 1));
	remove_(1, RULE);
	cr_assert_eq(fake_count(1), 1);
	remove_(1, RULE);
	cr_assert_eq(fake_count_all(1), 0);
	cr_assert_str_eq(ask(matches_remove, 1, RULE), "MatchRuleNotFound");
}

Test(matches, eavesdropping_is_for_the_privileged_and_means_nothing)
{
	cr_assert_str_eq(ask(matches_add, 7, "eavesdrop='true'," RULE), "AccessDenied");
	cr_assert_eq(fake_count_all(7), 0);
	privileged = true;
	add(7, "eavesdrop='true'," RULE);
	remove_(7, RULE);
	cr_assert_eq(fake_count_all(7), 0);
}

Test(matches, syntax_errors_are_told_apart_from_too_much)
{
	char longer[KB_MATCH_RULE_MAX + 32];

	cr_assert_str_eq(ask(matches_add, 7, "nonsense"), "MatchRuleInvalid");
	cr_assert_str_eq(ask(matches_remove, 7, "nonsense"), "MatchRuleInvalid");
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "arg0='", 6);
	strcpy(longer + sizeof(longer) - 2, "'");
	cr_assert_str_eq(ask(matches_add, 7, longer), "LimitsExceeded");
}

Test(matches, ends_are_watched_while_there_are_clients_only)
{
	cr_assert_eq(fake_count_all(0), 0);
	add(7, RULE);
	add(8, RULE);
	cr_assert_eq(fake_count_all(0), 1);
	matches_forget(&driver, 7);
	cr_assert_eq(fake_count_all(0), 1);
	matches_forget(&driver, 8);
	cr_assert_eq(fake_count_all(0), 0);
}

Test(matches, figures_for_the_statistics)
{
	add(7, RULE);
	add(7, RULE);
	add(7, "member='N'");
	add(8, RULE);
	cr_assert_eq(matches_count(&driver), 4);
	cr_assert_eq(matches_client(&driver, 7)->n_rules, 3);
	remove_(7, RULE);
	cr_assert_eq(matches_client(&driver, 7)->n_rules, 2);
	cr_assert_eq(matches_client(&driver, 7)->peak_rules, 3);
	cr_assert_eq(driver.peaks.rules, 4);
	cr_assert_eq(driver.peaks.rules_per_connection, 3);
}
