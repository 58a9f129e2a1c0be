// SPDX-License-Identifier: GPL-2.0-only
/* A pool: the receiver's memory, cut in slices.  Here: the memory. */

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "object/pool-private.h"

/* pages a pool keeps in free ranges: enough for the largest message by copy */
#define KEEP_PAGES	((2 << 20) / PAGE_SIZE)

#define TRIM_BATCH	32	/* pages removed under one lock */
#define FAULT_AROUND	16	/* pages mapped by one fault */

/* what to fill a pool with: bytes of the kernel, of the user, or zeroes */
struct source {
	const void *data;
	const void __user *user;
};

static DEFINE_MUTEX(all_lock);
static LIST_HEAD(all_pools);
static atomic_long_t n_all_pages;
static struct shrinker *shrinker;

/* pages */

/*
 * Senders do not wait until somebody was killed for a receiver that is out of
 * memory: the message fails.
 */
#define GFP_SENDER	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)
#define GFP_OWNER	GFP_KERNEL_ACCOUNT

/* a page, charged to the memory cgroup of the pool's owner */
static struct page *page_new(struct kdbus_pool *pool, gfp_t flags)
{
	struct mem_cgroup *old = set_active_memcg(pool->memcg);
	struct page *page = alloc_page(flags);

	set_active_memcg(old);
	return page;
}

/*
 * Add a page.  Somebody else may have been faster: two slices share the page
 * where they meet.
 */
static int page_add(struct kdbus_pool *pool, pgoff_t index, struct page *page)
{
	void *old;

	guard(mutex)(&pool->pages_lock);
	old = xa_cmpxchg(&pool->pages, index, NULL, page, GFP_KERNEL_ACCOUNT);
	if (xa_is_err(old))
		return xa_err(old);
	if (old)
		return -EEXIST;
	atomic_inc(&pool->n_pages);
	atomic_long_inc(&n_all_pages);
	return 0;
}

static void page_gone(struct kdbus_pool *pool, struct page *page)
{
	atomic_dec(&pool->n_pages);
	atomic_long_dec(&n_all_pages);
	put_page(page);
}

/* Copy into one page and move on in the source. */
static int fill_page(struct page *page, size_t at, struct source *source,
		     size_t n)
{
	u8 *to = kmap_local_page(page);
	int r = 0;

	if (source->user) {
		if (copy_from_user(to + at, source->user, n))
			r = -EFAULT;
		source->user += n;
	} else if (source->data) {
		memcpy(to + at, source->data, n);
		source->data += n;
	} else {
		memset(to + at, 0, n);
	}
	kunmap_local(to);
	return r;
}

/*
 * Add a page and copy into it.  A page that is overwritten as a whole is not
 * cleared, and so not shown to anybody before it is filled.
 */
static int fill_new_page(struct kdbus_pool *pool, pgoff_t index, size_t at,
			 struct source *source, size_t n)
{
	struct source start = *source;
	bool whole = n == PAGE_SIZE;
	struct page *page;
	int r = 0;

	page = page_new(pool, GFP_SENDER | (whole ? 0 : __GFP_ZERO));
	if (!page)
		return -ENOMEM;
	if (whole)
		r = fill_page(page, at, source, n);
	if (!r)
		r = page_add(pool, index, page);
	if (r) {
		*source = start;
		put_page(page);
		return r;
	}
	return whole ? 0 : fill_page(page, at, source, n);
}

static int fill(struct kdbus_pool *pool, u64 at, struct source source, size_t n)
{
	struct page *page;
	size_t in, chunk;
	int r;

	while (n) {
		in = offset_in_page(at);
		chunk = min_t(size_t, n, PAGE_SIZE - in);
		page = xa_load(&pool->pages, at >> PAGE_SHIFT);
		if (page)
			r = fill_page(page, in, &source, chunk);
		else
			r = fill_new_page(pool, at >> PAGE_SHIFT, in, &source,
					  chunk);
		if (r == -EEXIST)
			continue;
		if (r)
			return r;
		at += chunk;
		n -= chunk;
	}
	return 0;
}

