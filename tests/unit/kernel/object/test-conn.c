// SPDX-License-Identifier: LGPL-2.1-or-later
/* Connections: made, found, counted and charged. */
#include <linux/pid_namespace.h>

#include "tests/unit/kernel/object/world.h"

static struct kdbus_conn *find(u64 id)
{
	struct kdbus_conn *conn = kdbus_conn_get(world_bus, id);

	return conn ? kdbus_conn_unref(conn) ?: conn : NULL;
}

/* lifetime */

ShimTest(conn, a_new_one_holds_what_it_needs_and_is_found_by_nobody)
{
	struct kdbus_conn *conn;
	int n_refs;

	world_begin();
	n_refs = world_ep->node.ref.count;
	conn = kdbus_conn_new(world_ep, KDBUS_ORDINARY, WORLD_POOL, &shim_cred);
	cr_expect_eq(conn->kind, KDBUS_ORDINARY);
	cr_expect_eq(conn->ep, world_ep);
	cr_expect_eq(conn->bus, world_bus);
	cr_expect_eq(conn->pool->size, WORLD_POOL);
	cr_expect_eq(conn->inbox.quota.pool_size, WORLD_POOL);
	cr_expect_eq(conn->matches.index, &world_bus->matches);
	cr_expect_eq(world_ep->node.ref.count, n_refs + 1);
	cr_expect_eq(shim_cred.n_refs, 1);
	cr_expect_eq(shim_user_ns.n_refs, 1);
	cr_expect_eq(shim_task.pid_ns->n_refs, 1);
	cr_expect_not(kdbus_active_acquire(&conn->active));
	cr_expect_null(find(conn->id));
	kdbus_conn_unlink(conn);
	cr_expect_eq(kdbus_conn_ref(conn), conn);
	cr_expect_null(kdbus_conn_unref(conn));
	cr_expect_null(kdbus_conn_unref(conn));
	cr_expect_null(kdbus_conn_ref(NULL));
	cr_expect_null(kdbus_conn_unref(NULL));
	cr_expect_eq(world_ep->node.ref.count, n_refs);
	world_end();
}

static size_t bucket_of(struct kdbus_conn *conn)
{
	struct rhash_head *head;
	size_t i;

	for (i = 0; i < SHIM_RHASH_BUCKETS; i++)
		for (head = world_bus->conns.by_id.tbl[i]; head; head = head->next)
			if (head == &conn->by_id)
				return i;
	cr_assert_fail("it is in no bucket");
	return i;
}

/* In which bucket does a connection with an id end up? */
static size_t try_id(u64 id, u32 seed)
{
	struct kdbus_conn *conn;
	size_t bucket;

	world_bus->conns.by_id.seed = seed;
	conn = kdbus_conn_new(world_ep, KDBUS_ORDINARY, WORLD_POOL, &shim_cred);
	conn->id = id;
	cr_assert_eq(kdbus_conn_link(conn), 0);
	bucket = bucket_of(conn);
	kdbus_conn_unlink(conn);
	kdbus_conn_unref(conn);
	return bucket;
}

ShimTest(conn, ids_that_collide_do_not_do_so_with_another_seed)
{
	bool taken[SHIM_RHASH_BUCKETS] = { false };
	size_t bucket, n = 0;

	world_begin();
	for (u64 id = 1; id < 400; id++) {
		if (try_id(id, 0) != 0)
			continue;
		bucket = try_id(id, 0x12345678);
		n += !taken[bucket];
		taken[bucket] = true;
	}
	cr_expect_gt(n, SHIM_RHASH_BUCKETS / 4, "%zu buckets", n);
	world_end();
}

static int attempt(void)
{
	int n_refs = world_ep->node.ref.count, r;
	struct kdbus_conn *conn;

	conn = kdbus_conn_new(world_ep, KDBUS_MONITOR, WORLD_POOL, &shim_cred);
	r = IS_ERR(conn) ? PTR_ERR(conn) : 0;
	if (!r) {
		conn->id = 5;
		r = kdbus_conn_link(conn);
		cr_assert_eq(find(5), r ? NULL : conn);
		cr_assert_eq(world_bus->conns.n_monitors, !r);
		kdbus_conn_unlink(conn);
		kdbus_conn_unref(conn);
	}
	cr_assert_eq(world_ep->node.ref.count, n_refs);
	cr_assert_eq(shim_cred.n_refs, 0);
	cr_assert_eq(world_bus->conns.n_monitors, 0);
	cr_assert(list_empty(&world_bus->conns.monitors));
	return r;
}

