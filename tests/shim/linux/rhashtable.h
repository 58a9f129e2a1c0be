/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hash table behind the calls of the kernel's, with few buckets. */
#ifndef SHIM_LINUX_RHASHTABLE_H
#define SHIM_LINUX_RHASHTABLE_H

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#define SHIM_RHASH_BUCKETS 16

struct rhash_head {
	struct rhash_head *next;
};

struct rhashtable {
	struct rhash_head **tbl;
	u32 seed;
	atomic_t nelems;
};

struct rhashtable_compare_arg {
	struct rhashtable *ht;
	const void *key;
};

struct rhashtable_params {
	u16 key_len;
	u16 key_offset;
	u16 head_offset;
	bool automatic_shrinking;
	u32 (*hashfn)(const void *key, u32 size, u32 seed);
	u32 (*obj_hashfn)(const void *object, u32 size, u32 seed);
	int (*obj_cmpfn)(struct rhashtable_compare_arg *arg, const void *object);
};

static inline int rhashtable_init(struct rhashtable *ht,
				  const struct rhashtable_params *params)
{
	(void)params;
	atomic_set(&ht->nelems, 0);
	ht->seed = 0;
	ht->tbl = kcalloc(SHIM_RHASH_BUCKETS, sizeof(ht->tbl[0]),
			      GFP_KERNEL);
	return ht->tbl ? 0 : -ENOMEM;
}

static inline void rhashtable_destroy(struct rhashtable *ht)
{
	shim_check(ht->tbl);
	kfree(ht->tbl);
}

static inline void *shim_rhash_object(const struct rhash_head *head,
				      const struct rhashtable_params *params)
{
	return (char *)head - params->head_offset;
}

static inline struct rhash_head **
shim_rhash_bucket(struct rhashtable *ht, const void *data, bool is_object,
		  const struct rhashtable_params *params)
{
	const char *key = data;
	u32 hash;

	if (is_object)
		key += params->key_offset;
	if (is_object && params->obj_hashfn)
		hash = params->obj_hashfn(data, params->key_len, ht->seed);
	else if (params->hashfn)
		hash = params->hashfn(key, params->key_len, ht->seed);
	else
		hash = jhash(key, params->key_len, ht->seed);
	return &ht->tbl[hash % SHIM_RHASH_BUCKETS];
}

static inline void *shim_rhash_find(struct rhashtable *ht, const void *key,
				    const struct rhashtable_params params)
{
	struct rhashtable_compare_arg arg = { ht, key };
	struct rhash_head *head = *shim_rhash_bucket(ht, key, false, &params);
	char *object;

	for (; head; head = head->next) {
		object = shim_rhash_object(head, &params);
		if (params.obj_cmpfn ? !params.obj_cmpfn(&arg, object) :
				       !memcmp(object + params.key_offset, key,
					       params.key_len))
			return object;
	}
	return NULL;
}

/* what is found may be removed before the caller looks at it */
static inline void *rhashtable_lookup(struct rhashtable *ht, const void *key,
				      const struct rhashtable_params params)
{
	void *object;

	shim_check(shim_rcu_is_locked());
	object = shim_rhash_find(ht, key, params);
	shim_reader_step();
	return object;
}

#define rhashtable_lookup_fast(ht, key, params) shim_rhash_find(ht, key, params)

/* like the kernel's, it may run out of memory and looks for no duplicate */
static inline int rhashtable_insert_fast(struct rhashtable *ht,
					 struct rhash_head *head,
					 const struct rhashtable_params params)
{
	struct rhash_head **bucket;

	if (shim_allocation_fails())
		return -ENOMEM;
	bucket = shim_rhash_bucket(ht, shim_rhash_object(head, &params), true,
				   &params);
	head->next = *bucket;
	*bucket = head;
	atomic_inc(&ht->nelems);
	return 0;
}

static inline int rhashtable_remove_fast(struct rhashtable *ht,
					 struct rhash_head *head,
					 const struct rhashtable_params params)
{
	struct rhash_head **at;

	at = shim_rhash_bucket(ht, shim_rhash_object(head, &params), true,
			       &params);
	for (; *at; at = &(*at)->next) {
		if (*at != head)
			continue;
		*at = head->next;
		atomic_dec(&ht->nelems);
		return 0;
	}
	shim_fail(__FILE__, __LINE__, "what is removed is there");
	return -ENOENT;
}

#endif /* SHIM_LINUX_RHASHTABLE_H */
