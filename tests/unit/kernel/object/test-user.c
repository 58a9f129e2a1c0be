// SPDX-License-Identifier: LGPL-2.1-or-later
/* Accounts, and the arithmetic of what each may take of a receiver. */
#include <criterion/criterion.h>
#include <errno.h>

#include <linux/err.h>

#include "object/user.h"
#include "tests/unit/kernel/items.h"

#define POOL 60000ULL	/* half of it is for waiting messages */
#define N_USERS 5

static struct kdbus_quota quota;
static struct kdbus_user *users[N_USERS];

static void begin_quota(u64 pool_size)
{
	kdbus_quota_init(&quota, pool_size);
	for (int i = 0; i < N_USERS; i++)
		users[i] = kdbus_user_new_private();
}

static void end_quota(void)
{
	kdbus_quota_deinit(&quota);
	for (int i = 0; i < N_USERS; i++)
		users[i] = kdbus_user_unref(users[i]);
}

/* the account of a user, opened if there is none */
static struct kdbus_quota_user *account_of(int user)
{
	struct kdbus_quota_user *account = kdbus_quota_find(&quota, users[user]);

	if (!account) {
		account = kdbus_quota_user_new(users[user]);
		cr_assert_not_null(account);
		kdbus_quota_user_free(kdbus_quota_add(&quota, account));
	}
	cr_assert_eq(account->user, users[user]);
	return account;
}

static int charge(int user, u64 bytes, unsigned int n_fds)
{
	return kdbus_quota_charge(&quota, account_of(user), bytes, n_fds);
}

static void uncharge(int user, u64 bytes, unsigned int n_fds)
{
	struct kdbus_quota_user *account = kdbus_quota_find(&quota, users[user]);

	kdbus_quota_user_free(
		kdbus_quota_uncharge(&quota, account, bytes, n_fds));
}

/* users */

ShimTest(user, one_uid_has_one_account)
{
	struct kdbus_users all;
	struct kdbus_user *a, *b, *again;

	kdbus_users_init(&all);
	a = kdbus_user_get(&all, KUIDT_INIT(1000));
	b = kdbus_user_get(&all, KUIDT_INIT(0));
	again = kdbus_user_get(&all, KUIDT_INIT(1000));
	cr_expect_eq(a, again);
	cr_expect_neq(a, b);
	cr_expect_eq(a->uid.val, 1000);
	cr_expect_null(kdbus_user_unref(a));
	cr_expect_eq(kdbus_user_get(&all, KUIDT_INIT(1000)), again);
	kdbus_user_unref(again);
	kdbus_user_unref(again);
	kdbus_user_unref(b);
	cr_expect(RB_EMPTY_ROOT(&all.by_uid));
	kdbus_users_deinit(&all);
}

ShimTest(user, many_accounts_come_and_go_in_any_order)
{
	struct kdbus_user *held[40] = {};
	struct kdbus_users all;

	kdbus_users_init(&all);
	for (int round = 0; round < 3000; round++) {
		u32 uid = test_next(ARRAY_SIZE(held));
		struct kdbus_user *user;

		if (held[uid] && test_next(2)) {
			held[uid] = kdbus_user_unref(held[uid]);
			continue;
		}
		user = kdbus_user_get(&all, KUIDT_INIT(uid));
		cr_assert_eq(user->uid.val, uid);
		cr_assert(!held[uid] || held[uid] == user);
		if (held[uid])
			kdbus_user_unref(user);
		held[uid] = user;
	}
	for (u32 uid = 0; uid < ARRAY_SIZE(held); uid++)
		kdbus_user_unref(held[uid]);
	kdbus_users_deinit(&all);
}

ShimTest(user, nobody_finds_a_private_account)
{
	struct kdbus_user *private = kdbus_user_new_private(), *found;
	struct kdbus_users all;

	kdbus_users_init(&all);
	found = kdbus_user_get(&all, private->uid);
	cr_expect_neq(found, private);
	kdbus_user_unref(found);
	cr_expect_null(kdbus_user_unref(private));
	cr_expect_null(kdbus_user_unref(NULL));
	cr_expect_null(kdbus_user_ref(NULL));
	kdbus_users_deinit(&all);
}

