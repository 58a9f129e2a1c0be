// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names: each row of the table of NAME_ACQUIRE, hand-over, lookup. */
#include <stdio.h>

#include "tests/unit/kernel/object/world.h"

#define NAME	"a.b"
#define N	4	/* ordinary connections; one more is an activator */

#define R	KDBUS_NAME_REPLACE_EXISTING
#define A	KDBUS_NAME_ALLOW_REPLACEMENT
#define Q	KDBUS_NAME_QUEUE
#define IN	KDBUS_NAME_IN_QUEUE
#define ACT	KDBUS_NAME_ACTIVATOR
#define PRIM	KDBUS_NAME_PRIMARY
#define ACQ	KDBUS_NAME_ACQUIRED

static struct kdbus_conn *conns[N + 1];
static struct kdbus_conn *activator;

/* what the last operation said; connections are not held */
static struct kdbus_name_change last;
static u64 last_flags;
static bool changed;

static void begin(void)
{
	world_begin();
	for (int i = 0; i < N; i++)
		conns[i] = world_conn(KDBUS_ORDINARY);
	activator = conns[N] = world_conn(KDBUS_ACTIVATOR);
}

/* note what happened; settle what moves, as if no mail was there */
static void note(struct kdbus_name_change *change)
{
	last = *change;
	changed = change->entry;
	cr_assert(changed || (!change->old && !change->new && !change->move));
	cr_assert_eq(changed && change->entry->seq & 1, change->move);
	if (change->move)
		kdbus_name_settle(change->entry);
	kdbus_name_change_deinit(change);
}

static int acquire_name(struct kdbus_conn *conn, const char *name, u64 flags)
{
	struct kdbus_name_change change;
	int r;

	last_flags = 0x5555;
	guard(mutex)(&world_bus->names.lock);
	r = kdbus_name_acquire(conn, name, flags, &last_flags, &change);
	if (!r)
		note(&change);
	return r;
}

static int acquire(struct kdbus_conn *conn, u64 flags)
{
	return acquire_name(conn, NAME, flags);
}

static int activate(struct kdbus_conn *conn)
{
	struct kdbus_name_change change;
	int r;

	guard(mutex)(&world_bus->names.lock);
	r = kdbus_name_activate(conn, NAME, &change);
	if (!r)
		note(&change);
	return r;
}

static int release(struct kdbus_conn *conn)
{
	struct kdbus_name_change change;
	int r;

	guard(mutex)(&world_bus->names.lock);
	r = kdbus_name_release(conn, NAME, &change);
	if (!r)
		note(&change);
	return r;
}

static bool release_first(struct kdbus_conn *conn)
{
	struct kdbus_name_change change;

	guard(mutex)(&world_bus->names.lock);
	if (!kdbus_name_release_first(conn, &change))
		return false;
	note(&change);
	return true;
}

static void end(void)
{
	for (int i = 0; i <= N; i++) {
		while (release_first(conns[i]))
			;
		world_conn_end(conns[i]);
	}
	cr_assert_eq(atomic_read(&world_bus->names.table.nelems), 0);
	world_end();
}

/* who holds the name, borrowed */
static struct kdbus_conn *holder(void)
{
	struct kdbus_name_entry *entry = kdbus_name_get(world_bus, NAME);
	struct kdbus_conn *conn = NULL;
	unsigned int seq;

	if (entry) {
		conn = kdbus_name_get_holder(world_bus, entry, &seq);
		kdbus_conn_unref(conn);
		kdbus_name_unref(entry);
	}
	return conn;
}

/* flags of a connection's share in the name, or NONE */
#define NONE U64_MAX

static u64 share(const struct kdbus_conn *conn)
{
	struct kdbus_name_owner *owner;

	list_for_each_entry(owner, &conn->names.list, in_conn)
		if (!strcmp(owner->entry->name, NAME))
			return owner->flags;
	return NONE;
}

static void expect_change(struct kdbus_conn *old, u64 old_flags,
			  struct kdbus_conn *new, u64 new_flags, bool move)
{
	cr_expect(changed);
	cr_expect_eq(last.old, old);
	cr_expect_eq(last.old_flags, old_flags);
	cr_expect_eq(last.new, new);
	cr_expect_eq(last.new_flags, new_flags);
	cr_expect_eq(last.move, move);
	cr_expect_eq(holder(), new);
}

/* the table */

