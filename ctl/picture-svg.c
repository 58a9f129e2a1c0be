// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who talks to whom, drawn as SVG. */
#include <errno.h>
#include <math.h>

#include "ctl/layout.h"
#include "ctl/picture.h"

/* pixels; the letters are all of one width, or nobody could tell how wide */
#define LETTER		7.3	/* of a title */
#define SMALL_LETTER	6.1	/* of a detail, or on a line */
#define PADDING		10
#define BOX_HEIGHT	40
#define PORT_GAP	18	/* between two lines at a box */
#define COLUMN_GAP	250
#define ROW_GAP		22
#define MARGIN		24
#define TOP		76	/* for the caption and the legend */

/**
 * struct port - where a line touches a box
 * @rank:	of the lines on that side, from the top; of @n
 */
struct port {
	double x;
	double y;
	size_t rank;
	size_t n;
};

/**
 * struct line - a link on paper
 * @left, @right: where it touches
 */
struct line {
	struct port left;
	struct port right;
};

/* What XML has no room for: bytes that are no UTF-8, controls, U+FFFE, U+FFFF. */
static bool is_forbidden(const char *s, size_t n)
{
	return !n || (unsigned char)*s < ' ' || *s == 0x7f ||
	       (n == 3 && !memcmp(s, "\xef\xbf", 2) && (unsigned char)s[2] >= 0xbe);
}

static void print_escaped(const char *text, FILE *file)
{
	size_t n;

	for (; *text; text += n ?: 1) {
		n = kb_utf8_next(text);
		if (is_forbidden(text, n))
			fputs("\xef\xbf\xbd", file);
		else if (*text == '<')
			fputs("&lt;", file);
		else if (*text == '>')
			fputs("&gt;", file);
		else if (*text == '&')
			fputs("&amp;", file);
		else
			fwrite(text, 1, n, file);
	}
}

static size_t letters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* lines */

static double middle(const struct layout_node *node)
{
	return node->y + node->height / 2;
}

/* How high the stop is that comes next to that end of the edge. */
static double height_beside(const struct layout *layout,
			    const struct layout_edge *edge, bool left)
{
	size_t stop = left ? layout_right(edge) : layout_left(edge);

	if (edge->n_passes)
		stop = edge->first_pass + (left ? 0 : edge->n_passes - 1);
	return middle(&layout->nodes[stop]);
}

static size_t end_of(const struct layout_edge *edge, bool left)
{
	return left ? layout_left(edge) : layout_right(edge);
}

/* Among the lines on the same side of the same box, those higher up first. */
static struct port find_port(const struct layout *layout, size_t index, bool left)
{
	const struct layout_edge *edges = layout->edges, *edge = &edges[index];
	const struct layout_node *node = &layout->nodes[end_of(edge, left)];
	double height = height_beside(layout, edge, left);
	struct port port = {};

	for (size_t i = 0; i < layout->n_edges; i++) {
		double other = height_beside(layout, &edges[i], left);

		if (edges[i].from == edges[i].to ||
		    end_of(&edges[i], left) != end_of(edge, left))
			continue;
		port.n++;
		port.rank += other < height || (other == height && i < index);
	}
	port.x = node->x + (left ? node->width : 0);
	port.y = middle(node) + (port.rank - (port.n - 1) / 2.0) * PORT_GAP;
	return port;
}

static void curve_to(double x0, double y0, double x1, double y1, FILE *file)
{
	double half = (x1 - x0) / 2;

	fprintf(file, " C%.1f %.1f %.1f %.1f %.1f %.1f", x0 + half, y0, x1 - half,
		y1, x1, y1);
}

/* From one end through all passes to the other, in the direction of the edge. */
static void print_path(const struct layout *layout, const struct layout_edge *edge,
		       const struct line *line, FILE *file)
{
	const struct port *begin = edge->turned ? &line->right : &line->left;
	const struct port *end = edge->turned ? &line->left : &line->right;
	double x = begin->x, y = begin->y;

	fprintf(file, "M%.1f %.1f", x, y);
	for (size_t i = 0; i < edge->n_passes; i++) {
		size_t j = edge->turned ? edge->n_passes - 1 - i : i;
		const struct layout_node *pass =
			&layout->nodes[edge->first_pass + j];
		double near = pass->x + (edge->turned ? pass->width : 0);

		curve_to(x, y, near, middle(pass), file);
		x = pass->x + (edge->turned ? 0 : pass->width);
		y = middle(pass);
		fprintf(file, " L%.1f %.1f", x, y);
	}
	curve_to(x, y, end->x, end->y, file);
}

