/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Services that are being started because a client wants them. */
#ifndef PROXY_STARTS_H
#define PROXY_STARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct kb_message;

/**
 * struct start - an activator that got mail from a client
 * @id:		of the activator's connection
 * @end_ns:	when it has given up, whatever we have heard of it
 */
struct start {
	struct start *next;
	uint64_t id;
	uint64_t end_ns;
	char name[];
};

/* those of all clients */
struct starts {
	struct start *first;
	size_t n;
};

void starts_deinit(struct starts *starts);

/**
 * starts_are_full() - is this one too many (max_pending_service_starts)
 * @client:	who wants the service; it is logged
 *
 * That a service came up is not told to us, so those that are known are looked
 * at again before the answer is yes.
 */
bool starts_are_full(struct client *client);

/* The client's message, or one of the driver in its name, goes to an activator. */
void starts_begin(struct client *client, const char *name, uint64_t id);

/* An activator answers by itself only if it has failed. */
void starts_end(struct starts *starts, uint64_t id);

#endif /* PROXY_STARTS_H */
