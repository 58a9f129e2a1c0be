/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of one line of the log. */
#ifndef PROXY_RECORD_H
#define PROXY_RECORD_H

#include <stddef.h>

#include "lib/util.h"

struct client;
struct kb_message;

#define RECORD_FIELDS_MAX 32

/* bytes of a value that somebody else chose; what is longer is cut */
#define RECORD_VALUE_MAX 1000

/**
 * struct record - "KEY=value" each, ended by NULL
 *
 * A field that could not be had, or does not fit, is left out.
 */
struct record {
	char *fields[RECORD_FIELDS_MAX + 1];
	size_t n;
};

void record_deinit(struct record *record);

void record_add(struct record *record, const char *format, ...) _printf_(2, 3);

/* the same, unless there is nothing to say */
void record_text(struct record *record, const char *key, const char *value);

/* KDBUS_CLIENT and those that begin with it: its names and what it is */
void record_client(struct record *record, const struct client *client);

/* a peer of it that is a client as well: KDBUS_PEER and so on */
void record_peer(struct record *record, const struct client *peer);

/* what kind of message, from whom, for whom; NULL adds nothing */
void record_message(struct record *record, const struct kb_message *message);

#endif /* PROXY_RECORD_H */
