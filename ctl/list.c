// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl list, names: who is on the bus. */
#include <errno.h>
#include <inttypes.h>

#include "ctl/ctl.h"
#include "ctl/peers.h"
#include "ctl/table.h"
#include "ctl/verbs.h"

#define LIST_ALL (KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES | \
		  KDBUS_LIST_ACTIVATORS | KDBUS_LIST_QUEUED)

/* list --json: an object per connection */

static void report_names(struct kb_report *report, const char *key,
			 const struct peer *peer, uint64_t flag)
{
	const uint64_t special = KDBUS_NAME_ACTIVATOR | KDBUS_NAME_IN_QUEUE;
	const struct peer_name *names = peer->names;

	kb_report_open_array(report, key);
	for (size_t i = 0; i < peer->n_names; i++)
		if (flag & KDBUS_NAME_ACTIVATOR ?
		    names[i].flags & KDBUS_NAME_ACTIVATOR :
		    (names[i].flags & special) == flag)
			kb_report_string(report, NULL, names[i].name);
	kb_report_close(report);
}

static void report_id(struct kb_report *report, const char *key, bool known,
		      uint64_t id, uint64_t unknown)
{
	if (known && id != unknown)
		kb_report_uint(report, key, id);
	else
		kb_report_null(report, key);
}

static void report_unit(struct kb_report *report, const char *cgroup)
{
	char text[256];

	kb_report_string(report, "cgroup", cgroup);
	kb_report_string(report, "unit",
			 peer_unit(cgroup, false, text) ? text : NULL);
	kb_report_string(report, "user_unit",
			 peer_unit(cgroup, true, text) ? text : NULL);
	kb_report_string(report, "session",
			 peer_session(cgroup, text) ? text : NULL);
}

static void report_peer(struct kb_report *report, const struct peer *peer)
{
	const struct kb_meta *meta = &peer->info.meta;
	char unique[KB_UNIQUE_NAME_SIZE];

	kb_report_open_object(report, NULL);
	kb_report_uint(report, "id", peer->id);
	kb_report_string(report, "unique_name",
			 kb_unique_name(peer->id, unique));
	kb_report_string(report, "kind", peer_kind(peer->flags));
	report_names(report, "names", peer, 0);
	report_names(report, "queued", peer, KDBUS_NAME_IN_QUEUE);
	report_names(report, "activatable", peer, KDBUS_NAME_ACTIVATOR);
	report_id(report, "pid", meta->pids, meta->pids ? meta->pids->pid : 0,
		  0);
	report_id(report, "uid", meta->creds,
		  meta->creds ? meta->creds->euid : 0, KB_ID_UNSET);
	kb_report_string(report, "user",
			 meta->creds ? peer_user(meta->creds->euid) : NULL);
	kb_report_string(report, "comm", meta->pid_comm);
	kb_report_string(report, "exe", meta->exe);
	report_unit(report, meta->cgroup);
	kb_report_string(report, "description", meta->description);
	kb_report_close(report);
}

static int list_json(const struct ctl *ctl, const struct peers *peers)
{
	struct kb_report *report = kb_report_new(true);

	for (size_t i = 0; report && i < peers->n; i++)
		report_peer(report, &peers->list[i]);
	return ctl_print_report(ctl, report);
}

/* list: a line per name */

struct line {
	const char *name;	/* NULL for the unique name of the peer */
	const struct peer *peer;
	bool activatable;
	bool served;		/* activatable, but somebody is there */
};

/* By name; who serves a name comes before who would start it. */
static int compare_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int r;

	if (!x->name != !y->name)
		return x->name ? 1 : -1;
	r = x->name ? strcmp(x->name, y->name) : 0;
	if (!r)
		r = x->activatable - y->activatable;
	return r ?: (x->peer->id < y->peer->id ? -1 :
						 x->peer->id > y->peer->id);
}