ShimTest(conn, without_memory_there_is_none_and_nobody_finds_it)
{
	world_begin();
	cr_expect_eq(shim_fails_cleanly(attempt), 0);
	world_end();
}

ShimTest(conn, one_that_goes_with_something_left_is_a_mistake)
{
	struct list_head owed;
	struct kdbus_conn *conn;

	world_begin();
	for (int i = 0; i < 4; i++) {
		conn = world_conn(KDBUS_ORDINARY);
		conn->names.n = i == 0;
		conn->calls.n = i == 1;
		conn->matches.n = i == 2;
		if (i == 3)
			list_add(&owed, &conn->inbox.owed);
		shim_expect_warning();
		world_conn_end(conn);
	}
	world_end();
}

/* on the bus */

ShimTest(conn, all_are_found_by_their_id_until_they_go)
{
	static const enum kdbus_kind kinds[] = { KDBUS_ORDINARY, KDBUS_MONITOR,
						 KDBUS_HOLDER,
						 KDBUS_ACTIVATOR };
	struct kdbus_conn *conns[40];
	u64 ids[40];

	world_begin();
	for (int i = 0; i < 40; i++) {
		conns[i] = world_conn(kinds[i % 4]);
		ids[i] = conns[i]->id;
	}
	cr_expect_eq(world_bus->conns.n_monitors, 10);
	for (int i = 0; i < 40; i++)
		cr_expect_eq(find(ids[i]), conns[i]);
	cr_expect_null(find(0));
	cr_expect_null(find(U64_MAX));
	cr_expect_null(find(1ULL << 32 | ids[0]));
	for (int i = 0; i < 40; i++) {
		kdbus_conn_unlink(conns[i]);
		kdbus_conn_unlink(conns[i]);
		cr_expect_null(find(ids[i]));
		world_conn_end(conns[i]);
	}
	cr_expect_eq(world_bus->conns.n_monitors, 0);
	world_end();
}

ShimTest(conn, monitors_have_a_list_of_their_own)
{
	struct kdbus_conn *a, *b, *monitor, *conn, *expected[2];
	int n = 0;

	world_begin();
	a = world_conn(KDBUS_ORDINARY);
	monitor = world_conn(KDBUS_MONITOR);
	b = world_conn(KDBUS_ACTIVATOR);
	expected[0] = a;
	expected[1] = b;
	list_for_each_entry(conn, &world_bus->conns.list, in_bus)
		cr_expect_eq(conn, expected[n++], "in the order they came");
	cr_expect_eq(n, 2);
	list_for_each_entry(conn, &world_bus->conns.monitors, in_bus)
		cr_expect_eq(conn, monitor);
	world_conn_end(a);
	cr_expect_eq(world_bus->conns.n_monitors, 1);
	world_conn_end(monitor);
	cr_expect_eq(world_bus->conns.n_monitors, 0);
	world_conn_end(b);
	world_end();
}

static struct kdbus_conn *leaving;

static void leave(void)
{
	world_conn_end(leaving);
}

/* the memory stays until the reader is gone, the connection does not */
ShimTest(conn, one_that_goes_while_it_is_looked_up_is_not_found)
{
	world_begin();
	leaving = world_conn(KDBUS_ORDINARY);
	shim_interrupt_reader(1, leave);
	cr_expect_null(kdbus_conn_get(world_bus, leaving->id));
	cr_expect(shim_reader_was_interrupted());
	world_end();
}

/* the user's limit */

ShimTest(conn, a_user_has_1024)
{
	struct kdbus_user *user = kdbus_user_new_private();
	struct kdbus_conn *a, *b, *c;

	world_begin();
	a = world_conn(KDBUS_ORDINARY);
	b = world_conn(KDBUS_ORDINARY);
	c = world_conn(KDBUS_ORDINARY);
	atomic_set(&user->n_conns, KDBUS_USER_CONNS_MAX - 1);
	cr_expect_eq(kdbus_conn_count(a, kdbus_user_ref(user)), 0);
	cr_expect_eq(atomic_read(&user->n_conns), 1024);
	cr_expect_eq(kdbus_conn_count(b, kdbus_user_ref(user)), -EMFILE);
	cr_expect_eq(atomic_read(&user->n_conns), 1024);
	world_conn_end(b);
	cr_expect_eq(atomic_read(&user->n_conns), 1024, "it did not count");
	kdbus_conn_discount(a);
	kdbus_conn_discount(a);
	cr_expect_eq(atomic_read(&user->n_conns), 1023);
	cr_expect_eq(kdbus_conn_count(c, kdbus_user_ref(user)), 0);
	world_conn_end(a);
	cr_expect_eq(atomic_read(&user->n_conns), 1024);
	world_conn_end(c);
	cr_expect_eq(atomic_read(&user->n_conns), 1023, "its end discounts it");
	atomic_set(&user->n_conns, 0);
	kdbus_user_unref(user);
	world_end();
}