ShimTest(name, who_comes_first_is_its_primary_owner)
{
	static const u64 flags[] = { 0, A, Q, A | Q, R, R | A | Q };

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		u64 saved = flags[i] & (A | Q);

		cr_expect_eq(acquire(conns[0], flags[i]), 0);
		cr_expect_eq(last_flags, saved | PRIM | ACQ);
		cr_expect_eq(share(conns[0]), saved | PRIM);
		expect_change(NULL, 0, conns[0], saved | PRIM, false);
		cr_expect_eq(release(conns[0]), 0);
		expect_change(conns[0], saved | PRIM, NULL, 0, false);
		cr_expect_null(kdbus_name_get(world_bus, NAME));
	}
	end();
}

ShimTest(name, its_owner_may_change_its_mind)
{
	begin();
	acquire(conns[0], A);
	cr_expect_eq(acquire(conns[0], Q | R), 0);
	cr_expect_eq(last_flags, Q | PRIM, "nothing was acquired");
	cr_expect_eq(share(conns[0]), Q | PRIM);
	cr_expect_not(changed);
	cr_expect_eq(conns[0]->names.n, 1);
	cr_expect_eq(acquire(conns[1], R), -EEXIST, "it may not be replaced");
	end();
}

ShimTest(name, who_is_refused_is_told_what_it_asked_for)
{
	begin();
	acquire(conns[0], 0);
	cr_expect_eq(acquire(conns[1], A), -EEXIST);
	cr_expect_eq(last_flags, A);
	cr_expect_eq(acquire(conns[1], A | R), -EEXIST, "not allowed");
	acquire(conns[0], A);
	cr_expect_eq(acquire(conns[1], 0), -EEXIST, "not wanted");
	cr_expect_eq(share(conns[1]), NONE);
	cr_expect_eq(conns[1]->names.n, 0);
	cr_expect_eq(holder(), conns[0]);
	end();
}

ShimTest(name, who_is_replaced_and_would_queue_is_the_next)
{
	begin();
	acquire(conns[0], A | Q);
	acquire(conns[1], Q);
	cr_expect_eq(acquire(conns[2], R), 0);
	cr_expect_eq(last_flags, PRIM | ACQ, "REPLACE is not remembered");
	expect_change(conns[0], A | Q | PRIM, conns[2], PRIM, false);
	cr_expect_eq(share(conns[0]), A | Q | IN);
	cr_expect_eq(share(conns[1]), Q | IN);
	release(conns[2]);
	expect_change(conns[2], PRIM, conns[0], A | Q | PRIM, false);
	release(conns[0]);
	expect_change(conns[0], A | Q | PRIM, conns[1], Q | PRIM, false);
	end();
}

ShimTest(name, who_is_replaced_and_would_not_queue_has_nothing)
{
	begin();
	acquire(conns[0], A);
	acquire(conns[1], Q);
	cr_expect_eq(acquire(conns[1], A | R), 0, "out of the queue");
	cr_expect_eq(last_flags, A | PRIM | ACQ);
	expect_change(conns[0], A | PRIM, conns[1], A | PRIM, false);
	cr_expect_eq(share(conns[0]), NONE);
	cr_expect_eq(conns[0]->names.n, 0);
	cr_expect_eq(conns[1]->names.n, 1);
	end();
}

ShimTest(name, the_queue_is_in_order_and_a_place_in_it_is_kept)
{
	begin();
	acquire(conns[0], 0);
	cr_expect_eq(acquire(conns[1], Q), 0);
	cr_expect_eq(last_flags, Q | IN | ACQ);
	cr_expect_not(changed);
	acquire(conns[2], Q | A);
	cr_expect_eq(acquire(conns[1], Q | A), 0, "once more");
	cr_expect_eq(last_flags, Q | A | IN, "nothing was acquired");
	cr_expect_eq(share(conns[1]), Q | A | IN);
	cr_expect_eq(conns[1]->names.n, 1);
	acquire(conns[3], Q);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(release(conns[i]), 0);
		cr_expect_eq(last.new, conns[i + 1]);
		cr_expect_eq(last.new_flags, share(conns[i + 1]));
		cr_expect_eq(share(conns[i + 1]) & (IN | PRIM), PRIM);
	}
	end();
}

