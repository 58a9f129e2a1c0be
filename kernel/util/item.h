/* SPDX-License-Identifier: GPL-2.0-only */
/* Walk items and check their payload. */
#ifndef KDBUS_ITEM_H
#define KDBUS_ITEM_H

#include <linux/align.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>

#include <linux/kdbus.h>

#define KDBUS_ALIGN8(x)		ALIGN(x, 8)
#define KDBUS_ITEM_HEADER	offsetof(struct kdbus_item, data)
#define KDBUS_ITEM_SIZE(n)	KDBUS_ALIGN8(KDBUS_ITEM_HEADER + (n))

/**
 * kdbus_item_payload() - bytes of payload of a checked item
 * @item:	item
 */
static inline size_t kdbus_item_payload(const struct kdbus_item *item)
{
	return item->size - KDBUS_ITEM_HEADER;
}

/**
 * kdbus_item_next() - the item behind a checked one
 * @item:	item that is not the last
 */
static inline struct kdbus_item *kdbus_item_next(const struct kdbus_item *item)
{
	return (struct kdbus_item *)((u8 *)item + KDBUS_ALIGN8(item->size));
}

/* walk checked items; @end is the unaligned end of the object they lie in */
#define kdbus_items_for_each(item, first, end)				\
	for (item = (first); (const u8 *)item < (const u8 *)(end);	\
	     item = kdbus_item_next(item))

int kdbus_item_check(const struct kdbus_item *item);

/* write */

/**
 * kdbus_item_begin() - write the header of an item and zero its last word
 * @at:		8-aligned, with room for KDBUS_ITEM_SIZE(@payload) bytes
 * @type:	type
 * @payload:	bytes of payload the caller is going to fill in
 */
static inline struct kdbus_item *kdbus_item_begin(void *at, u64 type,
						  size_t payload)
{
	struct kdbus_item *item = at;
	size_t size = KDBUS_ITEM_SIZE(payload);

	if (size > KDBUS_ITEM_HEADER)
		*(u64 *)((u8 *)at + size - sizeof(u64)) = 0;
	item->size = KDBUS_ITEM_HEADER + payload;
	item->type = type;
	return item;
}

void *kdbus_item_put(void *at, u64 type, const void *payload, size_t size);

#endif /* KDBUS_ITEM_H */
