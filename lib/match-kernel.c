// SPDX-License-Identifier: LGPL-2.1-or-later
/* Match rules in the terms of the kernel. */
#include <errno.h>

#include "lib/bloom.h"
#include "lib/item.h"
#include "lib/match-kernel.h"
#include "lib/name.h"

/* An id that nobody has: for names that nobody can own. */
#define ID_NOBODY	(UINT64_MAX - 1)

/* A path's condition holds for what is equal, too, which a name may be. */
static bool arg_is_exact(const struct kb_match_arg *arg)
{
	return arg->kind == KB_MATCH_ARG_STRING ||
	       (arg->kind == KB_MATCH_ARG_PATH && !strchr(arg->value, '/'));
}

/* What argN has to be, or NULL. */
static const char *rule_arg(const struct kb_match_rule *rule,
			    unsigned int index)
{
	for (size_t i = 0; i < rule->n_args; i++)
		if (rule->args[i].index == index &&
		    arg_is_exact(&rule->args[i]))
			return rule->args[i].value;
	return NULL;
}

/* Is an owner in NameOwnerChanged ever written so? */
static bool owner_is_possible(const char *owner)
{
	uint64_t id;

	return !owner || !*owner || kb_unique_name_parse(owner, &id) >= 0;
}

static bool args_allow_owner_changes(const struct kb_match_rule *rule)
{
	const char *name = rule_arg(rule, 0);
	uint64_t id;

	for (size_t i = 0; i < rule->n_args; i++)
		if (rule->args[i].index > 2 ||
		    (rule->args[i].kind != KB_MATCH_ARG_NAMESPACE &&
		     !arg_is_exact(&rule->args[i])))
			return false;
	if (name && !kb_name_is_well_known(name) &&
	    kb_unique_name_parse(name, &id) < 0)
		return false;
	return owner_is_possible(rule_arg(rule, 1)) &&
	       owner_is_possible(rule_arg(rule, 2));
}

static bool absent_or(const char *value, const char *expected)
{
	return !value || kb_streq(value, expected);
}

bool kb_match_rule_wants_owner_changes(const struct kb_match_rule *rule)
{
	return (!rule->type || rule->type == KB_SIGNAL) &&
	       absent_or(rule->sender, KB_DRIVER_NAME) &&
	       absent_or(rule->path, KB_DRIVER_PATH) &&
	       (!rule->path_namespace ||
		kb_path_is_in_namespace(KB_DRIVER_PATH,
					rule->path_namespace)) &&
	       absent_or(rule->interface, KB_DRIVER_INTERFACE) &&
	       absent_or(rule->member, "NameOwnerChanged") &&
	       !rule->destination && args_allow_owner_changes(rule);
}

/* signals of peers */

/**
 * struct mask - the bloom masks of a rule, while they are made
 * @words:	of both generations, one behind the other
 * @n:		words of one
 * @used:	anything was set at all
 * @differ:	the second has more than the first
 */
struct mask {
	const struct kdbus_bloom_parameter *bloom;
	uint64_t *words;
	size_t n;
	bool used;
	bool differ;
};

static void mask_add(struct mask *mask, const char *key, const char *value)
{
	if (!value)
		return;
	kb_bloom_add(mask->bloom, mask->words, key, value);
	kb_bloom_add(mask->bloom, mask->words + mask->n, key, value);
	mask->used = true;
}

/* Beyond the first argument only senders of generation 1 can be trusted. */
static void mask_add_arg(struct mask *mask, const struct kb_match_arg *arg)
{
	char key[24];

	switch (arg->kind) {
	case KB_MATCH_ARG_STRING:
		snprintf(key, sizeof(key), "arg%u", arg->index);
		if (!arg->index) {
			mask_add(mask, key, arg->value);
			break;
		}
		kb_bloom_add(mask->bloom, mask->words + mask->n, key,
			     arg->value);
		mask->used = mask->differ = true;
		break;
	case KB_MATCH_ARG_NAMESPACE:
		mask_add(mask, "arg0-dot-prefix", arg->value);
		break;
	default:
		/* either may be the prefix: no single bit tells that */
		break;
	}
}

static void mask_add_rule(struct mask *mask, const struct kb_match_rule *rule)
{
	static const char *const types[] = {
		[KB_METHOD_CALL]	= "method_call",
		[KB_METHOD_RETURN]	= "method_return",
		[KB_ERROR]		= "error",
		[KB_SIGNAL]		= "signal",
	};

	if (rule->type)
		mask_add(mask, "message-type", types[rule->type]);
	mask_add(mask, "interface", rule->interface);
	mask_add(mask, "member", rule->member);
	mask_add(mask, "path", rule->path);
	if (rule->path_namespace && !kb_streq(rule->path_namespace, "/"))
		mask_add(mask, "path-slash-prefix", rule->path_namespace);
	for (size_t i = 0; i < rule->n_args; i++)
		mask_add_arg(mask, &rule->args[i]);
}

