// SPDX-License-Identifier: LGPL-2.1-or-later
/* Matches: the index finds those who listen, no others, and without a detour. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include <linux/err.h>

#include "object/match-rule.h"
#include "tests/unit/kernel/object/naive-match.h"

#define CONNS 32
#define RULES 3

static struct kdbus_match_index index_;
static struct kdbus_matches conns[CONNS];
static size_t n_words;

/* how many groups of equal rules a query has looked at */
static unsigned int n_looks;

bool __real_kdbus_rules_hold(const struct kdbus_rules *rules,
			     const struct kdbus_match_query *query,
			     u64 bloom_size);
bool __wrap_kdbus_rules_hold(const struct kdbus_rules *rules,
			     const struct kdbus_match_query *query,
			     u64 bloom_size);

bool __wrap_kdbus_rules_hold(const struct kdbus_rules *rules,
			     const struct kdbus_match_query *query,
			     u64 bloom_size)
{
	n_looks++;
	return __real_kdbus_rules_hold(rules, query, bloom_size);
}

static void begin(size_t words)
{
	n_words = words;
	cr_assert_eq(kdbus_match_index_init(&index_, words * 8), 0);
	for (int i = 0; i < CONNS; i++)
		kdbus_matches_init(&conns[i], &index_);
}

static void assert_nothing_is_left(void)
{
	cr_assert_eq(atomic_read(&index_.groups.nelems), 0);
	cr_assert_eq(atomic_read(&index_.keys.nelems), 0);
	cr_assert(hlist_empty(&index_.rest));
	cr_assert(hlist_empty(&index_.all));
}

static void end(void)
{
	for (int i = 0; i < CONNS; i++) {
		kdbus_matches_close(&conns[i]);
		cr_assert_eq(conns[i].n, 0);
	}
	assert_nothing_is_left();
	kdbus_match_index_deinit(&index_);
}

static int add(struct kdbus_matches *conn, u64 cookie, bool replace,
	       const struct naive_rule *rules, unsigned int n)
{
	_cleanup_items_ struct items items = {};

	for (unsigned int i = 0; i < n; i++)
		naive_rule_write(&items, &rules[i], n_words);
	return kdbus_matches_add(conn, cookie, replace, items_first(&items),
				 items_end(&items));
}

/* one bit for each connection that was found */
static int note(void *data, struct kdbus_matches *matches, bool again)
{
	u32 bit = 1u << (matches - conns);

	lockdep_assert_held(&index_.lock);
	cr_assert(!again);
	cr_assert(!(*(u32 *)data & bit), "each once");
	*(u32 *)data |= bit;
	return 0;
}

static u32 who_listens(const struct naive_message *message)
{
	_cleanup_items_ struct items store = {};
	struct kdbus_match_query query = naive_query(message, n_words, &store);
	u32 found = 0;

	cr_assert_eq(kdbus_match_index_query(&index_, &query, note, &found), 0);
	for (int i = 0; i < CONNS; i++)
		cr_assert_eq(kdbus_matches_query(&conns[i], &query),
			     found >> i & 1,
			     "connection %d, asked and searched", i);
	return found;
}

static int count(void *data, struct kdbus_matches *matches, bool again)
{
	(void)matches;
	(void)again;
	++*(unsigned int *)data;
	return 0;
}

/* how often somebody is found; @n_looks says at what cost */
static unsigned int search(const struct naive_message *message)
{
	_cleanup_items_ struct items store = {};
	struct kdbus_match_query query = naive_query(message, n_words, &store);
	unsigned int n = 0;

	n_looks = 0;
	kdbus_match_index_query(&index_, &query, count, &n);
	return n;
}

static const struct naive_message signal_ = { .src_id = 1, .dst_id = ANY,
					       .has_filter = true };
static const struct naive_message notice = { .notice = KDBUS_ITEM_ID_ADD,
					      .id = 1 };

ShimTest(match, nobody_listens_at_first)
{
	begin(8);
	cr_expect_eq(who_listens(&signal_), 0);
	cr_expect_eq(who_listens(&notice), 0);
	end();
}

ShimTest(match, an_entry_without_rules_matches_everything)
{
	const struct naive_rule all_signals = { KDBUS_ITEM_ID, ANY };

	begin(8);
	cr_assert_eq(add(&conns[0], 1, false, NULL, 0), 0);
	cr_assert_eq(add(&conns[1], 1, false, &all_signals, 1), 0);
	cr_expect_eq(who_listens(&signal_), 3);
	cr_expect_eq(who_listens(&notice), 1);
	end();
}

