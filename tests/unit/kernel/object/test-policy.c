// SPDX-License-Identifier: LGPL-2.1-or-later
/* Policy: what is parsed, replaced and answered. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include <linux/cred.h>
#include <linux/err.h>

#include "object/policy.h"
#include "tests/unit/kernel/items.h"

#define SEE KDBUS_POLICY_SEE
#define TALK KDBUS_POLICY_TALK
#define OWN KDBUS_POLICY_OWN
#define NOTHING KDBUS_POLICY_NOTHING

#define USER KDBUS_POLICY_ACCESS_USER
#define GROUP KDBUS_POLICY_ACCESS_GROUP
#define WORLD KDBUS_POLICY_ACCESS_WORLD

static struct kdbus_policy policy;

static void begin(void)
{
	cr_assert_eq(kdbus_policy_init(&policy), 0);
}

static void end(void)
{
	kdbus_policy_deinit(&policy);
}

static void add_access(struct items *items, u64 type, u64 access, u64 id)
{
	const struct kdbus_policy_access grant = { type, access, id };

	items_add(items, KDBUS_ITEM_POLICY_ACCESS, &grant, sizeof(grant));
}

static int parse(struct list_head *out, struct items *items,
		 unsigned int max_names, bool wildcards)
{
	return kdbus_policy_parse(out, items_first(items), items_end(items),
				  max_names, wildcards);
}

/* a policy in a few words: "NAME [user|group|world] [see|talk|own] ID …" */
static void add_words(struct items *items, const char *text)
{
	static const char *const types[] = { "", "user", "group", "world" };
	static const char *const accesses[] = { "see", "talk", "own" };
	char *copy = strdup(text), *rest = copy, *word;
	u64 type, access;

	while ((word = strtok_r(rest, " ", &rest))) {
		for (type = USER; type <= WORLD; type++)
			if (!strcmp(word, types[type]))
				break;
		if (type > WORLD) {
			items_add_string(items, KDBUS_ITEM_NAME, word);
			continue;
		}
		word = strtok_r(rest, " ", &rest);
		for (access = SEE; strcmp(word, accesses[access]);)
			access++;
		add_access(items, type, access,
			   type == WORLD ? 0 : atoi(strtok_r(rest, " ", &rest)));
	}
	free(copy);
}

static int install(const void *owner, const char *text)
{
	_cleanup_items_ struct items items = {};
	LIST_HEAD(set);
	int r;

	add_words(&items, text);
	cr_assert_eq(parse(&set, &items, 100, true), 0, "%s", text);
	r = kdbus_policy_replace(&policy, owner, &set);
	cr_assert_eq(!r, list_empty(&set), "what is not installed stays ours");
	kdbus_policy_discard(&set);
	return r;
}

static struct cred user(uid_t uid)
{
	static struct group_info none;

	return (struct cred){ .euid = KUIDT_INIT(uid), .uid = KUIDT_INIT(9999),
			      .egid = KGIDT_INIT(uid), .gid = KGIDT_INIT(9999),
			      .group_info = &none };
}

static int ask(uid_t uid, const char *name)
{
	struct cred cred = user(uid);

	return kdbus_policy_query(&policy, &cred, name);
}

static int a, b;	/* who installs */

/* answers */

ShimTest(policy, without_entries_nothing_is_granted)
{
	begin();
	cr_expect_eq(ask(0, "a.b"), NOTHING);
	cr_expect_eq(ask(0, "nodots"), NOTHING);
	end();
}

ShimTest(policy, a_grant_is_for_whom_it_says)
{
	begin();
	cr_assert_eq(install(&a, "u.see user see 1 u.talk user talk 1 "
				 "u.own user own 1 g.talk group talk 7 "
				 "w.see world see empty.name"), 0);
	cr_expect_eq(ask(1, "u.see"), SEE);
	cr_expect_eq(ask(1, "u.talk"), TALK);
	cr_expect_eq(ask(1, "u.own"), OWN);
	cr_expect_eq(ask(2, "u.own"), NOTHING);
	cr_expect_eq(ask(9999, "u.own"), NOTHING);
	cr_expect_eq(ask(7, "g.talk"), TALK);
	cr_expect_eq(ask(2, "g.talk"), NOTHING);
	cr_expect_eq(ask(2, "w.see"), SEE);
	cr_expect_eq(ask(2, "empty.name"), NOTHING);
	cr_expect_eq(ask(1, "u.se"), NOTHING);
	cr_expect_eq(ask(1, "u.seen"), NOTHING);
	cr_expect_eq(ask(1, "U.see"), NOTHING);
	end();
}

