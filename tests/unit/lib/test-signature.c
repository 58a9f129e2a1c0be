// SPDX-License-Identifier: LGPL-2.1-or-later
/* Signatures: which are valid, and how their types are measured. */
#include <criterion/criterion.h>

#include "lib/signature.h"
#include "lib/util.h"

static const char *const valid[] = {
	"", "y", "b", "n", "q", "i", "u", "x", "t", "d", "s", "o", "g", "h",
	"v", "as", "aas", "a{sv}", "a{yv}", "a{sa{sv}}", "(i)", "(iis)",
	"((s)(s))", "a(ss)", "sus", "aaaaaaaay", "a{s(iv)}", "vvv",
};

static const char *const invalid[] = {
	"a", "(", ")", "{", "}", "()", "(()", "a()", "{sv}", "a{", "a{s}",
	"a{svs}", "a{vs}", "a{(s)s}", "a{ass}", "(s", "s)", "a{sv", "a}",
	"z", "m", "my", "r", "e", "*", "a{sv)", "(a)", "a(s}", "\xff", "A",
	"(a{sv}", "{", "a{}",
};

Test(signature, only_complete_types_are_valid)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(valid); i++)
		cr_expect(kb_signature_is_valid(valid[i], strlen(valid[i])),
			  "%s", valid[i]);
	for (size_t i = 0; i < KB_ARRAY_SIZE(invalid); i++)
		cr_expect_not(kb_signature_is_valid(invalid[i],
						    strlen(invalid[i])),
			      "%s", invalid[i]);
}

Test(signature, single_is_exactly_one)
{
	cr_expect(kb_signature_is_single("a{sv}", 5));
	cr_expect(kb_signature_is_single("(si)", 4));
	cr_expect_not(kb_signature_is_single("", 0));
	cr_expect_not(kb_signature_is_single("ss", 2));
	cr_expect_not(kb_signature_is_single("a{sv}s", 6));
}

Test(signature, next_is_the_first_type)
{
	cr_expect_eq(kb_signature_next("a{sv}s"), 5);
	cr_expect_eq(kb_signature_next("(i(s))u"), 6);
	cr_expect_eq(kb_signature_next("aai"), 3);
	cr_expect_eq(kb_signature_next("s"), 1);
	cr_expect_lt(kb_signature_next("a"), 0);
	cr_expect_lt(kb_signature_next("(s"), 0);
	cr_expect_lt(kb_signature_next(")"), 0);
	cr_expect_lt(kb_signature_next("{sv}"), 0);
}

Test(signature, length_ends_at_255)
{
	char text[300];

	memset(text, 'y', sizeof(text));
	cr_expect(kb_signature_is_valid(text, 255));
	cr_expect_not(kb_signature_is_valid(text, 256));
}

/* @open times @n, then "y", then @close times @n. */
static bool nested(const char *open, const char *close, unsigned int n)
{
	char text[300] = "";

	for (unsigned int i = 0; i < n; i++)
		strcat(text, open);
	strcat(text, "y");
	for (unsigned int i = 0; i < n; i++)
		strcat(text, close);
	return kb_signature_is_valid(text, strlen(text));
}

Test(signature, nesting_ends_at_32_of_a_kind)
{
	cr_expect(nested("a", "", 32));
	cr_expect_not(nested("a", "", 33));
	cr_expect(nested("(", ")", 32));
	cr_expect_not(nested("(", ")", 33));
	cr_expect(nested("a(", ")", 32));
	cr_expect_not(nested("a(", ")", 33));
	cr_expect(nested("a{y", "}", 32));
	cr_expect_not(nested("a{y", "}", 33));
}

Test(signature, types_are_measured)
{
	static const struct {
		const char *signature;
		uint8_t alignment;
		uint16_t size;
		uint8_t n_offsets;
	} cases[] = {
		{ "", 1, 1, 0 },
		{ "y", 1, 1, 0 },
		{ "yu", 4, 8, 0 },
		{ "uy", 4, 8, 0 },
		{ "qy", 2, 4, 0 },
		{ "yt", 8, 16, 0 },
		{ "s", 1, 0, 0 },
		{ "su", 4, 0, 1 },
		{ "us", 4, 0, 0 },
		{ "sss", 1, 0, 2 },
		{ "v", 8, 0, 0 },
		{ "ay", 1, 0, 0 },
		{ "aty", 8, 0, 1 },
		{ "((yy)u)", 4, 8, 0 },
		{ "a{sv}s", 8, 0, 1 },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		struct kb_type types[32], all;
		const char *s = cases[i].signature;

		cr_assert_eq(kb_signature_compile(s, strlen(s), types, &all),
			     0);
		cr_expect_eq(all.alignment, cases[i].alignment, "%s", s);
		cr_expect_eq(all.size, cases[i].size, "%s", s);
		cr_expect_eq(all.n_offsets, cases[i].n_offsets, "%s", s);
	}
}

Test(signature, the_table_knows_where_types_end)
{
	struct kb_type types[16];

	cr_assert_eq(kb_signature_compile("a{s(iv)}y", 9, types, NULL), 0);
	cr_expect_eq(types[0].length, 8);
	cr_expect_eq(types[1].length, 7);
	cr_expect_eq(types[2].length, 1);
	cr_expect_eq(types[3].length, 4);
	cr_expect_eq(types[6].code, ')');
	cr_expect_eq(types[7].code, '}');
	cr_expect_eq(types[8].length, 1);
}

/* Short ones are remembered, long ones are not: with so much behind it, a
 * signature is compiled anew. */
#define BEHIND "yyyyyyyyyyyyyyyy"

Test(signature, what_is_remembered_is_what_was_compiled)
{
	static const char letters[] = "ysuvaa(){}";
	unsigned int seed = 1, n_valid = 0;

	/* far more than there is room for, and each of them twice */
	for (unsigned int i = 0; i < 200000; i++) {
		struct kb_type types[16], again[16], fresh[64], all, all_again;
		char text[64] = "";
		size_t length = 1 + rand_r(&seed) % 8;
		int r;

		for (size_t j = 0; j < length; j++)
			text[j] = letters[rand_r(&seed) % strlen(letters)];
		r = kb_signature_compile(text, length, types, &all);
		cr_assert_eq(kb_signature_compile(text, length, again,
						  &all_again), r, "%s", text);
		if (r < 0)
			continue;
		n_valid++;
		strcat(text, BEHIND);
		cr_assert_eq(kb_signature_compile(text, strlen(text), fresh,
						  NULL), 0, "%s", text);
		cr_assert_eq(memcmp(types, fresh, length * sizeof(*types)), 0,
			     "%s", text);
		cr_assert_eq(memcmp(again, fresh, length * sizeof(*types)), 0,
			     "%s", text);
		cr_assert_eq(memcmp(&all, &all_again, sizeof(all)), 0, "%s",
			     text);
	}
	cr_expect_gt(n_valid, 10000);
}