/* At the end where fewer lines are, so that the words do not meet. */
static void print_words(const struct picture_link *link, const struct line *line,
			FILE *file)
{
	bool left = line->left.n <= line->right.n;
	const struct port *port = left ? &line->left : &line->right;
	char text[128];

	picture_describe(link, text);
	fprintf(file, "<text class=\"w\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
		port->x + (left ? 12 : -12), port->y - 4, left ? "start" : "end");
	print_escaped(text, file);
	fputs("</text>\n", file);
}

static const char *class_of(const struct picture_link *link)
{
	return link->errors ? "bad" : link->calls ? "call" : "signal";
}

/* Somebody talks to himself: a bow on top of the box. */
static void draw_bow(const struct picture_link *link,
		     const struct layout_node *node, FILE *file)
{
	double x = node->x + node->width - 30;

	fprintf(file, "<path class=\"%s\" d=\"M%.1f %.1f c0 -18 20 -18 20 0\" marker-end=\"url(#%s)\"/>\n",
		class_of(link), x, node->y, class_of(link));
}

static struct line find_line(const struct layout *layout, size_t index)
{
	return (struct line){
		.left = find_port(layout, index, true),
		.right = find_port(layout, index, false),
	};
}

static void draw_link(const struct picture *picture, const struct layout *layout,
		      size_t index, FILE *file)
{
	const struct picture_link *link = &picture->links[index];
	const struct layout_edge *edge = &layout->edges[index];
	struct line line = find_line(layout, index);
	const char *class = class_of(link);

	if (edge->from == edge->to) {
		draw_bow(link, &layout->nodes[edge->from], file);
		return;
	}
	fprintf(file, "<path class=\"%s\" stroke-width=\"%.1f\" marker-end=\"url(#%s)\" d=\"",
		class, 1 + log10(link->calls + link->signals + 1) / 2, class);
	print_path(layout, edge, &line, file);
	fputs("\"/>\n", file);
}

/* On top of all lines. */
static void draw_words(const struct picture *picture, const struct layout *layout,
		       size_t index, FILE *file)
{
	const struct layout_edge *edge = &layout->edges[index];
	struct line line = find_line(layout, index);

	if (edge->from != edge->to)
		print_words(&picture->links[index], &line, file);
}

/* boxes */

static void draw_box(const struct picture_node *node,
		     const struct layout_node *place, FILE *file)
{
	double x = place->x + PADDING, y = middle(place);

	fprintf(file, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"6\"/>\n",
		node->is_group ? "many" : "one", place->x, place->y,
		place->width, place->height);
	fprintf(file, "<text class=\"t\" x=\"%.1f\" y=\"%.1f\">", x,
		*node->detail ? y - 3 : y + 4);
	print_escaped(node->title, file);
	fputs("</text>\n", file);
	if (!*node->detail)
		return;
	fprintf(file, "<text class=\"d\" x=\"%.1f\" y=\"%.1f\">", x, y + 13);
	print_escaped(node->detail, file);
	fputs("</text>\n", file);
}

static void measure(const struct picture *picture, struct layout *layout)
{
	for (size_t i = 0; i < picture->n_nodes; i++) {
		const struct picture_node *node = &picture->nodes[i];
		double title = letters(node->title) * LETTER;
		double detail = letters(node->detail) * SMALL_LETTER;

		layout->nodes[i].width = fmax(title, detail) + 2 * PADDING;
		layout->nodes[i].height = BOX_HEIGHT;
	}
	for (size_t i = 0; i < picture->n_links; i++) {
		layout->edges[i].from = picture->links[i].from;
		layout->edges[i].to = picture->links[i].to;
		layout->edges[i].weight = picture->links[i].calls +
					  picture->links[i].signals;
	}
}