static void add_details(struct table *table, const struct peer *peer)
{
	const struct kb_meta *meta = &peer->info.meta;
	char text[256];

	if (meta->pids && meta->pids->pid)
		table_addf(table, "%" PRIu64, (uint64_t)meta->pids->pid);
	else
		table_add(table, NULL);
	table_add(table, meta->pid_comm);
	table_add(table, meta->creds ? peer_user(meta->creds->euid) : NULL);
	table_add(table, kb_unique_name(peer->id, text));
	table_add(table, peer_unit(meta->cgroup, false, text) ? text : NULL);
	table_add(table, peer_session(meta->cgroup, text) ? text : NULL);
	table_add(table, meta->description);
}

static void add_line(struct table *table, const struct line *line)
{
	char unique[KB_UNIQUE_NAME_SIZE];

	table_add(table, line->name ?: kb_unique_name(line->peer->id, unique));
	if (!line->activatable) {
		add_details(table, line->peer);
		return;
	}
	for (int i = 0; i < 3; i++)
		table_add(table, NULL);
	table_add(table, "(activatable)");
	for (int i = 0; i < 3; i++)
		table_add(table, NULL);
}

static size_t collect_lines(const struct peers *peers, struct line *lines)
{
	size_t n = 0;

	for (size_t i = 0; i < peers->n; i++) {
		const struct peer *peer = &peers->list[i];

		if (kb_streq(peer_kind(peer->flags), "ordinary"))
			lines[n++] = (struct line){ .peer = peer };
		for (size_t j = 0; j < peer->n_names; j++) {
			const struct peer_name *name = &peer->names[j];
			bool activates = name->flags & KDBUS_NAME_ACTIVATOR;

			if (activates || claim_is_owner(name->flags))
				lines[n++] = (struct line){
					.name = name->name,
					.peer = peer,
					.activatable = activates,
				};
		}
	}
	if (n)
		qsort(lines, n, sizeof(*lines), compare_lines);
	for (size_t i = 1; i < n; i++)
		lines[i].served = lines[i].activatable && lines[i - 1].name &&
				  kb_streq(lines[i].name, lines[i - 1].name);
	return n;
}

static bool is_wanted(const struct ctl *ctl, const struct line *line)
{
	unsigned int show = ctl->show ?: ~0U;

	if (!line->name)
		return show & CTL_SHOW_UNIQUE;
	if (!line->activatable)
		return show & CTL_SHOW_ACQUIRED;
	return show & CTL_SHOW_ACTIVATABLE && !line->served;
}

static int list_text(const struct ctl *ctl, const struct peers *peers)
{
	static const char *const titles[] = {
		"NAME", "PID", "PROCESS", "USER", "CONNECTION", "UNIT",
		"SESSION", "DESCRIPTION",
	};
	_cleanup_(table_deinit) struct table table = {
		.n_columns = KB_ARRAY_SIZE(titles),
	};
	_cleanup_(kb_freep) struct line *lines = NULL;
	size_t n = peers->n;

	for (size_t i = 0; i < peers->n; i++)
		n += peers->list[i].n_names;
	lines = calloc(n + 1, sizeof(*lines));
	if (!lines)
		return ctl_fail_errno(ENOMEM, "cannot list");

	n = collect_lines(peers, lines);
	for (size_t i = 0; i < KB_ARRAY_SIZE(titles); i++)
		table_add(&table, titles[i]);
	for (size_t i = 0; i < n; i++)
		if (is_wanted(ctl, &lines[i]))
			add_line(&table, &lines[i]);
	return table_print(&table, stdout) < 0 ?
	       ctl_fail_errno(ENOMEM, "cannot list") : 0;
}

static int get_peers(const struct ctl *ctl, uint64_t attach,
		     struct peers *out)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	int r;

	r = ctl_connect(ctl, 0, 0, &conn);
	if (r)
		return r;
	/* what is found keeps the pool of the connection */
	r = peers_get(conn, LIST_ALL, attach, out);
	return r < 0 ? ctl_fail_errno(r, "cannot list the bus") : 0;
}

int ctl_list(struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	_cleanup_(peers_deinit) struct peers peers = {};
	int r;

	r = get_peers(ctl, PEER_ATTACH, &peers);
	if (r)
		return r;
	return ctl->json ? list_json(ctl, &peers) : list_text(ctl, &peers);
}

