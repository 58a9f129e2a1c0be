// SPDX-License-Identifier: GPL-2.0-only
/* A pool: the receiver's memory, cut in slices. */

#include <linux/align.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "object/pool-private.h"

#define SPARES_MAX	8
#define KEPT_MAX	128	/* slices that are merged at once at most */

/* free slices, smallest first; the lower offset first among equals */
static void insert_free(struct kdbus_pool *pool, struct slice *slice)
{
	struct rb_node **slot = &pool->free.rb_node, *above = NULL;
	struct slice *other;

	while (*slot) {
		above = *slot;
		other = rb_entry(above, struct slice, node);
		if (slice->pub.size < other->pub.size ||
		    (slice->pub.size == other->pub.size &&
		     slice->pub.offset < other->pub.offset))
			slot = &above->rb_left;
		else
			slot = &above->rb_right;
	}
	rb_link_node(&slice->node, above, slot);
	rb_insert_color(&slice->node, &pool->free);
	INIT_LIST_HEAD(&slice->idle);
	if (slice->pub.size >= PAGE_SIZE)
		list_add_tail(&slice->idle, &pool->idle);
}

static void remove_free(struct kdbus_pool *pool, struct slice *slice)
{
	rb_erase(&slice->node, &pool->free);
	list_del(&slice->idle);
}

static void insert_busy(struct kdbus_pool *pool, struct slice *slice)
{
	struct rb_node **slot = &pool->busy.rb_node, *above = NULL;

	while (*slot) {
		above = *slot;
		if (slice->pub.offset <
		    rb_entry(above, struct slice, node)->pub.offset)
			slot = &above->rb_left;
		else
			slot = &above->rb_right;
	}
	rb_link_node(&slice->node, above, slot);
	rb_insert_color(&slice->node, &pool->busy);
}

static struct slice *find_busy(struct kdbus_pool *pool, u64 offset)
{
	struct rb_node *node = pool->busy.rb_node;
	struct slice *slice;

	while (node) {
		slice = rb_entry(node, struct slice, node);
		if (slice->pub.offset == offset)
			return slice;
		node = offset < slice->pub.offset ? node->rb_left :
						    node->rb_right;
	}
	return NULL;
}

/* smallest free slice of at least @size bytes */
static struct slice *find_free(struct kdbus_pool *pool, u64 size)
{
	struct rb_node *node = pool->free.rb_node;
	struct slice *slice, *best = NULL;

