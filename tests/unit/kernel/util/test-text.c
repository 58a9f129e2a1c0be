// SPDX-License-Identifier: LGPL-2.1-or-later
/* The grammar of names: a table, every character, and a second reading. */
#include <criterion/criterion.h>
#include <regex.h>
#include <stdlib.h>

#include <linux/err.h>

#include "tests/unit/kernel/items.h"
#include "util/text.h"

static const struct {
	const char *name;
	bool plain;
	bool wildcard;		/* where wildcards are allowed */
} names[] = {
	{ "a.b", true, true },
	{ "org.freedesktop.DBus", true, true },
	{ "A_1.Z_9-x", true, true },
	{ "-a.-", true, true },
	{ "_._", true, true },
	{ "a.b-1", true, true },
	{ "", false, false },
	{ ".", false, false },
	{ "..", false, false },
	{ "foo", false, false },
	{ ".a.b", false, false },
	{ "a..b", false, false },
	{ "a.b.", false, false },
	{ "a.1b", false, false },
	{ "1a.b", false, false },
	{ "a.b c", false, false },
	{ "a.b/c", false, false },
	{ "a.b\n", false, false },
	{ ":1.5", false, false },
	{ "a.\xe9", false, false },
	{ "\xc0.b", false, false },
	{ "foo.*", false, true },
	{ "foo.bl.*", false, true },
	{ "*", false, false },
	{ ".*", false, false },
	{ "*.*", false, false },
	{ "*.a", false, false },
	{ "a.*.b", false, false },
	{ "a.*b", false, false },
	{ "a.b*", false, false },
	{ "a.**", false, false },
	{ "a.*.", false, false },
	{ "a..*", false, false },
	{ "1.*", false, false },
};

/* the bytes alone, so that looking behind them is found */
static bool name_is_valid(const char *text, bool wildcard)
{
	char *copy = strdup(text);
	bool valid = kdbus_name_is_valid(copy, wildcard);

	free(copy);
	return valid;
}

static int sysname_check(const char *text, size_t size)
{
	char *copy = calloc(1, size ?: 1);
	int r;

	memcpy(copy, text, size);
	r = kdbus_sysname_check(copy, size);
	free(copy);
	return r;
}

ShimTest(text, names_are_those_of_the_table)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cr_expect_eq(name_is_valid(names[i].name, false),
			     names[i].plain, "\"%s\"", names[i].name);
		cr_expect_eq(name_is_valid(names[i].name, true),
			     names[i].wildcard, "\"%s\" or wildcard",
			     names[i].name);
	}
}

ShimTest(text, a_name_has_at_most_255_characters)
{
	for (size_t n = 3; n < 300; n++) {
		char plain[301] = "a.", wildcard[301] = "a.";

		memset(plain + 2, 'b', n - 2);
		memset(wildcard + 2, 'b', n - 2);
		memcpy(wildcard + n - 2, ".*", 2);
		cr_expect_eq(name_is_valid(plain, false), n <= 255, "%zu", n);
		cr_expect_eq(name_is_valid(plain, true), n <= 255, "%zu", n);
		if (n >= 5)
			cr_expect_eq(name_is_valid(wildcard, true), n <= 255,
				     "wildcard of %zu", n);
		cr_expect_not(name_is_valid(wildcard, false));
	}
}

ShimTest(text, an_element_is_of_ascii_letters_digits_and_two_more)
{
	for (int c = 1; c < 256; c++) {
		bool letter = strchr("abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-", c);
		bool digit = strchr("0123456789", c);
		char first[] = { 'a', '.', c, 'x', 0 };
		char later[] = { 'x', c, 'x', '.', 'y', c, 0 };

		cr_expect_eq(name_is_valid(first, false), letter, "%d", c);
		if (c != '.')
			cr_expect_eq(name_is_valid(later, false),
				     letter || digit, "%d", c);
	}
}

static void compile(regex_t *out, const char *pattern)
{
	cr_assert_eq(regcomp(out, pattern, REG_EXTENDED | REG_NOSUB), 0);
}

static bool is_like(const char *text, const regex_t *regex)
{
	return !regexec(regex, text, 0, NULL, 0);
}

