// SPDX-License-Identifier: LGPL-2.1-or-later
/* Buses: whose they are, who is charged, what is left when they fail. */
#include <linux/stat.h>

#include "tests/unit/kernel/object/world.h"

static struct kdbus_bus *make(u64 flags)
{
	struct kdbus_bus *bus = kdbus_bus_new(world_domain, flags, &world_bloom,
					      KDBUS_ATTACH_PIDS);

	cr_assert_not(IS_ERR(bus));
	return bus;
}

static struct kdbus_user *user_of(u32 uid)
{
	return kdbus_user_get(&world_domain->users, KUIDT_INIT(uid));
}

ShimTest(bus, the_caller_owns_it_and_it_says_what_it_was_told)
{
	struct kdbus_bus *bus;

	world_domain_begin();
	shim_cred.uid = KUIDT_INIT(1);
	shim_cred.euid = KUIDT_INIT(2);
	shim_cred.egid = KGIDT_INIT(3);
	bus = make(KDBUS_MAKE_ACCESS_WORLD);
	cr_expect_eq(bus->node.type, KDBUS_NODE_BUS);
	cr_expect_eq(bus->node.mode, S_IFDIR | 0555);
	cr_expect_eq(bus->node.uid.val, 2);
	cr_expect_eq(bus->node.gid.val, 3);
	cr_expect_eq(bus->flags, KDBUS_MAKE_ACCESS_WORLD);
	cr_expect_eq(bus->attach_flags, KDBUS_ATTACH_PIDS);
	cr_expect_eq(bus->bloom.size, 64);
	cr_expect_eq(bus->bloom.n_hash, 8);
	cr_expect_eq(bus->matches.bloom_size, 64);
	cr_expect_eq(bus->maker->has, _KDBUS_ATTACH_ALL);
	cr_expect_eq(atomic64_read(&bus->seqnum), 0);
	cr_expect_eq(kdbus_policy_query(&bus->policy, &shim_cred, "a.b"),
		     KDBUS_POLICY_NOTHING);
	kdbus_bus_unref(bus);
	world_domain_end();
}

ShimTest(bus, it_has_an_id_a_uuid_and_a_domain_that_stays)
{
	struct kdbus_bus *a, *b;
	int n_refs;

	world_domain_begin();
	n_refs = world_domain->node.ref.count;
	a = make(0);
	b = make(0);
	cr_expect_eq(a->id, 1);
	cr_expect_eq(b->id, 2);
	cr_expect_arr_neq(&a->id128, &b->id128, sizeof(a->id128));
	cr_expect_neq(a->kernel, b->kernel, "each has the kernel's account");
	cr_expect_eq(world_domain->node.ref.count, n_refs + 2);
	cr_expect_null(kdbus_bus_unref(a));
	cr_expect_null(kdbus_bus_unref(b));
	cr_expect_null(kdbus_bus_unref(NULL));
	cr_expect_eq(world_domain->node.ref.count, n_refs);
	world_domain_end();
}

ShimTest(bus, the_real_user_is_charged_for_16)
{
	struct kdbus_bus *buses[KDBUS_USER_BUSES_MAX + 1];
	struct kdbus_user *user;
	int i;

	world_domain_begin();
	shim_cred.uid = KUIDT_INIT(1000);
	shim_cred.euid = KUIDT_INIT(2000);
	user = user_of(1000);
	for (i = 0; i < KDBUS_USER_BUSES_MAX; i++) {
		buses[i] = make(0);
		cr_expect_eq(kdbus_bus_charge(buses[i]), 0, "%d", i);
	}
	cr_expect_eq(atomic_read(&user->n_buses), 16);
	cr_expect_eq(buses[0]->creator, user);

	buses[i] = make(0);
	cr_expect_eq(kdbus_bus_charge(buses[i]), -EMFILE);
	cr_expect_null(buses[i]->creator);
	cr_expect_eq(atomic_read(&user->n_buses), 16);
	kdbus_bus_uncharge(buses[i]);
	cr_expect_eq(atomic_read(&user->n_buses), 16, "it was not charged");

	shim_cred.uid = KUIDT_INIT(1001);
	cr_expect_eq(kdbus_bus_charge(buses[i]), 0, "another user");
	cr_expect_eq(atomic_read(&user->n_buses), 16);

	while (i >= 0)
		kdbus_bus_unref(buses[i--]);
	cr_expect_eq(atomic_read(&user->n_buses), 0);
	kdbus_user_unref(user);
	world_domain_end();
}

ShimTest(bus, what_was_given_back_is_not_given_back_again)
{
	struct kdbus_user *user;
	struct kdbus_bus *bus;

	world_domain_begin();
	user = user_of(0);
	bus = make(0);
	cr_assert_eq(kdbus_bus_charge(bus), 0);
	kdbus_bus_uncharge(bus);
	cr_expect_eq(atomic_read(&user->n_buses), 0);
	kdbus_bus_uncharge(bus);
	kdbus_bus_unref(bus);
	cr_expect_eq(atomic_read(&user->n_buses), 0);
	kdbus_user_unref(user);
	world_domain_end();
}

/* as far as flow/make.c goes, without names in the file system */
static int make_and_charge(struct kdbus_bus *bus)
{
	int r;

	r = kdbus_conns_init(bus);
	if (!r)
		r = kdbus_names_init(bus);
	if (!r)
		r = kdbus_bus_charge(bus);
	return r;
}

static int attempt(void)
{
	int n_refs = world_domain->node.ref.count, r;
	struct kdbus_bus *bus;

	bus = kdbus_bus_new(world_domain, 0, &world_bloom, 0);
	if (IS_ERR(bus)) {
		r = PTR_ERR(bus);
	} else {
		r = make_and_charge(bus);
		kdbus_bus_unref(bus);
	}
	cr_assert_eq(world_domain->node.ref.count, n_refs);
	cr_assert(RB_EMPTY_ROOT(&world_domain->users.by_uid));
	return r;
}

ShimTest(bus, without_memory_there_is_none_and_nobody_is_charged)
{
	world_domain_begin();
	cr_expect_eq(shim_fails_cleanly(attempt), 0);
	world_domain_end();
}

ShimTest(bus, one_that_goes_with_something_on_it_is_a_mistake)
{
	struct list_head entry;

	world_domain_begin();
	for (int i = 0; i < 3; i++) {
		struct kdbus_bus *bus = make(0);

		list_add(&entry, i == 0 ? &bus->conns.list :
				 i == 1 ? &bus->conns.monitors :
					  &bus->notices.queue);
		shim_expect_warning();
		kdbus_bus_unref(bus);
	}
	world_domain_end();
}
