/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of kernel/ share: items as user space writes them, and a
 * generator of random numbers that repeats itself.
 */
#ifndef TEST_KERNEL_ITEMS_H
#define TEST_KERNEL_ITEMS_H

#include <criterion/criterion.h>
#include <stdlib.h>

#include "util/item.h"
#include "tests/shim/shim.h"

static u64 test_seed;

static inline u32 test_next(u32 below)
{
	test_seed = test_seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(test_seed >> 33) % below;
}

/*
 * Items that end where their memory ends, so that reading on is found.  The
 * padding between them is not zero; that behind the last one is left out.
 */
struct items {
	u8 *data;
	size_t size;
};

static inline struct kdbus_item *items_first(const struct items *items)
{
	return (struct kdbus_item *)items->data;
}

static inline const void *items_end(const struct items *items)
{
	return items->data + items->size;
}

static inline void items_free(struct items *items)
{
	free(items->data);
	*items = (struct items){};
}

#define _cleanup_items_ __attribute__((__cleanup__(items_free)))

static inline struct kdbus_item *items_add(struct items *items, u64 type,
					   const void *payload, size_t n)
{
	size_t at = (items->size + 7) & ~(size_t)7;
	const u64 header[2] = { 16 + n, type };

	items->data = realloc(items->data, at + 16 + n);
	cr_assert_not_null(items->data);
	memset(items->data + items->size, 0xee, at - items->size);
	memcpy(items->data + at, header, 16);
	if (n)
		memcpy(items->data + at + 16, payload, n);
	items->size = at + 16 + n;
	return (struct kdbus_item *)(items->data + at);
}

static inline void items_add_u64(struct items *items, u64 type, u64 value)
{
	items_add(items, type, &value, sizeof(value));
}

static inline void items_add_string(struct items *items, u64 type,
				    const char *text)
{
	items_add(items, type, text, strlen(text) + 1);
}

/* NAME_ADD, NAME_REMOVE or NAME_CHANGE; @name may be NULL */
static inline void items_add_name_change(struct items *items, u64 type,
					 u64 old_id, u64 new_id,
					 const char *name)
{
	u8 payload[512] = {};
	const u64 ids[4] = { old_id, 0x5555, new_id, 0xaaaa };
	size_t n = name ? strlen(name) + 1 : 0;

	memcpy(payload, ids, sizeof(ids));
	if (n)
		memcpy(payload + sizeof(ids), name, n);
	items_add(items, type, payload, sizeof(ids) + n);
}

/* ID_ADD or ID_REMOVE */
static inline void items_add_id_change(struct items *items, u64 type, u64 id)
{
	const u64 payload[2] = { id, 0x5555 };

	items_add(items, type, payload, sizeof(payload));
}

#endif /* TEST_KERNEL_ITEMS_H */