ShimTest(user, without_memory_there_is_no_account_and_no_trace)
{
	struct kdbus_users all;
	struct kdbus_user *user;

	kdbus_users_init(&all);
	shim_fail_allocation(1);
	user = kdbus_user_get(&all, KUIDT_INIT(1));
	cr_expect_eq(PTR_ERR(user), -ENOMEM);
	cr_expect(RB_EMPTY_ROOT(&all.by_uid));
	shim_fail_allocation(1);
	user = kdbus_user_new_private();
	cr_expect_eq(PTR_ERR(user), -ENOMEM);
	kdbus_users_deinit(&all);
}

ShimTest(user, a_limit_is_reached_and_not_passed)
{
	atomic_t count = { 0 };

	for (int i = 0; i < KDBUS_USER_BUSES_MAX; i++)
		cr_assert(kdbus_user_charge(&count, KDBUS_USER_BUSES_MAX));
	cr_expect_not(kdbus_user_charge(&count, KDBUS_USER_BUSES_MAX));
	cr_expect_eq(atomic_read(&count), 16);
	atomic_dec(&count);
	cr_expect(kdbus_user_charge(&count, KDBUS_USER_BUSES_MAX));
	cr_expect_eq(KDBUS_USER_CONNS_MAX, 1024);
}

ShimTest(user, an_account_that_ends_with_something_counted_is_a_mistake)
{
	struct kdbus_user *user = kdbus_user_new_private();

	atomic_inc(&user->n_conns);
	shim_expect_warning();
	kdbus_user_unref(user);
}

/* quota */

/* A user who is alone: a third of half the pool, exactly. */
ShimTest(user, the_first_user_may_have_a_third_of_half)
{
	begin_quota(POOL);
	cr_expect_eq(charge(0, POOL / 6 + 1, 0), -ENOBUFS);
	cr_expect_eq(charge(0, POOL / 6, 0), 0);
	cr_expect_eq(quota.bytes, 10000);
	/* (30000 - 10000 + 10000) / 3 leaves nothing, not even of size 0 */
	cr_expect_eq(charge(0, 1, 0), -ENOBUFS);
	cr_expect_eq(charge(0, 0, 0), 0);
	uncharge(0, 0, 0);
	uncharge(0, 10000, 0);
	cr_expect_eq(quota.bytes, 0);
	end_quota();
}

/* what the newcomers find, by hand: a third of what the others left */
ShimTest(user, each_newcomer_finds_a_third_of_the_rest)
{
	static const u64 shares[] = { 10000, 6666, 4444, 2963, 1975 };

	begin_quota(POOL);
	for (int i = 0; i < N_USERS; i++) {
		cr_expect_eq(charge(i, shares[i] + 1, 0), -ENOBUFS, "%d", i);
		cr_expect_eq(charge(i, shares[i], 0), 0, "%d", i);
	}
	/* who came first now has more than a third, and gets no more */
	cr_expect_eq(charge(0, 0, 0), -ENOBUFS);
	for (int i = 0; i < N_USERS; i++)
		uncharge(i, shares[i], 0);
	end_quota();
}

ShimTest(user, more_than_half_of_the_pool_is_for_nobody)
{
	begin_quota(POOL);
	quota.bytes = POOL / 2;
	cr_expect_eq(charge(0, 0, 0), 0, "at half, of no size");
	uncharge(0, 0, 0);
	cr_expect_eq(charge(0, 1, 0), -ENOBUFS);
	quota.bytes = POOL / 2 + 1;
	cr_expect_eq(charge(0, 0, 0), -ENOBUFS, "above half");
	quota.bytes = 0;
	end_quota();
}

ShimTest(user, a_user_has_256_messages_at_a_receiver)
{
	begin_quota(POOL);
	for (int i = 0; i < 256; i++)
		cr_assert_eq(charge(0, 8, 0), 0, "%d", i);
	cr_expect_eq(charge(0, 8, 0), -ENOBUFS);
	cr_expect_eq(charge(0, 8, 17), -ENOBUFS, "before descriptors count");
	cr_expect_eq(charge(1, 8, 0), 0, "another user is not stopped");
	uncharge(0, 8, 0);
	cr_expect_eq(charge(0, 8, 0), 0);
	for (int i = 0; i < 256; i++)
		uncharge(0, 8, 0);
	uncharge(1, 8, 0);
	end_quota();
}

