/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SipHash-2-4 over a stream of bytes.
 *
 * The state is a value: copy it and finish the copy to learn the hash of what
 * has been fed so far, then go on. That is how all prefixes of a path are
 * hashed in one pass.
 */
#ifndef KB_SIPHASH_H
#define KB_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct kb_siphash {
	uint64_t v0, v1, v2, v3;
	uint64_t tail;		/* bytes that are not a whole word yet */
	uint64_t length;	/* bytes fed */
};

void kb_siphash_init(struct kb_siphash *state, const uint8_t key[16]);
void kb_siphash_feed(struct kb_siphash *state, const void *data, size_t size);
/* The hash of everything fed; @state itself is used up. */
uint64_t kb_siphash_finish(struct kb_siphash *state);

uint64_t kb_siphash24(const void *data, size_t size, const uint8_t key[16]);

#endif /* KB_SIPHASH_H */