ShimTest(name, who_claims_without_queueing_leaves_the_queue)
{
	begin();
	acquire(conns[0], 0);
	acquire(conns[1], Q);
	cr_expect_eq(acquire(conns[1], A), 0);
	cr_expect_eq(last_flags, A, "neither primary nor in the queue");
	cr_expect_eq(share(conns[1]), NONE);
	cr_expect_not(changed);
	cr_expect_eq(acquire(conns[1], A), -EEXIST);
	end();
}

ShimTest(name, who_is_nobody_gives_up_nothing)
{
	begin();
	cr_expect_eq(release(conns[0]), -ESRCH);
	acquire(conns[0], 0);
	cr_expect_eq(release(conns[1]), -EADDRINUSE);
	acquire(conns[1], Q);
	cr_expect_eq(release(conns[1]), 0);
	cr_expect_not(changed, "leaving the queue is silent");
	cr_expect_eq(release(conns[1]), -EADDRINUSE);
	cr_expect_eq(holder(), conns[0]);
	end();
}

/* activators */

ShimTest(name, an_activator_holds_what_nobody_owns_and_mail_moves)
{
	begin();
	cr_expect_eq(activate(activator), 0);
	expect_change(NULL, 0, activator, ACT | PRIM, false);
	cr_expect_eq(acquire(conns[0], 0), 0, "without REPLACE");
	cr_expect_eq(last_flags, PRIM | ACQ);
	expect_change(activator, ACT | PRIM, conns[0], PRIM, true);
	cr_expect_eq(share(activator), ACT | IN);
	cr_expect_eq(acquire(conns[1], 0), -EEXIST);
	acquire(conns[1], Q);
	release(conns[0]);
	expect_change(conns[0], PRIM, conns[1], Q | PRIM, false);
	cr_expect_eq(share(activator), ACT | IN, "the queue comes first");
	release(conns[1]);
	expect_change(conns[1], Q | PRIM, activator, ACT | PRIM, true);
	cr_expect_eq(share(activator), ACT | PRIM);
	release(activator);
	expect_change(activator, ACT | PRIM, NULL, 0, false);
	end();
}

ShimTest(name, an_activator_may_come_later_and_go_earlier)
{
	begin();
	acquire(conns[0], 0);
	cr_expect_eq(activate(activator), 0);
	cr_expect_not(changed);
	cr_expect_eq(share(activator), ACT | IN);
	cr_expect_eq(holder(), conns[0]);
	release_first(activator);
	cr_expect_not(changed);
	cr_expect_eq(activate(activator), 0, "its place is free again");
	release(conns[0]);
	expect_change(conns[0], PRIM, activator, ACT | PRIM, true);
	end();
}

ShimTest(name, there_is_one_activator)
{
	struct kdbus_conn *other;

	begin();
	other = world_conn(KDBUS_ACTIVATOR);
	activate(activator);
	cr_expect_eq(activate(other), -EEXIST);
	acquire(conns[0], 0);
	cr_expect_eq(activate(other), -EEXIST, "though somebody owns it");
	cr_expect_eq(other->names.n, 0);
	world_conn_end(other);
	end();
}

/* limits and failures */

ShimTest(name, a_connection_has_256)
{
	char name[16];

	begin();
	acquire(conns[1], A);
	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "n.n%d", i);
		cr_assert_eq(acquire_name(conns[0], name, 0), 0);
	}
	cr_expect_eq(conns[0]->names.n, KDBUS_NAMES_MAX);
	cr_expect_eq(acquire_name(conns[0], "n.n256", 0), -E2BIG);
	cr_expect_null(kdbus_name_get(world_bus, "n.n256"), "no trace");
	cr_expect_eq(acquire(conns[0], R), -E2BIG);
	cr_expect_eq(acquire(conns[0], Q), -E2BIG);
	cr_expect_eq(acquire(conns[0], 0), -E2BIG, "rather than EEXIST");
	cr_expect_eq(acquire_name(conns[0], "n.n7", A), 0, "no new claim");
	cr_expect_eq(release_first(conns[0]), true);
	cr_expect_eq(acquire(conns[0], Q), 0, "a place in a queue counts");
	cr_expect_eq(acquire_name(conns[0], "n.n0", 0), -E2BIG);
	cr_expect_eq(acquire(conns[0], R), 0, "it had a share in this one");
	end();
}

/* states, and claims that need memory in them */

static void prepare_nothing(void)
{
}

static void prepare_activator(void)
{
	activate(activator);
}

static void prepare_owner(void)
{
	activate(activator);
	acquire(conns[0], A | Q);
}