static bool is_inside(const struct kdbus_slice *slice, u64 at, size_t n)
{
	return !WARN_ON_ONCE(at > slice->size || n > slice->size - at);
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
int kdbus_pool_write(struct kdbus_pool *pool, const struct kdbus_slice *slice,
		     u64 at, const void *data, size_t n)
{
	struct source source = { .data = data };

	return is_inside(slice, at, n) ?
		fill(pool, slice->offset + at, source, n) : -EINVAL;
}

/**
 * kdbus_pool_write_user() - copy from the calling process into a slice
 * @pool:	pool
 * @slice:	slice that the kernel holds
 * @at:		where in the slice
 * @data:	address in user space
 * @n:		bytes
 *
 * Return: 0, -EFAULT, -ENOMEM.
 */
int kdbus_pool_write_user(struct kdbus_pool *pool,
			  const struct kdbus_slice *slice, u64 at,
			  const void __user *data, size_t n)
{
	struct source source = { .user = data };

	return is_inside(slice, at, n) ?
		fill(pool, slice->offset + at, source, n) : -EINVAL;
}

/**
 * kdbus_pool_zero() - clear a part of a slice
 * @pool:	pool
 * @slice:	slice that the kernel holds
 * @at:		where in the slice
 * @n:		bytes
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_pool_zero(struct kdbus_pool *pool, const struct kdbus_slice *slice,
		    u64 at, size_t n)
{
	struct source source = {};

	return is_inside(slice, at, n) ?
		fill(pool, slice->offset + at, source, n) : -EINVAL;
}

/**
 * kdbus_pool_copy() - copy a slice of another pool
 * @pool:	pool
 * @slice:	slice that the kernel holds, at least as large as @source
 * @from:	the other pool
 * @source:	slice of it that the kernel holds
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_pool_copy(struct kdbus_pool *pool, const struct kdbus_slice *slice,
		    struct kdbus_pool *from, const struct kdbus_slice *source)
{
	u64 at = 0, offset;
	size_t chunk;
	struct page *page;
	void *data;
	int r = 0;

	while (!r && at < source->size) {
		offset = source->offset + at;
		chunk = min_t(u64, source->size - at,
			      PAGE_SIZE - offset_in_page(offset));
		page = xa_load(&from->pages, offset >> PAGE_SHIFT);
		if (page) {
			data = kmap_local_page(page);
			r = kdbus_pool_write(pool, slice, at,
					     data + offset_in_page(offset),
					     chunk);
			kunmap_local(data);
		} else {
			r = kdbus_pool_zero(pool, slice, at, chunk);
		}
		at += chunk;
	}
	return r;
}

/* give pages back */

/*
 * Remove up to TRIM_BATCH pages from free ranges.  No slice can be allocated
 * meanwhile, and one that is allocated right after finds no page and waits for
 * @pages_lock before it adds one.
 */
static unsigned int take_idle_pages(struct kdbus_pool *pool,
				    struct page **pages, u64 *out_first,
				    u64 *out_last)
{
	unsigned long index, end;
	unsigned int n = 0;
	struct rb_node *node;
	struct slice *slice;
	struct page *page;

	guard(spinlock)(&pool->lock);
	for (node = rb_last(&pool->free); node && !n; node = rb_prev(node)) {
		slice = rb_entry(node, struct slice, node);
		if (slice->pub.size < PAGE_SIZE)
			break;
		index = DIV_ROUND_UP(slice->pub.offset, PAGE_SIZE);
		end = (slice->pub.offset + slice->pub.size) >> PAGE_SHIFT;
		if (index >= end)
			continue;
		xa_for_each_range(&pool->pages, index, page, index, end - 1) {
			if (!n)
				*out_first = index;
			*out_last = index;
			xa_erase(&pool->pages, index);
			pages[n++] = page;
			if (n == TRIM_BATCH)
				break;
		}
	}
	return n;
}

/* Give back up to @max pages that no slice needs.  The caller holds the lock. */
static unsigned long trim(struct kdbus_pool *pool, unsigned long max)
{
	struct page *pages[TRIM_BATCH];
	unsigned long done = 0;
	unsigned int i, n;
	u64 first, last;

	lockdep_assert_held(&pool->pages_lock);
	while (done < max) {
		n = take_idle_pages(pool, pages, &first, &last);
		if (!n)
			break;
		unmap_mapping_range(&pool->mapping, first << PAGE_SHIFT,
				    (last - first + 1) << PAGE_SHIFT, 1);
		for (i = 0; i < n; i++)
			page_gone(pool, pages[i]);
		done += n;
	}
	return done;
}

/**
 * kdbus_pages_relax() - a range became free; give pages back if there are many
 * @pool:	pool
 */
void kdbus_pages_relax(struct kdbus_pool *pool)
{
	int n = atomic_read(&pool->n_pages);

	if (n <= KEEP_PAGES)
		return;
	guard(mutex)(&pool->pages_lock);
	trim(pool, n - KEEP_PAGES);
}

static unsigned long shrink_count(struct shrinker *s,
				  struct shrink_control *sc)
{
	return atomic_long_read(&n_all_pages) ?: SHRINK_EMPTY;
}

/* Locks are only tried: whoever holds one may be the one who needs memory. */
static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long done = 0;
	struct kdbus_pool *pool;

	if (!mutex_trylock(&all_lock))
		return SHRINK_STOP;
	list_for_each_entry(pool, &all_pools, in_all) {
		if (done >= sc->nr_to_scan)
			break;
		if (!atomic_read(&pool->n_pages) ||
		    !mutex_trylock(&pool->pages_lock))
			continue;
		done += trim(pool, sc->nr_to_scan - done);
		mutex_unlock(&pool->pages_lock);
	}
	mutex_unlock(&all_lock);
	return done ?: SHRINK_STOP;
}

/* mapping */