ShimTest(user, a_user_has_16_descriptors_at_a_receiver)
{
	begin_quota(POOL);
	cr_expect_eq(charge(0, 8, 17), -EMFILE);
	cr_expect_eq(charge(0, POOL, 17), -ENOBUFS, "bytes count first");
	cr_expect_eq(charge(0, 8, 10), 0);
	cr_expect_eq(charge(0, 8, 7), -EMFILE);
	cr_expect_eq(charge(0, 8, 6), 0);
	cr_expect_eq(charge(0, 8, 1), -EMFILE);
	cr_expect_eq(charge(0, 8, 0), 0);
	cr_expect_eq(charge(1, 8, 16), 0, "another user is not stopped");
	uncharge(0, 8, 10);
	cr_expect_eq(charge(0, 8, 10), 0);
	uncharge(0, 8, 10);
	uncharge(0, 8, 6);
	uncharge(0, 8, 0);
	uncharge(1, 8, 16);
	end_quota();
}

/* the spare account */

ShimTest(user, the_last_idle_account_is_kept_for_its_next_use)
{
	struct kdbus_quota_user *account;
	size_t n_tried;

	begin_quota(POOL);
	account = account_of(0);
	cr_expect_eq(charge(0, 8, 1), 0);
	cr_expect_null(quota.spare, "it is in use");
	cr_expect_null(kdbus_quota_uncharge(&quota, account, 8, 1));
	cr_expect_eq(quota.spare, account);
	n_tried = shim_n_tried;
	for (int i = 0; i < 10; i++) {
		cr_expect_eq(charge(0, 8, 1), 0);
		cr_expect_null(quota.spare);
		cr_expect_null(kdbus_quota_uncharge(&quota, account, 8, 1));
	}
	cr_expect_eq(shim_n_tried, n_tried, "a call and its answer allocate");
	end_quota();
}

ShimTest(user, a_second_idle_account_sends_the_first_away)
{
	struct kdbus_quota_user *a, *b, *old;

	begin_quota(POOL);
	a = account_of(0);
	cr_expect_eq(charge(0, 8, 0), 0);
	b = account_of(1);
	cr_expect_eq(quota.spare, b, "nothing was charged yet");
	cr_expect_eq(charge(1, 8, 0), 0);
	cr_expect_null(kdbus_quota_uncharge(&quota, a, 8, 0));
	old = kdbus_quota_uncharge(&quota, b, 8, 0);
	cr_expect_eq(old, a);
	kdbus_quota_user_free(old);
	cr_expect_null(kdbus_quota_find(&quota, users[0]));
	cr_expect_eq(kdbus_quota_find(&quota, users[1]), b);
	end_quota();
}

ShimTest(user, an_account_opened_in_vain_is_kept_or_goes)
{
	struct kdbus_quota_user *first, *second;

	begin_quota(POOL);
	first = kdbus_quota_user_new(users[0]);
	cr_expect_null(kdbus_quota_add(&quota, first));
	cr_expect_eq(kdbus_quota_charge(&quota, first, POOL, 0), -ENOBUFS);
	cr_expect_eq(quota.spare, first);
	second = kdbus_quota_user_new(users[1]);
	cr_expect_eq(kdbus_quota_add(&quota, second), first);
	kdbus_quota_user_free(first);
	cr_expect_null(kdbus_quota_find(&quota, users[0]));
	cr_expect_eq(quota.spare, second);
	end_quota();
}

ShimTest(user, an_account_holds_its_user)
{
	struct kdbus_quota_user *account;

	begin_quota(POOL);
	account = account_of(0);
	cr_expect_eq(charge(0, 8, 0), 0);
	users[0] = kdbus_user_unref(users[0]);
	cr_expect_eq(account->user->ref.count, 1);
	cr_expect_null(kdbus_quota_uncharge(&quota, account, 8, 0));
	end_quota();
}

ShimTest(user, without_memory_there_is_no_account_to_open)
{
	begin_quota(POOL);
	shim_fail_allocation(1);
	cr_expect_null(kdbus_quota_user_new(users[0]));
	cr_expect_eq(users[0]->ref.count, 1);
	kdbus_quota_user_free(NULL);
	end_quota();
}

ShimTest(user, ending_a_quota_with_charges_is_a_mistake)
{
	struct kdbus_quota_user *account;

	begin_quota(POOL);
	cr_expect_eq(charge(0, 8, 0), 0);
	account = account_of(0);
	shim_expect_warning();
	end_quota();
	kdbus_quota_user_free(account);
}

/* what waits, for a second reading of the rules */
struct waiting {
	int user;
	u64 bytes;
	unsigned int n_fds;
};

