// SPDX-License-Identifier: GPL-2.0-only
/* Matches: who listens to which broadcasts. */

#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include "object/match-rule.h"
#include "object/match.h"
#include "util/item.h"

/**
 * struct match_key - what all groups of a list have in common
 * @type:	item type of the rule: ID, NAME, or a notification
 * @part:	which part of it
 * @value:	an id, or the hash of a name: a collision costs a look, no more
 */
struct match_key {
	u32 type;
	u32 part;
	u64 value;
};

enum {
	PART_ID,
	PART_NAME,
	PART_OLD,
	PART_NEW,
	PART_ANY,
};

/**
 * struct match_list - groups with a key
 * @node:	in kdbus_match_index.keys
 * @key:	key
 * @groups:	struct match_group, by their @places[0]
 * @n:		how many
 */
struct match_list {
	struct rhash_head node;
	struct match_key key;
	struct hlist_head groups;
	unsigned int n;
};

/**
 * struct kdbus_match_bits - groups by a bit of their mask
 * @n:		groups per bit
 * @used:	bits that have any
 * @groups:	struct match_group
 */
struct kdbus_match_bits {
	unsigned int *n;
	u64 *used;
	struct hlist_head *groups;
};

/**
 * struct match_group - all matches with the same rules
 * @node:	in kdbus_match_index.groups
 * @places:	where it is filed; the second place is for filters of later
 *		generations
 * @list:	the list with a key it is filed in, or NULL
 * @bit:	the bits it is filed under, -1 if not
 * @mask:	then, all bits that a filter must have; part of @rules
 * @members:	struct match
 * @rules:	the rules, owned
 */
struct match_group {
	struct rhash_head node;
	struct hlist_node places[2];
	struct match_list *list;
	int bit[2];
	const u64 *mask[2];
	struct list_head members;
	struct kdbus_rules *rules;
};

/**
 * struct match - one MATCH_ADD
 * @group:	its rules
 * @in_group:	in match_group.members
 * @owner:	whose it is
 * @in_owner:	in kdbus_matches.list
 * @cookie:	the owner's handle
 */
struct match {
	struct match_group *group;
	struct list_head in_group;
	struct kdbus_matches *owner;
	struct list_head in_owner;
	u64 cookie;
};

/* hash tables */

static u32 rules_hash(const void *data, u32 len, u32 seed)
{
	const struct kdbus_rules *rules = data;

	return jhash(rules->items, rules->size, seed);
}

static u32 group_hash(const void *data, u32 len, u32 seed)
{
	return rules_hash(((const struct match_group *)data)->rules, len, seed);
}

static int group_compare(struct rhashtable_compare_arg *arg, const void *data)
{
	const struct kdbus_rules *a = arg->key;
	const struct kdbus_rules *b = ((const struct match_group *)data)->rules;

	return a->size != b->size || memcmp(a->items, b->items, a->size);
}

static const struct rhashtable_params group_params = {
	.head_offset = offsetof(struct match_group, node),
	.hashfn = rules_hash,
	.obj_hashfn = group_hash,
	.obj_cmpfn = group_compare,
	.automatic_shrinking = true,
};

static const struct rhashtable_params list_params = {
	.head_offset = offsetof(struct match_list, node),
	.key_offset = offsetof(struct match_list, key),
	.key_len = sizeof(struct match_key),
	.automatic_shrinking = true,
};

