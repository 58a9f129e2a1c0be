/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists that are read under RCU, or with a lock. */
#ifndef SHIM_LINUX_RCULIST_H
#define SHIM_LINUX_RCULIST_H

#include <linux/list.h>
#include <linux/rcupdate.h>

#define hlist_add_head_rcu(node, head) hlist_add_head(node, head)

/* a reader that stands on the node goes on to the next */
static inline void hlist_del_rcu(struct hlist_node *node)
{
	struct hlist_node *next = node->next;

	hlist_del(node);
	node->next = next;
}

/* between finding an entry and looking at it, it may be removed */
#define shim_entry_rcu(pointer, type, member)				\
	({								\
		type *_entry = hlist_entry_safe(pointer, type, member);	\
		shim_reader_step();					\
		_entry;							\
	})

#define hlist_for_each_entry_rcu(at, head, member, locked)		\
	for (at = ({							\
		     shim_check(shim_rcu_is_locked() || (locked));	\
		     shim_entry_rcu((head)->first, typeof(*at), member); \
	     });							\
	     at;							\
	     at = shim_entry_rcu(at->member.next, typeof(*at), member))

#endif /* SHIM_LINUX_RCULIST_H */
