/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The match rules of one client. */

#include <errno.h>

#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/item.h"
#include "lib/match-rule.h"
#include "proxy/activatable.h"
#include "proxy/matches.h"

struct match {
	struct match *next;
	struct kb_match_rule *rule;
	char *text;		/* normal form: equal text, equal rule */
	size_t n_instances;
	uint64_t cookie;
};

static struct match *match_free(struct match *match)
{
	if (!match)
		return NULL;
	kb_match_rule_free(match->rule);
	free(match->text);
	free(match);
	return NULL;
}

void matches_deinit(struct matches *matches)
{
	while (matches->first) {
		struct match *match = matches->first;

		matches->first = match->next;
		match_free(match);
	}
	matches->n_instances = 0;
}

/* Parses @text into a match that is in no list yet. */
static int match_new(const char *text, struct match **out_match)
{
	struct match *match = calloc(1, sizeof(*match));
	int r;

	if (!match)
		return -ENOMEM;
	r = kb_match_rule_parse(text, &match->rule);
	if (r == 0) {
		match->text = kb_match_rule_normalize(match->rule);
		r = match->text ? 0 : -ENOMEM;
	}
	if (r < 0) {
		match_free(match);
		return r == -EINVAL ? MATCHES_E_INVALID : r;
	}
	*out_match = match;
	return 0;
}

/* where the pointer to an equal match is, or would be */
static struct match **matches_find(struct matches *matches, const char *text)
{
	struct match **link = &matches->first;

	while (*link && !kb_streq((*link)->text, text))
		link = &(*link)->next;
	return link;
}

static int match_tell_kernel(const struct match *match, struct kb_conn *conn)
{
	int r;

	r = kb_conn_add_match(conn, match->rule, match->cookie, 0);
	if (r < 0)
		return r;
	r = activatable_subscribe(conn, match->rule, match->cookie);
	if (r < 0)
		kb_conn_remove_match(conn, match->cookie, 0);
	return r;
}

int matches_add(struct matches *matches, struct kb_conn *conn,
		const char *text, size_t max)
{
	struct match *match, **link;
	int r;

	r = match_new(text, &match);
	if (r != 0)
		return r;
	if (matches->n_instances >= max) {
		match_free(match);
		return MATCHES_E_LIMIT;
	}

	link = matches_find(matches, match->text);
	if (*link) {
		match_free(match);
		match = *link;
	} else {
		match->cookie = ++matches->last_cookie;
		r = conn ? match_tell_kernel(match, conn) : 0;
		if (r < 0) {
			match_free(match);
			return r;
		}
		*link = match;
	}
	match->n_instances++;
	matches->n_instances++;
	return 0;
}

int matches_remove(struct matches *matches, struct kb_conn *conn,
		   const char *text)
{
	struct match *wanted, *match, **link;
	int r;

	r = match_new(text, &wanted);
	if (r != 0)
		return r;
	link = matches_find(matches, wanted->text);
	match_free(wanted);
	match = *link;
	if (!match)
		return MATCHES_E_NOT_FOUND;

	matches->n_instances--;
	if (--match->n_instances > 0)
		return 0;
	*link = match->next;
	r = kb_conn_remove_match(conn, match->cookie, 0);
	match_free(match);
	return r == -EBADSLT ? 0 : r;
}

bool matches_test(const struct matches *matches,
		  const struct kb_message *message)
{
	const struct match *match;

	for (match = matches->first; match; match = match->next)
		if (kb_match_rule_test(match->rule, message) > 0)
			return true;
	return false;
}

static bool name_is_of(struct kb_conn *conn, const char *name, uint64_t id)
{
	struct kb_info info;
	bool same;

	if (*name == ':' || kb_conn_info(conn, 0, name, 0, 0, &info) < 0)
		return false;
	same = info.id == id;
	kb_info_deinit(&info);
	return same;
}

bool matches_test_monitored(const struct matches *matches, struct kb_conn *conn,
			    struct kb_message *message)
{
	const struct match *match;
	bool found = matches_test(matches, message);

	if (message->dst_name || !message->dst_id ||
	    message->dst_id == KDBUS_DST_ID_BROADCAST)
		return found;
	for (match = matches->first; match && !found; match = match->next) {
		const char *name = match->rule->destination;

		if (!name || !name_is_of(conn, name, message->dst_id))
			continue;
		message->dst_name = name;
		found = kb_match_rule_test(match->rule, message) > 0;
		message->dst_name = NULL;
	}
	return found;
}

/* what a client hears unasked */

static int subscribe_name(struct kb_conn *conn, uint64_t type, uint64_t old_id,
			  uint64_t new_id)
{
	const struct kdbus_notify_name_change change = {
		.old_id.id = old_id,
		.new_id.id = new_id,
	};
	struct kb_buffer items = { 0 };
	int r;

	r = kb_item_append(&items, type, &change, sizeof(change));
	if (r == 0)
		r = kb_cmd_match_add(conn->fd, MATCHES_COOKIE_OWN, 0, &items,
				     0);
	kb_buffer_deinit(&items);
	return r;
}

/* Kernels that do not know the rule have no other way to offer. */
static int subscribe_unicast(struct kb_conn *conn)
{
	struct kb_buffer items = { 0 };
	int r;

	r = kb_item_append_u64(&items, KDBUS_ITEM_DST_ID, conn->id);
	if (r == 0)
		r = kb_cmd_match_add(conn->fd, MATCHES_COOKIE_OWN, 0, &items,
				     0);
	kb_buffer_deinit(&items);
	return r == -EINVAL ? 0 : r;
}

int matches_subscribe(struct kb_conn *conn)
{
	const uint64_t any = KDBUS_MATCH_ID_ANY, own = conn->id;
	int r;

	r = subscribe_name(conn, KDBUS_ITEM_NAME_ADD, any, own);
	if (r == 0)
		r = subscribe_name(conn, KDBUS_ITEM_NAME_CHANGE, any, own);
	if (r == 0)
		r = subscribe_name(conn, KDBUS_ITEM_NAME_CHANGE, own, any);
	if (r == 0)
		r = subscribe_name(conn, KDBUS_ITEM_NAME_REMOVE, own, any);
	if (r == 0)
		r = subscribe_unicast(conn);
	return r;
}
