// SPDX-License-Identifier: LGPL-2.1-or-later
/* Match rules: their syntax, their normal form, their exact test. */
#include <unistd.h>

#include "lib/match-rule.h"
#include "lib/name.h"
#include "tests/unit/lib/util.h"

/* What it is as normal form, NULL if it is refused. */
static const struct {
	const char *text;
	const char *normal;
} rules[] = {
	{ "", "" },
	{ " ", "" },
	{ "type='signal'", "type='signal'" },
	{ "type=signal", "type='signal'" },
	{ "type='signal',", "type='signal'" },
	{ "type='signal', ", "type='signal'" },
	{ " type='signal' ", NULL },
	{ "type='sig'nal", "type='signal'" },
	{ "member='M',type='error'", "type='error',member='M'" },
	{ "eavesdrop='true',member=M", "member='M'" },
	{ "eavesdrop=false", "" },
	{ "sender=':1.5'", "sender=':1.5'" },
	{ "sender='a.b',interface='c.d',member='E',path='/f',destination=':1.2'",
	  "sender='a.b',interface='c.d',member='E',path='/f',destination=':1.2'" },
	{ "path_namespace='/'", "path_namespace='/'" },
	{ "arg10='b',arg9='a',arg0='c'", "arg0='c',arg9='a',arg10='b'" },
	{ "arg0path='/a/',arg0='x'", "arg0='x',arg0path='/a/'" },
	{ "arg0namespace='org'", "arg0namespace='org'" },
	{ "arg0namespace=':1.7'", "arg0namespace=':1.7'" },
	{ "arg63='x'", "arg63='x'" },
	{ "arg0=''", "arg0=''" },
	{ "arg0=", "arg0=''" },
	{ "arg0='a,b'", "arg0='a,b'" },
	{ "arg0=a\\'b", "arg0='a'\\''b'" },
	{ "arg0='a'\\''b'", "arg0='a'\\''b'" },
	{ "arg0='\\'", "arg0='\\'" },
	{ "arg0=\\x", "arg0='\\x'" },
	{ "arg0='a b = c'", "arg0='a b = c'" },
	{ "type", NULL },
	{ "=", NULL },
	{ "type=", NULL },
	{ "type='foo'", NULL },
	{ "type='signal", NULL },
	{ "type='signal',type='signal'", NULL },
	{ "member='a.b'", NULL },
	{ "member=M,member=M", NULL },
	{ "interface='a'", NULL },
	{ "path='a'", NULL },
	{ "path='/a',path_namespace='/a'", NULL },
	{ "sender='nodot'", NULL },
	{ "destination='x y'", NULL },
	{ "arg64='x'", NULL },
	{ "arg01='x'", NULL },
	{ "arg00='x'", NULL },
	{ "arg100='x'", NULL },
	{ "arg='x'", NULL },
	{ "arg1namespace='a.b'", NULL },
	{ "arg0namespace='.a'", NULL },
	{ "arg0foo='x'", NULL },
	{ "arg0='a',arg0='b'", NULL },
	{ "foo='bar'", NULL },
	{ ",", NULL },
	{ "eavesdrop=maybe", NULL },
	{ "eavesdrop=true,eavesdrop=true", NULL },
	{ "averyveryveryverylongkeythatisnotone='x'", NULL },
};

Test(match_rule, syntax_and_normal_form)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(rules); i++) {
		_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
		_cleanup_(kb_freep) char *normal = NULL;
		int r = kb_match_rule_parse(rules[i].text, &rule);

		if (!rules[i].normal) {
			cr_expect_eq(r, -EINVAL, "%s: %d", rules[i].text, r);
			continue;
		}
		cr_assert_eq(r, 0, "%s: %d", rules[i].text, r);
		normal = kb_match_rule_normalize(rule);
		cr_expect_str_eq(normal, rules[i].normal);

		/* the normal form is its own normal form */
		rule = kb_match_rule_free(rule);
		cr_assert_eq(kb_match_rule_parse(normal, &rule), 0);
		free(normal);
		normal = kb_match_rule_normalize(rule);
		cr_expect_str_eq(normal, rules[i].normal);
	}
}