	while (node) {
		slice = rb_entry(node, struct slice, node);
		if (slice->pub.size >= size) {
			best = slice;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/*
 * What is known of a slice stays for as long as the receiver likes: it pays,
 * whoever sends.
 */
static void *memory_new(struct kdbus_pool *pool, size_t size, gfp_t flags)
{
	struct mem_cgroup *old = set_active_memcg(pool->memcg);
	void *memory = kmalloc(size, flags);

	set_active_memcg(old);
	return memory;
}

static struct slice *slice_new(struct kdbus_pool *pool)
{
	return memory_new(pool, sizeof(struct slice), GFP_SENDER | __GFP_ZERO);
}

static void slice_free(struct slice *slice)
{
	if (slice)
		kfree(slice->room);
	kfree(slice);
}

static struct slice *take_spare(struct kdbus_pool *pool)
{
	struct slice *slice;

	slice = list_first_entry_or_null(&pool->spares, struct slice, entry);
	if (slice) {
		list_del(&slice->entry);
		pool->n_spares--;
	}
	return slice;
}

/* Keep what is no slice any more.  Returns it if there are enough. */
static struct slice *keep_spare(struct kdbus_pool *pool, struct slice *slice)
{
	if (!slice || pool->n_spares >= SPARES_MAX)
		return slice;
	list_add(&slice->entry, &pool->spares);
	pool->n_spares++;
	return NULL;
}

/**
 * kdbus_slices_init() - one free slice from end to end
 * @pool:	pool with its size set
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_slices_init(struct kdbus_pool *pool)
{
	struct slice *slice;

	spin_lock_init(&pool->lock);
	pool->free = RB_ROOT;
	pool->busy = RB_ROOT;
	INIT_LIST_HEAD(&pool->idle);
	INIT_LIST_HEAD(&pool->slices);
	INIT_LIST_HEAD(&pool->spares);
	pool->n_spares = 0;
	pool->n_kept = 0;

	slice = slice_new(pool);
	if (!slice)
		return -ENOMEM;
	slice->pub.size = pool->size;
	slice->free = true;
	list_add(&slice->entry, &pool->slices);
	insert_free(pool, slice);
	return 0;
}

/**
 * kdbus_slices_deinit() - forget all slices, the user's own included
 * @pool:	pool nobody uses any more
 */
void kdbus_slices_deinit(struct kdbus_pool *pool)
{
	struct slice *slice, *next;

	list_for_each_entry_safe(slice, next, &pool->slices, entry) {
		WARN_ON_ONCE(slice->kernel);
		slice_free(slice);
	}
	while ((slice = take_spare(pool)))
		slice_free(slice);
}

/* See to it that there is a spare; may drop the lock meanwhile. */
static int reserve_spare(struct kdbus_pool *pool)
	__must_hold(&pool->lock)
{
	struct slice *slice;

	while (!pool->n_spares) {
		spin_unlock(&pool->lock);
		slice = slice_new(pool);
		spin_lock(&pool->lock);
		if (!slice)
			return -ENOMEM;
		list_add(&slice->entry, &pool->spares);
		pool->n_spares++;
	}
	return 0;
}

/* Let @slice swallow its right neighbour, which is on no tree any more. */
static struct slice *swallow_next(struct slice *slice)
{
	struct slice *next = list_next_entry(slice, entry);

	list_del(&next->entry);
	slice->pub.size += next->pub.size;
	return next;
}

/* Make a range that nobody holds one with its free neighbours. */
static void merge(struct kdbus_pool *pool, struct slice *slice)
{
	struct slice *left = NULL, *right = NULL, *neighbour;

	rb_erase(&slice->node, &pool->busy);
	if (!list_is_last(&slice->entry, &pool->slices)) {
		neighbour = list_next_entry(slice, entry);
		if (neighbour->free) {
			remove_free(pool, neighbour);
			right = swallow_next(slice);
		}
	}
	if (!list_is_first(&slice->entry, &pool->slices)) {
		neighbour = list_prev_entry(slice, entry);
		if (neighbour->free) {
			remove_free(pool, neighbour);
			left = swallow_next(neighbour);
			slice = neighbour;
		}
	}
	slice->free = true;
	insert_free(pool, slice);
	slice_free(keep_spare(pool, left));
	slice_free(keep_spare(pool, right));
}

/*
 * The next message is often as long as the ones before.  So slices that are
 * freed from left to right stay cut for it, as long as that makes no difference:
 * together they are what best fit would choose.
 */
static bool may_keep(const struct kdbus_pool *pool, const struct slice *slice)
{
	const struct rb_node *node = pool->free.rb_node;
	const struct slice *rest;
	u64 size = slice->pub.size, run = pool->n_kept * size;

	if (pool->n_kept == KEPT_MAX)
		return false;
	if (pool->n_kept && (pool->kept->pub.size != size ||
			     pool->kept->pub.offset + run != slice->pub.offset))
		return false;
	if (!node)
		return true;
	if (node->rb_left || node->rb_right)
		return false;
	rest = rb_entry(node, struct slice, node);
	return rest->pub.offset > slice->pub.offset &&
	       rest->pub.size >= run + size;
}

static struct slice *pop_kept(struct kdbus_pool *pool)
{
	struct slice *slice = pool->kept;

	pool->n_kept--;
	if (pool->n_kept)
		pool->kept = list_next_entry(slice, entry);
	return slice;
}

/**
 * kdbus_slices_settle() - ranges that were freed last are free like others
 * @pool:	pool, locked
 */
void kdbus_slices_settle(struct kdbus_pool *pool)
{
	lockdep_assert_held(&pool->lock);
	while (pool->n_kept)
		merge(pool, pop_kept(pool));
}

static struct slice *take_kept(struct kdbus_pool *pool, u64 size)
{
	struct slice *slice;

	if (!pool->n_kept || pool->kept->pub.size != size)
		return NULL;
	slice = pop_kept(pool);
	slice->kernel = true;
	return slice;
}

static void put_back(struct kdbus_pool *pool, struct slice *slice)
{
	if (!may_keep(pool, slice)) {
		kdbus_slices_settle(pool);
		if (!may_keep(pool, slice)) {
			merge(pool, slice);
			return;
		}
	}
	if (!pool->n_kept)
		pool->kept = slice;
	pool->n_kept++;
}

/* Cut @size bytes off a free slice that is taken out of its tree. */
static struct slice *cut(struct kdbus_pool *pool, struct slice *rest, u64 size)
{
	struct slice *slice;

	if (rest->pub.size == size)
		return rest;
	slice = take_spare(pool);
	slice->pub.offset = rest->pub.offset;
	slice->pub.size = size;
	list_add_tail(&slice->entry, &rest->entry);
	rest->pub.offset += size;
	rest->pub.size -= size;
	insert_free(pool, rest);
	return slice;
}

/**
 * kdbus_pool_alloc() - take a slice, held by the kernel
 * @pool:	pool
 * @size:	bytes, not 0; rounded up to a multiple of 8
 *
 * Best fit.
 *
 * Return: the slice; ERR_PTR(-EXFULL) if no free range is large enough,
 * ERR_PTR(-ENOMEM).
 */
struct kdbus_slice *kdbus_pool_alloc(struct kdbus_pool *pool, u64 size)
{
	struct slice *slice;
	int r;

	if (size > pool->size)
		return ERR_PTR(-EXFULL);
	size = ALIGN(size, 8);

	guard(spinlock)(&pool->lock);
	slice = take_kept(pool, size);
	if (slice)
		return &slice->pub;
	r = reserve_spare(pool);
	if (r)
		return ERR_PTR(r);
	kdbus_slices_settle(pool);
	slice = find_free(pool, size);
	if (!slice)
		return ERR_PTR(-EXFULL);

	/* nothing below can fail */
	remove_free(pool, slice);
	slice = cut(pool, slice, size);
	slice->free = false;
	slice->kernel = true;
	slice->user = false;
	slice->memory = NULL;
	insert_busy(pool, slice);
	return &slice->pub;
}

/**
 * kdbus_slice_room() - memory that comes with a slice
 * @pool:	pool
 * @pub:	slice that the kernel holds
 *
 * So what is known of a slice while the kernel holds it needs no allocation of
 * its own for each message.  It is not cleared, and goes with the slice.
 *
 * Return: KDBUS_SLICE_ROOM bytes; NULL without memory.
 */
void *kdbus_slice_room(struct kdbus_pool *pool, struct kdbus_slice *pub)
{
	struct slice *slice = to_slice(pub);

	if (!slice->room)
		slice->room = memory_new(pool, KDBUS_SLICE_ROOM, GFP_SENDER);
	return slice->room;
}

/*
 * Nobody holds the range any more.  Drops the lock, since pages may be given
 * back.
 */
static void free_and_unlock(struct kdbus_pool *pool, struct slice *slice)
	__releases(&pool->lock)
{
	put_back(pool, slice);
	spin_unlock(&pool->lock);
	kdbus_pages_relax(pool);
}

/**
 * kdbus_pool_drop() - the kernel lets go of a slice
 * @pool:	pool
 * @pub:	slice, NULL to do nothing; gone unless the user holds it too
 *
 * May sleep.
 */
void kdbus_pool_drop(struct kdbus_pool *pool, struct kdbus_slice *pub)
{
	struct slice *slice;

	if (!pub)
		return;
	slice = to_slice(pub);
	spin_lock(&pool->lock);
	WARN_ON_ONCE(!slice->kernel);
	slice->kernel = false;
	if (slice->user)
		spin_unlock(&pool->lock);
	else
		free_and_unlock(pool, slice);
}

/**
 * kdbus_pool_publish() - the user holds a slice from now on
 * @pool:	pool
 * @pub:	slice that the kernel holds
 */
void kdbus_pool_publish(struct kdbus_pool *pool, struct kdbus_slice *pub)
{
	struct slice *slice = to_slice(pub);

	spin_lock(&pool->lock);
	slice->user = true;
	spin_unlock(&pool->lock);
}

/**
 * kdbus_pool_hand_over() - the user holds a slice now, the kernel no longer
 * @pool:	pool
 * @pub:	slice that the kernel holds
 */
void kdbus_pool_hand_over(struct kdbus_pool *pool, struct kdbus_slice *pub)
{
	struct slice *slice = to_slice(pub);

	spin_lock(&pool->lock);
	slice->user = true;
	slice->kernel = false;
	spin_unlock(&pool->lock);
}

/**
 * kdbus_pool_release() - the user lets go of a slice
 * @pool:	pool
 * @offset:	where the slice starts
 *
 * May sleep.
 *
 * Return: 0, or -ENXIO if no slice that the user holds starts there.
 */
int kdbus_pool_release(struct kdbus_pool *pool, u64 offset)
{
	struct slice *slice;

	spin_lock(&pool->lock);
	slice = find_busy(pool, offset);
	if (!slice || !slice->user) {
		spin_unlock(&pool->lock);
		return -ENXIO;
	}
	slice->user = false;
	if (slice->kernel)
		spin_unlock(&pool->lock);
	else
		free_and_unlock(pool, slice);
	return 0;
}

/**
 * kdbus_pool_take_back() - the user lets go of a slice, the kernel holds it
 * @pool:	pool
 * @offset:	where the slice starts
 * @out_slice:	for kdbus_pool_drop(), which is due; NULL if a queue holds it
 *
 * Return: 0, or -ENXIO if no slice that the user holds starts there.
 */
int kdbus_pool_take_back(struct kdbus_pool *pool, u64 offset,
			 struct kdbus_slice **out_slice)
{
	struct slice *slice;

	guard(spinlock)(&pool->lock);
	slice = find_busy(pool, offset);
	if (!slice || !slice->user)
		return -ENXIO;
	slice->user = false;
	*out_slice = slice->kernel ? NULL : &slice->pub;
	slice->kernel = true;
	return 0;
}