ShimTest(match, several_matches_are_alternatives)
{
	const struct naive_rule one = { KDBUS_ITEM_ID, 1 };
	const struct naive_rule two = { KDBUS_ITEM_ID, 2 };
	struct naive_message message = signal_;

	begin(8);
	cr_assert_eq(add(&conns[0], 1, false, &one, 1), 0);
	cr_assert_eq(add(&conns[0], 2, false, &two, 1), 0);
	for (u64 id = 0; id < 4; id++) {
		message.src_id = id;
		cr_expect_eq(who_listens(&message), id == 1 || id == 2);
	}
	end();
}

ShimTest(match, bad_rules_are_refused_and_change_nothing)
{
	_cleanup_items_ struct items mask = {}, name = {};
	u8 bytes[65] = {};

	begin(8);
	cr_assert_eq(add(&conns[0], 1, false, NULL, 0), 0);
	items_add(&mask, KDBUS_ITEM_BLOOM_MASK, bytes, 65);
	items_add_string(&name, KDBUS_ITEM_NAME, "a.*");
	cr_expect_eq(kdbus_matches_add(&conns[0], 1, true, items_first(&mask),
				       items_end(&mask)), -EDOM);
	cr_expect_eq(kdbus_matches_add(&conns[0], 1, true, items_first(&name),
				       items_end(&name)), -EINVAL);
	cr_expect_eq(conns[0].n, 1);
	cr_expect_eq(who_listens(&signal_), 1);
	end();
}

/* cookies */

ShimTest(match, matches_that_share_a_cookie_go_together)
{
	const struct naive_rule one = { KDBUS_ITEM_ID, 1 };

	begin(8);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(add(&conns[0], 7, false, &one, 1), 0);
	cr_assert_eq(add(&conns[0], 8, false, &one, 1), 0);
	cr_assert_eq(add(&conns[1], 7, false, &one, 1), 0);
	cr_expect_eq(conns[0].n, 4);
	cr_expect_eq(kdbus_matches_remove(&conns[0], 9), -EBADSLT);
	cr_expect_eq(kdbus_matches_remove(&conns[2], 7), -EBADSLT);
	cr_expect_eq(kdbus_matches_remove(&conns[0], 7), 0);
	cr_expect_eq(kdbus_matches_remove(&conns[0], 7), -EBADSLT);
	cr_expect_eq(conns[0].n, 1);
	cr_expect_eq(who_listens(&signal_), 3, "another cookie, another owner");
	cr_expect_eq(kdbus_matches_remove(&conns[0], 8), 0);
	cr_expect_eq(who_listens(&signal_), 2);
	end();
}

ShimTest(match, replacing_removes_all_earlier_ones_of_the_cookie)
{
	const struct naive_rule one = { KDBUS_ITEM_ID, 1 };
	const struct naive_rule two = { KDBUS_ITEM_ID, 2 };

	begin(8);
	cr_assert_eq(add(&conns[0], 7, false, &one, 1), 0);
	cr_assert_eq(add(&conns[0], 7, false, &one, 1), 0);
	cr_assert_eq(add(&conns[1], 7, false, &one, 1), 0);
	cr_assert_eq(add(&conns[0], 7, true, &two, 1), 0);
	cr_expect_eq(conns[0].n, 1);
	cr_expect_eq(who_listens(&signal_), 2);
	cr_assert_eq(add(&conns[0], 7, true, &one, 1), 0);
	cr_assert_eq(add(&conns[0], 7, true, &one, 1), 0, "by the same");
	cr_assert_eq(add(&conns[0], 9, true, &one, 1), 0, "by nothing");
	cr_expect_eq(conns[0].n, 2);
	cr_expect_eq(who_listens(&signal_), 3);
	end();
}

ShimTest(match, a_connection_has_4096_matches)
{
	const struct naive_rule one = { KDBUS_ITEM_ID, 1 };
	size_t n_live;

	begin(8);
	for (u64 i = 0; i < 4096; i++)
		cr_assert_eq(add(&conns[0], i, false, &one, 1), 0);
	n_live = shim_n_live;
	cr_expect_eq(add(&conns[0], 1, false, &one, 1), -EMFILE);
	cr_expect_eq(add(&conns[0], 4096, true, &one, 1), -EMFILE);
	cr_expect_eq(add(&conns[0], 4096, false, NULL, 0), -EMFILE);
	cr_expect_eq(shim_n_live, n_live);
	cr_expect_eq(add(&conns[0], 1, true, &one, 1), 0, "one for another");
	cr_expect_eq(add(&conns[1], 1, false, &one, 1), 0);
	cr_expect_eq(conns[0].n, 4096);
	cr_expect_eq(kdbus_matches_remove(&conns[0], 5), 0);
	cr_expect_eq(add(&conns[0], 5, false, &one, 1), 0);
	cr_expect_eq(add(&conns[0], 5, false, &one, 1), -EMFILE);
	end();
}

