/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules and messages as the specification speaks of them, whether the ones hold
 * for the others, and the same for the kernel's code.
 */
#ifndef TEST_KERNEL_NAIVE_MATCH_H
#define TEST_KERNEL_NAIVE_MATCH_H

#include "object/match.h"
#include "tests/unit/kernel/items.h"

#define ANY KDBUS_MATCH_ID_ANY
#define WORDS_MAX 8
#define MASKS_MAX 4

struct naive_rule {
	u64 type;
	u64 id;			/* ID, DST_ID, ID_ADD, ID_REMOVE */
	u64 old_id, new_id;	/* NAME_ADD, NAME_REMOVE, NAME_CHANGE */
	const char *name;	/* those, perhaps, and NAME */
	unsigned int n_masks;
	u64 masks[MASKS_MAX][WORDS_MAX];
};

struct naive_message {
	u64 notice;		/* its type, or 0 */
	u64 id, old_id, new_id;
	const char *name;
	u64 src_id, dst_id;
	const char *names[3];
	unsigned int n_names;
	bool has_filter;
	u64 generation;
	u64 filter[WORDS_MAX];
};

static inline bool naive_id_holds(u64 rule, u64 id)
{
	return rule == ANY || rule == id;
}

static inline bool naive_mask_holds(const struct naive_rule *rule,
				    const struct naive_message *message,
				    size_t n_words)
{
	u64 generation = message->generation;
	const u64 *mask;

	if (!message->has_filter)
		return false;
	if (generation >= rule->n_masks)
		generation = rule->n_masks - 1;
	mask = rule->masks[generation];
	for (size_t i = 0; i < n_words * 64; i++)
		if (mask[i / 64] >> i % 64 & 1 &&
		    !(message->filter[i / 64] >> i % 64 & 1))
			return false;
	return true;
}

static inline bool naive_name_holds(const struct naive_rule *rule,
				    const struct naive_message *message)
{
	for (unsigned int i = 0; i < message->n_names; i++)
		if (!strcmp(rule->name, message->names[i]))
			return true;
	return false;
}

static inline bool naive_rule_holds(const struct naive_rule *rule,
				    const struct naive_message *message,
				    size_t n_words)
{
	if (rule->type >= KDBUS_ITEM_NAME_ADD) {
		if (rule->type != message->notice)
			return false;
		if (rule->type >= KDBUS_ITEM_ID_ADD)
			return naive_id_holds(rule->id, message->id);
		return naive_id_holds(rule->old_id, message->old_id) &&
		       naive_id_holds(rule->new_id, message->new_id) &&
		       (!rule->name || !strcmp(rule->name, message->name));
	}
	if (message->notice)
		return false;
	switch (rule->type) {
	case KDBUS_ITEM_ID:
		return naive_id_holds(rule->id, message->src_id);
	case KDBUS_ITEM_DST_ID:
		return naive_id_holds(rule->id, message->dst_id);
	case KDBUS_ITEM_NAME:
		return naive_name_holds(rule, message);
	default:
		return naive_mask_holds(rule, message, n_words);
	}
}

static inline void naive_rule_write(struct items *items,
				    const struct naive_rule *rule,
				    size_t n_words)
{
	u64 masks[MASKS_MAX * WORDS_MAX];

	switch (rule->type) {
	case KDBUS_ITEM_ID:
	case KDBUS_ITEM_DST_ID:
		items_add_u64(items, rule->type, rule->id);
		break;
	case KDBUS_ITEM_NAME:
		items_add_string(items, rule->type, rule->name);
		break;
	case KDBUS_ITEM_BLOOM_MASK:
		for (unsigned int i = 0; i < rule->n_masks; i++)
			memcpy(masks + i * n_words, rule->masks[i], n_words * 8);
		items_add(items, rule->type, masks, rule->n_masks * n_words * 8);
		break;
	case KDBUS_ITEM_ID_ADD:
	case KDBUS_ITEM_ID_REMOVE:
		items_add_id_change(items, rule->type, rule->id);
		break;
	default:
		items_add_name_change(items, rule->type, rule->old_id,
				      rule->new_id, rule->name);
		break;
	}
}

