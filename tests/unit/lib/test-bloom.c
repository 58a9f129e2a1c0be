// SPDX-License-Identifier: LGPL-2.1-or-later
/* Bloom filters: the bits everybody on the bus has to agree about. */
#include <unistd.h>

#include "lib/bloom.h"
#include "lib/match-rule.h"
#include "lib/message.h"
#include "lib/siphash.h"
#include "tests/unit/lib/util.h"

static const struct kdbus_bloom_parameter usual = { .size = 64, .n_hash = 8 };

static const struct {
	const char *key;
	const char *value;
	unsigned int bits[8];
} vectors[] = {
	{ "message-type", "signal",
	  { 388, 108, 102, 383, 132, 138, 312, 309 } },
	{ "interface", "org.freedesktop.DBus",
	  { 419, 384, 90, 1, 317, 249, 417, 474 } },
	{ "member", "NameOwnerChanged",
	  { 289, 108, 414, 301, 234, 125, 244, 433 } },
	{ "path", "/org/freedesktop/DBus",
	  { 281, 246, 377, 301, 215, 27, 143, 494 } },
	{ "path-slash-prefix", "/",
	  { 163, 298, 112, 257, 171, 260, 48, 403 } },
	{ "arg0", "org.example.Test",
	  { 62, 42, 42, 285, 235, 435, 416, 73 } },
	{ "arg0-dot-prefix", "org.example",
	  { 228, 171, 358, 459, 291, 338, 158, 194 } },
};

Test(bloom, bits_are_the_known_ones)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(vectors); i++) {
		uint64_t filter[8] = {}, expected[8] = {};

		for (int j = 0; j < 8; j++)
			expected[vectors[i].bits[j] / 64] |=
				UINT64_C(1) << vectors[i].bits[j] % 64;
		kb_bloom_add(&usual, filter, vectors[i].key,
			     vectors[i].value);
		cr_expect_arr_eq(filter, expected, sizeof(filter), "%s",
				 vectors[i].key);
	}
}

Test(bloom, filters_of_strings_unite)
{
	static const char bytes[] =
		"02 00 00 00 00 00 00 00 00 00 00 04 40 10 00 20 "
		"10 04 00 00 00 00 00 00 00 00 00 00 00 04 10 02 "
		"00 00 00 00 02 20 20 21 00 00 00 00 00 00 00 80 "
		"11 00 00 40 0a 00 02 00 00 00 00 04 00 00 00 00";
	uint8_t expected[64];
	uint64_t filter[8] = {};

	test_unhex(bytes, expected, 64);
	for (int i = 0; i < 3; i++)
		kb_bloom_add(&usual, filter, vectors[i].key,
			     vectors[i].value);
	for (int i = 0; i < 64; i++)
		cr_expect_eq(filter[i / 8] >> i % 8 * 8 & 0xff, expected[i]);
}

static bool has_bit(const uint64_t *filter, unsigned int bit)
{
	return filter[bit / 64] >> bit % 64 & 1;
}

Test(bloom, other_parameters_cut_other_indices)
{
	struct kdbus_bloom_parameter small = { .size = 8, .n_hash = 1 };
	struct kdbus_bloom_parameter large = { .size = 4096, .n_hash = 2 };
	uint64_t filter[512] = {};

	kb_bloom_add(&small, filter, "message-type", "signal");
	cr_expect_eq(filter[0], UINT64_C(1) << 43);
	filter[0] = 0;
	kb_bloom_add(&large, filter, "message-type", "signal");
	cr_expect(has_bit(filter, 27524));
	cr_expect(has_bit(filter, 31340));
}

Test(bloom, parameters_nobody_can_serve_are_refused)
{
	static const struct {
		uint64_t size, n_hash;
		bool supported;
	} cases[] = {
		{ 64, 8, true }, { 8, 64, true }, { 64, 32, true },
		{ 64, 33, false }, { 4096, 32, true }, { 8, 65, false },
		{ 0, 8, false }, { 63, 8, false }, { 8192, 8, false },
		{ 64, 0, false }, { 64, UINT64_MAX, false }, { 24, 8, true },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		struct kdbus_bloom_parameter p = {
			.size = cases[i].size,
			.n_hash = cases[i].n_hash,
		};

		cr_expect_eq(kb_bloom_is_supported(&p), cases[i].supported,
			     "%zu", i);
	}
}

