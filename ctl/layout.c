// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where to draw the boxes and lines of a directed graph. */
#include <errno.h>

#include "ctl/layout.h"
#include "lib/util.h"

/* Rounds over all columns; later ones change next to nothing. */
#define ROUNDS 12

int layout_init(struct layout *layout, size_t n_boxes, size_t n_edges)
{
	layout->nodes = calloc(n_boxes + 1, sizeof(*layout->nodes));
	layout->edges = calloc(n_edges + 1, sizeof(*layout->edges));
	layout->n_nodes = layout->n_boxes = n_boxes;
	layout->n_edges = n_edges;
	return layout->nodes && layout->edges ? 0 : -ENOMEM;
}

void layout_deinit(struct layout *layout)
{
	free(layout->nodes);
	free(layout->edges);
	*layout = (struct layout){};
}

size_t layout_left(const struct layout_edge *edge)
{
	return edge->turned ? edge->to : edge->from;
}

size_t layout_right(const struct layout_edge *edge)
{
	return edge->turned ? edge->from : edge->to;
}

/* columns */

static int compare_weight(const void *a, const void *b, void *userdata)
{
	const struct layout_edge *edges = userdata;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;

	if (edges[i].weight != edges[j].weight)
		return edges[i].weight > edges[j].weight ? -1 : 1;
	return i < j ? -1 : 1;
}

/*
 * Is @to to the left of @from, by the edges that were looked at before? @reached
 * is for what was seen already, a byte a node.
 */
static bool leads_to(const struct layout *layout, const bool *settled,
		     size_t from, size_t to, bool *reached)
{
	if (from == to)
		return true;
	reached[from] = true;
	for (size_t i = 0; i < layout->n_edges; i++) {
		const struct layout_edge *edge = &layout->edges[i];

		if (settled[i] && layout_left(edge) == from &&
		    !reached[layout_right(edge)] &&
		    leads_to(layout, settled, layout_right(edge), to, reached))
			return true;
	}
	return false;
}

/* Turns edges around until there is no circle: the lighter ones. */
static int break_circles(struct layout *layout)
{
	_cleanup_(kb_freep) size_t *order = calloc(layout->n_edges + 1,
						   sizeof(*order));
	_cleanup_(kb_freep) bool *settled = calloc(layout->n_edges + 1, 1);
	_cleanup_(kb_freep) bool *reached = calloc(layout->n_nodes + 1, 1);

	if (!order || !settled || !reached)
		return -ENOMEM;
	for (size_t i = 0; i < layout->n_edges; i++)
		order[i] = i;
	qsort_r(order, layout->n_edges, sizeof(*order), compare_weight,
		layout->edges);
	for (size_t i = 0; i < layout->n_edges; i++) {
		struct layout_edge *edge = &layout->edges[order[i]];

		memset(reached, 0, layout->n_nodes);
		edge->turned = edge->from != edge->to &&
			       leads_to(layout, settled, edge->to, edge->from,
					reached);
		settled[order[i]] = edge->from != edge->to;
	}
	return 0;
}

/* Each as far to the left as those to the left of it allow. */
static size_t choose_columns(struct layout *layout)
{
	size_t n = 0;
	bool moved;

	do {
		moved = false;
		for (size_t i = 0; i < layout->n_edges; i++) {
			const struct layout_edge *edge = &layout->edges[i];
			struct layout_node *left = &layout->nodes[layout_left(edge)];
			struct layout_node *right = &layout->nodes[layout_right(edge)];

			if (left == right || right->column > left->column)
				continue;
			right->column = left->column + 1;
			moved = true;
		}
	} while (moved);
	for (size_t i = 0; i < layout->n_nodes; i++)
		if (n <= layout->nodes[i].column)
			n = layout->nodes[i].column + 1;
	return n;
}

