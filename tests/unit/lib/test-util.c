// SPDX-License-Identifier: LGPL-2.1-or-later
/* Small helpers: UTF-8, numbers, the buffer. */
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "lib/util.h"

static const struct {
	const char *text;
	bool valid;
} utf8[] = {
	{ "", true },
	{ "plain ascii of more than eight bytes", true },
	{ "\x7f", true },
	{ "\xc2\x80", true },
	{ "\xc0\x80", false },
	{ "\xc1\xbf", false },
	{ "\xdf\xbf", true },
	{ "\xe0\xa0\x80", true },
	{ "\xe0\x9f\xbf", false },
	{ "\xed\x9f\xbf", true },
	{ "\xed\xa0\x80", false },
	{ "\xef\xbf\xbf", true },
	{ "\xf0\x90\x80\x80", true },
	{ "\xf0\x8f\xbf\xbf", false },
	{ "\xf4\x8f\xbf\xbf", true },
	{ "\xf4\x90\x80\x80", false },
	{ "\xf5\x80\x80\x80", false },
	{ "\x80", false },
	{ "\xff", false },
	{ "12345678\xc3\xa9" "12345678", true },
	{ "1234567\xc3", false },
	{ "\xc3", false },
	{ "\xe2\x82", false },
	{ "\xc3(", false },
	{ "12345678901234567890123\x80", false },
};

Test(util, utf8_is_strict)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(utf8); i++) {
		size_t n = strlen(utf8[i].text);
		char *exact = malloc(n ?: 1);

		memcpy(exact, utf8[i].text, n);
		cr_expect_eq(kb_utf8_is_valid(exact, n), utf8[i].valid,
			     "case %zu", i);
		free(exact);
	}
}

Test(util, characters_follow_each_other)
{
	const char *s = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x9b";

	for (size_t n = 1; n <= 4; n++) {
		cr_expect_eq(kb_utf8_next(s), n);
		s += n;
	}
	cr_expect_eq(kb_utf8_next(s), 0);
	cr_expect_eq(kb_utf8_next(""), 0);
	cr_expect_eq(kb_utf8_next("\xe2\x82"), 0);
}

Test(util, nul_is_found_wherever_it_stands)
{
	for (size_t n = 1; n < 40; n++)
		for (size_t at = 0; at < n; at++) {
			char *text = malloc(n);

			memset(text, 'x', n);
			cr_expect(kb_utf8_is_valid(text, n));
			text[at] = 0;
			cr_expect_not(kb_utf8_is_valid(text, n));
			text[at] = '\x01';
			cr_expect(kb_utf8_is_valid(text, n));
			free(text);
		}
}

Test(util, booleans_are_those_of_systemd)
{
	static const char *const words[] = { "no", "yes", "F", "T", "Off", "ON", "0", "1" };
	bool yes = false;

	for (size_t i = 0; i < KB_ARRAY_SIZE(words); i++) {
		cr_expect_eq(kb_parse_bool(words[i], &yes), 0, "%s", words[i]);
		cr_expect_eq(yes, i % 2, "%s", words[i]);
	}
	cr_expect_eq(kb_parse_bool("", &yes), -EINVAL);
	cr_expect_eq(kb_parse_bool("2", &yes), -EINVAL);
}

Test(util, numbers_are_canonical)
{
	uint64_t value = 7;

	cr_expect_eq(kb_parse_u64("0", &value), 0);
	cr_expect_eq(value, 0);
	cr_expect_eq(kb_parse_u64("18446744073709551615", &value), 0);
	cr_expect_eq(value, UINT64_MAX);
	cr_expect_eq(kb_parse_u64("18446744073709551616", &value), -ERANGE);
	cr_expect_eq(kb_parse_u64("99999999999999999999999", &value), -ERANGE);
	cr_expect_eq(kb_parse_u64("", &value), -EINVAL);
	cr_expect_eq(kb_parse_u64("00", &value), -EINVAL);
	cr_expect_eq(kb_parse_u64("+1", &value), -EINVAL);
	cr_expect_eq(kb_parse_u64("1 ", &value), -EINVAL);
}

Test(util, buffer_grows_and_keeps)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {};

	for (unsigned int i = 0; i < 10000; i++)
		cr_assert_eq(kb_buffer_append(&buffer, &i, sizeof(i)), 0);
	for (unsigned int i = 0; i < 10000; i++)
		cr_assert_eq(((unsigned int *)buffer.data)[i], i);
	cr_expect_eq(kb_buffer_reserve(&buffer, SIZE_MAX), -ENOMEM);
	cr_expect_eq(buffer.size, 40000);

	buffer.size = 3;
	cr_expect_eq(kb_buffer_align(&buffer, 8), 0);
	cr_expect_eq(buffer.size, 8);
	buffer.size = 0;
	cr_expect_eq(kb_buffer_printf(&buffer, "%s-%d", "a", 7), 0);
	cr_expect_eq(buffer.size, 3);
	cr_expect_arr_eq(buffer.data, "a-7", 3);
}

Test(util, a_descriptor_is_read_to_its_end_or_to_the_limit)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {}, small = {};
	static char text[20000];
	int fds[2];

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(pipe(fds), 0);
		cr_assert_eq(write(fds[1], text, sizeof(text)), (ssize_t)sizeof(text));
		close(fds[1]);
		cr_expect_eq(kb_buffer_read(i ? &small : &buffer, fds[0], sizeof(text) - i), i ? -EFBIG : 0);
		close(fds[0]);
	}
	cr_expect_arr_eq(buffer.data, text, sizeof(text));
	cr_expect_eq(buffer.size, sizeof(text));
	cr_expect_eq(kb_buffer_read(&buffer, -1, SIZE_MAX), -EBADF);
}
