// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values of D-Bus from words of the command line. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>

#include "ctl/args.h"

/* Words separated by commas; the body as kb_value_print() tells it, or "!". */
static char *append(const char *signature, const char *words)
{
	static char out[1024];
	struct kb_message *m = NULL;
	struct kb_reader reader;
	struct ctl ctl = {};
	char *copy = strdup(words), *argv[32];
	int argc = 0;
	FILE *file;

	for (char *s = copy, *word; *words && (word = strsep(&s, ","));)
		argv[argc++] = word;
	cr_assert_eq(kb_message_new(KB_METHOD_CALL, &m), 0);
	strcpy(out, "!");
	if (args_append(&ctl, m, signature, argv, argc) == 0) {
		cr_assert_eq(kb_message_seal(m), 0);
		cr_assert_eq(kb_message_reader(m, &reader), 0);
		file = fmemopen(out, sizeof(out), "w");
		kb_value_print(&reader, file);
		fclose(file);
		kb_reader_deinit(&reader);
	}
	kb_message_unref(m);
	free(copy);
	return out;
}

static const struct {
	const char *signature, *words, *result;
} cases[] = {
	{ "s", "x", "s \"x\"" },
	{ "ybnq", "255,yes,-32768,65535", "ybnq 255 true -32768 65535" },
	{ "iux", "-1,4294967295,-9223372036854775808",
	  "iux -1 4294967295 -9223372036854775808" },
	{ "t", "18446744073709551615", "t 18446744073709551615" },
	{ "t", "0x10", "t 16" },
	{ "d", "-1.5", "d -1.5" },
	{ "og", "/a,as", "og \"/a\" \"as\"" },
	{ "as", "0", "as 0" },
	{ "as", "2,x,y", "as 2 \"x\" \"y\"" },
	{ "aas", "2,1,x,0", "aas 2 1 \"x\" 0" },
	{ "(su)", "x,5", "(su) \"x\" 5" },
	{ "a(su)", "1,x,5", "a(su) 1 \"x\" 5" },
	{ "a{sv}", "2,a,u,5,b,as,1,z", "a{sv} 2 \"a\" u 5 \"b\" as 1 \"z\"" },
	{ "v", "v,s,x", "v v s \"x\"" },
	{ "v", "(sa{ss}),x,1,k,l", "v (sa{ss}) \"x\" 1 \"k\" \"l\"" },
	{ "y", "256", "!" },
	{ "y", "-1", "!" },
	{ "y", "", "!" },
	{ "y", "1x", "!" },
	{ "y", "+1", "!" },
	{ "n", "32768", "!" },
	{ "i", "2147483648", "!" },
	{ "i", "-2147483649", "!" },
	{ "t", "18446744073709551616", "!" },
	{ "b", "maybe", "!" },
	{ "d", "x", "!" },
	{ "o", "x", "!" },
	{ "g", "(", "!" },
	{ "s", "\xff", "!" },
	{ "h", "0", "!" },
	{ "as", "2,x", "!" },
	{ "as", "1,x,y", "!" },
	{ "as", "x", "!" },
	{ "as", "4294967295", "!" },
	{ "v", "ss,x,y", "!" },
	{ "v", "", "!" },
	{ "ss", "x", "!" },
	{ "(", "x", "!" },
	{ "{sv}", "x", "!" },
};

Test(args, words_become_values)
{
	/* what it says about wrong ones is not the matter here */
	cr_redirect_stderr();
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(append(cases[i].signature, cases[i].words),
				 cases[i].result, "%s %s", cases[i].signature,
				 cases[i].words);
}
