/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Services that are being started because a client wants them. */

#include <stdlib.h>
#include <string.h>

#include "lib/conn.h"
#include "lib/util.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/starts.h"

void starts_deinit(struct starts *starts)
{
	while (starts->first) {
		struct start *start = starts->first;

		starts->first = start->next;
		free(start);
	}
	starts->n = 0;
}

static void starts_remove(struct starts *starts, struct start **link)
{
	struct start *start = *link;

	*link = start->next;
	free(start);
	starts->n--;
}

void starts_end(struct starts *starts, uint64_t id)
{
	for (struct start **link = &starts->first; *link;
	     link = &(*link)->next) {
		if ((*link)->id == id) {
			starts_remove(starts, link);
			return;
		}
	}
}

/* Does the name still belong to the activator that was asked? */
static bool start_is_pending(const struct start *start, struct kb_conn *conn)
{
	struct kb_info info;
	bool pending;

	if (kb_now_ns() >= start->end_ns ||
	    kb_conn_info_by_name(conn, start->name, 0, 0, &info) < 0)
		return false;
	pending = info.id == start->id;
	kb_info_deinit(&info);
	return pending;
}

bool starts_are_full(struct client *client)
{
	uint64_t max =
		client->proxy->config->limits.max_pending_service_starts;
	struct starts *starts = &client->proxy->starts;
	struct start **link = &starts->first;

	while (starts->n >= max && *link) {
		if (start_is_pending(*link, client->conn))
			link = &(*link)->next;
		else
			starts_remove(starts, link);
	}
	if (starts->n < max)
		return false;
	refusal_limit(client, "max_pending_service_starts", max);
	return true;
}

void starts_begin(struct client *client, const char *name, uint64_t id)
{
	const struct limits *limits = &client->proxy->config->limits;
	struct starts *starts = &client->proxy->starts;
	struct start *start;

	for (start = starts->first; start; start = start->next)
		if (start->id == id)
			return;
	start = malloc(sizeof(*start) + strlen(name) + 1);
	if (!start)
		return;
	start->id = id;
	start->end_ns = kb_now_ns() +
			limits->service_start_timeout * KB_NSEC_PER_MSEC;
	strcpy(start->name, name);
	start->next = starts->first;
	starts->first = start;
	starts->n++;
}
