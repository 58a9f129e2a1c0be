/* SPDX-License-Identifier: GPL-2.0-only */
/* What the slices and the pages of a pool know of each other. */
#ifndef KDBUS_POOL_PRIVATE_H
#define KDBUS_POOL_PRIVATE_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "object/pool.h"

struct mem_cgroup;

/*
 * Senders look once for memory that the receiver's memory cgroup does not have,
 * and do not wait until somebody was killed for it: the message fails.
 */
#define GFP_SENDER	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_NORETRY)

/**
 * struct slice - a free or allocated range
 * @pub:	what others know of it
 * @entry:	in kdbus_pool.slices
 * @node:	in kdbus_pool.free or kdbus_pool.busy
 * @free:	which of the two; a slice that is kept is in kdbus_pool.busy
 *		though nobody holds it
 * @kernel:	held by the kernel
 * @user:	held by the user
 * @memory:	where it starts, once that was looked for; a slice that is not
 *		free keeps its pages
 * @run:	bytes from there that lie in one piece
 * @idle:	of a free one: in kdbus_pool.idle, or on its own
 * @room:	see kdbus_slice_room(); NULL if nobody asked for it yet
 */
struct slice {
	struct kdbus_slice pub;
	struct list_head entry;
	struct rb_node node;
	bool free;
	bool kernel;
	bool user;
	union {
		struct {
			void *memory;
			size_t run;
		};
		struct list_head idle;
	};
	void *room;
};

static inline struct slice *to_slice(struct kdbus_slice *pub)
{
	return container_of(pub, struct slice, pub);
}

/**
 * struct kdbus_pool - the receiver's memory
 * @ref:	references: the connection's, and one per mapping
 * @size:	bytes
 * @in_all:	in the list of all pools, for the shrinker
 * @memcg:	memory cgroup that pays for the pages and slices
 * @lock:	guards @slices, @free, @idle, @busy, @spares and @kept
 * @slices:	all slices in the order of their offset, without gaps
 * @free:	free slices by size
 * @idle:	those of them that may have whole pages to give back, since nobody
 *		looked for these since they became free
 * @busy:	the others by offset: those that somebody holds, and @kept
 * @spares:	what slices that merged have left over, for the next ones
 * @n_spares:	how many
 * @kept:	first of some slices that were freed just before, are in @busy
 *		still, and will be taken again as they are
 * @n_kept:	how many; they are of one size, side by side
 * @pages_lock:	held to add a page, or to remove some and their mappings: a
 *		page is never added where an old one is still mapped
 * @pages:	struct page by index; read without a lock
 * @n_pages:	how many
 * @mapping:	where it is mapped
 * @n_mappings:	how often; forks, and parts of what was split, are some more
 */
struct kdbus_pool {
	struct kref ref;
	u64 size;
	struct list_head in_all;
	struct mem_cgroup *memcg;

	spinlock_t lock;
	struct list_head slices;
	struct rb_root free;
	struct list_head idle;
	struct rb_root busy;
	struct list_head spares;
	unsigned int n_spares;
	struct slice *kept;
	unsigned int n_kept;

	struct mutex pages_lock;
	struct xarray pages;
	atomic_t n_pages;
	struct address_space mapping;
	atomic_t n_mappings;
};

int kdbus_slices_init(struct kdbus_pool *pool);
void kdbus_slices_deinit(struct kdbus_pool *pool);
void kdbus_slices_settle(struct kdbus_pool *pool);
void *kdbus_pages_get(struct kdbus_pool *pool, pgoff_t first, pgoff_t last,
		      bool fresh, size_t *out_n);
void kdbus_pages_relax(struct kdbus_pool *pool);

#endif /* KDBUS_POOL_PRIVATE_H */