/* names: a line per well-known name */

/**
 * struct name - a well-known name and everybody who wants it
 * @claims:	of this name
 * @n:		how many
 */
struct name {
	const char *name;
	uint64_t owner;
	uint64_t owner_flags;
	uint64_t activator;
	const struct claim *claims;
	size_t n;
};

/* The name at the front of @claims. */
static struct name take_name(const struct claim *claims, size_t n)
{
	struct name name = { .name = claims->name, .claims = claims };

	while (name.n < n && kb_streq(claims[name.n].name, name.name)) {
		const struct claim *claim = &claims[name.n++];

		if (claim->flags & KDBUS_NAME_ACTIVATOR) {
			name.activator = claim->id;
		} else if (claim_is_owner(claim->flags)) {
			name.owner = claim->id;
			name.owner_flags = claim->flags;
		}
	}
	return name;
}

static bool is_queued(const struct claim *claim)
{
	return claim->flags & KDBUS_NAME_IN_QUEUE &&
	       !(claim->flags & KDBUS_NAME_ACTIVATOR);
}

static const char *id_text(uint64_t id, char out[KB_UNIQUE_NAME_SIZE])
{
	return id ? kb_unique_name(id, out) : NULL;
}

static void report_name(struct kb_report *report, const struct name *name)
{
	char unique[KB_UNIQUE_NAME_SIZE];

	kb_report_open_object(report, NULL);
	kb_report_string(report, "name", name->name);
	kb_report_string(report, "owner", id_text(name->owner, unique));
	kb_report_bool(report, "allow_replacement",
		       name->owner_flags & KDBUS_NAME_ALLOW_REPLACEMENT);
	kb_report_open_array(report, "queued");
	for (size_t i = 0; i < name->n; i++)
		if (is_queued(&name->claims[i]))
			kb_report_string(report, NULL,
					 id_text(name->claims[i].id, unique));
	kb_report_close(report);
	kb_report_string(report, "activator",
			 id_text(name->activator, unique));
	kb_report_close(report);
}

static void add_name(struct table *table, const struct name *name)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer queued = {};
	char unique[KB_UNIQUE_NAME_SIZE];

	for (size_t i = 0; i < name->n; i++)
		if (is_queued(&name->claims[i]))
			kb_buffer_printf(&queued, "%s:1.%" PRIu64,
					 queued.size ? " " : "",
					 name->claims[i].id);
	if (kb_buffer_append_zero(&queued, 1) < 0)
		table->error = true;

	table_add(table, name->name);
	table_add(table, id_text(name->owner, unique));
	table_add(table, id_text(name->activator, unique));
	table_add(table, (const char *)queued.data);
}

static int names_json(const struct ctl *ctl, const struct claim *claims,
		      size_t n)
{
	struct kb_report *report = kb_report_new(true);
	struct name name;

	for (size_t i = 0; report && i < n; i += name.n) {
		name = take_name(claims + i, n - i);
		report_name(report, &name);
	}
	return ctl_print_report(ctl, report);
}

static int names_text(const struct claim *claims, size_t n)
{
	_cleanup_(table_deinit) struct table table = { .n_columns = 4 };
	struct name name;

	table_add(&table, "NAME");
	table_add(&table, "OWNER");
	table_add(&table, "ACTIVATOR");
	table_add(&table, "QUEUED");
	for (size_t i = 0; i < n; i += name.n) {
		name = take_name(claims + i, n - i);
		add_name(&table, &name);
	}
	return table_print(&table, stdout) < 0 ?
	       ctl_fail_errno(ENOMEM, "cannot list") : 0;
}

int ctl_names(struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	_cleanup_(peers_deinit) struct peers peers = {};
	_cleanup_(kb_freep) struct claim *claims = NULL;
	size_t n;
	int r;

	r = get_peers(ctl, 0, &peers);
	if (r)
		return r;
	claims = peers_claims(&peers, &n);
	if (!claims)
		return ctl_fail_errno(ENOMEM, "cannot list");
	return ctl->json ? names_json(ctl, claims, n) : names_text(claims, n);
}