ShimTest(policy, the_effective_ids_count)
{
	static struct group_info none;
	struct cred cred = {
		.uid = KUIDT_INIT(1), .suid = KUIDT_INIT(1),
		.fsuid = KUIDT_INIT(1), .euid = KUIDT_INIT(2),
		.gid = KGIDT_INIT(1), .sgid = KGIDT_INIT(1),
		.fsgid = KGIDT_INIT(1), .egid = KGIDT_INIT(2),
		.group_info = &none,
	};

	begin();
	cr_assert_eq(install(&a, "u.one user own 1 u.two user own 2 "
				 "g.one group own 1 g.two group own 2"), 0);
	cr_expect_eq(kdbus_policy_query(&policy, &cred, "u.one"), NOTHING);
	cr_expect_eq(kdbus_policy_query(&policy, &cred, "u.two"), OWN);
	cr_expect_eq(kdbus_policy_query(&policy, &cred, "g.one"), NOTHING);
	cr_expect_eq(kdbus_policy_query(&policy, &cred, "g.two"), OWN);
	end();
}

/* every second gid from 10 on */
static struct group_info *new_groups(int n)
{
	struct group_info *groups;

	groups = malloc(sizeof(*groups) + n * sizeof(kgid_t));
	groups->ngroups = n;
	for (int i = 0; i < n; i++)
		groups->gid[i] = KGIDT_INIT(10 + 2 * i);
	return groups;
}

ShimTest(policy, any_supplementary_group_counts)
{
	char text[64];

	begin();
	for (int n = 0; n < 10; n++) {
		struct group_info *groups = new_groups(n);
		struct cred cred = user(1);

		cred.group_info = groups;
		for (int gid = 8; gid < 10 + 2 * n + 2; gid++) {
			bool in = gid >= 10 && gid < 10 + 2 * n && gid % 2 == 0;

			snprintf(text, sizeof(text),
				 "g.x group talk %d u.x user own %d", gid, gid);
			cr_assert_eq(install(&a, text), 0);
			cr_expect_eq(kdbus_policy_query(&policy, &cred, "g.x"),
				     in ? TALK : NOTHING, "%d of %d", gid, n);
			cr_expect_eq(kdbus_policy_query(&policy, &cred, "u.x"),
				     NOTHING, "a group is no user");
		}
		free(groups);
	}
	end();
}

ShimTest(policy, the_highest_of_the_grants_that_apply_is_the_answer)
{
	begin();
	cr_assert_eq(install(&a, "a.b world see user own 1 group talk 1 "
				 "user see 1 user talk 2 user own 3"), 0);
	cr_expect_eq(ask(1, "a.b"), OWN);
	cr_expect_eq(ask(2, "a.b"), TALK);
	cr_expect_eq(ask(4, "a.b"), SEE);
	end();
}

ShimTest(policy, a_wildcard_covers_one_more_element)
{
	begin();
	cr_assert_eq(install(&a, "foo.bar.* world talk"), 0);
	cr_expect_eq(ask(1, "foo.bar.x"), TALK);
	cr_expect_eq(ask(1, "foo.bar.longer-one"), TALK);
	cr_expect_eq(ask(1, "foo.bar"), NOTHING);
	cr_expect_eq(ask(1, "foo.bar.x.y"), NOTHING);
	cr_expect_eq(ask(1, "foo.barx.x"), NOTHING);
	cr_expect_eq(ask(1, "foo.ba.x"), NOTHING);
	cr_expect_eq(ask(1, "foo.x"), NOTHING);
	end();
}

ShimTest(policy, an_exact_entry_hides_the_wildcard_even_if_it_grants_nothing)
{
	begin();
	cr_assert_eq(install(&a, "a.* world own a.less world see a.none "
				 "a.other user own 5"), 0);
	cr_expect_eq(ask(1, "a.any"), OWN);
	cr_expect_eq(ask(1, "a.less"), SEE);
	cr_expect_eq(ask(1, "a.none"), NOTHING);
	cr_expect_eq(ask(1, "a.other"), NOTHING);
	end();
}

