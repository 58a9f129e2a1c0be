// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Slices of a pool: best fit, merging, two holders.  Its pages need a kernel.
 */
#include <criterion/criterion.h>
#include <errno.h>

#include <linux/err.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "object/pool-private.h"
#include "tests/unit/kernel/items.h"

#define SIZE 4096

static struct kdbus_pool pool;
static unsigned int n_relaxed;

/* called when a range became free, where it may sleep */
void kdbus_pages_relax(struct kdbus_pool *relaxed)
{
	cr_assert_eq(relaxed, &pool);
	cr_assert_eq(shim_n_locks, 0);
	n_relaxed++;
}

static void begin(u64 size)
{
	pool = (struct kdbus_pool){ .size = size };
	cr_assert_eq(kdbus_slices_init(&pool), 0);
}

static struct slice *find_held_by_kernel(void)
{
	struct slice *slice;

	list_for_each_entry(slice, &pool.slices, entry)
		if (!slice->free && slice->kernel)
			return slice;
	return NULL;
}

/* the kernel lets go of everything, the user need not */
static void end(void)
{
	struct slice *slice;

	while ((slice = find_held_by_kernel()))
		kdbus_pool_drop(&pool, &slice->pub);
	kdbus_slices_deinit(&pool);
}

static struct kdbus_slice *take(u64 size)
{
	struct kdbus_slice *slice = kdbus_pool_alloc(&pool, size);

	cr_assert_not(IS_ERR(slice), "%llu bytes: %ld", size, PTR_ERR(slice));
	return slice;
}

static void drop(struct kdbus_slice *slice)
{
	kdbus_pool_drop(&pool, slice);
}

static size_t tree_count(const struct rb_root *root)
{
	size_t n = 0;

	for (struct rb_node *node = rb_first(root); node; node = rb_next(node))
		n++;
	return n;
}

static size_t list_count(const struct list_head *list)
{
	const struct list_head *at;
	size_t n = 0;

	for (at = list->next; at != list; at = at->next)
		n++;
	return n;
}

static void settle(void)
{
	spin_lock(&pool.lock);
	kdbus_slices_settle(&pool);
	spin_unlock(&pool.lock);
}

/* Both trees and the list say the same, and say it in order. */
static void check_pool(void)
{
	struct slice *slice, *last = NULL;
	struct rb_node *node;
	size_t n_free = 0, n_busy = 0;
	u64 at = 0;

	settle();
	list_for_each_entry(slice, &pool.slices, entry) {
		cr_assert_eq(slice->pub.offset, at, "no gaps");
		cr_assert_gt(slice->pub.size, 0);
		cr_assert_eq(slice->pub.size % 8, 0);
		cr_assert(!last || !last->free || !slice->free,
			  "two free neighbours at %llu", at);
		cr_assert(shim_rb_has(slice->free ? &pool.free : &pool.busy,
				      &slice->node));
		cr_assert(slice->free || slice->kernel || slice->user);
		*(slice->free ? &n_free : &n_busy) += 1;
		at += slice->pub.size;
		last = slice;
	}
	cr_assert_eq(at, pool.size);
	cr_assert_eq(tree_count(&pool.free), n_free);
	cr_assert_eq(tree_count(&pool.busy), n_busy);
	cr_assert_leq(pool.n_spares, 8);
	cr_assert_eq(shim_n_live, n_free + n_busy + pool.n_spares);

	last = NULL;
	for (node = rb_first(&pool.free); node; node = rb_next(node)) {
		slice = rb_entry(node, struct slice, node);
		cr_assert(!last || last->pub.size < slice->pub.size ||
			  (last->pub.size == slice->pub.size &&
			   last->pub.offset < slice->pub.offset));
		last = slice;
	}
	last = NULL;
	for (node = rb_first(&pool.busy); node; node = rb_next(node)) {
		slice = rb_entry(node, struct slice, node);
		cr_assert(!last || last->pub.offset < slice->pub.offset);
		last = slice;
	}
}

/* What kdbus_pages_relax() does with ranges where it finds nothing. */
static void look_at_all(void)
{
	struct slice *slice;

	settle();
	while ((slice = list_first_entry_or_null(&pool.idle, struct slice,
						 idle))) {
		cr_assert(slice->free);
		cr_assert_geq(slice->pub.size, PAGE_SIZE);
		list_del_init(&slice->idle);
	}
}

static void assert_all_free(void)
{
	struct slice *slice = list_first_entry_or_null(&pool.slices,
						       struct slice, entry);

	check_pool();
	cr_assert(slice->free);
	cr_assert_eq(slice->pub.size, pool.size);
}