static u64 name_value(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/* lists with a key */

static struct match_list *list_find(struct kdbus_match_index *index, u64 type,
				    u32 part, u64 value)
{
	struct match_key key = { .type = type, .part = part, .value = value };

	return rhashtable_lookup_fast(&index->keys, &key, list_params);
}

static struct match_list *list_get(struct kdbus_match_index *index,
				   const struct match_key *key)
{
	struct match_list *list;
	int r;

	list = rhashtable_lookup_fast(&index->keys, key, list_params);
	if (list)
		return list;
	list = kzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return ERR_PTR(-ENOMEM);
	list->key = *key;
	r = rhashtable_insert_fast(&index->keys, &list->node, list_params);
	if (r) {
		kfree(list);
		return ERR_PTR(r);
	}
	return list;
}

/* bits */

static void bits_free(struct kdbus_match_bits *bits)
{
	if (!bits)
		return;
	kvfree(bits->n);
	kvfree(bits->used);
	kvfree(bits->groups);
	kfree(bits);
}

static struct kdbus_match_bits *bits_new(u64 bloom_size)
{
	struct kdbus_match_bits *bits;
	size_t n = bloom_size * 8;

	bits = kzalloc(sizeof(*bits), GFP_KERNEL_ACCOUNT);
	if (!bits)
		return NULL;
	bits->n = kvcalloc(n, sizeof(bits->n[0]), GFP_KERNEL_ACCOUNT);
	bits->used = kvcalloc(bloom_size / 8, sizeof(u64), GFP_KERNEL_ACCOUNT);
	bits->groups = kvcalloc(n, sizeof(bits->groups[0]), GFP_KERNEL_ACCOUNT);
	if (bits->n && bits->used && bits->groups)
		return bits;
	bits_free(bits);
	return NULL;
}

/* the bit of a mask that the fewest groups use; -1 for an empty mask */
static int bits_choose(const struct kdbus_match_bits *bits, const u64 *mask,
		       u64 bloom_size)
{
	int best = -1, bit;
	size_t i;
	u64 word;

	for (i = 0; i < bloom_size / 8; i++) {
		for (word = mask[i]; word; word &= word - 1) {
			bit = i * 64 + __ffs64(word);
			if (best < 0 || bits->n[bit] < bits->n[best])
				best = bit;
		}
	}
	return best;
}

static void bits_link(struct kdbus_match_bits *bits, int bit,
		      struct hlist_node *place)
{
	hlist_add_head(place, &bits->groups[bit]);
	bits->n[bit]++;
	bits->used[bit / 64] |= 1ULL << (bit % 64);
}

static void bits_unlink(struct kdbus_match_bits *bits, int bit,
			struct hlist_node *place)
{
	hlist_del(place);
	if (!--bits->n[bit])
		bits->used[bit / 64] &= ~(1ULL << (bit % 64));
}

/* file a group where only messages look that it can match */

/* key of a notification rule: its name if it has one, else an id, else none */
static struct match_key notice_key(const struct kdbus_item *rule)
{
	const struct kdbus_notify_name_change *change = &rule->name_change;
	struct match_key key = { .type = rule->type, .part = PART_ANY };

	if (rule->type == KDBUS_ITEM_ID_ADD ||
	    rule->type == KDBUS_ITEM_ID_REMOVE) {
		if (rule->id_change.id != KDBUS_MATCH_ID_ANY) {
			key.part = PART_ID;
			key.value = rule->id_change.id;
		}
	} else if (kdbus_item_payload(rule) > sizeof(*change)) {
		key.part = PART_NAME;
		key.value = name_value(change->name);
	} else if (change->new_id.id != KDBUS_MATCH_ID_ANY) {
		key.part = PART_NEW;
		key.value = change->new_id.id;
	} else if (change->old_id.id != KDBUS_MATCH_ID_ANY) {
		key.part = PART_OLD;
		key.value = change->old_id.id;
	}
	return key;
}

/* Does the rule name a key, and which? */
static bool rule_key(const struct kdbus_item *rule, struct match_key *out)
{
	switch (rule->type) {
	case KDBUS_ITEM_ID:
		if (rule->id == KDBUS_MATCH_ID_ANY)
			return false;
		*out = (struct match_key){ KDBUS_ITEM_ID, PART_ID, rule->id };
		return true;
	case KDBUS_ITEM_NAME:
		*out = (struct match_key){ KDBUS_ITEM_NAME, PART_NAME,
					   name_value(rule->str) };
		return true;
	case KDBUS_ITEM_BLOOM_MASK:
	case KDBUS_ITEM_DST_ID:
		return false;
	default:
		*out = notice_key(rule);
		return true;
	}
}

/*
 * Can a mask be filed under bits?  With more than two masks, which of them is
 * used depends on the generation beyond what two places can tell.
 */
static const struct kdbus_item *find_mask(const struct kdbus_rules *rules,
					  u64 bloom_size)
{
	struct kdbus_item *rule;

	kdbus_rules_for_each(rule, rules)
		if (rule->type == KDBUS_ITEM_BLOOM_MASK &&
		    kdbus_item_payload(rule) <= 2 * bloom_size)
			return rule;
	return NULL;
}

/* Have the bits ready before the first mask comes. */
static int prepare_bits(struct kdbus_match_index *index,
			const struct kdbus_rules *rules)
{
	struct kdbus_match_bits *bits;
	unsigned int i;

	if (READ_ONCE(index->bits[1]) || !find_mask(rules, index->bloom_size))
		return 0;
	for (i = 0; i < 2; i++) {
		/* without the lock: this may be a lot of memory */
		bits = bits_new(index->bloom_size);
		if (!bits)
			return -ENOMEM;
		down_write(&index->lock);
		if (!index->bits[i]) {
			/* pairs with READ_ONCE() above */
			WRITE_ONCE(index->bits[i], bits);
			bits = NULL;
		}
		up_write(&index->lock);
		bits_free(bits);
	}
	return 0;
}

static void choose_bits(struct kdbus_match_index *index,
			struct match_group *group)
{
	const struct kdbus_item *rule;
	unsigned int i;

	rule = find_mask(group->rules, index->bloom_size);
	if (!rule)
		return;
	for (i = 0; i < 2; i++) {
		group->mask[i] = kdbus_rules_mask(rule, i, index->bloom_size);
		group->bit[i] = bits_choose(index->bits[i], group->mask[i],
					    index->bloom_size);
	}
	if (group->bit[0] < 0 || group->bit[1] < 0)
		group->bit[0] = group->bit[1] = -1;
}

static void drop_list(struct kdbus_match_index *index, struct match_list *list)
{
	if (!list || list->n)
		return;
	rhashtable_remove_fast(&index->keys, &list->node, list_params);
	kfree(list);
}

/* the list with the fewest groups among those that the rules name */
static int choose_list(struct kdbus_match_index *index,
		       struct match_group *group)
{
	struct match_list *list, *best = NULL;
	struct kdbus_item *rule;
	struct match_key key;

	kdbus_rules_for_each(rule, group->rules) {
		if (!rule_key(rule, &key))
			continue;
		list = list_get(index, &key);
		if (IS_ERR(list)) {
			drop_list(index, best);
			return PTR_ERR(list);
		}
		if (list == best)
			continue;
		if (!best || list->n < best->n)
			swap(list, best);
		drop_list(index, list);
	}
	group->list = best;
	return 0;
}

static int group_file(struct kdbus_match_index *index,
		      struct match_group *group)
{
	struct match_list *list;
	unsigned int fewest;
	int r;

	choose_bits(index, group);
	r = choose_list(index, group);
	if (r)
		return r;

	list = group->list;
	if (group->bit[0] >= 0) {
		fewest = max(index->bits[0]->n[group->bit[0]],
			     index->bits[1]->n[group->bit[1]]);
		if (list && list->n <= fewest) {
			group->bit[0] = group->bit[1] = -1;
		} else {
			group->list = NULL;
			drop_list(index, list);
		}
	}

	if (group->list) {
		hlist_add_head(&group->places[0], &group->list->groups);
		group->list->n++;
	} else if (group->bit[0] >= 0) {
		bits_link(index->bits[0], group->bit[0], &group->places[0]);
		bits_link(index->bits[1], group->bit[1], &group->places[1]);
	} else {
		hlist_add_head(&group->places[0],
			       group->rules->size ? &index->rest : &index->all);
	}
	return 0;
}

static void group_unfile(struct kdbus_match_index *index,
			 struct match_group *group)
{
	if (group->bit[0] >= 0) {
		bits_unlink(index->bits[0], group->bit[0], &group->places[0]);
		bits_unlink(index->bits[1], group->bit[1], &group->places[1]);
		return;
	}
	hlist_del(&group->places[0]);
	if (group->list) {
		group->list->n--;
		drop_list(index, group->list);
	}
}

/* groups */

/* Find or make the group with these rules, which it takes over. */
static struct match_group *group_get(struct kdbus_match_index *index,
				     struct kdbus_rules *rules)
{
	struct match_group *group;
	int r;

	group = rhashtable_lookup_fast(&index->groups, rules, group_params);
	if (group) {
		kfree(rules);
		return group;
	}

	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return ERR_PTR(-ENOMEM);
	group->bit[0] = group->bit[1] = -1;
	INIT_LIST_HEAD(&group->members);
	group->rules = rules;
	r = rhashtable_insert_fast(&index->groups, &group->node, group_params);
	if (r) {
		kfree(group);
		return ERR_PTR(r);
	}
	r = group_file(index, group);
	if (r) {
		rhashtable_remove_fast(&index->groups, &group->node,
				       group_params);
		kfree(group);
		return ERR_PTR(r);
	}
	return group;
}

static void group_put(struct kdbus_match_index *index,
		      struct match_group *group)
{
	if (!list_empty(&group->members))
		return;
	group_unfile(index, group);
	rhashtable_remove_fast(&index->groups, &group->node, group_params);
	kfree(group->rules);
	kfree(group);
}

/* index */

/**
 * kdbus_match_index_init() - nobody listens
 * @index:	index; kdbus_match_index_deinit() is due on success
 * @bloom_size:	bytes of a filter of the bus
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_match_index_init(struct kdbus_match_index *index, u64 bloom_size)
{
	int r;

	init_rwsem(&index->lock);
	INIT_HLIST_HEAD(&index->rest);
	INIT_HLIST_HEAD(&index->all);
	index->bits[0] = index->bits[1] = NULL;
	index->bloom_size = bloom_size;
	atomic64_set(&index->searches, 0);
	r = rhashtable_init(&index->groups, &group_params);
	if (r)
		return r;
	r = rhashtable_init(&index->keys, &list_params);
	if (r)
		rhashtable_destroy(&index->groups);
	return r;
}

/**
 * kdbus_match_index_deinit() - all matches must be gone
 * @index:	index
 */
void kdbus_match_index_deinit(struct kdbus_match_index *index)
{
	WARN_ON_ONCE(atomic_read(&index->groups.nelems));
	WARN_ON_ONCE(atomic_read(&index->keys.nelems));
	rhashtable_destroy(&index->groups);
	rhashtable_destroy(&index->keys);
	bits_free(index->bits[0]);
	bits_free(index->bits[1]);
}

/* one query in progress; later ones have a greater @id */
struct search {
	struct kdbus_match_index *index;
	const struct kdbus_match_query *query;
	kdbus_match_found found;
	void *data;
	s64 id;
	unsigned int n_looked;
};

/* There may be many groups, and many members of one. */
static void breathe(struct search *search)
{
	if (++search->n_looked % 64 == 0)
		cond_resched();
}

/*
 * Tell of a connection, unless it was told of before: it bears the number of
 * the last search that found it.  A search whose number was taken off by a later
 * one at the same time cannot know, and says so.
 */
static int search_hit(struct search *search, struct kdbus_matches *matches)
{
	s64 last = atomic64_read(&matches->found_by);

	do {
		if (last == search->id)
			return 0;
	} while (last < search->id &&
		 !atomic64_try_cmpxchg_relaxed(&matches->found_by, &last,
					       search->id));
	return search->found(search->data, matches, last > search->id);
}

static int search_group(struct search *search, struct match_group *group)
{
	struct match *match;
	int r;

	breathe(search);
	if (!kdbus_rules_hold(group->rules, search->query,
			      search->index->bloom_size))
		return 0;
	list_for_each_entry(match, &group->members, in_group) {
		breathe(search);
		r = search_hit(search, match->owner);
		if (r)
			return r;
	}
	return 0;
}

static int search_head(struct search *search, struct hlist_head *head)
{
	struct match_group *group;
	int r;

	hlist_for_each_entry(group, head, places[0]) {
		r = search_group(search, group);
		if (r)
			return r;
	}
	return 0;
}

static int search_key(struct search *search, u64 type, u32 part, u64 value)
{
	struct match_list *list = list_find(search->index, type, part, value);

	return list ? search_head(search, &list->groups) : 0;
}

static bool mask_fits(const u64 *mask, const u64 *filter, u64 bloom_size)
{
	size_t i;

	for (i = 0; i < bloom_size / 8; i++)
		if (mask[i] & ~filter[i])
			return false;
	return true;
}

static int search_bit(struct search *search, unsigned int place, int bit)
{
	const u64 *filter = search->query->filter->data;
	struct hlist_head *head = &search->index->bits[place]->groups[bit];
	struct match_group *group;
	struct hlist_node *node;
	int r;

	hlist_for_each(node, head) {
		group = container_of(node, struct match_group, places[place]);
		if (!mask_fits(group->mask[place], filter,
			       search->index->bloom_size)) {
			breathe(search);
			continue;
		}
		r = search_group(search, group);
		if (r)
			return r;
	}
	return 0;
}

static int search_filter(struct search *search)
{
	const struct kdbus_bloom_filter *filter = search->query->filter;
	unsigned int place = filter->generation ? 1 : 0;
	struct kdbus_match_bits *bits = search->index->bits[place];
	size_t i;
	u64 word;
	int r;

	if (!bits)
		return 0;
	for (i = 0; i < search->index->bloom_size / 8; i++) {
		word = filter->data[i] & bits->used[i];
		for (; word; word &= word - 1) {
			r = search_bit(search, place, i * 64 + __ffs64(word));
			if (r)
				return r;
		}
	}
	return 0;
}

static int search_message(struct search *search)
{
	const struct kdbus_match_query *query = search->query;
	unsigned int i;
	int r;

	r = search_head(search, &search->index->rest);
	if (!r)
		r = search_key(search, KDBUS_ITEM_ID, PART_ID, query->src_id);
	for (i = 0; !r && i < query->n_names; i++)
		r = search_key(search, KDBUS_ITEM_NAME, PART_NAME,
			       name_value(query->names[i]));
	if (!r && query->filter)
		r = search_filter(search);
	return r;
}

static int search_notice(struct search *search)
{
	const struct kdbus_item *notice = search->query->notice;
	u64 type = notice->type;
	int r;

	r = search_key(search, type, PART_ANY, 0);
	if (r)
		return r;
	if (type == KDBUS_ITEM_ID_ADD || type == KDBUS_ITEM_ID_REMOVE)
		return search_key(search, type, PART_ID, notice->id_change.id);
	r = search_key(search, type, PART_NAME,
		       name_value(notice->name_change.name));
	if (!r)
		r = search_key(search, type, PART_NEW,
			       notice->name_change.new_id.id);
	if (!r)
		r = search_key(search, type, PART_OLD,
			       notice->name_change.old_id.id);
	return r;
}

/**
 * kdbus_match_index_has_keys() - might anybody listen to notifications?
 * @index:	index
 *
 * Takes no lock: who has not subscribed yet need not hear.
 */
bool kdbus_match_index_has_keys(struct kdbus_match_index *index)
{
	return atomic_read(&index->keys.nelems) || !hlist_empty(&index->all);
}

/**
 * kdbus_match_index_query() - who listens to a message?
 * @index:	index
 * @query:	message
 * @found:	called for each connection that does; must not take locks above
 *		the index, a result other than 0 ends the search
 * @data:	handed to @found
 *
 * Return: 0, or what @found returned.
 */
int kdbus_match_index_query(struct kdbus_match_index *index,
			    const struct kdbus_match_query *query,
			    kdbus_match_found found, void *data)
{
	struct search search = { index, query, found, data,
				 atomic64_inc_return(&index->searches) };
	int r;

	guard(rwsem_read)(&index->lock);
	r = search_head(&search, &index->all);
	if (r)
		return r;
	return query->notice ? search_notice(&search) : search_message(&search);
}

/* matches of a connection */

/**
 * kdbus_matches_init() - listen to nothing
 * @matches:	matches of a connection
 * @index:	index of its bus
 */
void kdbus_matches_init(struct kdbus_matches *matches,
			struct kdbus_match_index *index)
{
	matches->index = index;
	INIT_LIST_HEAD(&matches->list);
	matches->n = 0;
	matches->closed = false;
	atomic64_set(&matches->found_by, 0);
}

static void match_free(struct match *match)
{
	struct match_group *group = match->group;

	list_del(&match->in_group);
	list_del(&match->in_owner);
	match->owner->n--;
	group_put(match->owner->index, group);
	kfree(match);
}

/**
 * kdbus_matches_close() - listen to nothing, ever
 * @matches:	matches of a connection that goes
 */
void kdbus_matches_close(struct kdbus_matches *matches)
{
	struct match *match, *next;

	guard(rwsem_write)(&matches->index->lock);
	matches->closed = true;
	list_for_each_entry_safe(match, next, &matches->list, in_owner)
		match_free(match);
}

static unsigned int remove_cookie(struct kdbus_matches *matches, u64 cookie,
				  const struct match *except)
{
	struct match *match, *next;
	unsigned int n = 0;

	list_for_each_entry_safe(match, next, &matches->list, in_owner) {
		if (match->cookie != cookie || match == except)
			continue;
		match_free(match);
		n++;
	}
	return n;
}

static unsigned int count_cookie(struct kdbus_matches *matches, u64 cookie)
{
	struct match *match;
	unsigned int n = 0;

	list_for_each_entry(match, &matches->list, in_owner)
		n += match->cookie == cookie;
	return n;
}

/**
 * kdbus_matches_add() - listen to something
 * @matches:	matches of a connection
 * @cookie:	handle for its removal; several matches may share it
 * @replace:	remove earlier ones with that cookie
 * @items:	rules
 * @end:	end of the items
 *
 * Return: 0, -EDOM or -EINVAL (a bad rule), -EMFILE (too many), -ECONNRESET
 * (closed), -ENOMEM; on failure nothing has changed.
 */
int kdbus_matches_add(struct kdbus_matches *matches, u64 cookie, bool replace,
		      struct kdbus_item *items, const void *end)
{
	struct kdbus_match_index *index = matches->index;
	struct kdbus_rules *rules;
	struct match_group *group;
	struct match *match;
	unsigned int n;
	int r;

	rules = kdbus_rules_new(items, end, index->bloom_size);
	if (IS_ERR(rules))
		return PTR_ERR(rules);
	r = prepare_bits(index, rules);
	match = r ? NULL : kzalloc(sizeof(*match), GFP_KERNEL_ACCOUNT);
	if (!match) {
		kfree(rules);
		return -ENOMEM;
	}
	match->owner = matches;
	match->cookie = cookie;

	guard(rwsem_write)(&index->lock);
	n = matches->n - (replace ? count_cookie(matches, cookie) : 0);
	if (matches->closed)
		group = ERR_PTR(-ECONNRESET);
	else if (n >= KDBUS_MATCHES_MAX)
		group = ERR_PTR(-EMFILE);
	else
		group = group_get(index, rules);
	if (IS_ERR(group)) {
		kfree(rules);
		kfree(match);
		return PTR_ERR(group);
	}

	/* nothing below can fail */
	match->group = group;
	list_add_tail(&match->in_group, &group->members);
	list_add_tail(&match->in_owner, &matches->list);
	matches->n++;
	if (replace)
		remove_cookie(matches, cookie, match);
	return 0;
}

/**
 * kdbus_matches_remove() - stop listening to something
 * @matches:	matches of a connection
 * @cookie:	handle; all matches with it are removed
 *
 * Return: 0, or -EBADSLT if there is none.
 */
int kdbus_matches_remove(struct kdbus_matches *matches, u64 cookie)
{
	guard(rwsem_write)(&matches->index->lock);
	return remove_cookie(matches, cookie, NULL) ? 0 : -EBADSLT;
}

/**
 * kdbus_matches_count() - how many there are
 * @matches:	matches of a connection
 */
unsigned int kdbus_matches_count(struct kdbus_matches *matches)
{
	guard(rwsem_read)(&matches->index->lock);
	return matches->n;
}

/**
 * kdbus_matches_query() - does one connection listen to a message?
 * @matches:	its matches
 * @query:	message
 */
bool kdbus_matches_query(struct kdbus_matches *matches,
			 const struct kdbus_match_query *query)
{
	struct match *match;

	guard(rwsem_read)(&matches->index->lock);
	list_for_each_entry(match, &matches->list, in_owner)
		if (kdbus_rules_hold(match->group->rules, query,
				     matches->index->bloom_size))
			return true;
	return false;
}