ShimTest(policy, a_name_its_wildcard_and_that_of_its_parent_are_three_entries)
{
	begin();
	cr_assert_eq(install(&a, "a.b.c world own"), 0);
	cr_assert_eq(install(&b, "a.b.c.* world talk a.b.* world see"), 0);
	cr_expect_eq(ask(1, "a.b.c"), OWN);
	cr_expect_eq(ask(1, "a.b.c.d"), TALK);
	cr_expect_eq(ask(1, "a.b.d"), SEE);
	end();
}

ShimTest(policy, names_with_one_hash_are_told_apart)
{
	shim_hash_mask = 0;
	begin();
	cr_assert_eq(install(&a, "a.b world own a.c world see a.* world talk"), 0);
	cr_expect_eq(ask(1, "a.b"), OWN);
	cr_expect_eq(ask(1, "a.c"), SEE);
	cr_expect_eq(ask(1, "a.d"), TALK);
	cr_expect_eq(ask(1, "b.d"), NOTHING);
	cr_expect_eq(install(&b, "a.d world own"), 0);
	cr_expect_eq(install(&a, "a.d"), -EEXIST);
	end();
}

/* what is parsed */

/* clang-format off */
static const struct {
	const char *why;
	const char *name;		/* before the grant, if any */
	u64 type, access, id;
	int result;
} grants[] = {
	{ "before any name",	NULL,		WORLD, SEE, 0,		-EINVAL },
	{ "sane",		"a.b",		USER, OWN, 1,		0 },
	{ "type 0",		"a.b",		0, SEE, 1,		-EINVAL },
	{ "type 4",		"a.b",		4, SEE, 1,		-EINVAL },
	{ "a large type",	"a.b",		1ULL << 32 | 1, SEE, 1,	-EINVAL },
	{ "access 3",		"a.b",		USER, 3, 1,		-EINVAL },
	{ "a large access",	"a.b",		USER, 1ULL << 32, 1,	-EINVAL },
	{ "access -1",		"a.b",		USER, -1, 1,		-EINVAL },
	{ "uid -1",		"a.b",		USER, SEE, U32_MAX,	-EINVAL },
	{ "gid -1",		"a.b",		GROUP, SEE, U32_MAX,	-EINVAL },
	{ "a large uid",	"a.b",		USER, SEE, 1ULL << 32,	-EINVAL },
	{ "a large gid",	"a.b",		GROUP, SEE, 1ULL << 32,	-EINVAL },
	{ "the largest uid",	"a.b",		USER, SEE, U32_MAX - 1,	0 },
	{ "the largest gid",	"a.b",		GROUP, SEE, U32_MAX - 1, 0 },
	{ "any id, for all",	"a.b",		WORLD, SEE, -1,		0 },
	{ "no name",		"",		WORLD, SEE, 0,		-EINVAL },
	{ "one element",	"a",		WORLD, SEE, 0,		-EINVAL },
	{ "a unique name",	":1.1",		WORLD, SEE, 0,		-EINVAL },
	{ "half a wildcard",	"a.b*",		WORLD, SEE, 0,		-EINVAL },
	{ "only a wildcard",	"*",		WORLD, SEE, 0,		-EINVAL },
};
/* clang-format on */

ShimTest(policy, bad_grants_and_names_are_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(grants); i++) {
		_cleanup_items_ struct items items = {};
		LIST_HEAD(set);

		if (grants[i].name)
			items_add_string(&items, KDBUS_ITEM_NAME, grants[i].name);
		add_access(&items, grants[i].type, grants[i].access, grants[i].id);
		cr_expect_eq(parse(&set, &items, 100, true), grants[i].result,
			     "%s", grants[i].why);
		cr_expect_eq(list_empty(&set), !!grants[i].result);
		kdbus_policy_discard(&set);
		cr_expect(list_empty(&set));
	}
}