ShimTest(match, who_has_gone_listens_to_nothing_ever)
{
	const struct naive_rule one = { KDBUS_ITEM_ID, 1 };
	size_t n_live;

	begin(8);
	cr_assert_eq(add(&conns[0], 1, false, &one, 1), 0);
	cr_assert_eq(add(&conns[0], 2, false, NULL, 0), 0);
	cr_assert_eq(add(&conns[1], 1, false, &one, 1), 0);
	kdbus_matches_close(&conns[0]);
	cr_expect_eq(conns[0].n, 0);
	n_live = shim_n_live;
	cr_expect_eq(add(&conns[0], 3, false, &one, 1), -ECONNRESET);
	cr_expect_eq(add(&conns[0], 3, true, NULL, 0), -ECONNRESET);
	cr_expect_eq(shim_n_live, n_live);
	cr_expect_eq(kdbus_matches_remove(&conns[0], 1), -EBADSLT);
	cr_expect_eq(who_listens(&signal_), 2);
	end();
}

/* the cost */

ShimTest(match, equal_rules_are_looked_at_once)
{
	const struct naive_rule rules[] = {
		{ KDBUS_ITEM_ID, 1 },
		{ KDBUS_ITEM_BLOOM_MASK, .n_masks = 1, .masks = { { 1 } } },
	};
	struct naive_message message = signal_;

	begin(8);
	for (u64 i = 0; i < 1000; i++)
		cr_assert_eq(add(&conns[i % CONNS], i, false, rules, 2), 0);
	message.filter[0] = 1;
	cr_expect_eq(search(&message), CONNS);
	cr_expect_eq(n_looks, 1);
	end();
}

ShimTest(match, a_connection_is_found_once_however_it_repeats_its_matches)
{
	const struct naive_rule one = { KDBUS_ITEM_ID, 1 };
	const struct naive_rule any = { KDBUS_ITEM_ID, ANY };

	begin(8);
	for (u64 i = 0; i < 1000; i++) {
		cr_assert_eq(add(&conns[i % 2], i, false, NULL, 0), 0);
		cr_assert_eq(add(&conns[i % 3], i, false, &one, 1), 0);
		cr_assert_eq(add(&conns[i % 2], i, false, &any, 1), 0);
	}
	for (int i = 0; i < 3; i++)
		cr_expect_eq(search(&signal_), 3);
	cr_expect_eq(search(&notice), 2);
	end();
}

/* A search that is overtaken: in its middle, a later one finds everybody. */
struct overtaken {
	u32 once;
	u32 again;
};

static int overtake(void *data, struct kdbus_matches *matches, bool again)
{
	struct overtaken *overtaken = data;
	u32 bit = 1u << (matches - conns);
	s64 later;

	if (!overtaken->once) {
		later = atomic64_inc_return(&index_.searches);
		for (int i = 0; i < 5; i++)
			atomic64_set(&conns[i].found_by, later);
	}
	*(again ? &overtaken->again : &overtaken->once) |= bit;
	return 0;
}

ShimTest(match, a_search_that_was_overtaken_says_what_it_may_have_said)
{
	_cleanup_items_ struct items store = {};
	struct kdbus_match_query query;
	struct overtaken overtaken = {};

	begin(8);
	query = naive_query(&signal_, n_words, &store);
	for (u64 i = 0; i < 100; i++)
		cr_assert_eq(add(&conns[i % 6], i, false, NULL, 0), 0);
	cr_assert_eq(kdbus_match_index_query(&index_, &query, overtake,
					     &overtaken), 0);
	cr_expect_eq(overtaken.once, 1 << 0 | 1 << 5);
	cr_expect_eq(overtaken.again, 31, "those the later one found");
	cr_expect_eq(who_listens(&signal_), 63);
	end();
}

