/* SPDX-License-Identifier: GPL-2.0-only */
/* Matches: who listens to which broadcasts. */
#ifndef KDBUS_MATCH_H
#define KDBUS_MATCH_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include <linux/kdbus.h>

#define KDBUS_MATCHES_MAX	4096	/* per connection */

struct kdbus_match_bits;

/**
 * struct kdbus_match_index - the matches of a bus
 * @lock:	guards everything in it, and the lists of the connections
 * @groups:	struct match_group by content: subscribers that say the same
 *		share a group, which is looked at once per message
 * @keys:	struct match_key: groups that can only match a certain sender,
 *		name or notification
 * @bits:	groups that can only match filters with a certain bit, for
 *		filters of generation 0 and of later ones; NULL until needed
 * @rest:	groups that may match any user message
 * @all:	groups that match everything, notifications too
 * @bloom_size:	bytes of a filter
 * @searches:	numbers the queries
 *
 * A message looks only at groups that can match it.  Of the places that a group
 * could be filed under, the one with the fewest others is taken.
 */
struct kdbus_match_index {
	struct rw_semaphore lock;
	struct rhashtable groups;
	struct rhashtable keys;
	struct kdbus_match_bits *bits[2];
	struct hlist_head rest;
	struct hlist_head all;
	u64 bloom_size;
	atomic64_t searches;
};

/**
 * struct kdbus_matches - the matches of one connection
 * @index:	index of its bus
 * @list:	struct match, newest last
 * @n:		how many
 * @closed:	no more
 * @found_by:	number of the last query that found it
 */
struct kdbus_matches {
	struct kdbus_match_index *index;
	struct list_head list;
	unsigned int n;
	bool closed;
	atomic64_t found_by;
};

/**
 * struct kdbus_match_query - a message, as far as matches care
 * @notice:	the notification item, or NULL for a message of a user
 * @src_id:	sender
 * @dst_id:	receiver
 * @names:	names the sender owns
 * @n_names:	how many
 * @filter:	bloom filter
 */
struct kdbus_match_query {
	const struct kdbus_item *notice;
	u64 src_id;
	u64 dst_id;
	const char *const *names;
	unsigned int n_names;
	const struct kdbus_bloom_filter *filter;
};

/*
 * who is to be told of each connection found: once, but for those of which it is
 * said that this may be @again
 */
typedef int (*kdbus_match_found)(void *data, struct kdbus_matches *matches,
				 bool again);

/* index */
int kdbus_match_index_init(struct kdbus_match_index *index, u64 bloom_size);
void kdbus_match_index_deinit(struct kdbus_match_index *index);
bool kdbus_match_index_has_keys(struct kdbus_match_index *index);
int kdbus_match_index_query(struct kdbus_match_index *index,
			    const struct kdbus_match_query *query,
			    kdbus_match_found found, void *data);

/* matches of a connection */
void kdbus_matches_init(struct kdbus_matches *matches,
			struct kdbus_match_index *index);
void kdbus_matches_close(struct kdbus_matches *matches);
int kdbus_matches_add(struct kdbus_matches *matches, u64 cookie, bool replace,
		      struct kdbus_item *items, const void *end);
int kdbus_matches_remove(struct kdbus_matches *matches, u64 cookie);
unsigned int kdbus_matches_count(struct kdbus_matches *matches);
bool kdbus_matches_query(struct kdbus_matches *matches,
			 const struct kdbus_match_query *query);

#endif /* KDBUS_MATCH_H */
