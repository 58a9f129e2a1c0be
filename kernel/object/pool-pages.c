// SPDX-License-Identifier: GPL-2.0-only
/* A pool: the receiver's memory, cut in slices.  Here: the memory. */

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "object/pool-private.h"

#define BLOCK_PAGES	16	/* pages allocated at once */

/*
 * Pages a pool keeps in free ranges: enough for the largest message by copy, and
 * for two of half that size with what comes with them.
 */
#define KEEP_PAGES	((2 << 20) / PAGE_SIZE + BLOCK_PAGES)

#define TRIM_BATCH	32	/* pages removed under one lock */
#define LOOK_BATCH	64	/* free ranges looked at under one lock */
#define FAULT_AROUND	16	/* pages mapped by one fault */

/*
 * Whoever takes pages away has to look for them in each mapping, and that may be
 * a sender.  More often no receiver maps its pool but to let others work: then
 * it keeps its pages, which it pays for.
 */
#define MAPPINGS_MAX	64

static DEFINE_MUTEX(all_lock);
static LIST_HEAD(all_pools);
static atomic_long_t n_all_pages;
static struct shrinker *shrinker;

/* pages */

#define GFP_BLOCK	(GFP_SENDER & ~__GFP_DIRECT_RECLAIM)

/* cleared pages in a row */
static struct page *pages_new(gfp_t flags, unsigned int order)
{
	struct page *page = alloc_pages(flags | __GFP_ZERO, order);

	if (page && order)
		split_page(page, order);
	return page;
}

/*
 * Add a page, or drop it.  Somebody else may have been faster: two slices share
 * the page where they meet.
 */
static int page_add(struct kdbus_pool *pool, pgoff_t index, struct page *page,
		    gfp_t flags)
{
	void *old;

	lockdep_assert_held(&pool->pages_lock);
	old = xa_cmpxchg(&pool->pages, index, NULL, page, flags);
	if (old) {
		put_page(page);
		return xa_err(old);
	}
	atomic_inc(&pool->n_pages);
	atomic_long_inc(&n_all_pages);
	return 0;
}

/*
 * Add up to @n pages that are missing: as many as there are in one piece, since
 * those are filled by one copy.
 */
static int pages_fill(struct kdbus_pool *pool, pgoff_t index, size_t n,
		      gfp_t flags)
{
	unsigned int i, order = ilog2(min_t(size_t, n, BLOCK_PAGES));
	struct page *page = NULL;
	int r = 0;

	if (order)
		page = pages_new(GFP_BLOCK, order);
	if (!page) {
		order = 0;
		page = pages_new(flags, order);
	}
	if (!page)
		return -ENOMEM;

	guard(mutex)(&pool->pages_lock);
	for (i = 0; i < 1 << order; i++)
		r = page_add(pool, index + i, page + i, flags) ?: r;
	return r;
}

/* The same, charged to the memory cgroup of the pool's owner, whoever sends. */
static int pages_add(struct kdbus_pool *pool, pgoff_t index, size_t n,
		     gfp_t flags)
{
	struct mem_cgroup *old = set_active_memcg(pool->memcg);
	int r = pages_fill(pool, index, n, flags);

	set_active_memcg(old);
	return r;
}

static void page_gone(struct kdbus_pool *pool, struct page *page)
{
	atomic_dec(&pool->n_pages);
	atomic_long_dec(&n_all_pages);
	put_page(page);
}

/**
 * struct run - pages one after the other
 * @page:	the first, which follow each other in memory; NULL if they are
 *		missing
 * @n:		how many
 * @n_gap:	how many are missing behind them
 */
struct run {
	struct page *page;
	size_t n;
	size_t n_gap;
};

static struct run find_run(struct kdbus_pool *pool, pgoff_t first, pgoff_t last)
{
	XA_STATE(xas, &pool->pages, first);
	struct run run = { .n = 1 };
	struct page *next = NULL;
	pgoff_t at = first;

	guard(rcu)();
	do {
		run.page = xas_load(&xas);
	} while (xas_retry(&xas, run.page));
	while (++at <= last) {
		next = xas_next(&xas);
		if (next != (run.page ? run.page + run.n : NULL))
			break;
		run.n++;
	}
	for (; at <= last && !next; at++, next = xas_next(&xas))
		run.n_gap++;
	return run;
}

static bool may_remove(const struct kdbus_pool *pool)
{
	return atomic_read(&pool->n_mappings) <= MAPPINGS_MAX;
}

/* Remove pages of a slice that was just allocated: what is in them is old. */
static void pages_drop(struct kdbus_pool *pool, pgoff_t first, size_t n)
{
	struct page *page;
	size_t i;

	guard(mutex)(&pool->pages_lock);
	for (i = 0; i < n; i++) {
		page = xa_erase(&pool->pages, first + i);
		if (page)
			page_gone(pool, page);
	}
	unmap_mapping_range(&pool->mapping, (loff_t)first << PAGE_SHIFT,
			    (loff_t)n << PAGE_SHIFT, 1);
}