static int claim_by_replacing(void)
{
	return acquire(conns[1], R);
}

static int claim_by_queueing(void)
{
	return acquire(conns[1], Q);
}

static int claim_by_activating(void)
{
	return activate(conns[1]);
}

static int attempt(int (*claim)(void))
{
	struct kdbus_conn *was = holder();
	u64 shares[N + 1];
	int r;

	for (int i = 0; i <= N; i++)
		shares[i] = share(conns[i]);
	r = claim();
	if (!r)
		return 0;
	cr_assert_eq(holder(), was);
	for (int i = 0; i <= N; i++)
		cr_assert_eq(share(conns[i]), shares[i]);
	cr_assert_eq(conns[1]->names.n, 0);
	cr_assert_eq(atomic_read(&world_bus->names.table.nelems), !!was);
	return r;
}

/* until it gets all memory, when there is something new to free */
static void fail_each_allocation(void (*prepare)(void), int (*claim)(void))
{
	size_t n = 0, n_live;
	int r;

	begin();
	prepare();
	n_live = shim_n_live;
	do {
		shim_fail_allocation(++n);
		r = attempt(claim);
		shim_fail_allocation(0);
		cr_assert(!r || r == -ENOMEM);
		cr_assert(!r || shim_n_live == n_live);
	} while (r);
	cr_expect_gt(n, 1);
	end();
}

ShimTest(name, without_memory_nothing_changes)
{
	static void (*const states[])(void) = {
		prepare_nothing, prepare_activator, prepare_owner,
	};
	static int (*const claims[])(void) = {
		claim_by_replacing, claim_by_queueing, claim_by_activating,
	};

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < (i ? 2 : 3); j++)
			fail_each_allocation(states[i], claims[j]);
}

/* everything at random, and a second reading of the rules */

struct claim {
	int conn;
	u64 flags;
};

static struct claim queue[N + 1];
static int n_queue, active;	/* @active: there is an activator */

static int place_of(int conn)
{
	for (int i = 0; i < n_queue; i++)
		if (queue[i].conn == conn)
			return i;
	return -1;
}

static void model_remove(int at)
{
	memmove(&queue[at], &queue[at + 1],
		(--n_queue - at) * sizeof(queue[0]));
}

static void model_insert(int at, int conn, u64 flags)
{
	memmove(&queue[at + 1], &queue[at], (n_queue++ - at) * sizeof(queue[0]));
	queue[at] = (struct claim){ conn, flags };
}

static int model_acquire(int conn, u64 flags, u64 *out)
{
	u64 saved = flags & (A | Q);
	int at = place_of(conn);

	*out = saved;
	if (!n_queue) {
		model_insert(0, conn, saved);
		*out |= PRIM | ACQ;
	} else if (at == 0) {
		queue[0].flags = saved;
		*out |= PRIM;
	} else if (queue[0].flags & A && flags & R) {
		if (at > 0)
			model_remove(at);
		if (!(queue[0].flags & Q))
			model_remove(0);
		model_insert(0, conn, saved);
		*out |= PRIM | ACQ;
	} else if (flags & Q) {
		*out |= at > 0 ? IN : IN | ACQ;
		if (at > 0)
			queue[at].flags = saved;
		else
			model_insert(n_queue, conn, saved);
	} else if (at > 0) {
		model_remove(at);
	} else {
		return -EEXIST;
	}
	return 0;
}

static int model_release(int conn)
{
	int at = place_of(conn);

	if (!n_queue && !active)
		return -ESRCH;
	if (conn == N && !active)
		return -EADDRINUSE;
	if (conn == N)
		active = false;
	else if (at < 0)
		return -EADDRINUSE;
	else
		model_remove(at);
	return 0;
}

static struct kdbus_conn *model_holder(void)
{
	return n_queue ? conns[queue[0].conn] : active ? activator : NULL;
}

static void check_against_model(struct kdbus_conn *before)
{
	struct kdbus_conn *now = model_holder();
	int at;

	cr_assert_eq(holder(), now);
	cr_assert_eq(changed, before != now);
	if (changed) {
		cr_assert_eq(last.old, before);
		cr_assert_eq(last.new, now);
		cr_assert_eq(last.move, before && now &&
			     (before == activator) != (now == activator));
	}
	for (int i = 0; i < N; i++) {
		at = place_of(i);
		cr_assert_eq(share(conns[i]), at < 0 ? NONE :
			     queue[at].flags | (at ? IN : PRIM));
	}
	cr_assert_eq(share(activator), !active ? NONE :
		     ACT | (n_queue ? IN : PRIM));
}