static vm_fault_t pool_fault(struct vm_fault *vmf)
{
	struct kdbus_pool *pool = vmf->vma->vm_file->private_data;
	unsigned long address = vmf->address & PAGE_MASK;
	pgoff_t index = vmf->pgoff;
	struct page *page;
	unsigned int i;
	int r;

	if (index >= pool->size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	if (!xa_load(&pool->pages, index)) {
		page = page_new(pool, GFP_OWNER | __GFP_ZERO);
		if (!page)
			return VM_FAULT_OOM;
		r = page_add(pool, index, page);
		if (r)
			put_page(page);
		if (r && r != -EEXIST)
			return VM_FAULT_OOM;
	}

	/* Under the lock: a page that is being removed must not be mapped. */
	guard(mutex)(&pool->pages_lock);
	for (i = 0; i < FAULT_AROUND && address < vmf->vma->vm_end; i++) {
		page = xa_load(&pool->pages, index + i);
		if (!page)
			break;
		r = vm_insert_page(vmf->vma, address, page);
		if (r && r != -EBUSY)
			return i ? VM_FAULT_NOPAGE : vmf_error(r);
		address += PAGE_SIZE;
	}
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct pool_vm_ops = {
	.fault = pool_fault,
};

static int pool_file_release(struct inode *inode, struct file *file)
{
	kdbus_pool_unref(file->private_data);
	return 0;
}

static const struct file_operations pool_file_ops = {
	.owner = THIS_MODULE,
	.release = pool_file_release,
	.llseek = noop_llseek,
};

static const struct address_space_operations pool_aops;

/**
 * kdbus_pool_mmap() - map a pool
 * @pool:	pool
 * @vma:	new mapping of the connection's file
 *
 * The mapping is given a file of its own, so that it outlives the connection
 * and does not keep it alive.
 *
 * Return: 0, -EPERM if it is to be writable, -EFAULT if it is longer than the
 * pool, -ENOMEM, -ENFILE.
 */
int kdbus_pool_mmap(struct kdbus_pool *pool, struct vm_area_struct *vma)
{
	struct file *file;

	if (vma->vm_end - vma->vm_start > pool->size)
		return -EFAULT;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;

	file = anon_inode_getfile("[kdbus-pool]", &pool_file_ops, pool,
				  O_RDONLY | O_CLOEXEC);
	if (IS_ERR(file))
		return PTR_ERR(file);
	kdbus_pool_ref(pool);
	pool->mapping.host = file_inode(file);
	file->f_mapping = &pool->mapping;
	vma_set_file(vma, file);
	fput(file);

	vm_flags_clear(vma, VM_MAYWRITE);
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND);
	vma->vm_ops = &pool_vm_ops;
	return 0;
}

/* lifetime */

/**
 * kdbus_pool_new() - make an empty pool
 * @size:	bytes, a multiple of the page size
 *
 * The caller's memory cgroup pays for its pages.
 *
 * Return: a reference, or ERR_PTR(-ENOMEM).
 */
struct kdbus_pool *kdbus_pool_new(u64 size)
{
	struct kdbus_pool *pool;
	int r;

	pool = kzalloc(sizeof(*pool), GFP_KERNEL_ACCOUNT);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	kref_init(&pool->ref);
	pool->size = size;
	mutex_init(&pool->pages_lock);
	xa_init_flags(&pool->pages, XA_FLAGS_ACCOUNT);
	address_space_init_once(&pool->mapping);
	pool->mapping.a_ops = &pool_aops;
	r = kdbus_slices_init(pool);
	if (r) {
		kfree(pool);
		return ERR_PTR(r);
	}
	pool->memcg = get_mem_cgroup_from_mm(current->mm);

	guard(mutex)(&all_lock);
	list_add_tail(&pool->in_all, &all_pools);
	return pool;
}

struct kdbus_pool *kdbus_pool_ref(struct kdbus_pool *pool)
{
	kref_get(&pool->ref);
	return pool;
}

static void pool_free(struct kref *ref)
{
	struct kdbus_pool *pool = container_of(ref, struct kdbus_pool, ref);
	unsigned long index;
	struct page *page;

	mutex_lock(&all_lock);
	list_del(&pool->in_all);
	mutex_unlock(&all_lock);

	xa_for_each(&pool->pages, index, page)
		page_gone(pool, page);
	xa_destroy(&pool->pages);
	kdbus_slices_deinit(pool);
	mem_cgroup_put(pool->memcg);
	kfree(pool);
}

struct kdbus_pool *kdbus_pool_unref(struct kdbus_pool *pool)
{
	if (pool)
		kref_put(&pool->ref, pool_free);
	return NULL;
}

/**
 * kdbus_pool_size() - bytes of the pool; also the offset that means "nothing"
 * @pool:	pool
 */
u64 kdbus_pool_size(const struct kdbus_pool *pool)
{
	return pool->size;
}

/**
 * kdbus_pools_init() - let the system ask for idle pages
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_pools_init(void)
{
	shrinker = shrinker_alloc(0, "kdbus-pool");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = shrink_count;
	shrinker->scan_objects = shrink_scan;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
	return 0;
}

/**
 * kdbus_pools_deinit() - all pools must be gone
 */
void kdbus_pools_deinit(void)
{
	shrinker_free(shrinker);
	WARN_ON_ONCE(atomic_long_read(&n_all_pages));
}
