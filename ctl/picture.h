/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who talks to whom, ready to be drawn: as SVG, as text, as a report.
 */
#ifndef CTL_PICTURE_H
#define CTL_PICTURE_H

#include "lib/report.h"
#include "lib/util.h"

/**
 * struct picture_node - somebody
 * @title:	what people call it; owned
 * @detail:	more about it, "" for nothing; owned
 * @is_group:	stands for many
 */
struct picture_node {
	char *title;
	char *detail;
	bool is_group;
};

/**
 * struct picture_link - what one sends to another of its own accord
 * @calls, @signals: messages
 * @errors:	of the answers
 * @bytes:	of bodies, both ways
 * @time_ns:	of all answers that are @timed
 */
struct picture_link {
	size_t from;
	size_t to;
	uint64_t calls;
	uint64_t signals;
	uint64_t errors;
	uint64_t bytes;
	uint64_t time_ns;
	uint64_t timed;
};

/**
 * struct picture - all of it
 * @caption:	what it shows, borrowed
 */
struct picture {
	const char *caption;
	struct picture_node *nodes;
	size_t n_nodes;
	struct picture_link *links;
	size_t n_links;
};

/* "12 calls, 1.4ms, 2 errors, 3 signals". */
void picture_describe(const struct picture_link *link, char out[128]);

/* For people on a terminal, in the order of the nodes. */
void picture_print(const struct picture *picture, FILE *file);
void picture_report(const struct picture *picture, struct kb_report *report);

/**
 * picture_draw() - an SVG document
 *
 * It needs nothing from elsewhere. Return: 0 or -ENOMEM.
 */
int picture_draw(const struct picture *picture, FILE *file);

void picture_deinit(struct picture *picture);

#endif /* CTL_PICTURE_H */
