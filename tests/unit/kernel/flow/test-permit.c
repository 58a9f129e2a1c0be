// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who may own, talk to and see: two policies, owners, and one's own user. */
#include "flow/permit.h"
#include "tests/unit/kernel/object/world.h"

#define NAME "a.b"

enum {
	NOTHING = KDBUS_POLICY_NOTHING,
	SEE = KDBUS_POLICY_SEE,
	TALK = KDBUS_POLICY_TALK,
	OWN = KDBUS_POLICY_OWN,
};

static struct kdbus_endpoint *custom;
static struct kdbus_conn *asker, *peer;

/* of who asks, and of who holds the name */
static struct cred cred, peer_cred;

/* everybody gets @access to NAME */
static void grant(struct kdbus_policy *policy, int access)
{
	const struct kdbus_policy_access rule = {
		.type = KDBUS_POLICY_ACCESS_WORLD, .access = access,
	};
	_cleanup_items_ struct items items = {};
	LIST_HEAD(entries);

	kdbus_policy_remove(policy, &cred);
	if (access == NOTHING)
		return;
	items_add_string(&items, KDBUS_ITEM_NAME, NAME);
	items_add(&items, KDBUS_ITEM_POLICY_ACCESS, &rule, sizeof(rule));
	cr_assert_eq(kdbus_policy_parse(&entries, items_first(&items),
					items_end(&items), 1, false), 0);
	cr_assert_eq(kdbus_policy_replace(policy, &cred, &entries), 0);
}

static void claim(u64 flags)
{
	struct kdbus_name_change change;
	u64 return_flags;

	guard(mutex)(&world_bus->names.lock);
	cr_assert_eq(kdbus_name_acquire(peer, NAME, flags, &return_flags,
					&change), 0);
	kdbus_name_change_deinit(&change);
}

static void give_up(struct kdbus_conn *conn)
{
	struct kdbus_name_change change;

	guard(mutex)(&world_bus->names.lock);
	while (kdbus_name_release_first(conn, &change))
		kdbus_name_change_deinit(&change);
}

/* @on_custom: who asks came through the custom endpoint */
static void begin(bool on_custom)
{
	struct kdbus_endpoint *plain;

	world_begin();
	cred = (struct cred){ .uid = KUIDT_INIT(1), .euid = KUIDT_INIT(1) };
	peer_cred = (struct cred){ .uid = KUIDT_INIT(2), .euid = KUIDT_INIT(2),
				   .user_ns = &init_user_ns };
	custom = kdbus_endpoint_new(world_bus, true, 0, KUIDT_INIT(0),
				    KGIDT_INIT(0));
	cr_assert_not(IS_ERR(custom));
	plain = world_ep;
	world_ep = on_custom ? custom : plain;
	asker = world_conn(KDBUS_ORDINARY);
	world_ep = plain;

	peer = kdbus_conn_new(world_ep, KDBUS_ORDINARY, WORLD_POOL, &peer_cred);
	peer->id = kdbus_domain_next_id(world_domain);
}

static void end(void)
{
	give_up(peer);
	kdbus_conn_unref(peer);
	world_conn_end(asker);
	kdbus_endpoint_unref(custom);
	world_end();
}

static bool may_own(void)
{
	return kdbus_may_own(asker, &cred, NAME);
}

static bool may_talk(void)
{
	return kdbus_may_talk(asker, &cred, peer);
}

static bool may_see(void)
{
	return kdbus_may_see(asker, &cred, peer);
}

static bool may_see_name(void)
{
	return kdbus_may_see_name(asker, &cred, NAME);
}

ShimTest(permit, on_a_plain_endpoint_the_bus_decides)
{
	begin(false);
	claim(0);
	for (int access = NOTHING; access <= OWN; access++) {
		grant(&world_bus->policy, access);
		cr_expect_eq(may_own(), access >= OWN);
		cr_expect_eq(may_talk(), access >= TALK);
		cr_expect(may_see(), "everybody sees everybody");
		cr_expect(may_see_name());
	}
	end();
}

ShimTest(permit, on_a_custom_endpoint_both_have_to_agree)
{
	begin(true);
	claim(0);
	for (int mine = NOTHING; mine <= OWN; mine++) {
		for (int access = NOTHING; access <= OWN; access++) {
			grant(&custom->policy, mine);
			grant(&world_bus->policy, access);
			cr_expect_eq(may_own(), mine >= OWN && access >= OWN);
			cr_expect_eq(may_talk(),
				     mine >= TALK && access >= TALK);
			cr_expect_eq(may_see(), mine >= SEE);
			cr_expect_eq(may_see_name(), mine >= SEE);
		}
	}
	end();
}

ShimTest(permit, an_owner_of_the_bus_may_do_everything_but_see)
{
	begin(true);
	claim(0);
	asker->owner = true;
	cr_expect(may_own());
	cr_expect(may_talk());
	cr_expect_not(may_see(), "that is for the endpoint to say");
	cr_expect_not(may_see_name());
	end();
}

ShimTest(permit, one_talks_to_those_of_ones_own_user)
{
	begin(false);
	cr_expect_not(may_talk(), "it holds no name either");
	cred.euid = KUIDT_INIT(2);
	cr_expect(may_talk());
	cred.euid = KUIDT_INIT(1);
	cred.uid = KUIDT_INIT(2);
	cr_expect_not(may_talk(), "the effective one of who asks");
	cred.euid = KUIDT_INIT(7);
	peer_cred.euid = KUIDT_INIT(7);
	cr_expect_not(may_talk(), "the real one of the other");
	end();
}

ShimTest(permit, a_custom_endpoint_stands_between_those_of_one_user)
{
	begin(true);
	claim(0);
	cred.euid = KUIDT_INIT(2);
	cr_expect_not(may_talk());
	grant(&custom->policy, SEE);
	cr_expect_not(may_talk());
	grant(&custom->policy, TALK);
	cr_expect(may_talk(), "and then the bus has nothing against it");
	end();
}

ShimTest(permit, a_place_in_the_queue_is_no_name)
{
	struct kdbus_conn *holder, *waiting;

	begin(false);
	grant(&world_bus->policy, OWN);
	claim(0);
	holder = peer;
	peer = waiting = world_conn(KDBUS_ORDINARY);
	cred.euid = KUIDT_INIT(9);
	claim(KDBUS_NAME_QUEUE);
	cr_expect_not(may_talk());
	give_up(holder);
	cr_expect(may_talk(), "now it holds it");
	give_up(waiting);
	world_conn_end(waiting);
	peer = holder;
	end();
}
