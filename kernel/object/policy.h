/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy: who may see, talk to and own which names. */
#ifndef KDBUS_POLICY_H
#define KDBUS_POLICY_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/seqlock.h>
#include <linux/types.h>

#include <linux/kdbus.h>

struct cred;

#define KDBUS_POLICY_BUCKETS	128
#define KDBUS_POLICY_NOTHING	(-1)

/**
 * struct kdbus_policy - entries, each a name and what it grants
 * @lock:	writers, one at a time
 * @seq:	lets readers see a replacement as a whole or not at all
 * @buckets:	struct kdbus_policy_entry by hash of the name; read under RCU
 *
 * The policy of a bus has entries from activators and policy holders, which
 * vanish with them.  That of a custom endpoint comes from its owner.  Entries
 * never change; they are replaced.
 */
struct kdbus_policy {
	struct mutex lock;
	seqcount_mutex_t seq;
	struct hlist_head *buckets;
};

int kdbus_policy_init(struct kdbus_policy *policy);
void kdbus_policy_deinit(struct kdbus_policy *policy);

/* make entries from items, to be handed to kdbus_policy_replace() */
int kdbus_policy_parse(struct list_head *out, struct kdbus_item *items,
		       const void *end, unsigned int max_names, bool wildcards);
void kdbus_policy_discard(struct list_head *entries);

/* install and remove */
int kdbus_policy_replace(struct kdbus_policy *policy, const void *owner,
			 struct list_head *entries);
void kdbus_policy_remove(struct kdbus_policy *policy, const void *owner);

/* ask */
int kdbus_policy_query(struct kdbus_policy *policy, const struct cred *cred,
		       const char *name);

#endif /* KDBUS_POLICY_H */
