// SPDX-License-Identifier: LGPL-2.1-or-later
/* The connections of a bus with their names. */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>

#include "ctl/peers.h"

static int peer_add_name(struct peer *peer, const struct kdbus_name *name)
{
	struct peer_name *names;

	names = reallocarray(peer->names, peer->n_names + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	peer->names = names;
	names[peer->n_names].flags = name->flags;
	names[peer->n_names].name = strdup(name->name);
	if (!names[peer->n_names].name)
		return -ENOMEM;
	peer->n_names++;
	return 0;
}

/* Records of one connection are adjacent. */
static struct peer *peers_at(struct peers *peers, const struct kb_info *info)
{
	struct peer *list;

	if (peers->n && peers->list[peers->n - 1].id == info->id)
		return &peers->list[peers->n - 1];

	list = reallocarray(peers->list, peers->n + 1, sizeof(*list));
	if (!list)
		return NULL;
	peers->list = list;
	list[peers->n] = (struct peer){ .id = info->id, .flags = info->flags };
	return &list[peers->n++];
}

static int compare_peers(const void *a, const void *b)
{
	const struct peer *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

int peers_get(struct kb_conn *conn, uint64_t flags, uint64_t attach,
	      struct peers *out)
{
	_cleanup_(kb_list_deinit) struct kb_list list = {};
	_cleanup_(peers_deinit) struct peers peers = {};
	struct kb_info record;
	int r;

	r = kb_conn_list(conn, flags, 0, &list);
	if (r < 0)
		return r;

	while ((r = kb_list_next(&list, &record)) > 0) {
		struct kb_item_iter names = record.meta.items;
		struct peer *peer = peers_at(&peers, &record);
		const struct kdbus_name *name;

		if (!peer)
			return -ENOMEM;
		while ((name = kb_meta_next_name(&names)))
			if (peer_add_name(peer, name) < 0)
				return -ENOMEM;
	}
	if (r < 0)
		return r;

	if (peers.n)
		qsort(peers.list, peers.n, sizeof(*peers.list), compare_peers);
	/* who has gone in the meantime is shown without details */
	for (size_t i = 0; attach && i < peers.n; i++)
		if (kb_conn_info(conn, peers.list[i].id, NULL, attach, 0,
				 &peers.list[i].info) < 0)
			peers.list[i].info = (struct kb_info){};
	*out = peers;
	peers = (struct peers){};
	return 0;
}

void peers_deinit(struct peers *peers)
{
	for (size_t i = 0; i < peers->n; i++) {
		struct peer *peer = &peers->list[i];

		for (size_t j = 0; j < peer->n_names; j++)
			free(peer->names[j].name);
		free(peer->names);
		kb_info_deinit(&peer->info);
	}
	free(peers->list);
	*peers = (struct peers){};
}

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ?: (x->id < y->id ? -1 : x->id > y->id);
}

struct claim *peers_claims(const struct peers *peers, size_t *out_n)
{
	struct claim *claims;
	size_t n = 0;

	for (size_t i = 0; i < peers->n; i++)
		n += peers->list[i].n_names;
	claims = calloc(n + 1, sizeof(*claims));
	if (!claims)
		return NULL;

	n = 0;
	for (size_t i = 0; i < peers->n; i++)
		for (size_t j = 0; j < peers->list[i].n_names; j++)
			claims[n++] = (struct claim){
				.name = peers->list[i].names[j].name,
				.flags = peers->list[i].names[j].flags,
				.id = peers->list[i].id,
			};
	if (n)
		qsort(claims, n, sizeof(*claims), compare_claims);
	*out_n = n;
	return claims;
}

const char *peer_kind(uint64_t flags)
{
	if (flags & KDBUS_HELLO_ACTIVATOR)
		return "activator";
	if (flags & KDBUS_HELLO_POLICY_HOLDER)
		return "policy-holder";
	if (flags & KDBUS_HELLO_MONITOR)
		return "monitor";
	return "ordinary";
}

const char *peer_user(uint64_t uid)
{
	static char text[24];
	struct passwd *pw;

	if (uid == KB_ID_UNSET)
		return NULL;
	pw = getpwuid(uid);
	if (pw)
		return pw->pw_name;
	snprintf(text, sizeof(text), "%" PRIu64, uid);
	return text;
}

const char *peer_comm(const struct kb_meta *meta, char out[32])
{
	_cleanup_(kb_fclosep) FILE *file = NULL;
	char path[48];

	if (meta->pid_comm) {
		snprintf(out, 32, "%s", meta->pid_comm);
		return out;
	}
	if (!meta->pids || !meta->pids->pid)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/comm",
		 (uint64_t)meta->pids->pid);
	file = fopen(path, "re");
	if (!file || !fgets(out, 32, file))
		return NULL;
	out[strcspn(out, "\n")] = '\0';
	return out;
}

/* control groups */

static bool has_suffix(const char *s, size_t n, const char *suffix)
{
	size_t m = strlen(suffix);

	return n > m && !strncmp(s + n - m, suffix, m);
}

static bool is_unit(const char *s, size_t n)
{
	static const char *const suffixes[] = {
		".service", ".scope", ".socket", ".mount", ".swap",
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(suffixes); i++)
		if (has_suffix(s, n, suffixes[i]))
			return true;
	return false;
}

/* The first element that is a unit but no slice, from @path on; @path is moved
 * behind it. A leading underscore only keeps it apart from kernel files. */
static bool next_unit(const char **path, char out[256])
{
	const char *s = *path;

	while (*s) {
		size_t n;

		s += strspn(s, "/");
		n = strcspn(s, "/");
		if (n && n < 256 && is_unit(s, n)) {
			*path = s + n;
			if (*s == '_') {
				s++;
				n--;
			}
			memcpy(out, s, n);
			out[n] = '\0';
			return true;
		}
		s += n;
	}
	return false;
}

bool peer_unit(const char *cgroup, bool user, char out[256])
{
	if (!cgroup || !next_unit(&cgroup, out))
		return false;
	if (!user)
		return true;
	return kb_startswith(out, "user@") && next_unit(&cgroup, out);
}

bool peer_session(const char *cgroup, char out[256])
{
	const char *id;
	size_t n;

	if (!peer_unit(cgroup, false, out))
		return false;
	id = kb_startswith(out, "session-");
	if (!id)
		return false;
	n = strlen(id);
	if (!has_suffix(id, n, ".scope"))
		return false;
	n -= strlen(".scope");
	memmove(out, id, n);
	out[n] = '\0';
	return true;
}