/* semantics in the words of the specification, in signed numbers */
static int judge(u64 pool_size, const struct waiting *queue, size_t n,
		 const struct waiting *message)
{
	__int128 p = pool_size / 2, q = 0, u = 0, l;
	unsigned int n_msgs = 0, n_fds = 0;

	for (size_t i = 0; i < n; i++) {
		q += queue[i].bytes;
		if (queue[i].user != message->user)
			continue;
		u += queue[i].bytes;
		n_fds += queue[i].n_fds;
		n_msgs++;
	}
	if (q > p)
		return -ENOBUFS;
	l = (p - q + u) / 3;
	if (l < u || l - u < message->bytes)
		return -ENOBUFS;
	if (n_msgs >= 256)
		return -ENOBUFS;
	return n_fds + message->n_fds > 16 ? -EMFILE : 0;
}

static void check_books(const struct waiting *queue, size_t n)
{
	u64 bytes[N_USERS] = {}, all = 0;
	unsigned int n_msgs[N_USERS] = {}, n_fds[N_USERS] = {};

	for (size_t i = 0; i < n; i++) {
		all += queue[i].bytes;
		bytes[queue[i].user] += queue[i].bytes;
		n_fds[queue[i].user] += queue[i].n_fds;
		n_msgs[queue[i].user]++;
	}
	cr_assert_eq(quota.bytes, all);
	for (int i = 0; i < N_USERS; i++) {
		struct kdbus_quota_user *account =
			kdbus_quota_find(&quota, users[i]);

		cr_assert(account || !n_msgs[i]);
		if (!account)
			continue;
		cr_assert_eq(account->bytes, bytes[i]);
		cr_assert_eq(account->n_msgs, n_msgs[i]);
		cr_assert_eq(account->n_fds, n_fds[i]);
		cr_assert_eq(quota.spare == account, !n_msgs[i]);
	}
}

ShimTest(user, what_waits_from_all_is_added_up)
{
	u32 n_msgs = 7, n_fds = 7;

	begin_quota(POOL);
	kdbus_quota_sum(&quota, &n_msgs, &n_fds);
	cr_expect_eq(n_msgs, 0);
	cr_expect_eq(n_fds, 0);
	for (int i = 0; i < N_USERS; i++)
		for (int k = 0; k <= i; k++)
			cr_expect_eq(charge(i, 8, k % 2), 0);
	kdbus_quota_sum(&quota, &n_msgs, &n_fds);
	cr_expect_eq(n_msgs, 15);
	cr_expect_eq(n_fds, 0 + 1 + 1 + 2 + 2);
	for (int i = 0; i < N_USERS; i++)
		for (int k = 0; k <= i; k++)
			uncharge(i, 8, k % 2);
	kdbus_quota_sum(&quota, &n_msgs, &n_fds);
	cr_expect_eq(n_msgs, 0);
	end_quota();
}

/* how often each answer was seen */
static unsigned int n_ok, n_full, n_fds;

static void play(u64 pool_size, u64 unit)
{
	struct waiting queue[N_USERS * 256 + 1];
	size_t n = 0, at;

	begin_quota(pool_size);
	for (int round = 0; round < 6000; round++) {
		if (n && test_next(100) < 35) {
			at = test_next(n);
			uncharge(queue[at].user, queue[at].bytes,
				 queue[at].n_fds);
			queue[at] = queue[--n];
		} else {
			struct waiting message = {
				test_next(N_USERS), test_next(100) * unit,
				test_next(4) ? 0 : test_next(6),
			};
			int r = judge(pool_size, queue, n, &message);

			cr_assert_eq(charge(message.user, message.bytes,
					    message.n_fds), r, "round %d",
				     round);
			if (!r)
				queue[n++] = message;
			n_ok += !r;
			n_full += r == -ENOBUFS;
			n_fds += r == -EMFILE;
		}
		check_books(queue, n);
	}
	while (n--)
		uncharge(queue[n].user, queue[n].bytes, queue[n].n_fds);
	end_quota();
}

ShimTest(user, random_messages_are_charged_as_the_rules_say)
{
	play(4096, 8);
	play(65536, 8);
	play(16ULL << 20, 1024);
	play(4096 * 3, 1);
	play(1ULL << 62, 1ULL << 50);
	cr_expect_gt(n_ok, 1000);
	cr_expect_gt(n_full, 1000);
	cr_expect_gt(n_fds, 100);
}
