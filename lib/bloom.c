// SPDX-License-Identifier: LGPL-2.1-or-later
/* Bloom filters: what a signal tells the kernel about its contents. */
#include <errno.h>

#include "lib/bloom.h"
#include "lib/message.h"
#include "lib/siphash.h"

#define N_KEYS		8
#define HASH_SIZE	8	/* bytes one key yields */

/* Everybody on the bus uses these. */
static const uint8_t hash_keys[N_KEYS][16] = {
	{ 0xb9, 0x66, 0x0b, 0xf0, 0x46, 0x70, 0x47, 0xc1,
	  0x88, 0x75, 0xc4, 0x9c, 0x54, 0xb9, 0xbd, 0x15 },
	{ 0xaa, 0xa1, 0x54, 0xa2, 0xe0, 0x71, 0x4b, 0x39,
	  0xbf, 0xe1, 0xdd, 0x2e, 0x9f, 0xc5, 0x4a, 0x3b },
	{ 0x63, 0xfd, 0xae, 0xbe, 0xcd, 0x82, 0x48, 0x12,
	  0xa1, 0x6e, 0x41, 0x26, 0xcb, 0xfa, 0xa0, 0xc8 },
	{ 0x23, 0xbe, 0x45, 0x29, 0x32, 0xd2, 0x46, 0x2d,
	  0x82, 0x03, 0x52, 0x28, 0xfe, 0x37, 0x17, 0xf5 },
	{ 0x56, 0x3b, 0xbf, 0xee, 0x5a, 0x4f, 0x43, 0x39,
	  0xaf, 0xaa, 0x94, 0x08, 0xdf, 0xf0, 0xfc, 0x10 },
	{ 0x31, 0x80, 0xc8, 0x73, 0xc7, 0xea, 0x46, 0xd3,
	  0xaa, 0x25, 0x75, 0x0f, 0x9e, 0x4c, 0x09, 0x29 },
	{ 0x7d, 0xf7, 0x18, 0x4b, 0x7b, 0xa4, 0x44, 0xd5,
	  0x85, 0x3c, 0x06, 0xe0, 0x65, 0x53, 0x96, 0x6d },
	{ 0xf2, 0x77, 0xe9, 0x6f, 0x93, 0xb5, 0x4e, 0x71,
	  0x9a, 0x0c, 0x34, 0x88, 0x39, 0x25, 0xbf, 0x35 },
};

/* Bytes of hash that make one index. */
static unsigned int index_width(const struct kdbus_bloom_parameter *parameter)
{
	uint64_t bits = parameter->size * 8;

	return (63 - __builtin_clzll(bits) + 7) / 8;
}

/* Keys needed for all indices of a string. */
static unsigned int count_keys(const struct kdbus_bloom_parameter *parameter)
{
	return (parameter->n_hash * index_width(parameter) + HASH_SIZE - 1) /
	       HASH_SIZE;
}

bool kb_bloom_is_supported(const struct kdbus_bloom_parameter *parameter)
{
	return parameter->size >= 8 && parameter->size % 8 == 0 &&
	       parameter->size <= KB_BLOOM_SIZE_MAX && parameter->n_hash &&
	       parameter->n_hash <= N_KEYS * HASH_SIZE &&
	       parameter->n_hash * index_width(parameter) <=
	       N_KEYS * HASH_SIZE;
}

/**
 * struct hasher - hashes of one string under all keys, fed piece by piece
 */
struct hasher {
	const struct kdbus_bloom_parameter *parameter;
	uint64_t *filter;
	unsigned int n_keys;
	struct kb_siphash states[N_KEYS];
};

static void hasher_feed(struct hasher *hasher, const char *s, size_t size)
{
	for (unsigned int i = 0; i < hasher->n_keys; i++)
		kb_siphash_feed(&hasher->states[i], s, size);
}

static void hasher_init(struct hasher *hasher,
			const struct kdbus_bloom_parameter *parameter,
			uint64_t *filter, const char *key)
{
	hasher->parameter = parameter;
	hasher->filter = filter;
	hasher->n_keys = count_keys(parameter);
	for (unsigned int i = 0; i < hasher->n_keys; i++)
		kb_siphash_init(&hasher->states[i], hash_keys[i]);
	hasher_feed(hasher, key, strlen(key));
	hasher_feed(hasher, ":", 1);
}

/* Sets the bits of what has been fed so far; more may be fed. */
static void hasher_set(const struct hasher *hasher)
{
	unsigned int width = index_width(hasher->parameter);
	uint64_t mask = hasher->parameter->size * 8 - 1;
	uint8_t stream[N_KEYS * HASH_SIZE];
	const uint8_t *p = stream;

	for (unsigned int i = 0; i < hasher->n_keys; i++) {
		struct kb_siphash state = hasher->states[i];
		uint64_t hash = kb_siphash_finish(&state);

		for (unsigned int j = 0; j < HASH_SIZE; j++, hash >>= 8)
			stream[i * HASH_SIZE + j] = hash;
	}

	for (uint64_t k = 0; k < hasher->parameter->n_hash; k++) {
		uint64_t bit = 0;

		for (unsigned int j = 0; j < width; j++)
			bit = bit << 8 | *p++;
		bit &= mask;
		hasher->filter[bit / 64] |= UINT64_C(1) << bit % 64;
	}
}

