// SPDX-License-Identifier: LGPL-2.1-or-later
/* The tables of verbs and options agree, and options are taken as they are meant. */
#include <criterion/criterion.h>

#include "ctl/options.h"
#include "ctl/verbs.h"

Test(options, are_for_verbs_that_exist)
{
	size_t n;
	const struct ctl_option *options = options_all(&n);

	for (size_t i = 0; i < n; i++) {
		char *copy = options[i].verbs ? strdup(options[i].verbs) : NULL;
		char *rest = copy, *word;

		while ((word = strsep(&rest, " "))) {
			cr_expect(ctl_verb_find(word), "%s is for %s", options[i].name, word);
			cr_expect(option_is_for(&options[i], word));
		}
		free(copy);
	}
}

Test(options, belong_to_whole_words)
{
	struct ctl_option option = { .verbs = "monitor top" };

	cr_expect(option_is_for(&option, "monitor"));
	cr_expect(option_is_for(&option, "top"));
	cr_expect(!option_is_for(&option, "to"));
	cr_expect(!option_is_for(&option, "mon"));
	option.verbs = NULL;
	cr_expect(option_is_for(&option, "list"));
}

Test(options, stand_anywhere_and_numbers_are_none)
{
	char *argv[] = { (char *)"kdbusctl", (char *)"--json=short", (char *)"call",
			 (char *)"-5", (char *)"-n", (char *)"7", (char *)"--quiet",
			 (char *)"--", (char *)"--user", NULL };
	struct ctl ctl = {};
	int argc = 9;

	cr_assert_eq(options_parse(&ctl, &argc, argv), 0);
	cr_expect_eq(argc, 3);
	cr_expect_str_eq(argv[0], "call");
	cr_expect_str_eq(argv[1], "-5");
	cr_expect_str_eq(argv[2], "--user");
	cr_expect_null(argv[3]);
	cr_expect_eq(ctl.json, CTL_JSON_SHORT);
	cr_expect_eq(ctl.count, 7);
	cr_expect(ctl.quiet);
	cr_expect(!ctl.user);
	options_deinit(&ctl);
}

Test(options, values_stand_behind_or_in_the_next_word)
{
	char *argv[] = { (char *)"kdbusctl", (char *)"--timeout", (char *)"2", (char *)"top",
			 (char *)"-jqn3", (char *)"--match", (char *)"type='signal'",
			 (char *)"--expect-reply=off", (char *)"--auto-start", (char *)"No",
			 (char *)"--json", (char *)"short", NULL };
	struct ctl ctl = {};
	int argc = 12;

	cr_assert_eq(options_parse(&ctl, &argc, argv), 0);
	cr_assert_eq(argc, 2);
	cr_expect_str_eq(argv[0], "top");
	/* what may be left out is never in the next word */
	cr_expect_str_eq(argv[1], "short");
	cr_expect_eq(ctl.timeout_ns, 2 * KB_NSEC_PER_SEC);
	cr_expect_eq(ctl.count, 3);
	cr_expect(ctl.quiet);
	cr_expect(ctl.no_reply);
	cr_expect(ctl.no_auto_start);
	cr_assert_eq(ctl.n_matches, 1);
	cr_expect_str_eq(ctl.matches[0], "type='signal'");
	options_deinit(&ctl);
}

Test(options, grants_keep_their_order_and_kind)
{
	char *argv[] = { (char *)"kdbusctl", (char *)"--talk=a.b", (char *)"--own=c.d,user=0",
			 (char *)"--see=e.*", NULL };
	struct ctl ctl = {};
	int argc = 4;

	cr_assert_eq(options_parse(&ctl, &argc, argv), 0);
	cr_assert_eq(ctl.n_grants, 3);
	cr_expect_eq(ctl.grants[0].access, KDBUS_POLICY_TALK);
	cr_expect_eq(ctl.grants[1].access, KDBUS_POLICY_OWN);
	cr_expect_str_eq(ctl.grants[1].text, "c.d,user=0");
	cr_expect_eq(ctl.grants[2].access, KDBUS_POLICY_SEE);
	options_deinit(&ctl);
}
