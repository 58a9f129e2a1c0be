// SPDX-License-Identifier: GPL-2.0-only
/* Policy: who may see, talk to and own which names. */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/uidgid.h>

#include "object/policy.h"
#include "util/item.h"
#include "util/text.h"

/* one grant */
struct access {
	u8 type;
	u8 access;
	union {
		kuid_t uid;
		kgid_t gid;
	};
};

/**
 * struct kdbus_policy_entry - a name and what it grants
 * @bucket:	in its bucket, or on no list
 * @set:	in the set it was parsed into, or is removed with
 * @rcu:	frees it when the last reader is gone
 * @owner:	who installed it
 * @hash:	of @name
 * @wildcard:	@name stands for all names with one more element
 * @n_access:	grants
 * @name:	name, of a wildcard without ".*"; behind @access
 * @access:	grants
 */
struct kdbus_policy_entry {
	struct hlist_node bucket;
	struct list_head set;
	struct rcu_head rcu;
	const void *owner;
	u32 hash;
	bool wildcard;
	unsigned int n_access;
	char *name;
	struct access access[];
};

/**
 * kdbus_policy_init() - nothing is granted
 * @policy:	policy; kdbus_policy_deinit() is due
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_policy_init(struct kdbus_policy *policy)
{
	mutex_init(&policy->lock);
	seqcount_mutex_init(&policy->seq, &policy->lock);
	policy->buckets = kcalloc(KDBUS_POLICY_BUCKETS,
				  sizeof(policy->buckets[0]),
				  GFP_KERNEL_ACCOUNT);
	return policy->buckets ? 0 : -ENOMEM;
}

/**
 * kdbus_policy_deinit() - forget everything
 * @policy:	policy that nobody can ask any more
 */
void kdbus_policy_deinit(struct kdbus_policy *policy)
{
	struct kdbus_policy_entry *entry;
	struct hlist_node *next;
	unsigned int i;

	for (i = 0; i < KDBUS_POLICY_BUCKETS; i++)
		hlist_for_each_entry_safe(entry, next, &policy->buckets[i],
					  bucket)
			kfree(entry);
	kfree(policy->buckets);
}

static u32 name_hash(const char *name, size_t n)
{
	return full_name_hash(NULL, name, n);
}

static struct hlist_head *bucket_of(struct kdbus_policy *policy, u32 hash)
{
	return &policy->buckets[hash % KDBUS_POLICY_BUCKETS];
}

/* Make an entry with room for @n_access grants. */
static struct kdbus_policy_entry *entry_new(const char *name, bool wildcards,
					    unsigned int n_access)
{
	struct kdbus_policy_entry *entry;
	size_t n;

	if (!kdbus_name_is_valid(name, wildcards))
		return ERR_PTR(-EINVAL);
	n = strlen(name);
	entry = kzalloc(struct_size(entry, access, n_access) + n + 1,
			GFP_KERNEL_ACCOUNT);
	if (!entry)
		return ERR_PTR(-ENOMEM);

	entry->wildcard = kdbus_name_is_wildcard(name);
	if (entry->wildcard)
		n -= 2;
	entry->name = (char *)&entry->access[n_access];
	memcpy(entry->name, name, n);
	entry->hash = name_hash(name, n);
	return entry;
}

static int entry_add_access(struct kdbus_policy_entry *entry,
			    const struct kdbus_policy_access *item)
{
	struct access *access = &entry->access[entry->n_access];

	if (item->access > KDBUS_POLICY_OWN)
		return -EINVAL;

	switch (item->type) {
	case KDBUS_POLICY_ACCESS_USER:
		if (item->id > U32_MAX)
			return -EINVAL;
		access->uid = make_kuid(current_user_ns(), item->id);
		if (!uid_valid(access->uid))
			return -EINVAL;
		break;
	case KDBUS_POLICY_ACCESS_GROUP:
		if (item->id > U32_MAX)
			return -EINVAL;
		access->gid = make_kgid(current_user_ns(), item->id);
		if (!gid_valid(access->gid))
			return -EINVAL;
		break;
	case KDBUS_POLICY_ACCESS_WORLD:
		break;
	default:
		return -EINVAL;
	}
	access->type = item->type;
	access->access = item->access;
	entry->n_access++;
	return 0;
}

