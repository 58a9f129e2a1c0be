// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which of the messages that pass are wanted. */
#include <criterion/criterion.h>

#include "ctl/filter.h"

static const struct kb_message message = {
	.type = KB_SIGNAL,
	.src_id = 7,
	.sender = "org.freedesktop.DBus",
	.destination = "org.example.To",
	.path = "/a",
	.interface = "org.example.I",
	.member = "Seen",
	.signature = "",
};

/* Names and rules are ended by NULL. */
static bool wants(char **names, const char **rules)
{
	struct ctl ctl = { .verb = "monitor", .matches = rules };
	struct filter filter;
	int n = 0;
	bool wanted;

	while (rules && rules[ctl.n_matches])
		ctl.n_matches++;
	while (names && names[n])
		n++;
	cr_assert_eq(filter_init(&filter, &ctl, n, names), 0);
	wanted = filter_wants(&filter, &message);
	filter_deinit(&filter);
	return wanted;
}

#define NAMES(...) ((char *[]){ __VA_ARGS__, NULL })
#define RULES(...) ((const char *[]){ __VA_ARGS__, NULL })

Test(filter, without_names_and_rules_all_are)
{
	cr_expect(wants(NULL, NULL));
}

Test(filter, sender_and_receiver_count_by_any_name)
{
	cr_expect(wants(NAMES((char *)"org.example.Other", (char *)"org.example.To"), NULL));
	cr_expect(wants(NAMES((char *)"org.freedesktop.DBus"), NULL));
	cr_expect(wants(NAMES((char *)":1.7"), NULL));
	cr_expect(!wants(NAMES((char *)":1.8", (char *)"org.example.T"), NULL));
}

Test(filter, one_of_several_rules_is_enough)
{
	cr_expect(wants(NULL, RULES("member='Other'", "interface='org.example.I'")));
	cr_expect(!wants(NULL, RULES("member='Other'", "interface='org.example.J'")));
}

Test(filter, with_names_and_rules_both_have_to_fit)
{
	cr_expect(wants(NAMES((char *)":1.7"), RULES("member='Seen'")));
	cr_expect(!wants(NAMES((char *)":1.7"), RULES("member='Other'")));
	cr_expect(!wants(NAMES((char *)":1.8"), RULES("member='Seen'")));
}

Test(filter, what_is_no_name_is_refused)
{
	struct ctl ctl = { .verb = "monitor" };
	struct filter filter;
	char *names[] = { (char *)"nodot" };

	freopen("/dev/null", "w", stderr);
	cr_expect_eq(filter_init(&filter, &ctl, 1, names), CTL_USAGE);
	filter_deinit(&filter);
}
