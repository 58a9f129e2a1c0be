/* SPDX-License-Identifier: GPL-2.0-only */
/* A pool: the receiver's memory, cut in slices. */
#ifndef KDBUS_POOL_H
#define KDBUS_POOL_H

#include <linux/types.h>

struct kdbus_pool;
struct vm_area_struct;

/**
 * struct kdbus_slice - a range of a pool
 * @offset:	first byte, a multiple of 8
 * @size:	bytes, a multiple of 8
 *
 * Results of ioctls lie in slices.  A slice has two independent holders: the
 * kernel, as long as it is written or waits in a queue, and the user, from the
 * moment an ioctl reports its offset until KDBUS_CMD_FREE.  When neither holds
 * it, it is free.  Reporting it twice still needs a single FREE.
 */
struct kdbus_slice {
	u64 offset;
	u64 size;
};

#define KDBUS_SLICE_ROOM	104	/* bytes */

/*
 * A pool is an array of pages of its own that come into being when they are
 * first needed and that the receiver maps read-only.  Senders copy straight
 * into them.  A range that becomes free keeps its pages for the next message
 * while the pool as a whole has few; the rest, and all of them when memory is
 * short, go back to the system.
 *
 * Slices are guarded by a spinlock of the pool and never taken across a copy.
 * Pages inside an allocated slice are written by whoever allocated it, without
 * a lock.  Pages and slices are charged to the memory cgroup of the pool's owner.
 */

/* lifetime */
struct kdbus_pool *kdbus_pool_new(u64 size);
struct kdbus_pool *kdbus_pool_ref(struct kdbus_pool *pool);
struct kdbus_pool *kdbus_pool_unref(struct kdbus_pool *pool);
u64 kdbus_pool_size(const struct kdbus_pool *pool);
int kdbus_pool_mmap(struct kdbus_pool *pool, struct vm_area_struct *vma);

/* slices */
struct kdbus_slice *kdbus_pool_alloc(struct kdbus_pool *pool, u64 size);
void *kdbus_slice_room(struct kdbus_pool *pool, struct kdbus_slice *slice);
void kdbus_pool_drop(struct kdbus_pool *pool, struct kdbus_slice *slice);
void kdbus_pool_publish(struct kdbus_pool *pool, struct kdbus_slice *slice);
void kdbus_pool_hand_over(struct kdbus_pool *pool, struct kdbus_slice *slice);
int kdbus_pool_release(struct kdbus_pool *pool, u64 offset);
int kdbus_pool_take_back(struct kdbus_pool *pool, u64 offset,
			 struct kdbus_slice **out_slice);

/**
 * struct kdbus_cursor - where the next byte of a slice is written
 * @pool:	pool
 * @slice:	slice
 * @left:	bytes up to its end
 * @to:		the place in memory
 * @run:	bytes from there that lie in one piece; 0 if not looked for yet
 * @fresh:	nothing was written to the slice yet
 */
struct kdbus_cursor {
	struct kdbus_pool *pool;
	struct kdbus_slice *slice;
	u64 left;
	void *to;
	size_t run;
	bool fresh;
};

/* contents, piece by piece */
void kdbus_cursor_init(struct kdbus_cursor *cursor, struct kdbus_pool *pool,
		       struct kdbus_slice *slice);
int kdbus_cursor_write(struct kdbus_cursor *cursor, const void *data, size_t n);
int kdbus_cursor_write_user(struct kdbus_cursor *cursor,
			    const void __user *data, size_t n);
int kdbus_cursor_zero(struct kdbus_cursor *cursor, size_t n);
int kdbus_cursor_read(struct kdbus_cursor *cursor, void *data, size_t n);
int kdbus_cursor_copy(struct kdbus_cursor *cursor, struct kdbus_cursor *from);

/* contents at once; @at counts from the start of the slice */
int kdbus_pool_write(struct kdbus_pool *pool, struct kdbus_slice *slice,
		     u64 at, const void *data, size_t n);

/* all pools of the module */
int kdbus_pools_init(void);
void kdbus_pools_deinit(void);

#endif /* KDBUS_POOL_H */