ShimTest(pool, the_whole_pool_is_one_free_slice_at_first)
{
	begin(SIZE);
	assert_all_free();
	end();
}

ShimTest(pool, slices_are_multiples_of_8_side_by_side)
{
	static const u64 sizes[] = { 1, 7, 8, 9, 100, 16 };
	static const u64 offsets[] = { 0, 8, 16, 24, 40, 144, 160 };

	begin(SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct kdbus_slice *slice = take(sizes[i]);

		cr_expect_eq(slice->offset, offsets[i]);
		cr_expect_eq(slice->size, offsets[i + 1] - offsets[i]);
		kdbus_pool_publish(&pool, slice);
		drop(slice);
		check_pool();
	}
	end();
}

ShimTest(pool, the_whole_pool_fits_and_not_a_byte_more)
{
	struct kdbus_slice *slice;

	begin(SIZE);
	cr_expect_eq(PTR_ERR(kdbus_pool_alloc(&pool, SIZE + 1)), -EXFULL);
	cr_expect_eq(PTR_ERR(kdbus_pool_alloc(&pool, UINT64_MAX)), -EXFULL);
	cr_expect_eq(PTR_ERR(kdbus_pool_alloc(&pool, UINT64_MAX - 6)), -EXFULL);
	slice = take(SIZE - 7);
	cr_expect_eq(slice->size, SIZE);
	cr_expect(RB_EMPTY_ROOT(&pool.free));
	check_pool();
	cr_expect_eq(PTR_ERR(kdbus_pool_alloc(&pool, 1)), -EXFULL);
	check_pool();
	drop(slice);
	assert_all_free();
	end();
}

ShimTest(pool, the_smallest_free_slice_that_is_large_enough_is_taken)
{
	static const u64 sizes[] = { 128, 64, 256, 64, 32, 96 };
	struct kdbus_slice *holes[6], *slice;
	u64 at[6], rest = 0;

	begin(SIZE);
	for (int i = 0; i < 6; i++) {
		holes[i] = take(sizes[i]);
		at[i] = holes[i]->offset;
		rest = take(8)->offset + 8;
	}
	for (int i = 0; i < 6; i++)
		drop(holes[i]);
	check_pool();

	cr_expect_eq(take(33)->offset, at[1], "the first of the two of 64");
	cr_expect_eq(take(64)->offset, at[3], "the second");
	slice = take(64);
	cr_expect_eq(slice->offset, at[5], "a part of 96");
	cr_expect_eq(slice->size, 64);
	cr_expect_eq(take(8)->offset, at[1] + 40, "what 33 left of 64");
	cr_expect_eq(take(32)->offset, at[4], "exactly 32, the lower one");
	cr_expect_eq(take(32)->offset, at[5] + 64, "exactly 32, the other");
	cr_expect_eq(take(129)->offset, at[2], "a part of 256");
	cr_expect_eq(take(257)->offset, rest, "only the rest is so large");
	check_pool();
	end();
}

ShimTest(pool, what_merged_slices_leave_over_is_used_again)
{
	struct kdbus_slice *slice;
	size_t n_live;

	begin(SIZE);
	slice = take(64);
	drop(slice);
	n_live = shim_n_live;
	for (int i = 0; i < 20; i++) {
		slice = take(64);
		check_pool();
		drop(slice);
	}
	cr_expect_eq(shim_n_live, n_live);
	end();
}

ShimTest(pool, an_exact_fit_leaves_nothing_over)
{
	struct kdbus_slice *slice, *hole;
	size_t n_slices;

	begin(SIZE);
	hole = take(64);
	slice = take(8);
	drop(hole);
	n_slices = list_count(&pool.slices);
	cr_expect_eq(take(57)->offset, 0);
	cr_expect_eq(list_count(&pool.slices), n_slices);
	check_pool();
	cr_expect_eq(slice->offset, 64);
	end();
}

/* four in a row, then let go in every order */
ShimTest(pool, freed_neighbours_become_one_slice)
{
	for (int order = 0; order < 4 * 4 * 4 * 4; order++) {
		struct kdbus_slice *slices[4];

		begin(64);
		for (int i = 0; i < 4; i++)
			slices[i] = take(16);
		for (int i = 0, code = order; i < 4; i++, code /= 4) {
			drop(slices[code % 4]);
			slices[code % 4] = NULL;
			check_pool();
		}
		for (int i = 0; i < 4; i++)
			drop(slices[i]);
		assert_all_free();
		end();
	}
}