ShimTest(name, random_claims_are_judged_as_the_rules_say)
{
	struct kdbus_conn *before;
	int conn, r, expected;
	u64 flags, out;

	begin();
	for (int round = 0; round < 20000; round++) {
		conn = test_next(N + 1);
		before = model_holder();
		changed = false;
		if (test_next(3) == 0) {
			expected = model_release(conn);
			r = release(conns[conn]);
		} else if (conn == N) {
			expected = active ? -EEXIST : 0;
			active = true;
			r = activate(activator);
		} else {
			flags = test_next(8);
			expected = model_acquire(conn, flags, &out);
			r = acquire(conns[conn], flags);
			cr_assert_eq(last_flags, out);
		}
		cr_assert_eq(r, expected, "round %d", round);
		check_against_model(before);
	}
	end();
}

/* the end of a connection */

ShimTest(name, who_goes_gives_up_its_names_in_the_order_it_got_them)
{
	static const char *const names[] = { "z.z", "a.a", "m.m" };

	begin();
	acquire_name(conns[1], "a.a", 0);
	for (int i = 0; i < 3; i++)
		acquire_name(conns[0], names[i], Q);
	for (int i = 0; i < 3; i++) {
		struct kdbus_name_change change;

		guard(mutex)(&world_bus->names.lock);
		cr_assert(kdbus_name_release_first(conns[0], &change));
		if (i == 1)
			cr_expect_null(change.entry, "it was in the queue");
		else
			cr_expect_str_eq(change.entry->name, names[i]);
		kdbus_name_change_deinit(&change);
	}
	cr_expect_not(release_first(conns[0]));
	end();
}

/* lookup */

ShimTest(name, names_are_told_apart_whatever_their_hash)
{
	static const char *const names[] = { "a.b", "a.bb", "aa.b", "b.a" };

	shim_hash_mask = 1;
	begin();
	for (int i = 0; i < N; i++)
		acquire_name(conns[i], names[i], 0);
	for (int i = 0; i < N; i++) {
		struct kdbus_name_entry *entry =
			kdbus_name_get(world_bus, names[i]);

		cr_expect_str_eq(entry->name, names[i]);
		cr_expect_eq(entry->holder, conns[i]);
		kdbus_name_unref(entry);
	}
	cr_expect_null(kdbus_name_get(world_bus, "a."));
	cr_expect_null(kdbus_name_get(world_bus, ""));
	end();
}

static void release_owned(void)
{
	release(conns[0]);
}

ShimTest(name, one_that_vanishes_while_it_is_looked_up_is_not_found)
{
	begin();
	acquire(conns[0], 0);
	shim_interrupt_reader(1, release_owned);
	cr_expect_null(kdbus_name_get(world_bus, NAME));
	cr_expect(shim_reader_was_interrupted());
	end();
}

static void end_owner(void)
{
	release(conns[0]);
	world_conn_end(conns[0]);
}

ShimTest(name, a_holder_that_goes_while_it_is_looked_up_is_none)
{
	struct kdbus_name_entry *entry;
	unsigned int seq;

	begin();
	acquire(conns[0], 0);
	entry = kdbus_name_get(world_bus, NAME);
	shim_interrupt_reader(1, end_owner);
	cr_expect_null(kdbus_name_get_holder(world_bus, entry, &seq));
	cr_expect(shim_reader_was_interrupted());
	cr_expect(kdbus_name_has_moved(entry, seq));
	kdbus_name_unref(entry);
	conns[0] = world_conn(KDBUS_ORDINARY);
	end();
}

ShimTest(name, whoever_looked_before_a_change_notices_it)
{
	struct kdbus_name_entry *entry;
	unsigned int seq;

	begin();
	activate(activator);
	entry = kdbus_name_get(world_bus, NAME);
	kdbus_conn_unref(kdbus_name_get_holder(world_bus, entry, &seq));
	acquire(conns[1], 0);
	cr_expect(kdbus_name_has_moved(entry, seq));
	kdbus_conn_unref(kdbus_name_get_holder(world_bus, entry, &seq));
	acquire(conns[2], Q);
	acquire(conns[1], A);
	cr_expect_not(kdbus_name_has_moved(entry, seq), "the same holder");
	acquire(conns[2], R);
	cr_expect(kdbus_name_has_moved(entry, seq));
	release(conns[2]);
	release(activator);
	cr_expect_null(kdbus_name_get_holder(world_bus, entry, &seq));
	cr_expect_null(kdbus_name_unref(entry));
	cr_expect_null(kdbus_name_unref(NULL));
	end();
}

