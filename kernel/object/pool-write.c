// SPDX-License-Identifier: GPL-2.0-only
/* A pool: the receiver's memory, cut in slices.  Here: what is written into it. */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "object/pool-private.h"

/**
 * kdbus_cursor_init() - write from the start of a new slice on
 * @cursor:	cursor
 * @pool:	pool
 * @slice:	slice that the kernel holds
 */
void kdbus_cursor_init(struct kdbus_cursor *cursor, struct kdbus_pool *pool,
		       struct kdbus_slice *slice)
{
	cursor->pool = pool;
	cursor->slice = slice;
	cursor->left = slice->size;
	cursor->to = to_slice(slice)->memory;
	cursor->run = cursor->to ? to_slice(slice)->run : 0;
	cursor->fresh = !cursor->to;
}

/* Find the memory where the cursor stands. */
static noinline int find_memory(struct kdbus_cursor *cursor)
{
	struct slice *slice = to_slice(cursor->slice);
	u64 end = slice->pub.offset + slice->pub.size;
	u64 at = end - cursor->left;
	size_t n, in = offset_in_page(at);
	void *to;

	to = kdbus_pages_get(cursor->pool, at >> PAGE_SHIFT,
			     (end - 1) >> PAGE_SHIFT, cursor->fresh && !in, &n);
	if (IS_ERR(to))
		return PTR_ERR(to);
	cursor->fresh = false;
	cursor->to = to + in;
	cursor->run = min_t(u64, n * PAGE_SIZE - in, cursor->left);
	if (at == slice->pub.offset) {
		slice->memory = cursor->to;
		slice->run = cursor->run;
	}
	return 0;
}

/* How many of @n bytes can be written in one piece? */
static int look(struct kdbus_cursor *cursor, size_t n, size_t *out_chunk)
{
	int r;

	if (WARN_ON_ONCE(n > cursor->left))
		return -EINVAL;
	if (!cursor->run) {
		r = find_memory(cursor);
		if (r)
			return r;
	}
	*out_chunk = min(n, cursor->run);
	return 0;
}

static void advance(struct kdbus_cursor *cursor, size_t n)
{
	cursor->to += n;
	cursor->run -= n;
	cursor->left -= n;
}

/**
 * kdbus_cursor_write() - write
 * @cursor:	cursor
 * @data:	bytes to copy
 * @n:		how many
 *
 * Return: 0 or -ENOMEM; -ENOMEM only where the slice was not written before.
 */
int kdbus_cursor_write(struct kdbus_cursor *cursor, const void *data, size_t n)
{
	size_t chunk;
	int r;

	for (; n; n -= chunk, data += chunk) {
		r = look(cursor, n, &chunk);
		if (r)
			return r;
		memcpy(cursor->to, data, chunk);
		advance(cursor, chunk);
	}
	return 0;
}

/**
 * kdbus_cursor_write_user() - write what lies in the calling process
 * @cursor:	cursor
 * @data:	address in user space
 * @n:		bytes
 *
 * The pages are our own: copy_from_user() would ask whether they are an object
 * of the slab, or the stack.
 *
 * Return: 0, -EFAULT, -ENOMEM.
 */
int kdbus_cursor_write_user(struct kdbus_cursor *cursor,
			    const void __user *data, size_t n)
{
	size_t chunk;
	int r;

	for (; n; n -= chunk, data += chunk) {
		r = look(cursor, n, &chunk);
		if (r)
			return r;
		if (_copy_from_user(cursor->to, data, chunk))
			return -EFAULT;
		advance(cursor, chunk);
	}
	return 0;
}

/**
 * kdbus_cursor_zero() - write zeroes
 * @cursor:	cursor
 * @n:		bytes
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_cursor_zero(struct kdbus_cursor *cursor, size_t n)
{
	size_t chunk;
	int r;

	for (; n; n -= chunk) {
		r = look(cursor, n, &chunk);
		if (r)
			return r;
		memset(cursor->to, 0, chunk);
		advance(cursor, chunk);
	}
	return 0;
}

/**
 * kdbus_pool_write() - copy into a slice
 * @pool:	pool
 * @slice:	slice that the kernel holds
 * @at:		where in the slice
 * @data:	bytes to copy
 * @n:		how many
 *
 * Return: 0 or -ENOMEM; -ENOMEM only where the slice was not written before.
 */
int kdbus_pool_write(struct kdbus_pool *pool, struct kdbus_slice *slice, u64 at,
		     const void *data, size_t n)
{
	struct kdbus_cursor cursor;

	if (WARN_ON_ONCE(at > slice->size))
		return -EINVAL;
	kdbus_cursor_init(&cursor, pool, slice);
	cursor.left -= at;
	cursor.to += at;
	cursor.run -= min_t(u64, at, cursor.run);
	cursor.fresh = cursor.fresh && !at;
	return kdbus_cursor_write(&cursor, data, n);
}

/**
 * kdbus_cursor_read() - read what was written
 * @cursor:	cursor
 * @data:	room
 * @n:		bytes
 *
 * Return: 0 or -ENOMEM, which is not for memory that was written before.
 */
int kdbus_cursor_read(struct kdbus_cursor *cursor, void *data, size_t n)
{
	size_t chunk;
	int r;

	cursor->fresh = false;
	for (; n; n -= chunk, data += chunk) {
		r = look(cursor, n, &chunk);
		if (r)
			return r;
		memcpy(data, cursor->to, chunk);
		advance(cursor, chunk);
	}
	return 0;
}

/**
 * kdbus_cursor_copy() - write what is left of another slice
 * @cursor:	cursor, with at least as many bytes left
 * @from:	cursor in a slice of another pool, which was written before
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_cursor_copy(struct kdbus_cursor *cursor, struct kdbus_cursor *from)
{
	size_t chunk;
	int r;

	while (from->left) {
		r = look(from, from->left, &chunk);
		if (!r)
			r = kdbus_cursor_write(cursor, from->to, chunk);
		if (r)
			return r;
		advance(from, chunk);
	}
	return 0;
}