ShimTest(pool, nothing_merges_with_a_neighbour_in_use)
{
	struct kdbus_slice *slices[5];

	begin(5 * 16);
	for (int i = 0; i < 5; i++)
		slices[i] = take(16);
	drop(slices[1]);
	drop(slices[3]);
	check_pool();
	cr_expect_eq(tree_count(&pool.free), 2);
	cr_expect_eq(PTR_ERR(kdbus_pool_alloc(&pool, 17)), -EXFULL,
		     "32 bytes are free, but in two places");
	drop(slices[2]);
	check_pool();
	cr_expect_eq(take(48)->offset, 16);
	end();
}

ShimTest(pool, a_free_range_is_looked_at_for_pages_when_it_has_changed)
{
	struct kdbus_slice *pages[4], *walls[4];

	begin(64 * PAGE_SIZE);
	cr_expect_eq(list_count(&pool.idle), 1);
	for (int i = 0; i < 4; i++) {
		pages[i] = take(PAGE_SIZE);
		walls[i] = take(8);
	}
	cr_expect_eq(list_count(&pool.idle), 1, "the rest");
	look_at_all();
	drop(pages[0]);
	drop(pages[2]);
	settle();
	cr_expect_eq(list_count(&pool.idle), 2);
	look_at_all();
	drop(walls[1]);
	settle();
	cr_expect_eq(list_count(&pool.idle), 1, "it grew");
	drop(pages[1]);
	settle();
	cr_expect_eq(list_count(&pool.idle), 1, "all three are one");
	look_at_all();
	take(PAGE_SIZE + 8);
	cr_expect_eq(list_count(&pool.idle), 1, "it shrank");
	cr_expect_eq(take(16)->offset, 0);
	cr_expect_eq(list_count(&pool.idle), 1, "no page is left of another");
	check_pool();
	drop(pages[3]);
	end();
}

/* holders */

ShimTest(pool, a_slice_is_free_when_neither_the_kernel_nor_the_user_holds_it)
{
	struct kdbus_slice *slice;

	begin(SIZE);
	n_relaxed = 0;
	slice = take(8);
	drop(slice);
	assert_all_free();
	cr_expect_eq(n_relaxed, 1);

	slice = take(8);
	kdbus_pool_publish(&pool, slice);
	drop(slice);
	cr_expect_not(RB_EMPTY_ROOT(&pool.busy), "the user holds it");
	cr_expect_eq(n_relaxed, 1);
	cr_expect_eq(kdbus_pool_release(&pool, 0), 0);
	assert_all_free();
	cr_expect_eq(n_relaxed, 2);

	slice = take(8);
	kdbus_pool_publish(&pool, slice);
	cr_expect_eq(kdbus_pool_release(&pool, 0), 0);
	cr_expect_not(RB_EMPTY_ROOT(&pool.busy), "the kernel holds it");
	drop(slice);
	assert_all_free();
	drop(NULL);
	end();
}

ShimTest(pool, what_is_handed_over_is_held_by_the_user_alone)
{
	struct kdbus_slice *slice;

	begin(SIZE);
	for (int i = 0; i < 2; i++) {
		slice = take(8);
		if (i)
			kdbus_pool_publish(&pool, slice);
		kdbus_pool_hand_over(&pool, slice);
		check_pool();
		cr_expect_null(find_held_by_kernel());
		cr_expect_eq(kdbus_pool_release(&pool, 0), 0);
		assert_all_free();
	}
	end();
}

ShimTest(pool, each_slice_has_room_of_its_own)
{
	struct kdbus_slice *slices[3];

	begin(SIZE);
	for (int i = 0; i < 3; i++) {
		slices[i] = take(8);
		memset(kdbus_slice_room(&pool, slices[i]), i + 1, KDBUS_SLICE_ROOM);
	}
	for (int i = 0; i < 3; i++) {
		const u8 *room = kdbus_slice_room(&pool, slices[i]);

		cr_expect_eq(room[0], i + 1);
		cr_expect_eq(room[KDBUS_SLICE_ROOM - 1], i + 1);
	}
	end();
	cr_expect_eq(shim_n_live, 0, "it goes with the slices");
}

