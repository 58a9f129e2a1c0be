// SPDX-License-Identifier: LGPL-2.1-or-later
/* Match rules in the terms of the kernel. */
#include "lib/bloom.h"
#include "lib/match-rule.h"
#include "lib/notify.h"
#include "tests/unit/lib/util.h"

static const struct kdbus_bloom_parameter usual = { .size = 64, .n_hash = 8 };

/* One letter per item, a space between the kernel's matches:
 * M one mask, W two masks, I sender id, D destination id, N sender name,
 * + NAME_ADD, - NAME_REMOVE, * NAME_CHANGE, a ID_ADD, r ID_REMOVE. */
static const char *describe(const struct kb_match_kernel *kernel, char *out)
{
	char *p = out;

	for (size_t i = 0; i < kernel->n; i++) {
		struct kb_item_iter iter = kb_items(kernel->items[i].data,
						    kernel->items[i].size);
		const struct kdbus_item *item;

		if (i)
			*p++ = ' ';
		while ((item = kb_item_next(&iter))) {
			switch (item->type) {
			case KDBUS_ITEM_BLOOM_MASK:
				*p++ = kb_item_size(item) == 64 ? 'M' : 'W';
				break;
			case KDBUS_ITEM_ID:
				*p++ = 'I';
				break;
			case KDBUS_ITEM_DST_ID:
				*p++ = 'D';
				break;
			case KDBUS_ITEM_NAME:
				*p++ = 'N';
				break;
			case KDBUS_ITEM_NAME_ADD:
				*p++ = '+';
				break;
			case KDBUS_ITEM_NAME_REMOVE:
				*p++ = '-';
				break;
			case KDBUS_ITEM_NAME_CHANGE:
				*p++ = '*';
				break;
			case KDBUS_ITEM_ID_ADD:
				*p++ = 'a';
				break;
			case KDBUS_ITEM_ID_REMOVE:
				*p++ = 'r';
				break;
			default:
				*p++ = '?';
				break;
			}
		}
	}
	*p = 0;
	return out;
}

#define DRIVER "org.freedesktop.DBus"

static const struct {
	const char *rule;
	const char *kernel;
} cases[] = {
	/* no item at all: notifications come with it */
	{ "", "" },
	{ "path_namespace='/'", "" },
	/* but not if none is wanted */
	{ "arg5path='/x/'", "I" },
	{ "type='signal'", "M * + - a r" },
	{ "type='error'", "M" },
	{ "member='X'", "M" },
	{ "member='NameOwnerChanged'", "M * + - a r" },
	{ "sender='" DRIVER "'", "N * + - a r" },
	{ "sender='" DRIVER "',member='NameOwnerChanged',arg0='a.b'",
	  "MN * + -" },
	{ "sender='" DRIVER "',member='NameOwnerChanged',arg0=':1.5'",
	  "MN a r" },
	{ "sender='" DRIVER "',arg0='nonsense'", "MN" },
	{ "sender='" DRIVER "',arg0=''", "MN" },
	{ "sender='" DRIVER "',arg0namespace='a'", "MN * + - a r" },
	/* equal is as good as the beginning of a path */
	{ "sender='" DRIVER "',arg0path='a.b'", "N * + -" },
	{ "sender='" DRIVER "',arg1path=''", "N * + - a r" },
	{ "sender='" DRIVER "',arg0path='a.b/'", "N" },
	{ "sender='" DRIVER "',arg1=''", "WN * + - a r" },
	{ "sender='" DRIVER "',arg1=':1.2'", "WN * - r" },
	{ "sender='" DRIVER "',arg2=':1.2'", "WN * + a" },
	{ "sender='" DRIVER "',arg1=':1.2',arg2=':1.3'", "WN *" },
	{ "sender='" DRIVER "',arg1='bogus'", "WN" },
	{ "sender='" DRIVER "',arg3='x'", "WN" },
	{ "sender='" DRIVER "',path='/other'", "MN" },
	{ "sender='" DRIVER "',path_namespace='/org'", "MN * + - a r" },
	{ "sender='" DRIVER "',path_namespace='/other'", "MN" },
	{ "sender='" DRIVER "',interface='a.b'", "MN" },
	{ "sender=':1.5'", "I" },
	{ "sender=':1.5',destination=':1.6',type='signal'", "IDM" },
	{ "sender='a.b',member='X'", "MN" },
	{ "destination='a.b'", "I" },
	{ "arg0='x'", "M" },
	{ "arg1='x'", "W" },
	{ "arg0path='/x'", "I" },
	{ "member='X',arg7='x'", "W" },
};

Test(match_kernel, rules_need_these_matches)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
		struct kb_match_kernel kernel;
		char text[64];

		cr_assert_eq(kb_match_rule_parse(cases[i].rule, &rule), 0);
		cr_assert_eq(kb_match_rule_compile(rule, &usual, &kernel), 0);
		cr_expect_str_eq(describe(&kernel, text), cases[i].kernel,
				 "%s: %s", cases[i].rule, text);
		kb_match_kernel_deinit(&kernel);
	}
}