ShimTest(policy, wildcards_and_their_number_are_up_to_the_caller)
{
	_cleanup_items_ struct items items = {};
	LIST_HEAD(set);

	add_words(&items, "a.b world see a.* world see");
	cr_expect_eq(parse(&set, &items, 2, false), -EINVAL);
	cr_expect_eq(parse(&set, &items, 1, true), -E2BIG);
	cr_expect_eq(parse(&set, &items, 0, true), -E2BIG);
	cr_expect_eq(parse(&set, &items, 2, true), 0);
	kdbus_policy_discard(&set);
}

ShimTest(policy, a_name_twice_in_a_set_is_refused)
{
	static const char *const twice[] = {
		"a.b a.b", "a.b world see c.d a.b world own", "a.* b.* a.*",
	};

	for (size_t i = 0; i < ARRAY_SIZE(twice); i++) {
		_cleanup_items_ struct items items = {};
		LIST_HEAD(set);

		add_words(&items, twice[i]);
		cr_expect_eq(parse(&set, &items, 100, true), -EEXIST);
		cr_expect(list_empty(&set));
	}
}

ShimTest(policy, other_items_are_passed_over)
{
	_cleanup_items_ struct items items = {};
	LIST_HEAD(set);

	items_add_u64(&items, KDBUS_ITEM_ATTACH_FLAGS_RECV, 7);
	items_add_string(&items, KDBUS_ITEM_NAME, "a.b");
	items_add_string(&items, KDBUS_ITEM_CONN_DESCRIPTION, "abc");
	add_access(&items, WORLD, TALK, 0);
	items_add_u64(&items, KDBUS_ITEM_NEGOTIATE, 7);
	add_access(&items, USER, OWN, 1);
	begin();
	cr_assert_eq(parse(&set, &items, 1, false), 0);
	cr_assert_eq(kdbus_policy_replace(&policy, &a, &set), 0);
	cr_expect_eq(ask(1, "a.b"), OWN);
	cr_expect_eq(ask(2, "a.b"), TALK);
	end();
}

ShimTest(policy, ids_are_those_of_the_user_namespace)
{
	_cleanup_items_ struct items unmapped = {};
	LIST_HEAD(set);

	shim_user_ns = (struct user_namespace){ .base = 100000, .count = 1000 };
	begin();
	cr_assert_eq(install(&a, "u.x user own 5 g.x group talk 6"), 0);
	cr_expect_eq(ask(100005, "u.x"), OWN);
	cr_expect_eq(ask(5, "u.x"), NOTHING);
	cr_expect_eq(ask(100006, "g.x"), TALK);
	cr_expect_eq(ask(6, "g.x"), NOTHING);

	items_add_string(&unmapped, KDBUS_ITEM_NAME, "a.b");
	add_access(&unmapped, USER, SEE, 1000);
	cr_expect_eq(parse(&set, &unmapped, 100, true), -EINVAL);
	items_free(&unmapped);
	items_add_string(&unmapped, KDBUS_ITEM_NAME, "a.b");
	add_access(&unmapped, GROUP, SEE, 1000);
	cr_expect_eq(parse(&set, &unmapped, 100, true), -EINVAL);
	end();
}

/* replacement */

ShimTest(policy, a_new_set_stands_in_place_of_the_earlier_one)
{
	begin();
	cr_assert_eq(install(&a, "a.b world see a.c world see"), 0);
	cr_assert_eq(install(&b, "b.b world see"), 0);
	cr_assert_eq(install(&a, "a.c world own a.d world own"), 0);
	cr_expect_eq(ask(1, "a.b"), NOTHING);
	cr_expect_eq(ask(1, "a.c"), OWN);
	cr_expect_eq(ask(1, "a.d"), OWN);
	cr_expect_eq(ask(1, "b.b"), SEE);
	cr_assert_eq(install(&a, ""), 0);
	cr_expect_eq(ask(1, "a.c"), NOTHING);
	cr_expect_eq(ask(1, "b.b"), SEE);
	end();
}

ShimTest(policy, a_name_of_somebody_else_changes_nothing)
{
	begin();
	cr_assert_eq(install(&a, "a.b world see a.w.* world see"), 0);
	cr_assert_eq(install(&b, "b.b world see"), 0);
	cr_expect_eq(install(&b, "b.c world own b.b world own a.b world own"),
		     -EEXIST);
	cr_expect_eq(install(&b, "a.w.* world own"), -EEXIST);
	cr_expect_eq(ask(1, "a.b"), SEE);
	cr_expect_eq(ask(1, "b.b"), SEE);
	cr_expect_eq(ask(1, "b.c"), NOTHING);
	cr_expect_eq(ask(1, "a.w.x"), SEE);
	cr_expect_eq(policy.seq.sequence, 4, "readers need not look again");
	end();
}

