/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Items of kdbus commands and messages: walking received ones, building ours.
 */
#ifndef KB_ITEM_H
#define KB_ITEM_H

#include <linux/kdbus.h>

#include "lib/util.h"

#define KB_ITEM_HEADER	offsetof(struct kdbus_item, data)

/* walking */

/**
 * struct kb_item_iter - a walk over items
 *
 * Items of the kernel can be trusted to be well-formed, but the walk never
 * leaves [@next, @end) even if they are not.
 */
struct kb_item_iter {
	const uint8_t *next;
	const uint8_t *end;
};

/* Items are @size bytes at @items, 8-aligned. */
static inline struct kb_item_iter kb_items(const void *items, size_t size)
{
	return (struct kb_item_iter){
		.next = items,
		.end = (const uint8_t *)items + size,
	};
}

/* The next item, or NULL behind the last (or a broken) one. */
const struct kdbus_item *kb_item_next(struct kb_item_iter *iter);

/* Bytes of payload. */
static inline size_t kb_item_size(const struct kdbus_item *item)
{
	return item->size - KB_ITEM_HEADER;
}

/* The payload as a string, or NULL if it is not terminated inside the item. */
const char *kb_item_string(const struct kdbus_item *item);

/* building: each appends one item and pads to 8; 0 or -ENOMEM */

int kb_item_append(struct kb_buffer *items, uint64_t type, const void *data,
		   size_t size);
int kb_item_append_string(struct kb_buffer *items, uint64_t type,
			  const char *s);
int kb_item_append_u64(struct kb_buffer *items, uint64_t type, uint64_t value);

/**
 * kb_item_reserve() - append an item whose payload is filled in later
 * @out:	points to @size zero bytes, until @items grows again
 */
int kb_item_reserve(struct kb_buffer *items, uint64_t type, size_t size,
		    void **out);

#endif /* KB_ITEM_H */
