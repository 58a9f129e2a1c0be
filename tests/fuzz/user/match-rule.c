// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Match rules: the normal form is one, and no message that a rule matches is
 * held back by the masks the kernel gets.
 *
 * input: the text; messages are made of the words in it
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bloom.h"
#include "lib/item.h"
#include "lib/match-rule.h"
#include "tests/fuzz/user/fuzz.h"

static const struct kdbus_bloom_parameter bloom = { .size = 64, .n_hash = 8 };

/* What the kernel does with the masks of one match. */
static bool passes(const struct kb_buffer *items, const uint64_t *filter)
{
	struct kb_item_iter iter = kb_items(items->data, items->size);
	const struct kdbus_item *item;

	while ((item = kb_item_next(&iter))) {
		uint64_t n = kb_item_size(item) / 64;
		const uint64_t *mask;

		if (item->type == KDBUS_ITEM_DST_ID ||
		    item->type == KDBUS_ITEM_NAME ||
		    item->type == KDBUS_ITEM_ID)
			return true; /* not about what is in it */
		if (item->type != KDBUS_ITEM_BLOOM_MASK)
			continue;
		must(kb_item_size(item) % 64 == 0 && n > 0);
		mask = (const uint64_t *)item->data + 8 * (n > 1);
		for (int i = 0; i < 8; i++)
			if ((filter[i] & mask[i]) != mask[i])
				return false;
	}
	return true;
}

/* A signal as the rule wants it, as far as one can be made. */
static struct kb_message *make(const struct kb_match_rule *rule)
{
	const char *path = rule->path ?: rule->path_namespace ?: "/a/b";
	struct kb_message *message;
	size_t n = 0;

	must(kb_message_new_signal(path, rule->interface ?: "a.b",
				   rule->member ?: "M", &message) == 0);
	message->cookie = 1;
	for (unsigned int i = 0; i < KB_MATCH_ARGS && n < rule->n_args; i++) {
		const char *value = "";

		for (; n < rule->n_args && rule->args[n].index == i; n++)
			value = rule->args[n].value;
		if (kb_message_append(message, "s", value) < 0)
			break;
	}
	if (kb_message_seal(message) < 0)
		return kb_message_unref(message);
	return message;
}

static void check_masks(const struct kb_match_rule *rule)
{
	struct kb_match_kernel kernel;
	struct kb_message *message;
	uint64_t filter[8] = {};
	bool found = false;

	must(kb_match_rule_compile(rule, &bloom, &kernel) == 0);
	must(kernel.n >= 1 && kernel.n <= KB_MATCH_KERNEL_MAX);
	message = make(rule);
	if (message && kb_match_rule_test(rule, message) == 1) {
		must(kb_bloom_add_message(&bloom, filter, message) == 0);
		for (size_t i = 0; i < kernel.n; i++)
			found |= passes(&kernel.items[i], filter);
		must(found);
	}
	kb_message_unref(message);
	kb_match_kernel_deinit(&kernel);
}

static void check_normal_form(const struct kb_match_rule *rule)
{
	char *normal = kb_match_rule_normalize(rule), *again;
	struct kb_match_rule *other;
	int r;

	must(normal);
	r = kb_match_rule_parse(normal, &other);
	/* quotes may make it longer than a rule may be */
	must(r == 0 || (r == -E2BIG && strlen(normal) > KB_MATCH_RULE_MAX));
	if (r == 0) {
		again = kb_match_rule_normalize(other);
		must(again && kb_streq(normal, again));
		must(kb_match_rule_cookie(normal) ==
		     kb_match_rule_cookie(again));
		must(rule->type == other->type &&
		     rule->n_args == other->n_args);
		must(kb_match_rule_wants_owner_changes(rule) ==
		     kb_match_rule_wants_owner_changes(other));
		free(again);
		kb_match_rule_free(other);
	}
	free(normal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	char *text = fuzz_text(&input, size);
	struct kb_match_rule *rule;
	int r;

	r = kb_match_rule_parse(text, &rule);
	must((r == -E2BIG) == (strlen(text) > KB_MATCH_RULE_MAX));
	if (r == 0) {
		check_normal_form(rule);
		check_masks(rule);
		kb_match_rule_free(rule);
	}
	free(text);
	return 0;
}
