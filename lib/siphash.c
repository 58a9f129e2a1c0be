// SPDX-License-Identifier: LGPL-2.1-or-later
/* SipHash-2-4, after the paper of Aumasson and Bernstein (2012). */
#include <string.h>

#include "lib/siphash.h"

static inline uint64_t rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline uint64_t load_le64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

/* Small, and called for every word of every name: worth its copies. */
static inline __attribute__((__always_inline__)) void
sip_round(struct kb_siphash *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct kb_siphash *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

void kb_siphash_init(struct kb_siphash *state, const uint8_t key[16])
{
	uint64_t k0 = load_le64(key), k1 = load_le64(key + 8);

	*state = (struct kb_siphash){
		.v0 = k0 ^ UINT64_C(0x736f6d6570736575),
		.v1 = k1 ^ UINT64_C(0x646f72616e646f6d),
		.v2 = k0 ^ UINT64_C(0x6c7967656e657261),
		.v3 = k1 ^ UINT64_C(0x7465646279746573),
	};
}

void kb_siphash_feed(struct kb_siphash *state, const void *data, size_t size)
{
	const uint8_t *p = data, *end = p + size;

	while (p < end) {
		if (state->length % 8 == 0 && end - p >= 8) {
			sip_word(state, load_le64(p));
			state->length += 8;
			p += 8;
			continue;
		}
		state->tail |= (uint64_t)*p++ << state->length % 8 * 8;
		if (++state->length % 8 == 0) {
			sip_word(state, state->tail);
			state->tail = 0;
		}
	}
}

uint64_t kb_siphash_finish(struct kb_siphash *state)
{
	sip_word(state, state->tail | state->length << 56);
	state->v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(state);
	return state->v0 ^ state->v1 ^ state->v2 ^ state->v3;
}

uint64_t kb_siphash24(const void *data, size_t size, const uint8_t key[16])
{
	struct kb_siphash state;

	kb_siphash_init(&state, key);
	kb_siphash_feed(&state, data, size);
	return kb_siphash_finish(&state);
}
