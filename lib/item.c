// SPDX-License-Identifier: LGPL-2.1-or-later
/* Items of kdbus commands and messages. */
#include <errno.h>

#include "lib/item.h"

/* walking */

const struct kdbus_item *kb_item_next(struct kb_item_iter *iter)
{
	const struct kdbus_item *item = (const void *)iter->next;
	size_t left = iter->end - iter->next;
	size_t step;

	if (left < KB_ITEM_HEADER || item->size < KB_ITEM_HEADER ||
	    item->size > left)
		return NULL;

	/* the padding behind the last one may be missing */
	step = kb_align8(item->size);
	iter->next += step < left ? step : left;
	return item;
}

const char *kb_item_string(const struct kdbus_item *item)
{
	size_t size = kb_item_size(item);

	return size && strnlen(item->str, size) == size - 1 ? item->str : NULL;
}

/* building */

int kb_item_reserve(struct kb_buffer *items, uint64_t type, size_t size,
		    void **out)
{
	const uint64_t header[2] = { KB_ITEM_HEADER + size, type };
	size_t padded = kb_align8(KB_ITEM_HEADER + size);
	int r;

	r = kb_buffer_reserve(items, padded);
	if (r < 0)
		return r;

	kb_buffer_append(items, header, sizeof(header));
	*out = items->data + items->size;
	kb_buffer_append_zero(items, padded - sizeof(header));
	return 0;
}

int kb_item_append(struct kb_buffer *items, uint64_t type, const void *data,
		   size_t size)
{
	void *payload;
	int r;

	r = kb_item_reserve(items, type, size, &payload);
	if (r < 0)
		return r;
	if (size)
		memcpy(payload, data, size);
	return 0;
}

int kb_item_append_string(struct kb_buffer *items, uint64_t type,
			  const char *s)
{
	return kb_item_append(items, type, s, strlen(s) + 1);
}

int kb_item_append_u64(struct kb_buffer *items, uint64_t type, uint64_t value)
{
	return kb_item_append(items, type, &value, sizeof(value));
}