/* The message as the kernel sees it; its parts lie in @store. */
static inline struct kdbus_match_query
naive_query(const struct naive_message *message, size_t n_words,
	    struct items *store)
{
	struct kdbus_match_query query = {};
	u64 filter[1 + WORDS_MAX] = { message->generation };

	items_free(store);
	if (message->notice >= KDBUS_ITEM_ID_ADD) {
		items_add_id_change(store, message->notice, message->id);
		query.notice = items_first(store);
	} else if (message->notice) {
		items_add_name_change(store, message->notice, message->old_id,
				      message->new_id, message->name);
		query.notice = items_first(store);
	} else {
		query.src_id = message->src_id;
		query.dst_id = message->dst_id;
		query.names = message->names;
		query.n_names = message->n_names;
	}
	if (!message->notice && message->has_filter) {
		memcpy(filter + 1, message->filter, n_words * 8);
		query.filter = &items_add(store, KDBUS_ITEM_BLOOM_FILTER, filter,
					  8 + n_words * 8)->bloom_filter;
	}
	return query;
}

/* random ones, so few different that they often meet */

static const char *const naive_names[] = { "a.a", "a.b", "b.a", "c.d" };

static inline u64 naive_random_id(u64 least)
{
	return test_next(2) ? least + test_next(3) : ANY;
}

/* some of a dozen bits that are all over the filter */
static inline void naive_random_bits(u64 *out, size_t n_words, u32 in_12)
{
	memset(out, 0, n_words * 8);
	for (size_t i = 0; i < 12; i++) {
		size_t bit = i * 37 % (n_words * 64);

		if (test_next(12) < in_12)
			out[bit / 64] |= 1ULL << bit % 64;
	}
}

static inline void naive_random_rule(struct naive_rule *out, size_t n_words)
{
	static const u64 types[] = {
		KDBUS_ITEM_BLOOM_MASK, KDBUS_ITEM_BLOOM_MASK,
		KDBUS_ITEM_BLOOM_MASK, KDBUS_ITEM_ID, KDBUS_ITEM_DST_ID,
		KDBUS_ITEM_NAME, KDBUS_ITEM_NAME_ADD, KDBUS_ITEM_NAME_REMOVE,
		KDBUS_ITEM_NAME_CHANGE, KDBUS_ITEM_ID_ADD, KDBUS_ITEM_ID_REMOVE,
	};

	*out = (struct naive_rule){
		.type = types[test_next(ARRAY_SIZE(types))],
		.id = naive_random_id(1),
		.old_id = naive_random_id(0),
		.new_id = naive_random_id(0),
		.n_masks = 1 + test_next(MASKS_MAX),
	};
	if (out->type == KDBUS_ITEM_NAME || !test_next(3))
		out->name = naive_names[test_next(ARRAY_SIZE(naive_names))];
	for (unsigned int i = 0; i < out->n_masks; i++)
		naive_random_bits(out->masks[i], n_words, test_next(3));
}

static inline void naive_random_message(struct naive_message *out,
					size_t n_words)
{
	*out = (struct naive_message){
		.id = 1 + test_next(3),
		.old_id = test_next(3),
		.new_id = test_next(3),
		.name = naive_names[test_next(ARRAY_SIZE(naive_names))],
		.src_id = 1 + test_next(3),
		.dst_id = test_next(2) ? KDBUS_DST_ID_BROADCAST :
					 1 + test_next(3),
		.n_names = test_next(4),
		.has_filter = test_next(10),
		.generation = test_next(8) ? test_next(4) : UINT64_MAX,
	};
	if (!test_next(2)) {
		out->notice = KDBUS_ITEM_NAME_ADD + test_next(5);
		if (out->notice == KDBUS_ITEM_NAME_ADD)
			out->old_id = 0;
		if (out->notice == KDBUS_ITEM_NAME_REMOVE)
			out->new_id = 0;
	}
	for (unsigned int i = 0, first = test_next(4); i < out->n_names; i++)
		out->names[i] = naive_names[(first + i) % 4];
	naive_random_bits(out->filter, n_words, 4 + test_next(9));
}

#endif /* TEST_KERNEL_NAIVE_MATCH_H */
