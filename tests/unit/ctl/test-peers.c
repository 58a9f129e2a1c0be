// SPDX-License-Identifier: LGPL-2.1-or-later
/* Units and sessions in the paths of control groups. */
#include <criterion/criterion.h>

#include "ctl/peers.h"

static const struct {
	const char *cgroup, *unit, *user_unit, *session;
} cases[] = {
	{ NULL, "", "", "" },
	{ "/", "", "", "" },
	{ "/system.slice/foo.service", "foo.service", "", "" },
	{ "/system.slice/foo.service/worker", "foo.service", "", "" },
	{ "/system.slice/system-getty.slice/getty@tty1.service",
	  "getty@tty1.service", "", "" },
	{ "/system.slice/_odd.service", "odd.service", "", "" },
	{ "/system.slice/.service", "", "", "" },
	{ "/init.scope", "init.scope", "", "" },
	{ "/user.slice/user-1000.slice/session-c2.scope", "session-c2.scope",
	  "", "c2" },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service",
	  "user@1000.service", "x.service", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/init.scope",
	  "user@1000.service", "init.scope", "" },
};

Test(peers, cgroups_tell_units)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		char text[256];

		cr_expect_str_eq(peer_unit(cases[i].cgroup, false, text) ?
				 text : "", cases[i].unit);
		cr_expect_str_eq(peer_unit(cases[i].cgroup, true, text) ?
				 text : "", cases[i].user_unit);
		cr_expect_str_eq(peer_session(cases[i].cgroup, text) ?
				 text : "", cases[i].session);
	}
}

Test(peers, long_elements_are_no_units)
{
	char path[600] = "/", text[256];

	memset(path + 1, 'x', 400);
	strcat(path, ".service");
	cr_expect_not(peer_unit(path, false, text));
}

Test(peers, claims_are_sorted_by_name_and_id)
{
	struct peer_name one[] = { { 0, "b.b" }, { 0, "a.a" } };
	struct peer_name two[] = { { KDBUS_NAME_IN_QUEUE, "a.a" } };
	struct peer list[] = {
		{ .id = 7, .names = two, .n_names = 1 },
		{ .id = 3, .names = one, .n_names = 2 },
	};
	struct peers peers = { list, 2 };
	struct claim *claims;
	size_t n;

	claims = peers_claims(&peers, &n);
	cr_assert_eq(n, 3);
	cr_expect_str_eq(claims[0].name, "a.a");
	cr_expect_eq(claims[0].id, 3);
	cr_expect_eq(claims[1].id, 7);
	cr_expect_not(claim_is_owner(claims[1].flags));
	cr_expect_str_eq(claims[2].name, "b.b");
	free(claims);
}
