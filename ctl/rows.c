// SPDX-License-Identifier: LGPL-2.1-or-later
/* The rows of kdbusctl top. */
#include <errno.h>

#include "ctl/peers.h"
#include "ctl/rows.h"

#define ATTACH (KDBUS_ATTACH_PIDS | KDBUS_ATTACH_PID_COMM | \
		KDBUS_ATTACH_CONN_DESCRIPTION)

int rows_see(struct rows_source *source, struct kb_message *m)
{
	struct kb_notification notification;

	if (m->type == KB_NOTIFICATION)
		return kb_notify_parse(m, &notification) < 0 ? 0 :
		       traffic_notice(source->traffic, &notification);
	return filter_wants(&source->filter, m) ?
	       traffic_see(source->traffic, m) : 0;
}

static const char *name_of(const struct peer *peer)
{
	for (size_t i = 0; i < peer->n_names; i++)
		if (claim_is_owner(peer->names[i].flags))
			return peer->names[i].name;
	return peer->info.meta.description;
}

/* What waits is not told to everybody, nor by every kernel. */
static void ask_usage(struct kb_conn *asker, struct row *row)
{
	struct kb_info info;

	if (kb_conn_ask(asker, row->id, KDBUS_ITEM_USAGE, 0, &info) < 0)
		return;
	if (info.meta.usage) {
		row->queued = info.meta.usage->msgs;
		row->queued_bytes = info.meta.usage->bytes;
		row->waits = info.meta.usage->calls;
		row->lost = info.meta.usage->lost;
	}
	kb_info_deinit(&info);
}

static int fill_row(const struct rows_source *source, const struct peer *peer,
		    struct row *row)
{
	const struct kb_meta *meta = &peer->info.meta;
	const struct traffic_peer *traffic = traffic_find(source->traffic,
							  peer->id);
	const char *name = name_of(peer), *comm;
	char text[32];

	*row = (struct row){ .id = peer->id };
	kb_unique_name(peer->id, row->unique);
	if (traffic) {
		row->turn = traffic->turn;
		row->total = traffic->total.sent + traffic->total.received;
	}
	row->pid = meta->pids ? meta->pids->pid : 0;
	row->name = name ? strdup(name) : NULL;
	comm = peer_comm(meta, text);
	row->comm = comm ? strdup(comm) : NULL;
	if ((name && !row->name) || (comm && !row->comm))
		return -ENOMEM;
	ask_usage(source->asker, row);
	return 0;
}

/* Who has what name, for the messages to come. */
static int learn_names(struct traffic *traffic, const struct peers *peers)
{
	int r = 0;

	for (size_t i = 0; i < peers->n; i++) {
		const struct peer *peer = &peers->list[i];

		for (size_t j = 0; j < peer->n_names && r >= 0; j++)
			if (claim_is_owner(peer->names[j].flags))
				r = traffic_set_owner(traffic,
						      peer->names[j].name,
						      peer->id);
	}
	return r;
}

static bool is_wanted(const struct rows_source *source, const struct peer *peer)
{
	if (peer->id == source->asker->id ||
	    !kb_streq(peer_kind(peer->flags), "ordinary"))
		return false;
	return !source->filter.n_names ||
	       traffic_find(source->traffic, peer->id);
}

int rows_get(const struct rows_source *source, struct rows *out)
{
	_cleanup_(peers_deinit) struct peers peers = {};
	_cleanup_(rows_deinit) struct rows rows = {};
	int r;

	r = peers_get(source->asker, KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES,
		      ATTACH, &peers);
	if (r >= 0)
		r = learn_names(source->traffic, &peers);
	if (r < 0)
		return r;
	rows.list = calloc(peers.n + 1, sizeof(*rows.list));
	if (!rows.list)
		return -ENOMEM;
	for (size_t i = 0; i < peers.n; i++) {
		if (!is_wanted(source, &peers.list[i]))
			continue;
		r = fill_row(source, &peers.list[i], &rows.list[rows.n++]);
		if (r < 0)
			return r;
	}
	/* those who have gone have sent, too */
	for (size_t i = 0; i < source->traffic->n_peers; i++) {
		rows.n_messages += source->traffic->peers[i].turn.sent;
		rows.n_bytes += source->traffic->peers[i].turn.bytes_sent;
	}
	*out = rows;
	rows = (struct rows){};
	return 0;
}

void rows_deinit(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		free(rows->list[i].name);
		free(rows->list[i].comm);
	}
	free(rows->list);
	*rows = (struct rows){};
}

/* sorting */

static uint64_t weight(const struct row *row, enum rows_sort sort)
{
	switch (sort) {
	case ROWS_BY_BYTES:
		return row->turn.bytes_sent + row->turn.bytes_received;
	case ROWS_BY_QUEUE:
		return row->queued;
	case ROWS_BY_TIME:
		return traffic_time(&row->turn);
	default:
		return row->turn.sent + row->turn.received;
	}
}

static int compare(const void *a, const void *b, void *userdata)
{
	const struct row *x = a, *y = b;
	enum rows_sort sort = *(enum rows_sort *)userdata;
	uint64_t m = weight(x, sort), n = weight(y, sort);

	if (m != n)
		return m > n ? -1 : 1;
	/* who was busy before does not jump up and down */
	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

void rows_sort(struct rows *rows, enum rows_sort sort)
{
	if (rows->n)
		qsort_r(rows->list, rows->n, sizeof(*rows->list), compare, &sort);
}

const char *rows_sort_name(enum rows_sort sort)
{
	static const char *const names[] = {
		[ROWS_BY_MESSAGES]	= "messages",
		[ROWS_BY_BYTES]		= "bytes",
		[ROWS_BY_QUEUE]		= "queue",
		[ROWS_BY_TIME]		= "time",
	};

	return names[sort];
}
