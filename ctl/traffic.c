// SPDX-License-Identifier: LGPL-2.1-or-later
/* What passes on a bus, added up. */
#include <errno.h>

#include "ctl/traffic.h"

/* An element of @size bytes, zeroed, at @at of an array; NULL if out of memory. */
static void *make_room(void **array, size_t *n, size_t at, size_t size)
{
	uint8_t *list = *array;

	/* grows at powers of two */
	if (!(*n & (*n - 1))) {
		list = reallocarray(list, *n ? 2 * *n : 1, size);
		if (!list)
			return NULL;
		*array = list;
	}
	memmove(list + (at + 1) * size, list + at * size, (*n - at) * size);
	memset(list + at * size, 0, size);
	(*n)++;
	return list + at * size;
}

/* names */

static int compare_name(const struct traffic *traffic, size_t i, const char *name)
{
	return strcmp(traffic->names[i].name, name);
}

static size_t find_name(const struct traffic *traffic, const char *name)
{
	size_t low = 0, high = traffic->n_names;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_name(traffic, middle, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_name(const struct traffic *traffic, size_t at, const char *name)
{
	return at < traffic->n_names && !compare_name(traffic, at, name);
}

int traffic_set_owner(struct traffic *traffic, const char *name, uint64_t id)
{
	size_t at = find_name(traffic, name);
	struct traffic_name *entry;
	char *copy;

	if (has_name(traffic, at, name)) {
		traffic->names[at].id = id;
		return 0;
	}
	copy = strdup(name);
	entry = copy ? make_room((void **)&traffic->names, &traffic->n_names, at,
				 sizeof(*entry)) : NULL;
	if (!entry) {
		free(copy);
		return -ENOMEM;
	}
	*entry = (struct traffic_name){ .name = copy, .id = id };
	return 0;
}

int traffic_notice(struct traffic *traffic,
		   const struct kb_notification *notification)
{
	switch (notification->type) {
	case KDBUS_ITEM_NAME_ADD:
	case KDBUS_ITEM_NAME_CHANGE:
		return traffic_set_owner(traffic, notification->name,
					 notification->new_id);
	case KDBUS_ITEM_NAME_REMOVE:
		return traffic_set_owner(traffic, notification->name,
					 TRAFFIC_UNKNOWN);
	default:
		return 0;
	}
}

/* peers and edges */

static struct traffic_peer *get_peer(struct traffic *traffic, uint64_t id)
{
	size_t low = 0, high = traffic->n_peers;
	struct traffic_peer *peer;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (traffic->peers[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < traffic->n_peers && traffic->peers[low].id == id)
		return &traffic->peers[low];
	peer = make_room((void **)&traffic->peers, &traffic->n_peers, low,
			 sizeof(*peer));
	if (peer)
		peer->id = id;
	return peer;
}

static bool edge_is_before(const struct traffic_edge *edge, uint64_t from,
			   uint64_t to)
{
	return edge->from < from || (edge->from == from && edge->to < to);
}

static struct traffic_edge *get_edge(struct traffic *traffic, uint64_t from,
				     uint64_t to)
{
	size_t low = 0, high = traffic->n_edges;
	struct traffic_edge *edge;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (edge_is_before(&traffic->edges[middle], from, to))
			low = middle + 1;
		else
			high = middle;
	}
	edge = traffic->edges + low;
	if (low < traffic->n_edges && edge->from == from && edge->to == to)
		return edge;
	edge = make_room((void **)&traffic->edges, &traffic->n_edges, low,
			 sizeof(*edge));
	if (edge) {
		edge->from = from;
		edge->to = to;
	}
	return edge;
}

/* messages */

static uint64_t receiver_of(const struct traffic *traffic,
			    const struct kb_message *m)
{
	size_t at;

	if (m->dst_id == KDBUS_DST_ID_BROADCAST)
		return TRAFFIC_EVERYBODY;
	if (m->dst_id || !m->dst_name)
		return m->dst_id;
	at = find_name(traffic, m->dst_name);
	return has_name(traffic, at, m->dst_name) ? traffic->names[at].id :
						    TRAFFIC_UNKNOWN;
}

static uint64_t time_of(const struct kb_message *m)
{
	return m->meta.timestamp ? m->meta.timestamp->monotonic_ns : 0;
}

static void remember_call(struct traffic *traffic, const struct kb_message *m,
			  uint64_t to)
{
	if (m->type != KB_METHOD_CALL || m->flags & KB_NO_REPLY_EXPECTED)
		return;
	traffic->calls[traffic->next_call++ % TRAFFIC_CALLS] =
		(struct traffic_call){
			.caller = m->src_id,
			.cookie = m->cookie,
			.to = to,
			.size = m->body_size,
			.time_ns = time_of(m),
		};
}

/* The call that @m answers, which is forgotten; false if nobody knows it. */
static bool take_call(struct traffic *traffic, const struct kb_message *m,
		      struct traffic_call *out)
{
	size_t n = traffic->next_call < TRAFFIC_CALLS ? traffic->next_call :
							TRAFFIC_CALLS;

	if (m->type != KB_METHOD_RETURN && m->type != KB_ERROR)
		return false;
	/* most are answered soon */
	for (size_t i = 1; i <= n; i++) {
		struct traffic_call *call =
			&traffic->calls[(traffic->next_call - i) % TRAFFIC_CALLS];

		if (call->caller == m->dst_id && call->cookie == m->reply_cookie) {
			*out = *call;
			call->caller = 0;
			return true;
		}
	}
	return false;
}

static void count_sent(struct traffic_count *count, const struct kb_message *m,
		       bool timed, uint64_t time_ns)
{
	count->sent++;
	count->bytes_sent += m->body_size;
	count->errors += m->type == KB_ERROR;
	if (!timed)
		return;
	count->answers++;
	count->time_ns += time_ns;
	if (count->time_max_ns < time_ns)
		count->time_max_ns = time_ns;
}

static void count_received(struct traffic_count *count,
			   const struct kb_message *m)
{
	count->received++;
	count->bytes_received += m->body_size;
}

static void count_edge(struct traffic_edge *edge, const struct kb_message *m,
		       bool timed, uint64_t time_ns)
{
	edge->calls += m->type == KB_METHOD_CALL;
	edge->answers += m->type == KB_METHOD_RETURN;
	edge->errors += m->type == KB_ERROR;
	edge->signals += m->type == KB_SIGNAL;
	edge->bytes += m->body_size;
	if (timed) {
		edge->timed++;
		edge->time_ns += time_ns;
	}
}

static void move_received(struct traffic_count *from, struct traffic_count *to,
			  uint64_t size)
{
	/* a turn may have ended meanwhile */
	if (!from->received)
		return;
	from->received--;
	from->bytes_received -= size;
	to->received++;
	to->bytes_received += size;
}

/* A call to a name that nobody had was for whoever answers it. */
static int redirect(struct traffic *traffic, const struct traffic_call *call,
		    uint64_t to)
{
	struct traffic_edge *unknown, *edge;
	struct traffic_peer *nobody, *peer;

	/* the second of each pair may move the first */
	if (!get_edge(traffic, call->caller, to) || !get_peer(traffic, to))
		return -ENOMEM;
	unknown = get_edge(traffic, call->caller, TRAFFIC_UNKNOWN);
	edge = get_edge(traffic, call->caller, to);
	nobody = get_peer(traffic, TRAFFIC_UNKNOWN);
	peer = get_peer(traffic, to);
	if (!unknown || !edge || !nobody || !peer)
		return -ENOMEM;
	unknown->calls--;
	unknown->bytes -= call->size;
	edge->calls++;
	edge->bytes += call->size;
	move_received(&nobody->total, &peer->total, call->size);
	move_received(&nobody->turn, &peer->turn, call->size);
	return 0;
}

static int count(struct traffic *traffic, const struct kb_message *m, uint64_t to,
		 bool timed, uint64_t time_ns)
{
	struct traffic_edge *edge;
	struct traffic_peer *peer;

	edge = get_edge(traffic, m->src_id, to);
	if (!edge)
		return -ENOMEM;
	count_edge(edge, m, timed, time_ns);
	peer = get_peer(traffic, m->src_id);
	if (!peer)
		return -ENOMEM;
	count_sent(&peer->total, m, timed, time_ns);
	count_sent(&peer->turn, m, timed, time_ns);
	peer = get_peer(traffic, to);
	if (!peer)
		return -ENOMEM;
	count_received(&peer->total, m);
	count_received(&peer->turn, m);
	traffic->n_seen++;
	return 0;
}

int traffic_see(struct traffic *traffic, const struct kb_message *m)
{
	uint64_t to = receiver_of(traffic, m), now = time_of(m);
	struct traffic_call call;
	bool timed = false;

	if (m->type == KB_NOTIFICATION)
		return 0;
	if (take_call(traffic, m, &call)) {
		timed = call.time_ns && now >= call.time_ns;
		if (call.to == TRAFFIC_UNKNOWN &&
		    redirect(traffic, &call, m->src_id) < 0)
			return -ENOMEM;
	}
	remember_call(traffic, m, to);
	return count(traffic, m, to, timed, timed ? now - call.time_ns : 0);
}

void traffic_turn(struct traffic *traffic)
{
	for (size_t i = 0; i < traffic->n_peers; i++)
		traffic->peers[i].turn = (struct traffic_count){};
}

/* looking */

static int compare_peer(const void *key, const void *entry)
{
	uint64_t a = *(const uint64_t *)key;
	uint64_t b = ((const struct traffic_peer *)entry)->id;

	return a < b ? -1 : a > b;
}

const struct traffic_peer *traffic_find(const struct traffic *traffic,
					uint64_t id)
{
	if (!traffic->n_peers)
		return NULL;
	return bsearch(&id, traffic->peers, traffic->n_peers,
		       sizeof(*traffic->peers), compare_peer);
}

double traffic_rate(uint64_t n, uint64_t elapsed_ns)
{
	return elapsed_ns ? n * (double)KB_NSEC_PER_SEC / elapsed_ns : 0;
}

uint64_t traffic_time(const struct traffic_count *count)
{
	return count->answers ? count->time_ns / count->answers : 0;
}

struct traffic *traffic_new(void)
{
	return calloc(1, sizeof(struct traffic));
}

struct traffic *traffic_free(struct traffic *traffic)
{
	if (!traffic)
		return NULL;
	for (size_t i = 0; i < traffic->n_names; i++)
		free(traffic->names[i].name);
	free(traffic->names);
	free(traffic->edges);
	free(traffic->peers);
	free(traffic);
	return NULL;
}