static void random_text(char *out, size_t max, const char *alphabet)
{
	size_t n = test_next(max), size = strlen(alphabet);

	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[test_next(size)];
	out[n] = 0;
}

ShimTest(text, random_names_are_judged_like_by_a_regular_expression)
{
	unsigned int n_plain = 0, n_wildcard = 0;
	regex_t plain, wildcard;
	char text[16];

	compile(&plain,
		"^[A-Za-z_-][A-Za-z0-9_-]*(\\.[A-Za-z_-][A-Za-z0-9_-]*)+$");
	compile(&wildcard,
		"^[A-Za-z_-][A-Za-z0-9_-]*(\\.[A-Za-z_-][A-Za-z0-9_-]*)*\\.\\*$");
	for (int i = 0; i < 5000; i++) {
		bool is_plain, is_wildcard;

		random_text(text, 8, "aZ_-.1.*b");
		is_plain = is_like(text, &plain);
		is_wildcard = is_like(text, &wildcard);
		n_plain += is_plain;
		n_wildcard += is_wildcard;
		cr_assert_eq(name_is_valid(text, false), is_plain, "%s", text);
		cr_assert_eq(name_is_valid(text, true), is_plain || is_wildcard,
			     "%s", text);
		if (is_plain || is_wildcard)
			cr_assert_eq(kdbus_name_is_wildcard(text), is_wildcard,
				     "%s", text);
	}
	cr_expect_gt(n_plain, 200);
	cr_expect_gt(n_wildcard, 10);
	regfree(&plain);
	regfree(&wildcard);
}

static const struct {
	const char *name;
	int result;
} sysnames[] = {
	{ "a", 0 },
	{ "0", 0 },
	{ "_", 0 },
	{ "0-system", 0 },
	{ "1000-user", 0 },
	{ "a.-.b", 0 },
	{ "a--b..c", 0 },
	{ "-", -EINVAL },
	{ ".", -EINVAL },
	{ "-a", -EINVAL },
	{ "a-", -EINVAL },
	{ ".a", -EINVAL },
	{ "a.", -EINVAL },
	{ "foo bar", -EINVAL },
	{ "a/b", -EINVAL },
	{ "a:b", -EINVAL },
	{ "\xe4", -EINVAL },
	{ "a\xff" "b", -EINVAL },
};

ShimTest(text, system_names_are_those_of_the_table)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysnames); i++)
		cr_expect_eq(sysname_check(sysnames[i].name,
					   strlen(sysnames[i].name) + 1),
			     sysnames[i].result, "\"%s\"", sysnames[i].name);
}

ShimTest(text, a_system_name_has_1_to_63_characters_and_one_nul_at_its_end)
{
	char text[128];

	memset(text, 'a', sizeof(text));
	cr_expect_eq(sysname_check("", 0), -EINVAL);
	cr_expect_eq(sysname_check("", 1), -EINVAL);
	cr_expect_eq(sysname_check("ab", 2), -EINVAL, "no NUL");
	cr_expect_eq(sysname_check("a\0b", 4), -EINVAL, "NUL inside");
	cr_expect_eq(sysname_check("a\0", 3), -EINVAL, "two NULs");
	cr_expect_eq(sysname_check("\0", 2), -EINVAL);
	for (size_t n = 1; n < 100; n++) {
		text[n] = 0;
		cr_expect_eq(sysname_check(text, n + 1),
			     n > 63 ? -ENAMETOOLONG : 0, "%zu", n);
		text[n] = 'a';
	}
	cr_expect_eq(sysname_check(text, 64), -EINVAL, "63 and no NUL");
	cr_expect_eq(sysname_check(text, 65), -ENAMETOOLONG);
}

ShimTest(text, random_system_names_are_judged_like_by_a_regular_expression)
{
	regex_t regex;
	char text[16];

	compile(&regex, "^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$");
	for (int i = 0; i < 5000; i++) {
		random_text(text, 6, "aZ_-.1 ");
		cr_assert_eq(sysname_check(text, strlen(text) + 1),
			     is_like(text, &regex) ? 0 : -EINVAL, "%s", text);
	}
	regfree(&regex);
}
