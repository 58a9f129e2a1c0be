// SPDX-License-Identifier: LGPL-2.1-or-later
/* The grammars of names and paths. */
#include <criterion/criterion.h>

#include "lib/name.h"
#include "lib/util.h"

enum {
	WELL_KNOWN	= 1,
	UNIQUE		= 2,
	NAMESPACE	= 4,
	INTERFACE	= 8,
	MEMBER		= 16,
	PATH		= 32,
};

static const struct {
	const char *text;
	unsigned int is;
} cases[] = {
	{ "", 0 },
	{ ".", 0 },
	{ "a", NAMESPACE | MEMBER },
	{ "a.b", WELL_KNOWN | NAMESPACE | INTERFACE },
	{ "org.example.Foo", WELL_KNOWN | NAMESPACE | INTERFACE },
	{ "a-b.c", WELL_KNOWN | NAMESPACE },
	{ "-a.-b", WELL_KNOWN | NAMESPACE },
	{ "a.1b", 0 },
	{ "1a.b", 0 },
	{ "a..b", 0 },
	{ ".a.b", 0 },
	{ "a.b.", 0 },
	{ "a.b.*", 0 },
	{ "_a._b", WELL_KNOWN | NAMESPACE | INTERFACE },
	{ ":1.42", UNIQUE | NAMESPACE },
	{ ":1", UNIQUE | NAMESPACE },
	{ ":", UNIQUE | NAMESPACE },
	{ ":.a", UNIQUE | NAMESPACE },
	{ ":1.", 0 },
	{ ":1.2.", 0 },
	{ ":/", 0 },
	{ ":a.b-c", UNIQUE | NAMESPACE },
	{ ":1..2", 0 },
	{ "Foo_1", NAMESPACE | MEMBER },
	{ "1Foo", 0 },
	{ "Foo-1", NAMESPACE },
	{ "a b", 0 },
	{ "\xc3\xa9.b", 0 },
	{ "/", PATH },
	{ "/a", PATH },
	{ "/a/b_1/2", PATH },
	{ "//", 0 },
	{ "/a/", 0 },
	{ "/a//b", 0 },
	{ "/a-b", 0 },
	{ "/a.b", 0 },
	{ "a/b", 0 },
};

Test(name, each_grammar_takes_its_own)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		const char *s = cases[i].text;
		unsigned int is = 0;

		is |= kb_name_is_well_known(s) ? WELL_KNOWN : 0;
		is |= kb_name_is_unique(s) ? UNIQUE : 0;
		is |= kb_name_is_namespace(s) ? NAMESPACE : 0;
		is |= kb_interface_is_valid(s) ? INTERFACE : 0;
		is |= kb_member_is_valid(s) ? MEMBER : 0;
		is |= kb_path_is_valid(s) ? PATH : 0;
		cr_expect_eq(is, cases[i].is, "%s: %u", s, is);
		cr_expect_eq(kb_name_is_valid(s),
			     !!(is & (WELL_KNOWN | UNIQUE)));
		cr_expect_eq(kb_error_name_is_valid(s), !!(is & INTERFACE));
	}
}

Test(name, length_ends_at_255)
{
	char text[300] = "a.";

	memset(text + 2, 'x', 253);
	cr_expect(kb_name_is_well_known(text));
	cr_expect(kb_interface_is_valid(text));
	text[255] = 'x';
	cr_expect_not(kb_name_is_well_known(text));
	cr_expect_not(kb_interface_is_valid(text));

	memset(text, 'x', 255);
	text[255] = 0;
	cr_expect(kb_member_is_valid(text));
	text[255] = 'x';
	text[256] = 0;
	cr_expect_not(kb_member_is_valid(text));

	strcpy(text, ":1.");
	memset(text + 3, '1', 252);
	text[255] = 0;
	cr_expect(kb_name_is_unique(text));
	strcat(text, "1");
	cr_expect_not(kb_name_is_unique(text));
}

Test(name, namespaces_end_at_an_element)
{
	cr_expect(kb_name_is_in_namespace("a.b", "a.b"));
	cr_expect(kb_name_is_in_namespace("a.b.c", "a.b"));
	cr_expect_not(kb_name_is_in_namespace("a.bc", "a.b"));
	cr_expect_not(kb_name_is_in_namespace("a", "a.b"));
	cr_expect(kb_path_is_in_namespace("/a/b", "/a"));
	cr_expect(kb_path_is_in_namespace("/a", "/a"));
	cr_expect(kb_path_is_in_namespace("/a", "/"));
	cr_expect(kb_path_is_in_namespace("/", "/"));
	cr_expect_not(kb_path_is_in_namespace("/ab", "/a"));
}

Test(name, unique_names_are_canonical)
{
	char text[KB_UNIQUE_NAME_SIZE];
	uint64_t id = 0;

	cr_expect_str_eq(kb_unique_name(UINT64_MAX, text),
			 ":1.18446744073709551615");
	cr_expect_eq(kb_unique_name_parse(text, &id), 0);
	cr_expect_eq(id, UINT64_MAX);
	cr_expect_eq(kb_unique_name_parse(":1.0", &id), 0);
	cr_expect_lt(kb_unique_name_parse(":1.01", &id), 0);
	cr_expect_lt(kb_unique_name_parse(":1.", &id), 0);
	cr_expect_lt(kb_unique_name_parse(":2.1", &id), 0);
	cr_expect_lt(kb_unique_name_parse(":1.-1", &id), 0);
	cr_expect_lt(kb_unique_name_parse(":1.1x", &id), 0);
	cr_expect_lt(kb_unique_name_parse(":1.18446744073709551616", &id), 0);
	cr_expect_lt(kb_unique_name_parse("a.b", &id), 0);
}
