// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl graph: watch for some seconds, then draw who talks to whom. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "ctl/filter.h"
#include "ctl/peers.h"
#include "ctl/picture.h"
#include "ctl/screen.h"
#include "ctl/traffic.h"
#include "ctl/verbs.h"
#include "ctl/watch.h"

#define WATCH_NS	(5 * KB_NSEC_PER_SEC)
#define NODES_MAX	30	/* more than that nobody can tell apart */

/**
 * struct who - what is known about a connection
 * @name:	that it holds, the first; owned, or NULL
 * @n_names:	how many it holds
 * @comm:	of its process; owned, or NULL
 */
struct who {
	uint64_t id;
	char *name;
	size_t n_names;
	char *comm;
	uint64_t pid;
};

/**
 * struct graph - what was seen
 * @who:	everybody who was there at some time
 * @file:	where the picture is drawn, or NULL
 */
struct graph {
	const struct ctl *ctl;
	struct filter filter;
	struct traffic *traffic;
	struct who *who;
	size_t n_who;
	uint64_t begin_ns;
	FILE *file;
};

/* who they are */

static struct who *find_who(const struct graph *graph, uint64_t id)
{
	for (size_t i = graph->n_who; i > 0; i--)
		if (graph->who[i - 1].id == id)
			return &graph->who[i - 1];
	return NULL;
}

static struct who *get_who(struct graph *graph, uint64_t id)
{
	struct who *who = find_who(graph, id);

	if (who)
		return who;
	who = reallocarray(graph->who, graph->n_who + 1, sizeof(*who));
	if (!who)
		return NULL;
	graph->who = who;
	who[graph->n_who] = (struct who){ .id = id };
	return &who[graph->n_who++];
}

/* What one that is new here is called, or that has names now and had none. */
static int learn(struct graph *graph, uint64_t id, const struct kb_meta *meta)
{
	struct kb_item_iter names = meta->items;
	struct who *who = get_who(graph, id);
	const struct kdbus_name *name;
	char comm[32];

	if (!who)
		return -ENOMEM;
	if (!who->comm && peer_comm(meta, comm))
		who->comm = strdup(comm);
	if (meta->pids)
		who->pid = meta->pids->pid;
	if (who->n_names)
		return 0;
	while ((name = kb_meta_next_name(&names))) {
		if (!claim_is_owner(name->flags))
			continue;
		if (!who->n_names++)
			who->name = strdup(name->name);
	}
	return 0;
}

static int learn_all(struct graph *graph)
{
	_cleanup_(peers_deinit) struct peers peers = {};
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	int r;

	r = ctl_connect(graph->ctl, 0, 0, &conn);
	if (r)
		return r;
	r = peers_get(conn, KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES,
		      KDBUS_ATTACH_NAMES | KDBUS_ATTACH_PIDS |
		      KDBUS_ATTACH_PID_COMM, &peers);
	for (size_t i = 0; i < peers.n && r >= 0; i++) {
		const struct peer *peer = &peers.list[i];

		r = learn(graph, peer->id, &peer->info.meta);
		for (size_t j = 0; j < peer->n_names && r >= 0; j++)
			if (claim_is_owner(peer->names[j].flags))
				r = traffic_set_owner(graph->traffic,
						      peer->names[j].name,
						      peer->id);
	}
	return r < 0 ? ctl_fail_errno(r, "cannot list the bus") : 0;
}

static int see(struct kb_message *m, void *userdata)
{
	struct kb_notification notification;
	struct graph *graph = userdata;
	int r = 0;

	if (m->type == KB_NOTIFICATION) {
		if (kb_notify_parse(m, &notification) >= 0)
			r = traffic_notice(graph->traffic, &notification);
	} else if (filter_wants(&graph->filter, m)) {
		r = learn(graph, m->src_id, &m->meta);
		if (r >= 0)
			r = traffic_see(graph->traffic, m);
	}
	return r < 0 ? ctl_fail_errno(r, "cannot count") : 0;
}

/* the picture */

static char *format(const char *text, ...) _printf_(1, 2);
static char *format(const char *text, ...)
{
	va_list args;
	char *out;
	int r;

	va_start(args, text);
	r = vasprintf(&out, text, args);
	va_end(args);
	return r < 0 ? NULL : out;
}

static void name_node(const struct graph *graph, uint64_t id,
		      struct picture_node *node)
{
	const struct who *who = find_who(graph, id);
	char unique[KB_UNIQUE_NAME_SIZE], more[32] = "";
	bool has_name = who && who->name;

