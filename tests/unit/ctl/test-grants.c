// SPDX-License-Identifier: LGPL-2.1-or-later
/* What of a bus name unit's policy a user gets. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/kdbus.h>

#include "ctl/grants.h"

static gid_t gids[] = { 100, 200 };
static const struct grants_user user = { .uid = 1000, .gids = gids, .n_gids = 2 };

static struct grants read_text(const char *text)
{
	static char copy[512];
	struct grants grants;

	snprintf(copy, sizeof(copy), "%s", text);
	grants_read(copy, &user, &grants);
	return grants;
}

Test(grants, the_highest_that_applies_counts)
{
	struct grants grants = read_text("file\t/etc/a.busname\nstate\twaiting\n"
					 "grant\tworld\t\tsee\n"
					 "grant\tuser\t1000\ttalk\n"
					 "grant\tuser\t0\town\n"
					 "grant\tgroup\t200\tsee\n");

	cr_expect_eq(grants.access, KDBUS_POLICY_TALK);
	cr_expect_str_eq(grants.by, "AllowUser=1000 talk");
	cr_expect_str_eq(grants.file, "/etc/a.busname");
	cr_expect_eq(grants.n, 4);
	cr_expect(grants_are_in_force(&grants));
}

Test(grants, every_group_of_a_user_counts)
{
	cr_expect_eq(read_text("grant\tgroup\t200\town\n").access, KDBUS_POLICY_OWN);
	cr_expect_str_eq(read_text("grant\tgroup\t200\town\n").by, "AllowGroup=200 own");
	cr_expect_eq(read_text("grant\tgroup\t300\town\n").access, -1);
}

Test(grants, root_by_name_is_not_somebody_else)
{
	cr_expect_eq(read_text("grant\tuser\troot\town\n").access, -1);
	cr_expect_eq(read_text("grant\tuser\tno-such-user\town\n").access, -1);
}

Test(grants, what_is_not_understood_is_left_out)
{
	struct grants grants = read_text("grant\tworld\nnonsense\ngrant\tworld\t\teverything\n\n");

	cr_expect_eq(grants.access, -1);
	cr_expect_eq(grants.n, 0);
	cr_expect_null(grants.file);
	cr_expect(!grants_are_in_force(&grants));
}

Test(grants, a_unit_that_is_not_on_the_bus_grants_nothing_now)
{
	struct grants grants = read_text("file\tx\nstate\tinactive\ngrant\tworld\t\ttalk\n");

	cr_expect_eq(grants.access, KDBUS_POLICY_TALK);
	cr_expect(!grants_are_in_force(&grants));
}

Test(grants, a_user_is_found_by_name_and_number)
{
	struct grants_user found;

	cr_expect_eq(grants_user_find("root", &found), 0);
	cr_expect_eq(found.uid, 0);
	cr_expect_gt(found.n_gids, 0);
	grants_user_deinit(&found);
	cr_expect_eq(grants_user_find("0", &found), 0);
	cr_expect_str_eq(found.name, "root");
	grants_user_deinit(&found);
	cr_expect_eq(grants_user_find("4000000000", &found), 0, "a number is enough");
	cr_expect_null(found.name);
	grants_user_deinit(&found);
	cr_expect_eq(grants_user_find("no-such-user", &found), -ESRCH);
	cr_expect_eq(grants_user_find("4294967295", &found), -ESRCH);
}