/* inbox */

ShimTest(conn, who_polls_is_woken_and_nobody_else)
{
	struct kdbus_conn *conn;

	world_begin();
	conn = world_conn(KDBUS_ORDINARY);
	kdbus_conn_wake(conn);
	cr_expect_eq(conn->wait.n_woken, 0);
	conn->wait.n_sleepers = 1;
	kdbus_conn_wake(conn);
	cr_expect_eq(conn->wait.n_woken, 1);
	kdbus_conn_lose(conn);
	cr_expect_eq(conn->inbox.lost, 1);
	cr_expect_eq(conn->wait.n_woken, 2, "it may ask how many");
	kdbus_conn_lose(conn);
	cr_expect_eq(conn->inbox.lost, 2);
	world_conn_end(conn);
	world_end();
}

ShimTest(conn, a_sender_is_charged_until_its_messages_are_gone)
{
	struct kdbus_quota_user *account = NULL, *again = NULL;
	struct kdbus_user *user = kdbus_user_new_private();
	struct kdbus_conn *conn;

	world_begin();
	conn = world_conn(KDBUS_ORDINARY);
	cr_expect_eq(kdbus_conn_charge(conn, user, 100, 2, &account), 0);
	cr_expect_eq(account->user, user);
	cr_expect_eq(conn->inbox.quota.bytes, 100);
	cr_expect_eq(kdbus_conn_charge(conn, user, 50, 1, &again), 0);
	cr_expect_eq(again, account);
	cr_expect_eq(account->n_msgs, 2);
	cr_expect_eq(account->n_fds, 3);
	kdbus_conn_uncharge(conn, account, 100, 2);
	kdbus_conn_uncharge(conn, account, 50, 1);
	cr_expect_eq(conn->inbox.quota.bytes, 0);
	world_conn_end(conn);
	kdbus_user_unref(user);
	world_end();
}

ShimTest(conn, it_tells_what_it_takes)
{
	struct kdbus_quota_user *accounts[3];
	struct kdbus_usage usage;
	struct kdbus_user *users[3];
	struct kdbus_conn *conn;

	world_begin();
	conn = world_conn(KDBUS_ORDINARY);
	for (int i = 0; i < 3; i++) {
		users[i] = kdbus_user_new_private();
		cr_assert_eq(kdbus_conn_charge(conn, users[i], 100 * i, 5 + i,
					       &accounts[i]), 0);
	}
	kdbus_conn_count(conn, kdbus_user_ref(users[0]));
	kdbus_conn_lose(conn);
	conn->inbox.lost = 0;	/* RECV has said so */
	kdbus_conn_lose(conn);
	conn->names.n = 4;
	conn->calls.n = 3;
	conn->matches.n = 2;
	memset(&usage, 0xff, sizeof(usage));
	kdbus_conn_usage(conn, &usage);
	cr_expect_eq(usage.pool_size, WORLD_POOL);
	cr_expect_eq(usage.bytes, 300);
	cr_expect_eq(usage.lost, 2);
	cr_expect_eq(usage.msgs, 3);
	cr_expect_eq(usage.fds, 18);
	cr_expect_eq(usage.names, 4);
	cr_expect_eq(usage.matches, 2);
	cr_expect_eq(usage.calls, 3);
	cr_expect_eq(usage.conns, 1);
	conn->names.n = conn->calls.n = conn->matches.n = 0;
	for (int i = 0; i < 3; i++)
		kdbus_conn_uncharge(conn, accounts[i], 100 * i, 5 + i);
	kdbus_conn_usage(conn, &usage);
	cr_expect_eq(usage.msgs, 0);
	cr_expect_eq(usage.fds, 0);
	world_conn_end(conn);
	for (int i = 0; i < 3; i++)
		kdbus_user_unref(users[i]);
	world_end();
}

