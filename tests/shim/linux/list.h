/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists.  What is removed twice ends the test. */
#ifndef SHIM_LINUX_LIST_H
#define SHIM_LINUX_LIST_H

#include <linux/kernel.h>

#define SHIM_POISON ((void *)0x100)

#define LIST_HEAD(name) struct list_head name = { &name, &name }

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list->prev = list;
}

static inline void shim_list_join(struct list_head *a, struct list_head *b)
{
	a->next = b;
	b->prev = a;
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	shim_list_join(entry, head->next);
	shim_list_join(head, entry);
}

static inline void list_add_tail(struct list_head *entry,
				 struct list_head *head)
{
	list_add(entry, head->prev);
}

static inline void list_del(struct list_head *entry)
{
	shim_list_join(entry->prev, entry->next);
	entry->next = entry->prev = SHIM_POISON;
}

static inline void list_del_init(struct list_head *entry)
{
	list_del(entry);
	INIT_LIST_HEAD(entry);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	list_del(entry);
	list_add(entry, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline bool list_is_first(const struct list_head *entry,
				 const struct list_head *head)
{
	return entry->prev == head;
}

static inline bool list_is_last(const struct list_head *entry,
				const struct list_head *head)
{
	return entry->next == head;
}

#define list_entry(pointer, type, member) container_of(pointer, type, member)
#define list_next_entry(at, member)					\
	list_entry((at)->member.next, typeof(*(at)), member)
#define list_prev_entry(at, member)					\
	list_entry((at)->member.prev, typeof(*(at)), member)
#define list_first_entry_or_null(head, type, member)			\
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))

#define list_for_each_entry(at, head, member)				\
	for (at = list_entry((head)->next, typeof(*at), member);	\
	     &at->member != (head); at = list_next_entry(at, member))
#define list_for_each_entry_safe(at, after, head, member)		\
	for (at = list_entry((head)->next, typeof(*at), member),	\
	     after = list_next_entry(at, member);			\
	     &at->member != (head);					\
	     at = after, after = list_next_entry(after, member))

/* with one pointer as head */

#define INIT_HLIST_HEAD(head) ((head)->first = NULL)

static inline bool hlist_empty(const struct hlist_head *head)
{
	return !head->first;
}

static inline void hlist_add_head(struct hlist_node *node,
				  struct hlist_head *head)
{
	node->next = head->first;
	node->pprev = &head->first;
	if (node->next)
		node->next->pprev = &node->next;
	head->first = node;
}

static inline void hlist_del(struct hlist_node *node)
{
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	node->next = SHIM_POISON;
	node->pprev = SHIM_POISON;
}

static inline void hlist_del_init(struct hlist_node *node)
{
	if (!node->pprev)
		return;
	hlist_del(node);
	node->next = NULL;
	node->pprev = NULL;
}

#define hlist_entry_safe(pointer, type, member)				\
	({								\
		struct hlist_node *_node = (pointer);			\
		_node ? container_of(_node, type, member) : NULL;	\
	})

#define hlist_for_each(node, head)					\
	for (node = (head)->first; node; node = node->next)
#define hlist_for_each_entry(at, head, member)				\
	for (at = hlist_entry_safe((head)->first, typeof(*at), member);	\
	     at;							\
	     at = hlist_entry_safe(at->member.next, typeof(*at), member))
#define hlist_for_each_entry_safe(at, after, head, member)		\
	for (at = hlist_entry_safe((head)->first, typeof(*at), member);	\
	     at && ({ after = at->member.next; 1; });			\
	     at = hlist_entry_safe(after, typeof(*at), member))

#endif /* SHIM_LINUX_LIST_H */