ShimTest(policy, who_goes_takes_its_entries_along_and_no_others)
{
	begin();
	cr_assert_eq(install(&a, "a.b world see a.* world see"), 0);
	cr_assert_eq(install(&b, "b.b world see"), 0);
	kdbus_policy_remove(&policy, &a);
	kdbus_policy_remove(&policy, &a);
	cr_expect_eq(ask(1, "a.b"), NOTHING);
	cr_expect_eq(ask(1, "a.c"), NOTHING);
	cr_expect_eq(ask(1, "b.b"), SEE);
	cr_expect_eq(install(&b, "a.b world talk"), 0);
	cr_expect_eq(ask(1, "a.b"), TALK);
	end();
}

static void replace_meanwhile(void)
{
	cr_assert_eq(install(&a, "x.y world see x.* world talk"), 0);
}

static void remove_meanwhile(void)
{
	kdbus_policy_remove(&policy, &a);
}

/* Whenever it happens: no entry is used that has gone, and the answer is new. */
static void ask_meanwhile(const char *name, void (*other)(void), int want)
{
	unsigned int n;
	int got;

	for (n = 1;; n++) {
		cr_assert_eq(install(&a, "x.z world see x.y world own "
					 "x.* world own"), 0);
		shim_interrupt_reader(n, other);
		got = ask(1, name);
		if (!shim_reader_was_interrupted())
			break;
		cr_expect_eq(got, want, "%s, step %u", name, n);
	}
	shim_interrupt_reader(0, NULL);
	cr_expect_gt(n, 2);
}

ShimTest(policy, who_asks_meanwhile_sees_the_new_set)
{
	shim_hash_mask = 0;
	begin();
	ask_meanwhile("x.y", replace_meanwhile, SEE);
	ask_meanwhile("x.y", remove_meanwhile, NOTHING);
	ask_meanwhile("x.n", replace_meanwhile, TALK);
	ask_meanwhile("x.n", remove_meanwhile, NOTHING);
	end();
}

ShimTest(policy, without_memory_nothing_changes)
{
	_cleanup_items_ struct items items = {};
	LIST_HEAD(set);
	size_t n_live, n;

	shim_fail_allocation(1);
	cr_expect_eq(kdbus_policy_init(&policy), -ENOMEM);
	begin();
	cr_assert_eq(install(&a, "a.b world see"), 0);
	add_words(&items, "a.b world own a.c world own user see 1 a.* a.d");
	n_live = shim_n_live;
	for (n = 1;; n++) {
		int r;

		shim_fail_allocation(n);
		r = parse(&set, &items, 100, true);
		if (!r)
			break;
		cr_assert_eq(r, -ENOMEM);
		cr_expect(list_empty(&set));
		cr_expect_eq(shim_n_live, n_live);
		cr_expect_eq(ask(1, "a.b"), SEE);
	}
	cr_expect_eq(n, 5, "one allocation for each name");

	n = shim_n_tried;
	cr_assert_eq(kdbus_policy_replace(&policy, &a, &set), 0);
	kdbus_policy_remove(&policy, &a);
	cr_expect_eq(shim_n_tried, n, "installing cannot fail for memory");
	end();
}

/* random sets and a second reading of the rules */

struct grant {
	u64 type, access;
	u32 id;
};

struct entry {
	char name[16];		/* with ".*" */
	unsigned int n;
	struct grant grants[4];
};

#define OWNERS 3
#define ENTRIES 6

static struct {
	unsigned int n;
	struct entry entries[ENTRIES];
} sets[OWNERS];

static int judge_entry(const struct entry *entry, u32 uid, const u32 groups[2])
{
	int best = NOTHING;

	for (unsigned int i = 0; i < entry->n; i++) {
		const struct grant *grant = &entry->grants[i];
		bool applies = grant->type == WORLD ||
			(grant->type == USER && grant->id == uid) ||
			(grant->type == GROUP && (grant->id == groups[0] ||
						  grant->id == groups[1]));

		if (applies && (int)grant->access > best)
			best = grant->access;
	}
	return best;
}