/* grants that follow a NAME item */
static unsigned int count_access(struct kdbus_item *name, const void *end)
{
	struct kdbus_item *item;
	unsigned int n = 0;

	kdbus_items_for_each(item, kdbus_item_next(name), end) {
		if (item->type == KDBUS_ITEM_NAME)
			break;
		n += item->type == KDBUS_ITEM_POLICY_ACCESS;
	}
	return n;
}

static bool set_has(struct list_head *set, struct kdbus_policy_entry *entry)
{
	struct kdbus_policy_entry *other;

	list_for_each_entry(other, set, set)
		if (other->hash == entry->hash &&
		    other->wildcard == entry->wildcard &&
		    !strcmp(other->name, entry->name))
			return true;
	return false;
}

static int parse(struct list_head *set, struct kdbus_item *items,
		 const void *end, unsigned int max_names, bool wildcards)
{
	struct kdbus_policy_entry *entry = NULL;
	struct kdbus_item *item;
	unsigned int n_names = 0;
	int r;

	kdbus_items_for_each(item, items, end) {
		if (item->type == KDBUS_ITEM_POLICY_ACCESS) {
			if (!entry)
				return -EINVAL;
			r = entry_add_access(entry, &item->policy_access);
			if (r)
				return r;
			continue;
		}
		if (item->type != KDBUS_ITEM_NAME)
			continue;
		if (++n_names > max_names)
			return -E2BIG;
		entry = entry_new(item->str, wildcards,
				  count_access(item, end));
		if (IS_ERR(entry))
			return PTR_ERR(entry);
		if (set_has(set, entry)) {
			kfree(entry);
			return -EEXIST;
		}
		list_add_tail(&entry->set, set);
	}
	return 0;
}

/**
 * kdbus_policy_parse() - make entries from NAME and POLICY_ACCESS items
 * @out:	filled on success; empty before
 * @items:	first item; other types are passed over
 * @end:	end of the items
 * @max_names:	names allowed
 * @wildcards:	whether "name.*" is allowed
 *
 * Ids are those of the caller's user namespace.
 *
 * Return: 0, -EINVAL, -E2BIG, -EEXIST (a name twice), -ENOMEM.
 */
int kdbus_policy_parse(struct list_head *out, struct kdbus_item *items,
		       const void *end, unsigned int max_names, bool wildcards)
{
	int r = parse(out, items, end, max_names, wildcards);

	if (r)
		kdbus_policy_discard(out);
	return r;
}

/**
 * kdbus_policy_discard() - free parsed entries that were not installed
 * @entries:	set; empty afterwards
 */
void kdbus_policy_discard(struct list_head *entries)
{
	struct kdbus_policy_entry *entry, *next;

	list_for_each_entry_safe(entry, next, entries, set)
		kfree(entry);
	INIT_LIST_HEAD(entries);
}

static struct kdbus_policy_entry *find(struct kdbus_policy *policy,
				       const char *name, size_t n,
				       bool wildcard)
{
	struct kdbus_policy_entry *entry;
	u32 hash = name_hash(name, n);

	hlist_for_each_entry_rcu(entry, bucket_of(policy, hash), bucket,
				 lockdep_is_held(&policy->lock))
		if (entry->hash == hash && entry->wildcard == wildcard &&
		    !strncmp(entry->name, name, n) && !entry->name[n])
			return entry;
	return NULL;
}

/* all entries of an owner, for removal */
static void collect(struct kdbus_policy *policy, const void *owner,
		    struct list_head *out)
{
	struct kdbus_policy_entry *entry;
	unsigned int i;

