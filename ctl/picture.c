// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who talks to whom: as text and as a report. picture-svg.c draws it. */
#include <inttypes.h>

#include "ctl/ctl.h"
#include "ctl/figure.h"
#include "ctl/picture.h"
#include "ctl/screen.h"

/* Adds "N things", after a comma unless it is the first. */
static void add_count(char out[128], uint64_t n, const char *thing)
{
	size_t used = strlen(out);

	if (n)
		snprintf(out + used, 128 - used, "%s%" PRIu64 " %s%s",
			 used ? ", " : "", n, thing, n == 1 ? "" : "s");
}

void picture_describe(const struct picture_link *link, char out[128])
{
	char time[FIGURE_SIZE];
	size_t used;

	*out = '\0';
	add_count(out, link->calls, "call");
	used = strlen(out);
	if (link->timed)
		snprintf(out + used, 128 - used, ", %s",
			 figure_time(link->time_ns / link->timed, time));
	add_count(out, link->errors, "error");
	add_count(out, link->signals, "signal");
}

static void print_node(const struct picture_node *node, FILE *file)
{
	fputs(screen_style(SCREEN_BOLD), file);
	ctl_print_text(node->title, file);
	fputs(screen_style(SCREEN_NORMAL), file);
	if (!*node->detail)
		return;
	fprintf(file, " %s", screen_style(SCREEN_DIM));
	ctl_print_text(node->detail, file);
	fputs(screen_style(SCREEN_NORMAL), file);
}

/* Everything from node @from; @n is how many links that are. */
static void print_links(const struct picture *picture, size_t from, size_t n,
			FILE *file)
{
	char text[128];

	for (size_t i = 0; i < picture->n_links; i++) {
		const struct picture_link *link = &picture->links[i];

		if (link->from != from)
			continue;
		picture_describe(link, text);
		fprintf(file, "%s ", --n ? "├─→" : "└─→");
		ctl_print_text(picture->nodes[link->to].title, file);
		fprintf(file, "  %s%s%s\n",
			screen_style(link->errors ? SCREEN_RED : SCREEN_GREEN),
			text, screen_style(SCREEN_NORMAL));
	}
}

void picture_print(const struct picture *picture, FILE *file)
{
	fprintf(file, "%s\n", picture->caption);
	for (size_t i = 0; i < picture->n_nodes; i++) {
		size_t n = 0;

		for (size_t j = 0; j < picture->n_links; j++)
			n += picture->links[j].from == i;
		if (!n)
			continue;
		fputc('\n', file);
		print_node(&picture->nodes[i], file);
		fputc('\n', file);
		print_links(picture, i, n, file);
	}
}

void picture_report(const struct picture *picture, struct kb_report *report)
{
	kb_report_string(report, "caption", picture->caption);
	kb_report_open_array(report, "nodes");
	for (size_t i = 0; i < picture->n_nodes; i++) {
		kb_report_open_object(report, NULL);
		kb_report_string(report, "title", picture->nodes[i].title);
		kb_report_string(report, "detail", picture->nodes[i].detail);
		kb_report_close(report);
	}
	kb_report_close(report);
	kb_report_open_array(report, "links");
	for (size_t i = 0; i < picture->n_links; i++) {
		const struct picture_link *link = &picture->links[i];

		kb_report_open_object(report, NULL);
		kb_report_uint(report, "from", link->from);
		kb_report_uint(report, "to", link->to);
		kb_report_uint(report, "calls", link->calls);
		kb_report_uint(report, "signals", link->signals);
		kb_report_uint(report, "errors", link->errors);
		kb_report_uint(report, "bytes", link->bytes);
		kb_report_uint(report, "answer_ns",
			       link->timed ? link->time_ns / link->timed : 0);
		kb_report_close(report);
	}
	kb_report_close(report);
}

void picture_deinit(struct picture *picture)
{
	for (size_t i = 0; i < picture->n_nodes; i++) {
		free(picture->nodes[i].title);
		free(picture->nodes[i].detail);
	}
	free(picture->nodes);
	free(picture->links);
	*picture = (struct picture){};
}
