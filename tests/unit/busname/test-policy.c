// SPDX-License-Identifier: LGPL-2.1-or-later
#include <criterion/criterion.h>
#include <errno.h>

#include "busname/policy.h"
#include "lib/util.h"

static struct policy policy;

static void teardown(void)
{
	policy_deinit(&policy);
}

TestSuite(policy, .fini = teardown);

Test(policy, lines_and_options_say_the_same)
{
	cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_USER, "root own", ' '), 0);
	cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_USER, "root  \t own", ' '), 0);
	cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_USER, "root:own", ':'), 0);
	cr_assert_eq(policy.n_rules, 3);
	for (size_t i = 0; i < 3; i++) {
		cr_assert_str_eq(policy.rules[i].who, "root");
		cr_assert_eq(policy.rules[i].access, KDBUS_POLICY_OWN);
	}
}

Test(policy, the_last_line_about_the_world_wins)
{
	cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_WORLD, "see", ' '), 0);
	cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_GROUP, "adm talk", ' '), 0);
	cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_WORLD, "talk", ' '), 0);
	cr_assert_eq(policy.n_rules, 2);
	cr_assert_eq(policy.rules[0].type, KDBUS_POLICY_ACCESS_GROUP);
	cr_assert_eq(policy.rules[1].type, KDBUS_POLICY_ACCESS_WORLD);
	cr_assert_eq(policy.rules[1].access, KDBUS_POLICY_TALK);
}

Test(policy, malformed_lines_change_nothing)
{
	static const char *const bad[] = {
		"", " ", "root", "root ", " own", "root owns", "root own now", "root OWN", "root:own",
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++)
		cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_USER, bad[i], ' '), -EINVAL,
			     "\"%s\"", bad[i]);
	cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_USER, ":own", ':'), -EINVAL);
	cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_USER, "root:", ':'), -EINVAL);
	cr_assert_eq(policy_add(&policy, KDBUS_POLICY_ACCESS_WORLD, "everybody talk", ' '), -EINVAL);
	cr_assert_eq(policy.n_rules, 0);
}

Test(policy, clearing_one_type_leaves_the_others)
{
	policy_add(&policy, KDBUS_POLICY_ACCESS_USER, "a own", ' ');
	policy_add(&policy, KDBUS_POLICY_ACCESS_GROUP, "b own", ' ');
	policy_add(&policy, KDBUS_POLICY_ACCESS_USER, "c own", ' ');
	policy_clear(&policy, KDBUS_POLICY_ACCESS_USER);
	cr_assert_eq(policy.n_rules, 1);
	cr_assert_str_eq(policy.rules[0].who, "b");
}

Test(policy, numbers_need_no_database_and_names_are_looked_up)
{
	const char *missing;

	policy_add(&policy, KDBUS_POLICY_ACCESS_USER, "1234 own", ' ');
	policy_add(&policy, KDBUS_POLICY_ACCESS_USER, "root own", ' ');
	policy_add(&policy, KDBUS_POLICY_ACCESS_GROUP, "daemon talk", ' ');
	policy_add(&policy, KDBUS_POLICY_ACCESS_WORLD, "see", ' ');
	cr_assert_eq(policy_resolve(&policy, 10000, &missing), 0);
	cr_assert_null(missing);
	cr_assert_eq(policy.rules[0].id, 1234);
	cr_assert_eq(policy.rules[1].id, 0);
	cr_assert_eq(policy.rules[2].id, 1);
}

Test(policy, who_does_not_exist_is_named)
{
	const char *missing;

	policy_add(&policy, KDBUS_POLICY_ACCESS_USER, "root own", ' ');
	policy_add(&policy, KDBUS_POLICY_ACCESS_GROUP, "no-such-group-here talk", ' ');
	cr_assert_eq(policy_resolve(&policy, 10000, &missing), -ESRCH);
	cr_assert_str_eq(missing, "no-such-group-here");
}

Test(policy, two_that_say_the_same_have_the_same_hash)
{
	static const struct {
		enum kdbus_policy_access_type type;
		const char *text;
	} rows[] = {
		{ KDBUS_POLICY_ACCESS_WORLD, "see" },
		{ KDBUS_POLICY_ACCESS_WORLD, "talk" },
		{ KDBUS_POLICY_ACCESS_USER, "a see" },
		{ KDBUS_POLICY_ACCESS_GROUP, "a see" },
		{ KDBUS_POLICY_ACCESS_USER, "ab see" },
		{ KDBUS_POLICY_ACCESS_USER, "a own" },
	};
	uint64_t hashes[sizeof(rows) / sizeof(rows[0])];
	size_t i, j;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy one = {}, two = {};

		cr_assert_eq(policy_add(&one, rows[i].type, rows[i].text, ' '), 0);
		cr_assert_eq(policy_add(&two, rows[i].type, rows[i].text, ' '), 0);
		hashes[i] = policy_hash(&one);
		cr_expect_eq(policy_hash(&two), hashes[i]);
		for (j = 0; j < i; j++)
			cr_expect_neq(hashes[i], hashes[j]);
		cr_assert_eq(policy_add(&two, KDBUS_POLICY_ACCESS_USER, "b see", ' '), 0);
		cr_expect_neq(policy_hash(&two), hashes[i]);
		policy_deinit(&one);
		policy_deinit(&two);
	}
}