static const struct entry *judge_find(const char *name, int *out_owner)
{
	for (int i = 0; i < OWNERS; i++)
		for (unsigned int j = 0; j < sets[i].n; j++)
			if (!strcmp(sets[i].entries[j].name, name)) {
				*out_owner = i;
				return &sets[i].entries[j];
			}
	return NULL;
}

static int judge(const char *name, u32 uid, const u32 groups[2])
{
	const struct entry *entry;
	char wildcard[32];
	int owner;

	entry = judge_find(name, &owner);
	if (!entry) {
		snprintf(wildcard, sizeof(wildcard), "%.*s.*",
			 (int)(strrchr(name, '.') - name), name);
		entry = judge_find(wildcard, &owner);
	}
	return entry ? judge_entry(entry, uid, groups) : NOTHING;
}

static void random_name(char *out, const char *last)
{
	char *at = out;

	for (u32 n = 1 + test_next(2); n--; at += 2) {
		at[0] = 'a' + test_next(2);
		at[1] = '.';
	}
	at[0] = last[test_next(strlen(last))];
	at[1] = 0;
}

static void random_entry(struct entry *out)
{
	*out = (struct entry){ .n = test_next(4) };
	random_name(out->name, "ab*");
	for (unsigned int i = 0; i < out->n; i++)
		out->grants[i] = (struct grant){ 1 + test_next(3), test_next(3),
						 test_next(4) };
}

/* Install a random set; what is expected of it comes from @sets. */
static void random_install(int owner)
{
	_cleanup_items_ struct items items = {};
	struct entry entries[ENTRIES];
	unsigned int n = test_next(ENTRIES + 1);
	bool twice = false, taken = false;
	LIST_HEAD(set);
	int r, other;

	for (unsigned int i = 0; i < n; i++) {
		random_entry(&entries[i]);
		items_add_string(&items, KDBUS_ITEM_NAME, entries[i].name);
		for (unsigned int j = 0; j < entries[i].n; j++)
			add_access(&items, entries[i].grants[j].type,
				   entries[i].grants[j].access,
				   entries[i].grants[j].id);
		for (unsigned int j = 0; j < i; j++)
			twice |= !strcmp(entries[i].name, entries[j].name);
		taken |= judge_find(entries[i].name, &other) && other != owner;
	}

	r = parse(&set, &items, ENTRIES, true);
	cr_assert_eq(r, twice ? -EEXIST : 0);
	if (r)
		return;
	r = kdbus_policy_replace(&policy, &sets[owner], &set);
	cr_assert_eq(r, taken ? -EEXIST : 0);
	if (r) {
		kdbus_policy_discard(&set);
		return;
	}
	sets[owner].n = n;
	memcpy(sets[owner].entries, entries, sizeof(entries));
}

static void play(void)
{
	struct group_info *groups = calloc(1, sizeof(*groups) + sizeof(kgid_t));
	unsigned int seen[4] = {};

	begin();
	for (int round = 0; round < 5000; round++) {
		struct cred cred = user(test_next(4));
		const u32 gids[2] = { test_next(4), test_next(4) };
		char name[16];
		int want;

		if (!test_next(4))
			random_install(test_next(OWNERS));
		if (!test_next(100)) {
			int owner = test_next(OWNERS);

			kdbus_policy_remove(&policy, &sets[owner]);
			sets[owner].n = 0;
		}
		groups->ngroups = 1;
		groups->gid[0] = KGIDT_INIT(gids[1]);
		cred.egid = KGIDT_INIT(gids[0]);
		cred.group_info = groups;
		random_name(name, "abc");
		want = judge(name, cred.euid.val, gids);
		cr_assert_eq(kdbus_policy_query(&policy, &cred, name), want,
			     "%s in round %d", name, round);
		seen[want + 1]++;
	}
	for (int i = 0; i < 4; i++)
		cr_expect_gt(seen[i], 100);
	end();
	free(groups);
}

ShimTest(policy, random_policies_are_answered_as_the_rules_say)
{
	play();
}

ShimTest(policy, random_policies_with_equal_hashes_are_too)
{
	shim_hash_mask = 1;
	play();
}