	lockdep_assert_held(&policy->lock);
	for (i = 0; i < KDBUS_POLICY_BUCKETS; i++)
		hlist_for_each_entry(entry, &policy->buckets[i], bucket)
			if (entry->owner == owner)
				list_add_tail(&entry->set, out);
}

/**
 * kdbus_policy_replace() - install entries in place of all earlier ones
 * @policy:	policy
 * @owner:	whose entries are replaced
 * @entries:	parsed set; empty afterwards, unless this fails
 *
 * Return: 0, or -EEXIST if somebody else installed one of the names.
 */
int kdbus_policy_replace(struct kdbus_policy *policy, const void *owner,
			 struct list_head *entries)
{
	struct kdbus_policy_entry *entry, *other, *next;
	LIST_HEAD(old);

	guard(mutex)(&policy->lock);
	list_for_each_entry(entry, entries, set) {
		other = find(policy, entry->name, strlen(entry->name),
			     entry->wildcard);
		if (other && other->owner != owner)
			return -EEXIST;
	}

	/* nothing below can fail */
	collect(policy, owner, &old);
	write_seqcount_begin(&policy->seq);
	list_for_each_entry(entry, &old, set)
		hlist_del_rcu(&entry->bucket);
	list_for_each_entry(entry, entries, set) {
		entry->owner = owner;
		hlist_add_head_rcu(&entry->bucket,
				   bucket_of(policy, entry->hash));
	}
	write_seqcount_end(&policy->seq);

	list_for_each_entry_safe(entry, next, &old, set)
		kfree_rcu(entry, rcu);
	INIT_LIST_HEAD(entries);
	return 0;
}

/**
 * kdbus_policy_remove() - remove all entries of an owner
 * @policy:	policy
 * @owner:	who goes
 */
void kdbus_policy_remove(struct kdbus_policy *policy, const void *owner)
{
	LIST_HEAD(nothing);

	kdbus_policy_replace(policy, owner, &nothing);
}

/* Supplementary groups are sorted. */
static bool in_group(const struct cred *cred, kgid_t gid)
{
	const struct group_info *groups = cred->group_info;
	int low = 0, high = groups->ngroups, middle;

	if (gid_eq(cred->egid, gid))
		return true;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (gid_eq(groups->gid[middle], gid))
			return true;
		if (gid_lt(groups->gid[middle], gid))
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool access_applies(const struct access *access,
			   const struct cred *cred)
{
	switch (access->type) {
	case KDBUS_POLICY_ACCESS_USER:
		return uid_eq(cred->euid, access->uid);
	case KDBUS_POLICY_ACCESS_GROUP:
		return in_group(cred, access->gid);
	default:
		return true;
	}
}

static int entry_query(const struct kdbus_policy_entry *entry,
		       const struct cred *cred)
{
	int best = KDBUS_POLICY_NOTHING;
	unsigned int i;

	for (i = 0; i < entry->n_access; i++)
		if (entry->access[i].access > best &&
		    access_applies(&entry->access[i], cred))
			best = entry->access[i].access;
	return best;
}

/**
 * kdbus_policy_query() - what may somebody do with a name?
 * @policy:	policy
 * @cred:	credentials of who asks
 * @name:	the name
 *
 * The entry of exactly this name decides.  Only if there is none does the
 * wildcard that covers it.
 *
 * Return: KDBUS_POLICY_SEE, _TALK or _OWN, each including the ones before, or
 * KDBUS_POLICY_NOTHING.
 */
int kdbus_policy_query(struct kdbus_policy *policy, const struct cred *cred,
		       const char *name)
{
	const struct kdbus_policy_entry *entry;
	const char *dot = strrchr(name, '.');
	unsigned int seq;
	int best;

	guard(rcu)();
	do {
		seq = read_seqcount_begin(&policy->seq);
		entry = find(policy, name, strlen(name), false);
		if (!entry && dot)
			entry = find(policy, name, dot - name, true);
		best = entry ? entry_query(entry, cred) : KDBUS_POLICY_NOTHING;
	} while (read_seqcount_retry(&policy->seq, seq));
	return best;
}
