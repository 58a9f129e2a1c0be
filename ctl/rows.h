/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of kdbusctl top: who is on the bus, what passed, and what waits.
 */
#ifndef CTL_ROWS_H
#define CTL_ROWS_H

#include "ctl/filter.h"
#include "ctl/traffic.h"
#include "lib/conn.h"

enum rows_sort {
	ROWS_BY_MESSAGES,
	ROWS_BY_BYTES,
	ROWS_BY_QUEUE,
	ROWS_BY_TIME,
};

/**
 * struct row - a connection
 * @name:	one that it holds, else its description, or NULL; owned
 * @comm:	of its process, or NULL; owned
 * @turn:	what passed since the last turn
 * @total:	messages since the beginning
 * @queued:	messages that wait for it to read them, @queued_bytes of them
 * @waits:	answers that it waits for
 * @lost:	messages that found no room, since it was made
 */
struct row {
	uint64_t id;
	char unique[KB_UNIQUE_NAME_SIZE];
	char *name;
	char *comm;
	uint64_t pid;
	struct traffic_count turn;
	uint64_t total;
	uint64_t queued;
	uint64_t queued_bytes;
	uint64_t waits;
	uint64_t lost;
};

/**
 * struct rows - all of them
 * @n_messages, @n_bytes: that were sent since the last turn, on the whole bus
 */
struct rows {
	struct row *list;
	size_t n;
	uint64_t n_messages;
	uint64_t n_bytes;
};

/**
 * struct rows_source - what they are made of
 * @asker:	an ordinary connection; it has no row
 * @filter:	which messages count. With names in it there are rows for those
 *		who had to do with any
 */
struct rows_source {
	struct kb_conn *asker;
	struct traffic *traffic;
	struct filter filter;
};

/* A message passes: 0 or -ENOMEM. */
int rows_see(struct rows_source *source, struct kb_message *m);

/* Asks who is there now, in no order: 0 or a negative errno. */
int rows_get(const struct rows_source *source, struct rows *out);
void rows_deinit(struct rows *rows);

/* The largest first; among equals the older connection. */
void rows_sort(struct rows *rows, enum rows_sort sort);
const char *rows_sort_name(enum rows_sort sort);

#endif /* CTL_ROWS_H */