Test(bloom, prefixes_are_those_of_the_definition)
{
	static const struct {
		const char *value;
		char separator;
		const char *prefixes[8];
	} cases[] = {
		{ "/a/b", '/', { "/a/b", "/a/", "/a", "/" } },
		{ "a.b.c", '.', { "a.b.c", "a.b.", "a.b", "a.", "a" } },
		{ "abc", '.', { "abc" } },
		{ "/", '/', { "/" } },
		{ "a.", '.', { "a.", "a" } },
		{ "", '.', { "" } },
		{ "//", '/', { "//", "/" } },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		uint64_t filter[8] = {}, expected[8] = {};

		for (int j = 0; j < 8 && cases[i].prefixes[j]; j++)
			kb_bloom_add(&usual, expected, "arg0-x",
				     cases[i].prefixes[j]);
		kb_bloom_add_prefixes(&usual, filter, "arg0-x",
				      cases[i].value, cases[i].separator);
		cr_expect_arr_eq(filter, expected, 64, "%s", cases[i].value);
	}
}

static char *new_slashes(size_t n)
{
	char *path = malloc(n + 1);

	memset(path, '/', n);
	path[n] = '\0';
	return path;
}

/* One after the other, and nobody else has a turn until all are hashed. */
Test(bloom, many_millions_of_slashes_take_no_time)
{
	char *path = new_slashes(32 << 20);

	alarm(20);
	for (int i = 0; i < 16; i++) {
		uint64_t filter[8] = {};

		kb_bloom_add_prefixes(&usual, filter, "arg0-slash-prefix", path,
				      '/');
	}
	free(path);
}

Test(bloom, a_filter_becomes_full_bit_by_bit)
{
	for (size_t n = 1; n < 1000; n++) {
		uint64_t filter[8] = {}, expected[8] = {};
		char *path = new_slashes(n);

		kb_bloom_add_prefixes(&usual, filter, "x", path, '/');
		for (size_t i = n; i > 0; i--) {
			path[i] = '\0';
			kb_bloom_add(&usual, expected, "x", path);
		}
		cr_assert_arr_eq(filter, expected, 64, "%zu", n);
		free(path);
	}
}

Test(bloom, a_signal_has_all_its_strings)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	static const char *const contained[][2] = {
		{ "message-type", "signal" }, { "interface", "a.b" },
		{ "member", "C" }, { "path", "/x/y" },
		{ "path-slash-prefix", "/x/y" }, { "path-slash-prefix", "/x" },
		{ "path-slash-prefix", "/x/" }, { "path-slash-prefix", "/" },
		{ "arg0", "o.p.q" }, { "arg0-dot-prefix", "o.p" },
		{ "arg0-slash-prefix", "o.p.q" }, { "arg2-has", "one" },
		{ "arg2-has", "two" }, { "arg3", "behind" },
	};
	char *strv[] = { "one", "two", NULL };
	uint64_t filter[8] = {}, mask[8];

	cr_assert_eq(kb_message_new_signal("/x/y", "a.b", "C", &m), 0);
	cr_assert_eq(kb_message_append(m, "suass", "o.p.q", 7, strv,
				       "behind"), 0);
	cr_assert_eq(kb_message_seal(m), 0);
	cr_assert_eq(kb_bloom_add_message(&usual, filter, m), 0);

	for (size_t i = 0; i < KB_ARRAY_SIZE(contained); i++) {
		memset(mask, 0, sizeof(mask));
		kb_bloom_add(&usual, mask, contained[i][0], contained[i][1]);
		for (int j = 0; j < 8; j++)
			cr_expect_eq(filter[j] & mask[j], mask[j], "%s:%s",
				     contained[i][0], contained[i][1]);
	}
	memset(mask, 0, sizeof(mask));
	kb_bloom_add(&usual, mask, "arg4", "absent");
	cr_expect((filter[0] & mask[0]) != mask[0] ||
		  (filter[1] & mask[1]) != mask[1] ||
		  (filter[2] & mask[2]) != mask[2] ||
		  (filter[3] & mask[3]) != mask[3]);
}