/**
 * kdbus_pages_get() - memory of a slice
 * @pool:	pool
 * @first:	index of the first page
 * @last:	index of the last page of the slice
 * @fresh:	nothing else lies in the pages from @first up to, but not
 *		including, @last
 * @out_n:	how many pages follow each other in memory, not beyond @last
 *
 * Pages that are missing are added.  Old pages in front of them make way, if
 * they are few, for pages that all follow each other.
 *
 * Return: where the first page lies, or ERR_PTR(-ENOMEM).
 */
void *kdbus_pages_get(struct kdbus_pool *pool, pgoff_t first, pgoff_t last,
		      bool fresh, size_t *out_n)
{
	struct run run = find_run(pool, first, last);
	int r;

	if (run.page && fresh && run.n <= run.n_gap && may_remove(pool)) {
		pages_drop(pool, first, run.n);
		run = find_run(pool, first, last);
	}
	while (!run.page) {
		r = pages_add(pool, first, run.n, GFP_SENDER);
		if (r)
			return ERR_PTR(r);
		run = find_run(pool, first, last);
	}
	*out_n = run.n;
	return page_address(run.page);
}

/* give pages back */

/* Remove pages, up to TRIM_BATCH of them, from the inside of a free range. */
static unsigned int take_pages(struct kdbus_pool *pool,
			       const struct slice *slice, struct page **pages,
			       u64 *out_first, u64 *out_last)
{
	u64 end = slice->pub.offset + slice->pub.size;
	unsigned long index, first, last;
	unsigned int n = 0;
	struct page *page;

	first = DIV_ROUND_UP(slice->pub.offset, PAGE_SIZE);
	last = end >> PAGE_SHIFT;
	if (first >= last)
		return 0;
	xa_for_each_range(&pool->pages, index, page, first, last - 1) {
		if (!n)
			*out_first = index;
		*out_last = index;
		xa_erase(&pool->pages, index);
		pages[n++] = page;
		if (n == TRIM_BATCH)
			break;
	}
	return n;
}

/*
 * Remove up to TRIM_BATCH pages from free ranges.  No slice can be allocated
 * meanwhile, and one that is allocated right after finds no page and waits for
 * @pages_lock before it adds one.
 *
 * There may be hundreds of thousands of ranges: others get at the lock before many
 * were looked at, and none is again before it has changed.  Pages that come into
 * it meanwhile, since somebody reads what is free, stay as long.
 *
 * Return: false if there is nothing more to look at.
 */
static bool take_idle_pages(struct kdbus_pool *pool, struct page **pages,
			    unsigned int *out_n, u64 *out_first, u64 *out_last)
{
	struct slice *slice = NULL;
	unsigned int i;

	*out_n = 0;
	guard(spinlock)(&pool->lock);
	kdbus_slices_settle(pool);
	for (i = 0; i < LOOK_BATCH && !*out_n; i++) {
		slice = list_first_entry_or_null(&pool->idle, struct slice,
						 idle);
		if (!slice)
			break;
		*out_n = take_pages(pool, slice, pages, out_first, out_last);
		if (*out_n < TRIM_BATCH)
			list_del_init(&slice->idle);
	}
	return slice;
}

/* Give back up to @max pages that no slice needs.  The caller holds the lock. */
static unsigned long trim(struct kdbus_pool *pool, unsigned long max)
{
	struct page *pages[TRIM_BATCH];
	unsigned long done = 0;
	unsigned int i, n;
	u64 first, last;

	lockdep_assert_held(&pool->pages_lock);
	while (done < max && may_remove(pool) &&
	       take_idle_pages(pool, pages, &n, &first, &last)) {
		if (!n) {
			cond_resched();
			continue;
		}
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

	if (!xa_load(&pool->pages, index) &&
	    pages_add(pool, index, 1, GFP_KERNEL_ACCOUNT))
		return VM_FAULT_OOM;

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

/* A mapping was made, or is going to be a second time: by fork(), by a split. */
static void pool_vm_open(struct vm_area_struct *vma)
{
	struct kdbus_pool *pool = vma->vm_file->private_data;

	atomic_inc(&pool->n_mappings);
}

static void pool_vm_close(struct vm_area_struct *vma)
{
	struct kdbus_pool *pool = vma->vm_file->private_data;

	atomic_dec(&pool->n_mappings);
}

static const struct vm_operations_struct pool_vm_ops = {
	.open = pool_vm_open,
	.close = pool_vm_close,
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
	pool_vm_open(vma);
	return 0;
}

/* lifetime */

/**
 * kdbus_pool_new() - make an empty pool
 * @size:	bytes, a multiple of the page size
 *
 * The caller's memory cgroup pays for its pages and slices.
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