/* who checked before, under this lock, has queued when the change returns */
ShimTest(name, a_change_passes_through_the_lock_of_the_former_holder)
{
	unsigned int n_taken;

	begin();
	acquire(conns[0], A);
	n_taken = conns[0]->inbox.lock.n_taken;
	acquire(conns[1], R);
	cr_expect_gt(conns[0]->inbox.lock.n_taken, n_taken);
	end();
}

/* the registry is locked while mail moves */
static struct kdbus_name_change moving;
static unsigned int seq_before;

static void arrive(void)
{
	cr_expect(kdbus_name_has_moved(moving.entry, seq_before));
	kdbus_name_settle(moving.entry);
}

static const struct kdbus_name_entry *activator_entry(void)
{
	return list_first_entry_or_null(&activator->names.list,
					struct kdbus_name_owner,
					in_conn)->entry;
}

ShimTest(name, senders_wait_for_mail_that_moves)
{
	struct kdbus_conn *conn;
	unsigned int seq;
	u64 flags;

	begin();
	activate(activator);
	mutex_lock(&world_bus->names.lock);
	seq_before = activator_entry()->seq;
	cr_assert_eq(kdbus_name_acquire(conns[0], NAME, 0, &flags, &moving), 0);
	cr_expect(moving.move);
	mutex_unlock(&world_bus->names.lock);
	shim_interrupt_sleeper(arrive);
	conn = kdbus_name_get_holder(world_bus, moving.entry, &seq);
	cr_expect_eq(conn, conns[0]);
	cr_expect_eq(seq & 1, 0);
	cr_expect_not(kdbus_name_has_moved(moving.entry, seq));
	kdbus_conn_unref(conn);
	kdbus_name_change_deinit(&moving);
	end();
}

/* items */

ShimTest(name, items_tell_what_is_held_and_not_what_is_queued_for)
{
	struct kdbus_item *item;
	u64 buf[64];
	size_t size;

	begin();
	cr_expect_eq(kdbus_names_items_size(conns[0]), 0);
	acquire_name(conns[1], "q.q", 0);
	acquire_name(conns[0], "first.name", A);
	acquire_name(conns[0], "q.q", Q);
	acquire_name(conns[0], "b.bbbbbb", 0);

	size = kdbus_names_items_size(conns[0]);
	cr_expect_eq(size, KDBUS_ITEM_SIZE(8 + 11) + KDBUS_ITEM_SIZE(8 + 9));
	memset(buf, 0xff, sizeof(buf));
	cr_expect_eq(kdbus_names_items_write(conns[0], buf, size), size);
	item = (struct kdbus_item *)buf;
	cr_expect_eq(item->type, KDBUS_ITEM_OWNED_NAME);
	cr_expect_eq(item->size, 16 + 8 + 11);
	cr_expect_eq(item->name.flags, A | PRIM);
	cr_expect_str_eq(item->name.name, "first.name");
	for (const u8 *at = (u8 *)item + item->size; (uintptr_t)at % 8; at++)
		cr_expect_eq(*at, 0, "padding");
	item = kdbus_item_next(item);
	cr_expect_eq(item->name.flags, PRIM);
	cr_expect_str_eq(item->name.name, "b.bbbbbb");
	cr_expect_eq(buf[size / 8], U64_MAX, "nothing behind");
	end();
}

ShimTest(name, a_name_that_came_meanwhile_is_left_out)
{
	size_t first, all;
	u64 buf[64];

	begin();
	acquire_name(conns[0], "first.name", 0);
	first = kdbus_names_items_size(conns[0]);
	acquire_name(conns[0], "b.b", 0);
	all = kdbus_names_items_size(conns[0]);
	for (size_t size = 0; size <= all; size += 8) {
		memset(buf, 0xff, sizeof(buf));
		cr_expect_eq(kdbus_names_items_write(conns[0], buf, size),
			     size < first ? 0 : size < all ? first : all);
		cr_expect_eq(buf[size / 8], U64_MAX);
	}
	end();
}