Test(match_rule, length_ends_at_1024)
{
	struct kb_match_rule *rule = NULL;
	char text[KB_MATCH_RULE_MAX + 2] = "arg0='";

	memset(text + 6, 'x', KB_MATCH_RULE_MAX - 7);
	text[KB_MATCH_RULE_MAX - 1] = '\'';
	text[KB_MATCH_RULE_MAX] = 0;
	cr_expect_eq(kb_match_rule_parse(text, &rule), 0);
	kb_match_rule_free(rule);
	text[KB_MATCH_RULE_MAX] = ',';
	text[KB_MATCH_RULE_MAX + 1] = 0;
	cr_expect_eq(kb_match_rule_parse(text, &rule), -E2BIG);
}

Test(match_rule, many_arguments_fit)
{
	struct kb_match_rule *rule = NULL;
	char text[KB_MATCH_RULE_MAX + 1] = "";

	for (int i = 63; i >= 0; i--)
		sprintf(text + strlen(text), "arg%d=,", i);
	cr_assert_eq(kb_match_rule_parse(text, &rule), 0);
	cr_expect_eq(rule->n_args, 64);
	for (size_t i = 0; i < 64; i++)
		cr_expect_eq(rule->args[i].index, i);
	kb_match_rule_free(rule);
}

Test(match_rule, cookies_have_bit_63_and_differ)
{
	uint64_t a = kb_match_rule_cookie("type='signal'");

	cr_expect_eq(a, kb_match_rule_cookie("type='signal'"));
	cr_expect(a >> 63);
	cr_expect_neq(a, kb_match_rule_cookie("type='error'"));
	cr_expect_neq(a, kb_match_rule_cookie(""));
}

/* Rules against one signal from :1.5, owner of a.owner, to everybody:
 * /a/b, a.b, C, ("one", "/p/q", object path /o/p, u 7, "org.x.y"). */
static const struct {
	const char *rule;
	int matches;
} tests[] = {
	{ "", 1 },
	{ "type='signal'", 1 },
	{ "type='method_call'", 0 },
	{ "sender=':1.5'", 1 },
	{ "sender=':1.6'", 0 },
	{ "sender='a.owner'", 1 },
	{ "sender='a.queued'", 0 },
	{ "sender='a.other'", 0 },
	{ "interface='a.b'", 1 },
	{ "interface='a.c'", 0 },
	{ "member='C'", 1 },
	{ "member='D'", 0 },
	{ "path='/a/b'", 1 },
	{ "path='/a'", 0 },
	{ "path_namespace='/a'", 1 },
	{ "path_namespace='/a/b'", 1 },
	{ "path_namespace='/'", 1 },
	{ "path_namespace='/a/b/c'", 0 },
	{ "path_namespace='/a/bb'", 0 },
	{ "destination=':1.9'", 0 },
	{ "arg0='one'", 1 },
	{ "arg0='on'", 0 },
	{ "arg1='/p/q'", 1 },
	{ "arg2='/o/p'", 0 },	/* an object path is no string */
	{ "arg2path='/o/p'", 1 },
	{ "arg2path='/o/'", 1 },
	{ "arg2path='/o'", 0 },
	{ "arg1path='/p/'", 1 },
	{ "arg1path='/p/q/r'", 0 },
	{ "arg3='7'", 0 },
	{ "arg4='org.x.y'", 1 },
	{ "arg5='x'", 0 },
	{ "arg0namespace='one'", 1 },
	{ "arg0namespace='on'", 0 },
	{ "arg0='one',arg4='org.x.y',member='C'", 1 },
	{ "arg0='one',arg4='org.x.z',member='C'", 0 },
	{ "eavesdrop='true'", 1 },
};

static struct kb_message *sample(struct kb_buffer *items)
{
	static const struct {
		uint64_t flags;
		const char *name;
	} names[] = {
		{ KDBUS_NAME_PRIMARY, "a.owner" },
		{ KDBUS_NAME_IN_QUEUE, "a.queued" },
	};
	struct kb_message *m = NULL;

	cr_assert_eq(kb_message_new_signal("/a/b", "a.b", "C", &m), 0);
	cr_assert_eq(kb_message_append(m, "ssous", "one", "/p/q", "/o/p", 7,
				       "org.x.y"), 0);
	cr_assert_eq(kb_message_seal(m), 0);
	m->src_id = 5;
	m->dst_id = KDBUS_DST_ID_BROADCAST;
	kb_message_set(m, KB_FIELD_SENDER, ":1.5");
	for (size_t i = 0; i < 2; i++) {
		void *payload;

		kb_item_reserve(items, KDBUS_ITEM_OWNED_NAME,
				8 + strlen(names[i].name) + 1, &payload);
		memcpy(payload, &names[i].flags, 8);
		strcpy((char *)payload + 8, names[i].name);
	}
	cr_assert_eq(kb_meta_parse(&m->meta, items->data, items->size), 0);
	cr_assert_eq(m->meta.n_names, 2);
	return m;
}