/* What the kernel does with masks, for one filter. */
static bool kernel_matches(const struct kb_match_kernel *kernel,
			   const uint64_t *filter, uint64_t generation)
{
	struct kb_item_iter iter = kb_items(kernel->items[0].data,
					    kernel->items[0].size);
	const struct kdbus_item *item;

	while ((item = kb_item_next(&iter))) {
		uint64_t n = kb_item_size(item) / 64;
		const uint64_t *mask;

		if (item->type != KDBUS_ITEM_BLOOM_MASK)
			continue;
		mask = (const uint64_t *)item->data +
		       8 * (generation < n - 1 ? generation : n - 1);
		for (int i = 0; i < 8; i++)
			if ((filter[i] & mask[i]) != mask[i])
				return false;
	}
	return true;
}

/* Whatever the exact test accepts must have come through the filter, whoever
 * made it. */
Test(match_kernel, no_signal_is_lost)
{
	static const char *const rules[] = {
		"", "type='signal'", "interface='a.b'", "member='C'",
		"path='/a/b'", "path_namespace='/a'", "path_namespace='/a/b'",
		"path_namespace='/'", "arg0='one.two'",
		"arg0namespace='one'", "arg0namespace='one.two'",
		"arg2='three'", "arg2path='thr'", "arg3='/p/q'",
		"arg3path='/p/'", "arg0='one.two',arg2='three',arg3='/p/q'",
	};
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	uint64_t ours[8] = {}, historical[8] = {};

	cr_assert_eq(kb_message_new_signal("/a/b", "a.b", "C", &m), 0);
	cr_assert_eq(kb_message_append(m, "suss", "one.two", 7, "three",
				       "/p/q"), 0);
	cr_assert_eq(kb_message_seal(m), 0);
	cr_assert_eq(kb_bloom_add_message(&usual, ours, m), 0);

	/* stops behind the first string */
	kb_bloom_add(&usual, historical, "message-type", "signal");
	kb_bloom_add(&usual, historical, "interface", "a.b");
	kb_bloom_add(&usual, historical, "member", "C");
	kb_bloom_add(&usual, historical, "path", "/a/b");
	kb_bloom_add_prefixes(&usual, historical, "path-slash-prefix", "/a/b",
			      '/');
	kb_bloom_add(&usual, historical, "arg0", "one.two");
	kb_bloom_add_prefixes(&usual, historical, "arg0-dot-prefix", "one.two",
			      '.');

	for (size_t i = 0; i < KB_ARRAY_SIZE(rules); i++) {
		_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
		struct kb_match_kernel kernel;

		cr_assert_eq(kb_match_rule_parse(rules[i], &rule), 0);
		cr_assert_eq(kb_match_rule_compile(rule, &usual, &kernel), 0);
		cr_expect(kernel_matches(&kernel, ours, KB_BLOOM_GENERATION),
			  "%s", rules[i]);
		cr_expect(kernel_matches(&kernel, historical, 0), "%s",
			  rules[i]);
		kb_match_kernel_deinit(&kernel);
	}
}

Test(match_kernel, later_arguments_are_exact_with_our_senders)
{
	_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	struct kb_match_kernel kernel;
	uint64_t filter[8] = {};

	cr_assert_eq(kb_match_rule_parse("arg1='no'", &rule), 0);
	cr_assert_eq(kb_match_rule_compile(rule, &usual, &kernel), 0);
	cr_assert_eq(kb_message_new_signal("/", "a.b", "C", &m), 0);
	cr_assert_eq(kb_message_append(m, "ss", "x", "yes"), 0);
	cr_assert_eq(kb_message_seal(m), 0);
	cr_assert_eq(kb_bloom_add_message(&usual, filter, m), 0);
	cr_expect_not(kernel_matches(&kernel, filter, 1));
	cr_expect(kernel_matches(&kernel, filter, 0));
	kb_match_kernel_deinit(&kernel);
}

Test(match_kernel, ids_and_names_are_in_the_items)
{
	_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
	struct kb_match_kernel kernel;
	const struct kdbus_item *item;

	cr_assert_eq(kb_match_rule_parse("sender='" DRIVER "',arg0='a.b',"
					 "arg1=':1.7'", &rule), 0);
	cr_assert_eq(kb_match_rule_compile(rule, &usual, &kernel), 0);
	item = (const void *)kernel.items[1].data;
	cr_expect_eq(item->type, KDBUS_ITEM_NAME_CHANGE);
	cr_expect_eq(item->name_change.old_id.id, 7);
	cr_expect_eq(item->name_change.new_id.id, KDBUS_MATCH_ID_ANY);
	cr_expect_str_eq(item->name_change.name, "a.b");
	kb_match_kernel_deinit(&kernel);

	rule = kb_match_rule_free(rule);
	cr_assert_eq(kb_match_rule_parse("sender='" DRIVER "'", &rule), 0);
	cr_assert_eq(kb_match_rule_compile(rule, &usual, &kernel), 0);
	item = (const void *)kernel.items[1].data;
	/* without a name the item ends before it */
	cr_expect_eq(kb_item_size(item), 32);
	kb_match_kernel_deinit(&kernel);

	rule = kb_match_rule_free(rule);
	cr_assert_eq(kb_match_rule_parse("sender=':2.7'", &rule), 0);
	cr_assert_eq(kb_match_rule_compile(rule, &usual, &kernel), 0);
	item = (const void *)kernel.items[0].data;
	cr_expect_eq(item->id, UINT64_MAX - 1);
	kb_match_kernel_deinit(&kernel);
}