	if (id == TRAFFIC_EVERYBODY || id == TRAFFIC_UNKNOWN) {
		bool all = id == TRAFFIC_EVERYBODY;

		node->is_group = true;
		node->title = strdup(all ? "everybody" : "not running");
		node->detail = strdup(all ? "who listens to signals" :
					    "started for the message, or nobody");
		return;
	}
	kb_unique_name(id, unique);
	if (has_name && who->n_names > 1)
		snprintf(more, sizeof(more), " and %zu more", who->n_names - 1);
	node->title = has_name ? format("%s%s", who->name, more) :
		      strdup(who && who->comm ? who->comm : unique);
	if (who && who->pid && has_name && who->comm)
		node->detail = format("%s %s pid %" PRIu64, unique, who->comm,
				      who->pid);
	else if (who && who->pid)
		node->detail = format("%s pid %" PRIu64, unique, who->pid);
	else
		node->detail = strdup(has_name || (who && who->comm) ? unique : "");
}

/* The heaviest first. */
static int compare_peers(const void *a, const void *b)
{
	const struct traffic_peer *x = *(const struct traffic_peer *const *)a;
	const struct traffic_peer *y = *(const struct traffic_peer *const *)b;
	uint64_t m = x->total.sent + x->total.received;
	uint64_t n = y->total.sent + y->total.received;

	if (m != n)
		return m > n ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/**
 * struct places - which node each connection is
 * @peers:	the heaviest first; those from NODES_MAX - 1 on are one node
 */
struct places {
	const struct traffic_peer **peers;
	size_t n;
};

static size_t place_of(const struct places *places, uint64_t id)
{
	for (size_t i = 0; i < places->n; i++)
		if (places->peers[i]->id == id)
			return places->n > NODES_MAX && i >= NODES_MAX - 1 ?
			       NODES_MAX - 1 : i;
	return 0;
}

static int add_nodes(const struct graph *graph, struct places *places,
		     struct picture *picture)
{
	bool is_crowd = places->n > NODES_MAX;

	picture->n_nodes = is_crowd ? NODES_MAX : places->n;
	picture->nodes = calloc(picture->n_nodes + 1, sizeof(*picture->nodes));
	if (!picture->nodes)
		return -ENOMEM;
	for (size_t i = 0; i < picture->n_nodes; i++) {
		struct picture_node *node = &picture->nodes[i];

		if (is_crowd && i == NODES_MAX - 1) {
			node->is_group = true;
			node->title = format("%zu others", places->n - i);
			node->detail = strdup("with fewer messages");
		} else {
			name_node(graph, places->peers[i]->id, node);
		}
		if (!node->title || !node->detail)
			return -ENOMEM;
	}
	return 0;
}

static struct picture_link *get_link(struct picture *picture, size_t from, size_t to)
{
	struct picture_link *link;

	for (size_t i = 0; i < picture->n_links; i++)
		if (picture->links[i].from == from && picture->links[i].to == to)
			return &picture->links[i];
	link = &picture->links[picture->n_links++];
	*link = (struct picture_link){ .from = from, .to = to };
	return link;
}

/* Answers belong to the link of the calls, which goes the other way. */
static int add_links(const struct graph *graph, const struct places *places,
		     struct picture *picture)
{
	const struct traffic *traffic = graph->traffic;

	picture->links = calloc(2 * traffic->n_edges + 1, sizeof(*picture->links));
	if (!picture->links)
		return -ENOMEM;
	for (size_t i = 0; i < traffic->n_edges; i++) {
		const struct traffic_edge *edge = &traffic->edges[i];
		size_t from = place_of(places, edge->from);
		size_t to = place_of(places, edge->to);
		struct picture_link *link;

		if (edge->calls || edge->signals) {
			link = get_link(picture, from, to);
			link->calls += edge->calls;
			link->signals += edge->signals;
			link->bytes += edge->bytes;
		}
		if (edge->timed) {
			link = get_link(picture, to, from);
			link->errors += edge->errors;
			link->time_ns += edge->time_ns;
			link->timed += edge->timed;
		}
	}
	return 0;
}

static int paint(const struct graph *graph, struct picture *picture)
{
	const struct traffic *traffic = graph->traffic;
	_cleanup_(kb_freep) const struct traffic_peer **peers = NULL;
	struct places places = {};
	int r;

	peers = calloc(traffic->n_peers + 1, sizeof(*peers));
	if (!peers)
		return -ENOMEM;
	for (size_t i = 0; i < traffic->n_peers; i++) {
		const struct traffic_peer *peer = &traffic->peers[i];

		/* what was counted may have been redirected */
		if (peer->total.sent || peer->total.received)
			peers[places.n++] = peer;
	}
	qsort(peers, places.n, sizeof(*peers), compare_peers);
	places.peers = peers;
	r = add_nodes(graph, &places, picture);
	return r < 0 ? r : add_links(graph, &places, picture);
}

/* output */

/* Before somebody watches for nothing. */
static int open_file(struct graph *graph)
{
	const char *name = graph->ctl->svg;

	if (name)
		graph->file = kb_streq(name, "-") ? stdout : fopen(name, "we");
	return !name || graph->file ? 0 : ctl_fail_errno(errno, "cannot write %s", name);
}

static int close_file(struct graph *graph)
{
	FILE *file = TAKE_PTR(graph->file);

	return file && file != stdout && fclose(file) == EOF ? -errno : 0;
}

static int draw(struct graph *graph, const struct picture *picture)
{
	int r;

	r = picture_draw(picture, graph->file);
	if (r >= 0)
		r = close_file(graph);
	return r < 0 ? ctl_fail_errno(r, "cannot draw") : 0;
}

static int show(struct graph *graph, const struct picture *picture)
{
	const struct ctl *ctl = graph->ctl;
	struct kb_report *report;

	if (graph->file)
		return draw(graph, picture);
	if (ctl->json) {
		report = kb_report_new(false);
		if (report)
			picture_report(picture, report);
		return ctl_print_report(ctl, report);
	}
	if (!ctl->no_pager)
		screen_open_pager();
	picture_print(picture, stdout);
	return 0;
}

static int finish(struct graph *graph)
{
	_cleanup_(picture_deinit) struct picture picture = {};
	_cleanup_(kb_freep) char *caption = NULL;
	int r;

	r = learn_all(graph);
	if (r)
		return r;
	r = paint(graph, &picture);
	caption = format("%s: %" PRIu64 " messages in %.1f seconds",
			 graph->ctl->address ?: "the system's bus",
			 graph->traffic->n_seen,
			 (kb_now_ns() - graph->begin_ns) / 1e9);
	if (r < 0 || !caption)
		return ctl_fail_errno(ENOMEM, "cannot draw");
	picture.caption = caption;
	return show(graph, &picture);
}

static int run(struct graph *graph)
{
	_cleanup_(watch_close) struct watch watch = { .see = see,
						      .userdata = graph };
	uint64_t length = graph->ctl->timeout_ns ?: WATCH_NS;
	int r;

	r = watch_open(&watch, graph->ctl,
		       KDBUS_ATTACH_TIMESTAMP | KDBUS_ATTACH_NAMES |
		       KDBUS_ATTACH_PIDS | KDBUS_ATTACH_PID_COMM);
	if (!r)
		r = open_file(graph);
	if (!r)
		r = learn_all(graph);
	if (r)
		return r;
	if (!graph->ctl->json && !graph->ctl->quiet)
		fprintf(stderr, "watching for %.0f seconds, Ctrl-C ends it sooner …\n",
			length / 1e9);
	graph->begin_ns = kb_now_ns();
	do
		r = watch_run(&watch, graph->begin_ns + length);
	while (r == WATCH_E_SIGNAL && !watch_is_over(&watch));
	return r > 0 ? r : finish(graph);
}

static void graph_deinit(struct graph *graph)
{
	for (size_t i = 0; i < graph->n_who; i++) {
		free(graph->who[i].name);
		free(graph->who[i].comm);
	}
	free(graph->who);
	close_file(graph);
	traffic_free(graph->traffic);
	filter_deinit(&graph->filter);
}

int ctl_graph(struct ctl *ctl, int argc, char **argv)
{
	struct graph graph = { .ctl = ctl };
	int r;

	if (ctl->svg && ctl->json)
		return ctl_fail_usage(ctl, "--svg and --json are two formats, only one is possible");
	r = filter_init(&graph.filter, ctl, argc, argv);
	if (!r) {
		graph.traffic = traffic_new();
		r = graph.traffic ? run(&graph) :
				    ctl_fail_errno(ENOMEM, "cannot count");
	}
	graph_deinit(&graph);
	return r;
}