ShimTest(pool, whoever_sends_its_owner_pays_for_what_is_known_of_a_slice)
{
	size_t n_live, n_charged;

	begin(SIZE);
	pool.memcg = (struct mem_cgroup *)&pool;
	n_live = shim_n_live;
	n_charged = shim_n_charged;
	for (int i = 0; i < 20; i++)
		cr_assert_not_null(kdbus_slice_room(&pool, take(8)));
	cr_expect_eq(shim_n_live - n_live, 40, "a slice and its room");
	cr_expect_eq(shim_n_charged - n_charged, 40);
	cr_expect_null(shim_memcg, "the caller pays for what is its own again");
	end();
}

ShimTest(pool, room_is_only_for_slices_that_need_it)
{
	struct kdbus_slice *slice;
	size_t n_live;
	void *room;

	begin(SIZE);
	slice = take(64);
	n_live = shim_n_live;
	shim_fail_allocation(1);
	cr_expect_null(kdbus_slice_room(&pool, slice));
	cr_expect_eq(shim_n_live, n_live);
	room = kdbus_slice_room(&pool, slice);
	cr_expect_eq(shim_n_live, n_live + 1);
	drop(slice);
	slice = take(64);
	cr_expect_eq(kdbus_slice_room(&pool, slice), room, "it was kept with the slice");
	end();
	cr_expect_eq(shim_n_live, 0);
}

/* its pages may go as soon as it is free */
ShimTest(pool, where_a_slice_lies_is_known_until_it_is_free)
{
	struct kdbus_slice *slice;
	char memory[64];

	begin(SIZE);
	slice = take(64);
	cr_expect_null(to_slice(slice)->memory);
	to_slice(slice)->memory = memory;
	drop(slice);
	slice = take(64);
	cr_expect_eq(to_slice(slice)->memory, memory, "it was kept");
	drop(slice);
	settle();
	slice = take(64);
	cr_expect_null(to_slice(slice)->memory, "it was free");
	to_slice(slice)->memory = memory;
	drop(slice);
	slice = take(32);
	cr_expect_null(to_slice(slice)->memory, "it is another");
	end();
}

ShimTest(pool, what_is_reported_twice_is_released_once)
{
	struct kdbus_slice *slice;

	begin(SIZE);
	slice = take(8);
	kdbus_pool_publish(&pool, slice);
	kdbus_pool_publish(&pool, slice);
	drop(slice);
	cr_expect_eq(kdbus_pool_release(&pool, 0), 0);
	cr_expect_eq(kdbus_pool_release(&pool, 0), -ENXIO);
	assert_all_free();
	end();
}

ShimTest(pool, what_was_released_may_be_reported_again)
{
	struct kdbus_slice *slice;

	begin(SIZE);
	slice = take(8);
	for (int i = 0; i < 3; i++) {
		kdbus_pool_publish(&pool, slice);
		cr_expect_eq(kdbus_pool_release(&pool, 0), 0);
		cr_expect_eq(kdbus_pool_release(&pool, 0), -ENXIO);
	}
	drop(slice);
	assert_all_free();
	end();
}

ShimTest(pool, only_the_start_of_a_slice_of_the_user_is_released)
{
	struct kdbus_slice *slices[3];

	begin(SIZE);
	for (int i = 0; i < 3; i++)
		slices[i] = take(16);
	kdbus_pool_publish(&pool, slices[1]);
	cr_expect_eq(kdbus_pool_release(&pool, 0), -ENXIO, "never reported");
	cr_expect_eq(kdbus_pool_release(&pool, 8), -ENXIO);
	cr_expect_eq(kdbus_pool_release(&pool, 17), -ENXIO);
	cr_expect_eq(kdbus_pool_release(&pool, 24), -ENXIO, "inside");
	cr_expect_eq(kdbus_pool_release(&pool, 48), -ENXIO, "free");
	cr_expect_eq(kdbus_pool_release(&pool, SIZE), -ENXIO, "its end");
	cr_expect_eq(kdbus_pool_release(&pool, SIZE + 16), -ENXIO);
	cr_expect_eq(kdbus_pool_release(&pool, UINT64_MAX), -ENXIO);
	cr_expect_eq(kdbus_pool_release(&pool, 16), 0);
	cr_expect_eq(kdbus_pool_release(&pool, 16), -ENXIO, "twice");
	check_pool();
	end();
}

ShimTest(pool, letting_go_twice_is_a_mistake)
{
	struct kdbus_slice *slice;

	begin(SIZE);
	slice = take(8);
	kdbus_pool_publish(&pool, slice);
	drop(slice);
	shim_expect_warning();
	drop(slice);
	end();
}

ShimTest(pool, ending_it_while_the_kernel_holds_a_slice_is_a_mistake)
{
	begin(SIZE);
	take(8);
	shim_expect_warning();
	kdbus_slices_deinit(&pool);
}