Test(match_rule, tests_are_exact)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	_cleanup_(kb_message_unrefp) struct kb_message *m = sample(&items);

	for (size_t i = 0; i < KB_ARRAY_SIZE(tests); i++) {
		_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;

		cr_assert_eq(kb_match_rule_parse(tests[i].rule, &rule), 0);
		cr_expect_eq(kb_match_rule_test(rule, m), tests[i].matches,
			     "%s", tests[i].rule);
	}
}

Test(match_rule, prefixes_of_paths_go_both_ways)
{
	static const struct {
		const char *rule, *arg;
		int matches;
	} cases[] = {
		{ "/aa/bb/", "/", 1 }, { "/aa/bb/", "/aa/", 1 },
		{ "/aa/bb/", "/aa/bb/", 1 }, { "/aa/bb/", "/aa/bb/cc/", 1 },
		{ "/aa/bb/", "/aa/bb/cc", 1 }, { "/aa/bb/", "/aa/b", 0 },
		{ "/aa/bb/", "/aa", 0 }, { "/aa/bb/", "/aa/bb", 0 },
		{ "/aa", "/aa/", 0 }, { "/aa", "/", 1 }, { "", "", 1 },
		{ "", "/", 0 },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
		char text[64];

		snprintf(text, sizeof(text), "arg0path='%s'", cases[i].rule);
		cr_assert_eq(kb_match_rule_parse(text, &rule), 0);
		cr_assert_eq(kb_message_new_signal("/", "a.b", "C", &m), 0);
		kb_message_append(m, "s", cases[i].arg);
		cr_assert_eq(kb_message_seal(m), 0);
		cr_expect_eq(kb_match_rule_test(rule, m), cases[i].matches,
			     "%s %s", cases[i].rule, cases[i].arg);
	}
}

Test(match_rule, addresses_of_unicast_match_in_every_form)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	static const char *const yes[] = {
		"destination=':1.9'", "destination='a.name'",
		"sender='" KB_DRIVER_NAME "'", "sender=':1.3'",
	};

	cr_assert_eq(kb_message_new_signal("/", "a.b", "C", &m), 0);
	kb_message_set(m, KB_FIELD_DESTINATION, "a.name");
	kb_message_set(m, KB_FIELD_SENDER, KB_DRIVER_NAME);
	m->src_id = 3;
	m->dst_id = 9;
	for (size_t i = 0; i < KB_ARRAY_SIZE(yes); i++) {
		_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;

		cr_assert_eq(kb_match_rule_parse(yes[i], &rule), 0);
		cr_expect_eq(kb_match_rule_test(rule, m), 1, "%s", yes[i]);
	}
}

Test(match_rule, a_broken_body_is_an_error)
{
	_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;

	cr_assert_eq(kb_match_rule_parse("arg0=x", &rule), 0);
	cr_assert_eq(kb_message_new_signal("/", "a.b", "C", &m), 0);
	m->signature = "s";
	m->body = (const uint8_t *)"xxx";
	m->body_size = 3;
	cr_expect_eq(kb_match_rule_test(rule, m), -EBADMSG);
}

/* Whoever has many rules would have it walked once for each. */
Test(match_rule, what_is_in_front_of_an_argument_is_walked_once)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	const size_t n = 400000;
	char **v = calloc(n + 1, sizeof(*v));

	alarm(20);
	for (size_t i = 0; i < n; i++)
		v[i] = (char *)"";
	cr_assert_eq(kb_message_new_signal("/a", "a.b", "C", &m), 0);
	cr_assert_eq(kb_message_append(m, "asus", v, 7, "y"), 0);
	cr_assert_eq(kb_message_seal(m), 0);
	for (int i = 0; i < 2000; i++) {
		_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
		char text[32];

		snprintf(text, sizeof(text), "arg2='y%.0d'", i % 100);
		cr_assert_eq(kb_match_rule_parse(text, &rule), 0, "%s", text);
		cr_assert_eq(kb_match_rule_test(rule, m), i % 100 == 0, "%s", text);
		/* the strings are where the body is */
		if (i == 1000)
			cr_assert_eq(kb_message_detach(m), 0);
	}
	free(v);
}