ShimTest(match, those_who_wait_for_others_are_not_looked_at)
{
	static const u64 types[] = {
		KDBUS_ITEM_ID, KDBUS_ITEM_NAME, KDBUS_ITEM_ID_ADD,
		KDBUS_ITEM_ID_REMOVE, KDBUS_ITEM_NAME_ADD,
		KDBUS_ITEM_NAME_REMOVE, KDBUS_ITEM_NAME_CHANGE,
	};
	struct naive_rule rule = { .old_id = ANY, .new_id = ANY };
	struct naive_message message = signal_;
	char name[16];

	begin(8);
	for (u64 i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "a.n%llu", i);
		rule.id = i;
		rule.name = name;
		for (size_t j = 0; j < ARRAY_SIZE(types); j++) {
			rule.type = types[j];
			cr_assert_eq(add(&conns[j], i, false, &rule, 1), 0);
		}
	}
	message.src_id = 500;
	message.names[0] = "a.n600";
	message.n_names = 1;
	cr_expect_eq(search(&message), 2);
	cr_expect_eq(n_looks, 2);
	message.id = 500;
	message.name = "a.n600";
	for (message.notice = KDBUS_ITEM_NAME_ADD;
	     message.notice <= KDBUS_ITEM_ID_REMOVE; message.notice++) {
		cr_expect_eq(search(&message), 1);
		cr_expect_eq(n_looks, 1, "notice %llx", message.notice);
	}
	end();
}

ShimTest(match, a_notification_meets_no_rules_for_signals)
{
	static const struct naive_rule rules[] = {
		{ KDBUS_ITEM_ID, ANY }, { KDBUS_ITEM_DST_ID, ANY },
		{ KDBUS_ITEM_NAME, .name = "a.b" },
		{ KDBUS_ITEM_BLOOM_MASK, .n_masks = 1 },
		{ KDBUS_ITEM_BLOOM_MASK, .n_masks = 3 },
	};

	begin(8);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		cr_assert_eq(add(&conns[i], i, false, &rules[i], 1), 0);
	cr_expect_eq(search(&notice), 0);
	cr_expect_eq(n_looks, 0);
	end();
}

ShimTest(match, a_filter_meets_only_masks_with_one_of_its_bits)
{
	struct naive_rule rule = { KDBUS_ITEM_BLOOM_MASK, .n_masks = 2 };
	struct naive_message message = signal_;

	begin(8);
	for (u64 i = 0; i < 500; i++) {
		memset(rule.masks, 0, sizeof(rule.masks));
		/* bit 0 is in all of them and tells nothing */
		rule.masks[0][0] = rule.masks[1][0] = 1;
		rule.masks[0][(i + 1) / 64] |= 1ULL << (i + 1) % 64;
		rule.masks[1][(i + 11) / 64] |= 1ULL << (i + 11) % 64;
		cr_assert_eq(add(&conns[i % 7], i, false, &rule, 1), 0);
	}
	message.filter[0] = 1 << 9 | 1;
	message.filter[4] = 1 << 9;
	for (message.generation = 0; message.generation < 4;
	     message.generation++) {
		cr_expect_eq(search(&message), message.generation ? 1 : 2);
		cr_expect_leq(n_looks, 4, "%u", n_looks);
	}
	end();
}

static int stop(void *data, struct kdbus_matches *matches, bool again)
{
	(void)matches;
	(void)again;
	return ++*(int *)data == 3 ? -EINTR : 0;
}

ShimTest(match, a_search_ends_when_it_is_told_to)
{
	const struct naive_rule rules[] = {
		{ KDBUS_ITEM_ID, 1 }, { KDBUS_ITEM_ID, ANY },
		{ KDBUS_ITEM_NAME, .name = "a.b" },
		{ KDBUS_ITEM_BLOOM_MASK, .n_masks = 1, .masks = { { 1 } } },
	};
	struct naive_message message = { .src_id = 1, .names = { "a.b" },
					 .n_names = 1, .has_filter = true,
					 .filter = { 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		_cleanup_items_ struct items store = {};
		struct kdbus_match_query query;
		int n = 0;

		begin(1);
		for (u64 j = 0; j < 9; j++)
			cr_assert_eq(add(&conns[j], j, false, &rules[i], 1), 0);
		query = naive_query(&message, n_words, &store);
		cr_expect_eq(kdbus_match_index_query(&index_, &query, stop, &n),
			     -EINTR);
		cr_expect_eq(n, 3);
		end();
	}
}

/* memory */

/* clang-format off */
static const struct naive_rule kinds[][RULES] = {
	{ { 0 } },
	{ { KDBUS_ITEM_ID, 1 } },
	{ { KDBUS_ITEM_ID, ANY } },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 1, .masks = { { 1 } } } },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 3, .masks = { { 1 } } } },
	{ { KDBUS_ITEM_ID, 1 }, { KDBUS_ITEM_NAME, .name = "a.b" },
	  { KDBUS_ITEM_BLOOM_MASK, .n_masks = 2, .masks = { { 1 }, { 2 } } } },
	{ { KDBUS_ITEM_NAME, .name = "a.b" }, { KDBUS_ITEM_NAME, .name = "a.c" },
	  { KDBUS_ITEM_NAME, .name = "a.b" } },
	{ { KDBUS_ITEM_NAME_CHANGE, .old_id = 1, .new_id = 2, .name = "a.b" },
	  { KDBUS_ITEM_ID_ADD, ANY } },
};
/* clang-format on */