ShimTest(conn, who_is_refused_is_not_charged_and_told_no_account)
{
	struct kdbus_quota_user *account = NULL;
	struct kdbus_user *user = kdbus_user_new_private();
	struct kdbus_conn *conn;

	world_begin();
	conn = world_conn(KDBUS_ORDINARY);
	cr_expect_eq(kdbus_conn_charge(conn, user, WORLD_POOL / 6 + 1, 0,
				       &account), -ENOBUFS);
	cr_expect_eq(kdbus_conn_charge(conn, user, 8, 17, &account), -EMFILE);
	conn->inbox.closed = true;
	cr_expect_eq(kdbus_conn_charge(conn, user, 8, 0, &account),
		     -ECONNRESET);
	cr_expect_null(account);
	cr_expect_eq(conn->inbox.quota.bytes, 0);
	world_conn_end(conn);
	kdbus_user_unref(user);
	world_end();
}

ShimTest(conn, without_memory_nobody_is_charged)
{
	struct kdbus_user *sender = kdbus_user_new_private();
	struct kdbus_quota_user *account = NULL;
	struct kdbus_conn *conn;

	world_begin();
	conn = world_conn(KDBUS_ORDINARY);
	shim_fail_allocation(1);
	cr_expect_eq(kdbus_conn_charge(conn, sender, 8, 0, &account), -ENOMEM);
	cr_expect_null(account);
	cr_expect_eq(conn->inbox.quota.bytes, 0);
	cr_expect_eq(sender->ref.count, 1);
	world_conn_end(conn);
	kdbus_user_unref(sender);
	world_end();
}

static struct kdbus_conn *receiver;
static struct kdbus_user *sender;
static struct kdbus_quota_user *others_account;

static void charge_meanwhile(void)
{
	cr_assert_eq(kdbus_conn_charge(receiver, sender, 8, 0, &others_account),
		     0);
}

static void close_meanwhile(void)
{
	spin_lock(&receiver->inbox.lock);
	receiver->inbox.closed = true;
	spin_unlock(&receiver->inbox.lock);
}

ShimTest(conn, two_messages_of_a_new_sender_at_once_open_one_account)
{
	struct kdbus_quota_user *account = NULL;

	world_begin();
	sender = kdbus_user_new_private();
	receiver = world_conn(KDBUS_ORDINARY);
	shim_interrupt_sleeper(charge_meanwhile);
	cr_expect_eq(kdbus_conn_charge(receiver, sender, 8, 0, &account), 0);
	cr_expect_eq(account, others_account);
	cr_expect_eq(account->n_msgs, 2);
	kdbus_conn_uncharge(receiver, account, 8, 0);
	kdbus_conn_uncharge(receiver, account, 8, 0);
	world_conn_end(receiver);
	kdbus_user_unref(sender);
	world_end();
}

ShimTest(conn, a_receiver_that_goes_meanwhile_charges_nobody)
{
	struct kdbus_quota_user *account = NULL;

	world_begin();
	sender = kdbus_user_new_private();
	receiver = world_conn(KDBUS_ORDINARY);
	shim_interrupt_sleeper(close_meanwhile);
	cr_expect_eq(kdbus_conn_charge(receiver, sender, 8, 0, &account),
		     -ECONNRESET);
	cr_expect_null(account);
	cr_expect_eq(sender->ref.count, 1);
	world_conn_end(receiver);
	kdbus_user_unref(sender);
	world_end();
}

ShimTest(conn, of_accounts_without_messages_one_is_kept)
{
	struct kdbus_quota_user *account[3] = {};
	struct kdbus_user *users[3];

	world_begin();
	receiver = world_conn(KDBUS_ORDINARY);
	for (int i = 0; i < 3; i++)
		users[i] = kdbus_user_new_private();
	for (int i = 0; i < 2; i++)
		cr_assert_eq(kdbus_conn_charge(receiver, users[i], 8, 0,
					       &account[i]), 0);
	kdbus_conn_uncharge(receiver, account[0], 8, 0);
	cr_expect_eq(users[0]->ref.count, 2, "kept for its next message");
	kdbus_conn_uncharge(receiver, account[1], 8, 0);
	cr_expect_eq(users[0]->ref.count, 1);
	cr_expect_eq(users[1]->ref.count, 2);
	cr_assert_eq(kdbus_conn_charge(receiver, users[2], 8, 0, &account[2]),
		     0);
	cr_expect_eq(users[1]->ref.count, 1, "a new one takes its place");
	kdbus_conn_uncharge(receiver, account[2], 8, 0);
	world_conn_end(receiver);
	for (int i = 0; i < 3; i++)
		kdbus_user_unref(users[i]);
	world_end();
}