void kb_bloom_add(const struct kdbus_bloom_parameter *parameter,
		  uint64_t *filter, const char *key, const char *value)
{
	struct hasher hasher;

	hasher_init(&hasher, parameter, filter, key);
	hasher_feed(&hasher, value, strlen(value));
	hasher_set(&hasher);
}

/* Text of nothing but separators comes to that soon, and may be very long. */
static bool is_full(const struct hasher *hasher)
{
	for (uint64_t i = 0; i < hasher->parameter->size / 8; i++)
		if (~hasher->filter[i])
			return false;
	return true;
}

void kb_bloom_add_prefixes(const struct kdbus_bloom_parameter *parameter,
			   uint64_t *filter, const char *key,
			   const char *value, char separator)
{
	const char *fed = value, *next;
	struct hasher hasher;

	/* "/a/b": "", no; "/"; "/a"; "/a/"; and at last the whole */
	hasher_init(&hasher, parameter, filter, key);
	while ((next = strchr(fed, separator))) {
		if (is_full(&hasher))
			return;
		if (next > value) {
			hasher_feed(&hasher, fed, next - fed);
			hasher_set(&hasher);
		}
		hasher_feed(&hasher, next, 1);
		hasher_set(&hasher);
		fed = next + 1;
	}
	hasher_feed(&hasher, fed, strlen(fed));
	hasher_set(&hasher);
}

/* messages */

static void add_string_argument(const struct kdbus_bloom_parameter *parameter,
				uint64_t *filter, unsigned int i,
				const char *value)
{
	char key[32];

	snprintf(key, sizeof(key), "arg%u", i);
	kb_bloom_add(parameter, filter, key, value);
	snprintf(key, sizeof(key), "arg%u-dot-prefix", i);
	kb_bloom_add_prefixes(parameter, filter, key, value, '.');
	snprintf(key, sizeof(key), "arg%u-slash-prefix", i);
	kb_bloom_add_prefixes(parameter, filter, key, value, '/');
}

static int add_array_argument(const struct kdbus_bloom_parameter *parameter,
			      uint64_t *filter, unsigned int i,
			      struct kb_reader *reader)
{
	union kb_value value;
	char key[32];
	int r;

	snprintf(key, sizeof(key), "arg%u-has", i);
	r = kb_reader_enter(reader, 'a');
	while (r >= 0 && !kb_reader_at_end(reader)) {
		r = kb_reader_basic(reader, 0, &value);
		if (r >= 0)
			kb_bloom_add(parameter, filter, key, value.s);
	}
	return r < 0 ? r : kb_reader_exit(reader);
}

/* Arguments in front of the last one that concerns us, from the signature. */
static unsigned int count_arguments(const struct kb_reader *reader)
{
	const struct kb_type *types = reader->types;
	unsigned int n = 0, last = 0;

	for (uint32_t i = 0; i < reader->frames[0].type_end && n < 64;
	     i += types[i].length) {
		n++;
		if (kb_type_is_string(types[i].code) ||
		    (types[i].length == 2 &&
		     kb_type_is_string(types[i + 1].code)))
			last = n;
	}
	return last;
}

/* All strings and arrays of strings. Historical senders stop at the first of
 * anything else, and receivers know that from the generation. */
static int add_arguments(const struct kdbus_bloom_parameter *parameter,
			 uint64_t *filter, struct kb_reader *reader)
{
	unsigned int n = count_arguments(reader);
	char type[KB_SIGNATURE_MAX + 1];
	union kb_value value;
	int r;

	for (unsigned int i = 0; i < n; i++) {
		r = kb_reader_type(reader, type);
		if (r < 0)
			return r;
		if (kb_type_is_string(*type)) {
			r = kb_reader_basic(reader, 0, &value);
			if (r >= 0)
				add_string_argument(parameter, filter, i,
						    value.s);
		} else if (r == 2 && kb_type_is_string(type[1])) {
			r = add_array_argument(parameter, filter, i, reader);
		} else {
			r = kb_reader_skip(reader);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int kb_bloom_add_message(const struct kdbus_bloom_parameter *parameter,
			 uint64_t *filter, const struct kb_message *message)
{
	static const char *const types[] = {
		[KB_METHOD_CALL] = "method_call",
		[KB_METHOD_RETURN] = "method_return",
		[KB_ERROR] = "error",
		[KB_SIGNAL] = "signal",
	};
	struct kb_reader reader;
	int r;

	if (message->type && message->type < KB_ARRAY_SIZE(types))
		kb_bloom_add(parameter, filter, "message-type",
			     types[message->type]);
	if (message->interface)
		kb_bloom_add(parameter, filter, "interface",
			     message->interface);
	if (message->member)
		kb_bloom_add(parameter, filter, "member", message->member);
	if (message->path) {
		kb_bloom_add(parameter, filter, "path", message->path);
		kb_bloom_add_prefixes(parameter, filter, "path-slash-prefix",
				      message->path, '/');
	}

	r = kb_message_reader(message, &reader);
	if (r >= 0)
		r = add_arguments(parameter, filter, &reader);
	kb_reader_deinit(&reader);
	return r;
}