/* High enough for all lines that touch it. */
static void grow(struct layout *layout)
{
	for (size_t i = 0; i < layout->n_boxes; i++) {
		size_t n_from = 0, n_to = 0;
		double height;

		for (size_t j = 0; j < layout->n_edges; j++) {
			n_from += layout->edges[j].from == i;
			n_to += layout->edges[j].to == i;
		}
		/* which side an edge is on is not known yet */
		height = PORT_GAP * (n_from > n_to ? n_from : n_to) + 8;
		layout->nodes[i].height = fmax(layout->nodes[i].height, height);
	}
}

/* the document */

static const struct {
	const char *class;
	const char *colour;
	const char *dashes;
	const char *meaning;
} classes[] = {
	{ "call", "#2563eb", "none", "calls, and how long an answer takes" },
	{ "signal", "#b45309", "5 4", "signals" },
	{ "bad", "#dc2626", "none", "calls answered with errors" },
};

static void print_style(FILE *file)
{
	fputs("<style>\n"
	      "text { font-family: 'DejaVu Sans Mono', 'Liberation Mono', monospace; fill: #1f2937 }\n"
	      ".h { font-size: 15px; font-weight: bold } .t { font-size: 12px; font-weight: bold }\n"
	      ".d { font-size: 10px; fill: #6b7280 }\n"
	      ".w { font-size: 10px; paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round }\n"
	      "path { fill: none } .one { fill: #eff6ff; stroke: #93c5fd } .many { fill: #fffbeb; stroke: #fcd34d }\n",
	      file);
	for (size_t i = 0; i < KB_ARRAY_SIZE(classes); i++)
		fprintf(file, ".%s { stroke: %s; stroke-dasharray: %s }\n",
			classes[i].class, classes[i].colour, classes[i].dashes);
	fputs("</style>\n<defs>\n", file);
	for (size_t i = 0; i < KB_ARRAY_SIZE(classes); i++)
		fprintf(file, "<marker id=\"%s\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 1 L10 5 L0 9 z\" style=\"fill: %s; stroke: none\"/></marker>\n",
			classes[i].class, classes[i].colour);
	fputs("</defs>\n", file);
}

static void print_head(const struct picture *picture, const struct layout *layout,
		       FILE *file)
{
	double width = fmax(layout->width, fmax(letters(picture->caption) * 9.2, 640));
	double x = MARGIN;

	width += 2 * MARGIN;
	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n<title>",
		width, layout->height + TOP + MARGIN, width,
		layout->height + TOP + MARGIN);
	print_escaped(picture->caption, file);
	fputs("</title>\n", file);
	print_style(file);
	fprintf(file, "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n<text class=\"h\" x=\"%d\" y=\"30\">",
		MARGIN);
	print_escaped(picture->caption, file);
	fputs("</text>\n", file);
	for (size_t i = 0; i < KB_ARRAY_SIZE(classes); i++) {
		fprintf(file, "<path class=\"%s\" stroke-width=\"1.5\" d=\"M%.1f 50 h34\" marker-end=\"url(#%s)\"/><text class=\"d\" x=\"%.1f\" y=\"54\">%s</text>\n",
			classes[i].class, x, classes[i].class, x + 42,
			classes[i].meaning);
		x += 42 + strlen(classes[i].meaning) * SMALL_LETTER + 24;
	}
}

static int draw(const struct picture *picture, struct layout *layout, FILE *file)
{
	measure(picture, layout);
	grow(layout);
	if (layout_run(layout) < 0)
		return -ENOMEM;
	print_head(picture, layout, file);
	fprintf(file, "<g transform=\"translate(%d %d)\">\n", MARGIN, TOP);
	for (size_t i = 0; i < picture->n_links; i++)
		draw_link(picture, layout, i, file);
	for (size_t i = 0; i < picture->n_links; i++)
		draw_words(picture, layout, i, file);
	for (size_t i = 0; i < picture->n_nodes; i++)
		draw_box(&picture->nodes[i], &layout->nodes[i], file);
	fputs("</g>\n</svg>\n", file);
	return 0;
}

int picture_draw(const struct picture *picture, FILE *file)
{
	_cleanup_(layout_deinit) struct layout layout = {
		.column_gap = COLUMN_GAP,
		.row_gap = ROW_GAP,
	};

	if (layout_init(&layout, picture->n_nodes, picture->n_links) < 0)
		return -ENOMEM;
	return draw(picture, &layout, file);
}