static int add_mask(struct kb_buffer *items, const struct kb_match_rule *rule,
		    const struct kdbus_bloom_parameter *bloom)
{
	uint64_t words[2 * KB_BLOOM_SIZE_MAX / 8];
	struct mask mask = {
		.bloom = bloom,
		.words = words,
		.n = bloom->size / 8,
	};

	memset(words, 0, 2 * bloom->size);
	mask_add_rule(&mask, rule);
	if (!mask.used)
		return 0;
	/* the last mask serves all later generations */
	return kb_item_append(items, KDBUS_ITEM_BLOOM_MASK, words,
			      mask.differ ? 2 * bloom->size : bloom->size);
}

/* A unique name as an item, which nobody satisfies if nobody can own it. */
static int add_unique(struct kb_buffer *items, uint64_t type,
		      const char *name)
{
	uint64_t id;

	if (kb_unique_name_parse(name, &id) < 0)
		id = ID_NOBODY;
	return kb_item_append_u64(items, type, id);
}

static int add_signals(struct kb_buffer *items,
		       const struct kb_match_rule *rule,
		       const struct kdbus_bloom_parameter *bloom)
{
	int r = 0;

	if (rule->sender && *rule->sender == ':')
		r = add_unique(items, KDBUS_ITEM_ID, rule->sender);
	if (r >= 0 && rule->destination && *rule->destination == ':')
		r = add_unique(items, KDBUS_ITEM_DST_ID, rule->destination);
	if (r >= 0)
		r = add_mask(items, rule, bloom);
	if (r >= 0 && rule->sender && *rule->sender != ':')
		r = kb_item_append_string(items, KDBUS_ITEM_NAME,
					  rule->sender);
	return r;
}

/* changes of owners */

static uint64_t owner_id(const char *owner)
{
	uint64_t id;

	return owner && kb_unique_name_parse(owner, &id) >= 0 ?
	       id : KDBUS_MATCH_ID_ANY;
}

static int add_name_change(struct kb_match_kernel *out, uint64_t type,
			   uint64_t old_id, uint64_t new_id, const char *name)
{
	struct kdbus_notify_name_change *change;
	size_t size = name ? strlen(name) + 1 : 0;
	void *payload;
	int r;

	r = kb_item_reserve(&out->items[out->n], type, sizeof(*change) + size,
			    &payload);
	if (r < 0)
		return r;
	change = payload;
	change->old_id.id = old_id;
	change->new_id.id = new_id;
	if (name)
		memcpy(change->name, name, size);
	out->n++;
	return 0;
}

static int add_id_change(struct kb_match_kernel *out, uint64_t type,
			 uint64_t id)
{
	const struct kdbus_notify_id_change change = { .id = id };
	int r;

	r = kb_item_append(&out->items[out->n], type, &change, sizeof(change));
	if (r >= 0)
		out->n++;
	return r;
}

static int add_owner_changes(struct kb_match_kernel *out,
			     const struct kb_match_rule *rule)
{
	const char *name = rule_arg(rule, 0);
	const char *old = rule_arg(rule, 1);
	const char *new = rule_arg(rule, 2);
	bool appears = !old || !*old, vanishes = !new || !*new;
	uint64_t old_id = owner_id(old), new_id = owner_id(new);
	uint64_t any = KDBUS_MATCH_ID_ANY, id;
	int r = 0;

	if (!name || *name != ':') {
		/* what an activator had or gets is a change, too */
		r = add_name_change(out, KDBUS_ITEM_NAME_CHANGE, old_id,
				    new_id, name);
		if (r >= 0 && appears)
			r = add_name_change(out, KDBUS_ITEM_NAME_ADD, any,
					    new_id, name);
		if (r >= 0 && vanishes)
			r = add_name_change(out, KDBUS_ITEM_NAME_REMOVE,
					    old_id, any, name);
	}
	if (r >= 0 && (!name || *name == ':')) {
		id = owner_id(name);
		if (appears)
			r = add_id_change(out, KDBUS_ITEM_ID_ADD,
					  id == any ? new_id : id);
		if (r >= 0 && vanishes)
			r = add_id_change(out, KDBUS_ITEM_ID_REMOVE,
					  id == any ? old_id : id);
	}
	return r;
}

int kb_match_rule_compile(const struct kb_match_rule *rule,
			  const struct kdbus_bloom_parameter *bloom,
			  struct kb_match_kernel *out)
{
	bool owner_changes = kb_match_rule_wants_owner_changes(rule);
	int r;

	*out = (struct kb_match_kernel){ .n = 1 };
	r = add_signals(&out->items[0], rule, bloom);
	if (r >= 0 && !out->items[0].size) {
		/* without any item it matches notifications as well */
		if (owner_changes)
			return 0;
		r = kb_item_append_u64(&out->items[0], KDBUS_ITEM_ID,
				       KDBUS_MATCH_ID_ANY);
	}
	if (r >= 0 && owner_changes)
		r = add_owner_changes(out, rule);
	if (r < 0)
		kb_match_kernel_deinit(out);
	return r;
}

void kb_match_kernel_deinit(struct kb_match_kernel *kernel)
{
	for (size_t i = 0; i < KB_MATCH_KERNEL_MAX; i++)
		kb_buffer_deinit(&kernel->items[i]);
	kernel->n = 0;
}