ShimTest(pool, without_memory_nothing_changes)
{
	struct kdbus_slice *slice;

	pool = (struct kdbus_pool){ .size = SIZE };
	shim_fail_allocation(1);
	cr_expect_eq(kdbus_slices_init(&pool), -ENOMEM);
	cr_expect_eq(shim_n_live, 0);

	begin(SIZE);
	take(64);
	slice = take(64);
	take(8);
	drop(slice);
	check_pool();
	shim_fail_allocation(1);
	cr_expect_eq(PTR_ERR(kdbus_pool_alloc(&pool, 64)), -ENOMEM);
	check_pool();
	cr_expect_eq(tree_count(&pool.busy), 2);
	cr_expect_eq(take(64)->offset, 64);
	end();
}

/* a map of the pool, by words of 8 bytes */

#define WORDS 256
#define SLICES 100

static struct held {
	struct kdbus_slice *slice;
	u64 offset, size;
	bool kernel, user;
} held[SLICES];

static void fill(bool *map)
{
	memset(map, 0, WORDS);
	for (int i = 0; i < SLICES; i++)
		if (held[i].kernel || held[i].user)
			memset(map + held[i].offset / 8, 1, held[i].size / 8);
}

/* the first of the shortest gaps that are long enough, -1 if there is none */
static s64 best_fit(const bool *map, size_t need)
{
	size_t best = WORDS + 1, at = 0, n;
	s64 found = -1;

	while (at < WORDS) {
		for (n = 0; at + n < WORDS && !map[at + n]; n++)
			;
		if (n >= need && n < best) {
			best = n;
			found = at * 8;
		}
		at += n + 1;
	}
	return found;
}

static bool model_take(struct held *slot, u64 size)
{
	struct kdbus_slice *slice = kdbus_pool_alloc(&pool, size);
	bool map[WORDS];
	s64 want;

	fill(map);
	want = best_fit(map, (size + 7) / 8);
	if (want < 0) {
		cr_assert_eq(PTR_ERR(slice), -EXFULL);
		return false;
	}
	cr_assert_not(IS_ERR(slice));
	cr_assert_eq(slice->offset, want);
	cr_assert_eq(slice->size, ALIGN(size, 8));
	*slot = (struct held){ slice, slice->offset, slice->size, true };
	return true;
}

/* One of what may happen to a slice. */
static void model_step(struct held *slot)
{
	int r;

	switch (test_next(4)) {
	case 0:
		if (!slot->kernel)
			return;
		drop(slot->slice);
		slot->kernel = false;
		break;
	case 1:
		if (!slot->kernel)
			return;
		kdbus_pool_publish(&pool, slot->slice);
		slot->user = true;
		break;
	case 2:
		r = kdbus_pool_release(&pool, slot->offset);
		cr_assert_eq(r, slot->user ? 0 : -ENXIO);
		slot->user = false;
		break;
	case 3:
		if (!slot->kernel)
			return;
		kdbus_pool_hand_over(&pool, slot->slice);
		slot->user = true;
		slot->kernel = false;
		break;
	}
}

/* random use of some slots; how often is something kept? */
static unsigned int run_model(unsigned int n_slots, unsigned int *out_full)
{
	unsigned int n_kept = 0;

	begin(WORDS * 8);
	memset(held, 0, sizeof(held));
	for (int round = 0; round < 20000; round++) {
		struct held *slot = &held[test_next(n_slots)];
		u32 largest = test_next(8) ? 100 : 1000;
		u64 size = test_next(3) ? 96 : 1 + test_next(largest);

		if (slot->kernel || slot->user)
			model_step(slot);
		else if (!model_take(slot, size))
			++*out_full;
		n_kept += pool.n_kept > 0;
		if (!test_next(16))
			check_pool();
	}

	for (int i = 0; i < SLICES; i++) {
		if (held[i].user)
			cr_assert_eq(kdbus_pool_release(&pool, held[i].offset), 0);
		if (held[i].kernel)
			drop(held[i].slice);
	}
	assert_all_free();
	end();
	return n_kept;
}

ShimTest(pool, random_use_is_that_of_a_map)
{
	unsigned int n_full = 0;

	run_model(SLICES, &n_full);
	cr_expect_gt(n_full, 100);
}

ShimTest(pool, what_is_kept_is_what_a_map_would_choose)
{
	unsigned int n_full = 0;

	cr_expect_gt(run_model(4, &n_full), 1000);
}
