// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where to draw the boxes and lines of a directed graph. */
#include <criterion/criterion.h>

#include "ctl/layout.h"

static void begin(struct layout *layout, size_t n_boxes, const size_t (*edges)[2],
		  size_t n_edges)
{
	*layout = (struct layout){ .column_gap = 100, .row_gap = 10 };
	cr_assert_eq(layout_init(layout, n_boxes, n_edges), 0);
	for (size_t i = 0; i < n_boxes; i++) {
		layout->nodes[i].width = 50;
		layout->nodes[i].height = 20;
	}
	for (size_t i = 0; i < n_edges; i++) {
		layout->edges[i].from = edges[i][0];
		layout->edges[i].to = edges[i][1];
		layout->edges[i].weight = n_edges - i;
	}
	cr_assert_eq(layout_run(layout), 0);
}

static void expect_apart(const struct layout *layout)
{
	for (size_t i = 0; i < layout->n_nodes; i++)
		for (size_t j = i + 1; j < layout->n_nodes; j++) {
			const struct layout_node *a = &layout->nodes[i], *b = &layout->nodes[j];
			bool apart = a->x + a->width <= b->x || b->x + b->width <= a->x ||
				     a->y + a->height <= b->y || b->y + b->height <= a->y;

			cr_expect(apart, "%zu and %zu are in one place", i, j);
		}
}

Test(layout, who_calls_stands_to_the_left)
{
	static const size_t edges[][2] = { { 0, 2 }, { 1, 2 }, { 2, 3 } };
	struct layout layout;

	begin(&layout, 4, edges, 3);
	cr_expect_eq(layout.nodes[0].column, 0);
	cr_expect_eq(layout.nodes[1].column, 0);
	cr_expect_eq(layout.nodes[2].column, 1);
	cr_expect_eq(layout.nodes[3].column, 2);
	cr_expect_eq(layout.nodes[2].x, 150);
	cr_expect_eq(layout.width, 350);
	cr_expect_eq(layout.height, 50);
	expect_apart(&layout);
	layout_deinit(&layout);
}

Test(layout, a_circle_is_opened_at_its_lightest_edge)
{
	static const size_t edges[][2] = { { 0, 1 }, { 1, 2 }, { 2, 0 }, { 1, 0 } };
	struct layout layout;

	begin(&layout, 3, edges, 4);
	cr_expect(!layout.edges[0].turned);
	cr_expect(!layout.edges[1].turned);
	cr_expect(layout.edges[2].turned);
	cr_expect(layout.edges[3].turned);
	cr_expect_eq(layout_left(&layout.edges[2]), 0);
	cr_expect_eq(layout_right(&layout.edges[2]), 2);
	layout_deinit(&layout);
}

Test(layout, a_long_line_has_a_place_in_every_column_it_passes)
{
	static const size_t edges[][2] = { { 0, 1 }, { 1, 2 }, { 2, 3 }, { 0, 3 } };
	struct layout layout;
	const struct layout_edge *edge;

	begin(&layout, 4, edges, 4);
	edge = &layout.edges[3];
	cr_assert_eq(edge->n_passes, 2);
	cr_expect_eq(layout.nodes[edge->first_pass].column, 1);
	cr_expect_eq(layout.nodes[edge->first_pass + 1].column, 2);
	cr_expect_eq(layout.nodes[edge->first_pass].width, 50, "across the whole column");
	expect_apart(&layout);
	layout_deinit(&layout);
}

Test(layout, neighbours_are_in_the_same_order)
{
	/* straight, once the right column is turned upside down */
	static const size_t edges[][2] = { { 0, 5 }, { 1, 4 }, { 2, 3 } };
	struct layout layout;

	begin(&layout, 6, edges, 3);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(layout.nodes[i].place, layout.nodes[5 - i].place);
	layout_deinit(&layout);
}

Test(layout, talking_to_oneself_moves_nobody)
{
	static const size_t edges[][2] = { { 0, 0 }, { 0, 1 } };
	struct layout layout;

	begin(&layout, 2, edges, 2);
	cr_expect_eq(layout.nodes[0].column, 0);
	cr_expect_eq(layout.nodes[1].column, 1);
	layout_deinit(&layout);
}

Test(layout, nothing_is_no_trouble)
{
	struct layout layout;

	begin(&layout, 0, NULL, 0);
	cr_expect_eq(layout.width, 0);
	cr_expect_eq(layout.height, 0);
	layout_deinit(&layout);
}

Test(layout, a_crowd_is_placed_without_anybody_on_top_of_another)
{
	size_t edges[120][2];
	struct layout layout;

	for (size_t i = 0; i < 120; i++) {
		edges[i][0] = (i * 7) % 30;
		edges[i][1] = (i * 11 + 3) % 30;
	}
	begin(&layout, 30, edges, 120);
	expect_apart(&layout);
	for (size_t i = 0; i < 120; i++)
		if (edges[i][0] != edges[i][1])
			cr_expect_lt(layout.nodes[layout_left(&layout.edges[i])].column,
				     layout.nodes[layout_right(&layout.edges[i])].column);
	layout_deinit(&layout);
}