static unsigned int n_rules(const struct naive_rule *rules)
{
	unsigned int n = 0;

	while (n < RULES && rules[n].type)
		n++;
	return n;
}

/* Add these rules while one allocation after the other fails. */
static void add_without_memory(const struct naive_rule *rules, bool warm)
{
	int n_groups = atomic_read(&index_.groups.nelems);
	int n_keys = atomic_read(&index_.keys.nelems);
	size_t n_live = shim_n_live;
	int r = -ENOMEM;

	for (size_t n = 1; r; n++) {
		shim_fail_allocation(n);
		r = add(&conns[0], 1, true, rules, n_rules(rules));
		if (!r)
			break;
		cr_assert_eq(r, -ENOMEM);
		cr_assert_eq(conns[0].n, 1);
		cr_assert_eq(atomic_read(&index_.groups.nelems), n_groups);
		cr_assert_eq(atomic_read(&index_.keys.nelems), n_keys);
		if (warm)
			cr_assert_eq(shim_n_live, n_live);
		cr_assert_eq(who_listens(&signal_), 1,
			     "what was to be replaced is still there");
		cr_assert_eq(who_listens(&notice), 0);
	}
	shim_fail_allocation(0);
	cr_expect_eq(conns[0].n, 1);
}

ShimTest(match, without_memory_nothing_changes)
{
	const struct naive_rule before[] = { { KDBUS_ITEM_ID, 1 },
					     { KDBUS_ITEM_DST_ID, ANY } };

	/* @warm: the tables of bits are there already and stay */
	for (int warm = 0; warm < 2; warm++) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			begin(8);
			if (warm) {
				add(&conns[1], 1, false, kinds[3], 1);
				kdbus_matches_close(&conns[1]);
			}
			cr_assert_eq(add(&conns[0], 1, false, before, 2), 0);
			add_without_memory(kinds[i], warm);
			end();
		}
	}
}

ShimTest(match, without_memory_there_is_no_index)
{
	for (size_t n = 1; n <= 2; n++) {
		shim_fail_allocation(n);
		cr_expect_eq(kdbus_match_index_init(&index_, 64), -ENOMEM);
		cr_expect_eq(shim_n_live, 0);
	}
}

ShimTest(match, removal_leaves_nothing)
{
	struct naive_message message = { .src_id = 1, .names = { "a.b", "a.c" },
					 .n_names = 2, .has_filter = true };
	size_t n_live;

	begin(8);
	memset(message.filter, 0xff, sizeof(message.filter));
	cr_assert_eq(add(&conns[0], 0, false, kinds[3], 1), 0);
	cr_assert_eq(kdbus_matches_remove(&conns[0], 0), 0);
	n_live = shim_n_live;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		cr_assert_eq(add(&conns[0], i, false, kinds[i],
				 n_rules(kinds[i])), 0);
		cr_expect_gt(shim_n_live, n_live);
		cr_assert_eq(kdbus_matches_remove(&conns[0], i), 0);
		cr_expect_eq(shim_n_live, n_live, "kind %zu", i);
		assert_nothing_is_left();
		for (message.generation = 0; message.generation < 2;
		     message.generation++) {
			cr_expect_eq(search(&message), 0);
			cr_expect_eq(n_looks, 0);
		}
	}
	end();
}

ShimTest(match, ending_the_index_while_somebody_listens_is_a_mistake)
{
	begin(8);
	cr_assert_eq(add(&conns[0], 1, false, kinds[1], 1), 0);
	shim_expect_warning();	/* of the groups */
	shim_expect_warning();	/* of the lists with a key */
	kdbus_match_index_deinit(&index_);
	shim_n_live = 0;	/* the connection still holds them */
}

/* random matches, each of them asked about each message */

#define LIVE 120