/* A place in each column between, for every edge that passes any. */
static int add_passes(struct layout *layout)
{
	size_t n = layout->n_nodes;
	struct layout_node *nodes;

	for (size_t i = 0; i < layout->n_edges; i++) {
		struct layout_edge *edge = &layout->edges[i];
		size_t left = layout->nodes[layout_left(edge)].column;
		size_t right = layout->nodes[layout_right(edge)].column;

		edge->first_pass = n;
		edge->n_passes = right > left ? right - left - 1 : 0;
		n += edge->n_passes;
	}
	nodes = reallocarray(layout->nodes, n + 1, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	memset(nodes + layout->n_nodes, 0,
	       (n - layout->n_nodes) * sizeof(*nodes));
	layout->nodes = nodes;
	layout->n_nodes = n;
	for (size_t i = 0; i < layout->n_edges; i++) {
		const struct layout_edge *edge = &layout->edges[i];

		for (size_t j = 0; j < edge->n_passes; j++)
			nodes[edge->first_pass + j].column =
				nodes[layout_left(edge)].column + 1 + j;
	}
	return 0;
}

/* order */

/**
 * struct column - the nodes of a column, from the top
 */
struct column {
	size_t *nodes;
	size_t n;
};

/* The nodes that an edge visits, from the left: its @i-th, from 0 on. */
static size_t stop_of(const struct layout_edge *edge, size_t i)
{
	if (!i)
		return layout_left(edge);
	return i <= edge->n_passes ? edge->first_pass + i - 1 :
				     layout_right(edge);
}

/* Where the neighbours of @node are, in the column to the left or right. */
static double neighbours_of(const struct layout *layout, size_t node, bool left)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < layout->n_edges; i++) {
		const struct layout_edge *edge = &layout->edges[i];

		if (edge->from == edge->to)
			continue;
		for (size_t j = 0; j <= edge->n_passes; j++) {
			size_t a = stop_of(edge, j), b = stop_of(edge, j + 1);

			if ((left ? b : a) != node)
				continue;
			sum += layout->nodes[left ? a : b].place;
			n++;
		}
	}
	return n ? sum / n : layout->nodes[node].place;
}

static int compare_wish(const void *a, const void *b, void *userdata)
{
	const struct layout_node *nodes = userdata;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;

	if (nodes[i].wish != nodes[j].wish)
		return nodes[i].wish < nodes[j].wish ? -1 : 1;
	return nodes[i].place < nodes[j].place ? -1 : 1;
}

static void order_column(struct layout *layout, struct column *column, bool left)
{
	for (size_t i = 0; i < column->n; i++)
		layout->nodes[column->nodes[i]].wish =
			neighbours_of(layout, column->nodes[i], left);
	qsort_r(column->nodes, column->n, sizeof(*column->nodes), compare_wish,
		layout->nodes);
	for (size_t i = 0; i < column->n; i++)
		layout->nodes[column->nodes[i]].place = i;
}

static void order_columns(struct layout *layout, struct column *columns, size_t n)
{
	for (int round = 0; round < ROUNDS; round++) {
		bool left = round % 2 == 0;

		for (size_t i = 1; i < n; i++)
			order_column(layout, &columns[left ? i : n - 1 - i], left);
	}
}

/* coordinates */

static double height_of(const struct layout *layout, const struct column *column)
{
	double height = -layout->row_gap;

	for (size_t i = 0; i < column->n; i++)
		height += layout->nodes[column->nodes[i]].height + layout->row_gap;
	return height < 0 ? 0 : height;
}

static void place_column(struct layout *layout, const struct column *column,
			 double x, double *out_width)
{
	double y = (layout->height - height_of(layout, column)) / 2;

	*out_width = 0;
	for (size_t i = 0; i < column->n; i++)
		if (*out_width < layout->nodes[column->nodes[i]].width)
			*out_width = layout->nodes[column->nodes[i]].width;
	for (size_t i = 0; i < column->n; i++) {
		struct layout_node *node = &layout->nodes[column->nodes[i]];

		/* a line stays in its place until it has left the column */
		if (column->nodes[i] >= layout->n_boxes)
			node->width = *out_width;
		node->x = x + (*out_width - node->width) / 2;
		node->y = y;
		y += node->height + layout->row_gap;
	}
}

static void place_all(struct layout *layout, const struct column *columns, size_t n)
{
	double x = 0, width;

	layout->height = 0;
	for (size_t i = 0; i < n; i++)
		if (layout->height < height_of(layout, &columns[i]))
			layout->height = height_of(layout, &columns[i]);
	for (size_t i = 0; i < n; i++) {
		place_column(layout, &columns[i], x, &width);
		x += width + layout->column_gap;
	}
	layout->width = n ? x - layout->column_gap : 0;
}

int layout_run(struct layout *layout)
{
	_cleanup_(kb_freep) struct column *columns = NULL;
	_cleanup_(kb_freep) size_t *room = NULL;
	size_t n, used = 0;

	if (break_circles(layout) < 0)
		return -ENOMEM;
	n = choose_columns(layout);
	if (add_passes(layout) < 0)
		return -ENOMEM;
	columns = calloc(n + 1, sizeof(*columns));
	room = calloc(layout->n_nodes + 1, sizeof(*room));
	if (!columns || !room)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		columns[i].nodes = room + used;
		for (size_t j = 0; j < layout->n_nodes; j++) {
			if (layout->nodes[j].column != i)
				continue;
			layout->nodes[j].place = columns[i].n;
			columns[i].nodes[columns[i].n++] = j;
			used++;
		}
	}
	order_columns(layout, columns, n);
	place_all(layout, columns, n);
	return 0;
}
