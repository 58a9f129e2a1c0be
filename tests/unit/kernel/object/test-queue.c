// SPDX-License-Identifier: LGPL-2.1-or-later
/* The queue: in the order of arrival, or the most urgent and oldest first. */
#include <criterion/criterion.h>

#include "object/queue.h"
#include "tests/unit/kernel/items.h"

#define N 64

static void link(struct kdbus_queue *queue, struct kdbus_entry *entry,
		 s64 priority)
{
	entry->priority = priority;
	kdbus_queue_link(queue, entry);
}

ShimTest(queue, nothing_waits_at_first)
{
	struct kdbus_queue queue;

	kdbus_queue_init(&queue);
	cr_expect(kdbus_queue_is_empty(&queue));
	cr_expect_null(kdbus_queue_peek(&queue));
	cr_expect_null(kdbus_queue_peek_urgent(&queue, INT64_MAX));
	kdbus_queue_deinit(&queue);
}

ShimTest(queue, what_arrives_first_is_peeked_first_whatever_its_priority)
{
	static const s64 priorities[] = { 5, -3, 0, INT64_MIN, INT64_MAX, 5 };
	struct kdbus_entry entries[ARRAY_SIZE(priorities)] = {};
	struct kdbus_queue queue;

	kdbus_queue_init(&queue);
	for (size_t i = 0; i < ARRAY_SIZE(priorities); i++)
		link(&queue, &entries[i], priorities[i]);
	cr_expect_not(kdbus_queue_is_empty(&queue));
	for (size_t i = 0; i < ARRAY_SIZE(priorities); i++) {
		cr_assert_eq(kdbus_queue_peek(&queue), &entries[i]);
		cr_assert_eq(kdbus_queue_peek(&queue), &entries[i],
			     "peeking takes nothing");
		kdbus_queue_unlink(&queue, &entries[i]);
	}
	cr_expect(kdbus_queue_is_empty(&queue));
	kdbus_queue_deinit(&queue);
}

ShimTest(queue, the_smallest_number_is_the_most_urgent_and_the_oldest_goes_first)
{
	static const s64 priorities[] = { 0, 7, -1, 7, -1, 0, INT64_MIN,
					  INT64_MAX, -1 };
	static const int order[] = { 6, 2, 4, 8, 0, 5, 1, 3, 7 };
	struct kdbus_entry entries[ARRAY_SIZE(priorities)] = {};
	struct kdbus_entry *entry;
	struct kdbus_queue queue;

	kdbus_queue_init(&queue);
	for (size_t i = 0; i < ARRAY_SIZE(priorities); i++)
		link(&queue, &entries[i], priorities[i]);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		entry = kdbus_queue_peek_urgent(&queue, INT64_MAX);
		cr_assert_eq(entry, &entries[order[i]], "%zu", i);
		kdbus_queue_unlink(&queue, entry);
	}
	kdbus_queue_deinit(&queue);
}

ShimTest(queue, what_is_less_urgent_than_wanted_stays)
{
	struct kdbus_entry entries[2] = {};
	struct kdbus_queue queue;

	kdbus_queue_init(&queue);
	link(&queue, &entries[0], 10);
	link(&queue, &entries[1], 3);
	cr_expect_null(kdbus_queue_peek_urgent(&queue, INT64_MIN));
	cr_expect_null(kdbus_queue_peek_urgent(&queue, 2));
	cr_expect_eq(kdbus_queue_peek_urgent(&queue, 3), &entries[1]);
	cr_expect_eq(kdbus_queue_peek_urgent(&queue, 20), &entries[1]);
	kdbus_queue_unlink(&queue, &entries[1]);
	cr_expect_null(kdbus_queue_peek_urgent(&queue, 9));
	cr_expect_eq(kdbus_queue_peek_urgent(&queue, 10), &entries[0]);
	kdbus_queue_unlink(&queue, &entries[0]);
	kdbus_queue_deinit(&queue);
}

/* what the original broke: mail that leaves from the middle of a priority */
ShimTest(queue, leaving_from_the_middle_keeps_the_order_of_the_others)
{
	for (int gone = 0; gone < 9; gone++) {
		struct kdbus_entry entries[9] = {}, *entry;
		struct kdbus_queue queue;

		kdbus_queue_init(&queue);
		for (int i = 0; i < 9; i++)
			link(&queue, &entries[i], i / 3);
		kdbus_queue_unlink(&queue, &entries[gone]);
		for (int i = 0; i < 9; i++) {
			if (i == gone)
				continue;
			entry = kdbus_queue_peek_urgent(&queue, 2);
			cr_assert_eq(entry, &entries[i], "%d without %d", i,
				     gone);
			cr_assert_eq(kdbus_queue_peek(&queue), entry);
			kdbus_queue_unlink(&queue, entry);
		}
		kdbus_queue_deinit(&queue);
	}
}

ShimTest(queue, an_entry_may_move_to_the_end_of_another_queue)
{
	struct kdbus_entry mail = {}, other = {};
	struct kdbus_queue from, to;

	kdbus_queue_init(&from);
	kdbus_queue_init(&to);
	for (int i = 0; i < 5; i++) {
		link(&from, &other, 0);
		kdbus_queue_unlink(&from, &other);
	}
	link(&to, &other, 0);
	link(&from, &mail, 0);
	kdbus_queue_unlink(&from, &mail);
	kdbus_queue_link(&to, &mail);
	cr_expect_eq(kdbus_queue_peek_urgent(&to, 0), &other);
	kdbus_queue_unlink(&to, &other);
	cr_expect_eq(kdbus_queue_peek_urgent(&to, 0), &mail);
	kdbus_queue_unlink(&to, &mail);
	kdbus_queue_deinit(&from);
	kdbus_queue_deinit(&to);
}

ShimTest(queue, random_use_is_that_of_an_array)
{
	struct kdbus_entry entries[N] = {}, *model[N];
	struct kdbus_queue queue;
	size_t n = 0;

	kdbus_queue_init(&queue);
	for (int round = 0; round < 20000; round++) {
		struct kdbus_entry *urgent = NULL, *entry;
		size_t at;

		if (n < N && (!n || test_next(100) < 52)) {
			for (entry = entries; entry->slice; entry++)
				;
			entry->slice = (void *)entry;
			link(&queue, entry, test_next(20) ? 0 : (s64)test_next(5) - 2);
			model[n++] = entry;
		} else {
			at = test_next(n);
			entry = model[at];
			kdbus_queue_unlink(&queue, entry);
			entry->slice = NULL;
			memmove(&model[at], &model[at + 1],
				(--n - at) * sizeof(model[0]));
		}

		for (size_t i = 0; i < n; i++)
			if (!urgent || model[i]->priority < urgent->priority)
				urgent = model[i];
		cr_assert_eq(kdbus_queue_peek(&queue), n ? model[0] : NULL);
		cr_assert_eq(kdbus_queue_is_empty(&queue), !n);
		for (s64 least = -3; least < 4; least++)
			cr_assert_eq(kdbus_queue_peek_urgent(&queue, least),
				     urgent && urgent->priority <= least ?
					     urgent : NULL);
	}
	while (n)
		kdbus_queue_unlink(&queue, model[--n]);
	kdbus_queue_deinit(&queue);
}

ShimTest(queue, ending_it_while_something_waits_is_a_mistake)
{
	struct kdbus_entry entry = {};
	struct kdbus_queue queue;

	kdbus_queue_init(&queue);
	link(&queue, &entry, 0);
	shim_expect_warning();
	kdbus_queue_deinit(&queue);
}
