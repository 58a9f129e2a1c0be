/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where to draw the boxes and lines of a directed graph.
 *
 * Columns from left to right: who calls stands to the left of whom it calls, as
 * far as there is no circle. An edge that would lead back is turned around for
 * as long as places are looked for. Edges that pass over columns get a place of
 * their own in each, so that no line goes through a box. The order in a column
 * follows the places of the neighbours, so that few lines cross.
 */
#ifndef CTL_LAYOUT_H
#define CTL_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct layout_node - a box, or a place where a line passes
 * @width, @height: of the box; set by the caller
 * @x, @y:	its upper left corner
 * @column:	from the left
 * @place:	in the column, from the top
 * @wish:	private: where its neighbours would have it
 */
struct layout_node {
	double width;
	double height;
	double x;
	double y;
	size_t column;
	size_t place;
	double wish;
};

/**
 * struct layout_edge - a line
 * @from, @to:	nodes; set by the caller
 * @weight:	the heavier of two that are in each other's way keeps its
 *		direction; set by the caller
 * @turned:	it leads back, from right to left
 * @first_pass:	the node where it passes the first column between; then one
 *		after the other, from left to right
 * @n_passes:	how many
 */
struct layout_edge {
	size_t from;
	size_t to;
	double weight;
	bool turned;
	size_t first_pass;
	size_t n_passes;
};

/**
 * struct layout - a graph
 * @nodes:	first the caller's, @n_boxes of them, then places where lines
 *		pass
 * @column_gap, @row_gap: what must be free between boxes; set by the caller
 * @width, @height: of it all
 */
struct layout {
	struct layout_node *nodes;
	size_t n_nodes;
	size_t n_boxes;
	struct layout_edge *edges;
	size_t n_edges;
	double column_gap;
	double row_gap;
	double width;
	double height;
};

/* Room for so many boxes and edges: 0 or -ENOMEM. */
int layout_init(struct layout *layout, size_t n_boxes, size_t n_edges);
void layout_deinit(struct layout *layout);

/* Finds all places: 0 or -ENOMEM. */
int layout_run(struct layout *layout);

/* The node where an edge begins on the left, and the one where it ends. */
size_t layout_left(const struct layout_edge *edge);
size_t layout_right(const struct layout_edge *edge);

#endif /* CTL_LAYOUT_H */
