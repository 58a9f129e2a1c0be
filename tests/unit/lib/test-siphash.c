// SPDX-License-Identifier: LGPL-2.1-or-later
/* SipHash-2-4 against the vectors of its paper. */
#include <criterion/criterion.h>

#include "lib/siphash.h"

/* Key 00 01 … 0f, message 00 01 … of the given length. */
static const struct {
	size_t size;
	uint64_t hash;
} vectors[] = {
	{ 0, UINT64_C(0x726fdb47dd0e0e31) },
	{ 1, UINT64_C(0x74f839c593dc67fd) },
	{ 8, UINT64_C(0x93f5f5799a932462) },
	{ 15, UINT64_C(0xa129ca6149be45e5) },
	{ 63, UINT64_C(0x958a324ceb064572) },
};

static uint8_t key[16], message[64];

static void fill(void)
{
	for (int i = 0; i < 64; i++)
		message[i] = i;
	for (int i = 0; i < 16; i++)
		key[i] = i;
}

Test(siphash, has_the_published_values, .init = fill)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		cr_expect_eq(kb_siphash24(message, vectors[i].size, key),
			     vectors[i].hash, "%zu", vectors[i].size);
}

Test(siphash, pieces_make_the_whole, .init = fill)
{
	for (size_t a = 0; a <= 63; a++)
		for (size_t b = a; b <= 63; b++) {
			struct kb_siphash state, half;

			kb_siphash_init(&state, key);
			kb_siphash_feed(&state, message, a);
			kb_siphash_feed(&state, message + a, b - a);
			half = state;
			cr_assert_eq(kb_siphash_finish(&half),
				     kb_siphash24(message, b, key));
			kb_siphash_feed(&state, message + b, 63 - b);
			cr_assert_eq(kb_siphash_finish(&state),
				     UINT64_C(0x958a324ceb064572));
		}
}