static struct {
	int conn;
	u64 cookie;
	unsigned int n;
	struct naive_rule rules[RULES];
} live[LIVE + 1];
static unsigned int n_live;

static unsigned int model_remove(int conn, u64 cookie)
{
	unsigned int kept = 0, n = n_live;

	for (unsigned int i = 0; i < n_live; i++)
		if (live[i].conn != conn || live[i].cookie != cookie)
			live[kept++] = live[i];
	n_live = kept;
	return n - kept;
}

/* rules of which no message satisfies both, whatever they say */
static bool exclude(const struct naive_rule *a, const struct naive_rule *b)
{
	return a->type != b->type && (a->type >= KDBUS_ITEM_NAME_ADD ||
				      b->type >= KDBUS_ITEM_NAME_ADD);
}

static void random_rules(struct naive_rule *rules, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		do
			naive_random_rule(&rules[i], n_words);
		while (exclude(&rules[0], &rules[i]) && test_next(20));
	}
}

static void random_add(int conn, u64 cookie)
{
	bool replace = !test_next(4);

	if (replace)
		model_remove(conn, cookie);
	live[n_live].conn = conn;
	live[n_live].cookie = cookie;
	live[n_live].n = test_next(100) ? 1 + test_next(RULES) : 0;
	/* now and then the rules of another */
	if (n_live && !test_next(3)) {
		const unsigned int other = test_next(n_live);

		live[n_live].n = live[other].n;
		memcpy(live[n_live].rules, live[other].rules,
		       sizeof(live[other].rules));
	} else {
		random_rules(live[n_live].rules, live[n_live].n);
	}
	cr_assert_eq(add(&conns[conn], cookie, replace, live[n_live].rules,
			 live[n_live].n), 0);
	n_live++;
}

static u32 model_who_listens(const struct naive_message *message)
{
	u32 found = 0;

	for (unsigned int i = 0; i < n_live; i++) {
		bool holds = true;

		for (unsigned int j = 0; holds && j < live[i].n; j++)
			holds = naive_rule_holds(&live[i].rules[j], message,
						 n_words);
		if (holds)
			found |= 1u << live[i].conn;
	}
	return found;
}

static void random_change(bool grow)
{
	int conn = test_next(CONNS);
	u64 cookie = test_next(8);
	unsigned int n;

	if (!test_next(200)) {
		kdbus_matches_close(&conns[conn]);
		kdbus_matches_init(&conns[conn], &index_);
		for (cookie = 0; cookie < 8; cookie++)
			model_remove(conn, cookie);
	} else if (n_live < LIVE && test_next(8) < (grow ? 6 : 1)) {
		random_add(conn, cookie);
	} else {
		/* of one that is there, or of none */
		if (n_live && test_next(4)) {
			n = test_next(n_live);
			conn = live[n].conn;
			cookie = live[n].cookie;
		}
		n = model_remove(conn, cookie);
		cr_assert_eq(kdbus_matches_remove(&conns[conn], cookie),
			     n ? 0 : -EBADSLT);
	}
}

/* how often a connection listened and did not, by generation or notice */
static unsigned int seen[9][2];

static void see(const struct naive_message *message, u32 found)
{
	size_t kind = message->notice ? message->notice - KDBUS_ITEM_NAME_ADD + 4 :
					min(message->generation, 3ULL);

	seen[kind][1] += __builtin_popcount(found);
	seen[kind][0] += CONNS - __builtin_popcount(found);
}

static void play(size_t words)
{
	begin(words);
	n_live = 0;
	memset(seen, 0, sizeof(seen));
	for (int round = 0; round < 3000; round++) {
		struct naive_message message;
		u32 want;

		random_change(round / 300 % 2 == 0);
		naive_random_message(&message, n_words);
		want = model_who_listens(&message);
		cr_assert_eq(who_listens(&message), want,
			     "round %d: not %x; notice %llx, generation %llu",
			     round, want, message.notice, message.generation);
		see(&message, want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		cr_expect(seen[i][0] > 1000 && seen[i][1] > 150,
			  "kind %zu: %u not, %u", i, seen[i][0], seen[i][1]);
	end();
}

ShimTest(match, random_matches_are_found_as_if_each_was_asked)
{
	static const size_t words[] = { 1, 2, 8 };

	for (size_t i = 0; i < 9; i++) {
		test_seed = i;
		play(words[i % 3]);
	}
}

ShimTest(match, random_matches_with_equal_hashes_are_too)
{
	shim_hash_mask = 0;
	play(8);
	shim_hash_mask = 1;
	play(1);
}
