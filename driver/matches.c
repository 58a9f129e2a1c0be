// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Match rules of others.
 */
#include <errno.h>

#include "driver/matches.h"
#include "lib/cmd.h"
#include "lib/item.h"
#include "lib/log.h"

#define INSTANCE_MASK ((uint64_t)MATCHES_INSTANCES_MAX)

/* Our own subscription to the end of connections. */
#define COOKIE_ID_REMOVE 1

/* what we remember */

struct client *matches_client(struct driver *driver, uint64_t id)
{
	struct client *client;

	for (client = driver->clients; client; client = client->next)
		if (client->id == id)
			return client;
	return NULL;
}

uint32_t matches_count(struct driver *driver)
{
	struct client *client;
	uint32_t n = 0;

	for (client = driver->clients; client; client = client->next)
		n += client->n_rules;
	return n;
}

static void rule_free(struct rule *rule)
{
	free(rule->text);
	free(rule);
}

static struct rule *client_rule(struct client *client, const char *text)
{
	struct rule *rule;

	for (rule = client ? client->rules : NULL; rule; rule = rule->next)
		if (kb_streq(rule->text, text))
			return rule;
	return NULL;
}

static void client_drop_rule(struct client *client, struct rule *rule)
{
	struct rule **at;

	for (at = &client->rules; *at != rule; at = &(*at)->next)
		;
	*at = rule->next;
	rule_free(rule);
}

void matches_forget(struct driver *driver, uint64_t id)
{
	struct client **at, *client;

	for (at = &driver->clients; *at && (*at)->id != id; at = &(*at)->next)
		;
	client = *at;
	if (!client)
		return;
	*at = client->next;
	while (client->rules)
		client_drop_rule(client, client->rules);
	free(client);
	if (!--driver->n_clients)
		kb_cmd_match_remove(driver->conn->fd, COOKIE_ID_REMOVE, 0);
}

void matches_forget_all(struct driver *driver)
{
	while (driver->clients)
		matches_forget(driver, driver->clients->id);
}

/* To forget clients when they go. */
static int watch_ends(struct driver *driver)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	struct kdbus_notify_id_change any = { .id = KDBUS_MATCH_ID_ANY };
	int r;

	r = kb_item_append(&items, KDBUS_ITEM_ID_REMOVE, &any, sizeof(any));
	if (r < 0)
		return r;
	return kb_cmd_match_add(driver->conn->fd, COOKIE_ID_REMOVE, KDBUS_MATCH_REPLACE, &items, 0);
}

/* Who is forgotten loses nothing: what the kernel keeps is counted again. */
static void forget_oldest(struct driver *driver)
{
	struct client *client = driver->clients;

	while (client->next)
		client = client->next;
	matches_forget(driver, client->id);
}

static int client_get(struct driver *driver, uint64_t id, struct client **out)
{
	struct client *client = matches_client(driver, id);
	int r;

	if (!client) {
		if (driver->n_clients >= DRIVER_CLIENTS_MAX)
			forget_oldest(driver);
		if (!driver->n_clients) {
			r = watch_ends(driver);
			if (r < 0)
				return r;
		}
		client = calloc(1, sizeof(*client));
		if (!client)
			return -ENOMEM;
		client->id = id;
		client->next = driver->clients;
		driver->clients = client;
		driver->n_clients++;
	}
	*out = client;
	return 0;
}

/* Remember that the rule has @n instances now. */
static int client_set(struct driver *driver, struct client *client, const char *text,
		      uint64_t cookie, uint32_t n)
{
	struct rule *rule = client_rule(client, text);
	uint32_t total;

	if (!rule && n) {
		rule = calloc(1, sizeof(*rule));
		if (rule)
			rule->text = strdup(text);
		if (!rule || !rule->text) {
			free(rule);
			return -ENOMEM;
		}
		rule->cookie = cookie;
		rule->next = client->rules;
		client->rules = rule;
	}
	if (!rule)
		return 0;
	client->n_rules += n - rule->n;
	rule->n = n;
	if (!n)
		client_drop_rule(client, rule);

	if (client->n_rules > client->peak_rules)
		client->peak_rules = client->n_rules;
	if (client->n_rules > driver->peaks.rules_per_connection)
		driver->peaks.rules_per_connection = client->n_rules;
	total = matches_count(driver);
	if (total > driver->peaks.rules)
		driver->peaks.rules = total;
	return 0;
}

/* what the kernel keeps */

/* A match that never holds: no connection has the kernel's id. */
static int instance_add(struct driver *driver, uint64_t id, uint64_t cookie)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	int r;

	r = kb_item_append_u64(&items, KDBUS_ITEM_ID, KDBUS_SRC_ID_KERNEL);
	if (r < 0)
		return r;
	return kb_cmd_match_add(driver->conn->fd, cookie, KDBUS_MATCH_REPLACE, &items, id);
}

static int instance_remove(struct driver *driver, uint64_t id, uint64_t cookie)
{
	return kb_cmd_match_remove(driver->conn->fd, cookie, id);
}

/*
 * How many instances are there? Each is removed to see whether it was there,
 * and put back at once.
 */
static int count_instances(struct driver *driver, uint64_t id, uint64_t cookie, uint32_t *out)
{
	uint32_t n;
	int r;

	for (n = 0; n < MATCHES_INSTANCES_MAX; n++) {
		r = instance_remove(driver, id, cookie + n + 1);
		if (r == -EBADSLT)
			break;
		if (r >= 0)
			r = instance_add(driver, id, cookie + n + 1);
		if (r < 0)
			return r;
	}
	*out = n;
	return 0;
}

/**
 * struct request - an AddMatch or RemoveMatch while it is served
 * @id:		whose rule
 * @text:	its normal form
 * @cookie:	of the matches that let signals through
 * @n:		instances there are
 */
struct request {
	uint64_t id;
	struct kb_match_rule *rule;
	char *text;
	uint64_t cookie;
	uint32_t n;
};

static void request_deinit(struct request *request)
{
	kb_match_rule_free(request->rule);
	free(request->text);
}

int matches_parse(struct call *call, const char *text, struct kb_match_rule **out)
{
	int r;

	r = kb_match_rule_parse(text, out);
	if (r == -E2BIG)
		return call_fail(call, KB_ERROR_LIMITS_EXCEEDED,
				 "A match rule may have %d bytes", KB_MATCH_RULE_MAX);
	if (r == -EINVAL)
		return call_fail(call, KB_ERROR_MATCH_RULE_INVALID, "Bad match rule: %s", text);
	return r;
}

static int request_init(struct request *request, struct call *call)
{
	struct driver *driver = call->driver;
	const char *text;
	struct rule *known;
	int r;

	r = call_read(call, "s", &text);
	if (!r)
		r = matches_parse(call, text, &request->rule);
	if (r)
		return r;
	request->id = call->message->src_id;
	request->text = kb_match_rule_normalize(request->rule);
	if (!request->text)
		return -ENOMEM;
	request->cookie = kb_match_rule_cookie(request->text) & ~INSTANCE_MASK;
	known = client_rule(matches_client(driver, request->id), request->text);
	if (known) {
		request->n = known->n;
		return 0;
	}
	return count_instances(driver, request->id, request->cookie, &request->n);
}

/* What failing ioctls mean here; the rest is as everywhere. */
static int matches_fail(struct call *call, int r)
{
	if (r == -ENXIO) {
		/* Gone, and maybe before we listened for that. */
		matches_forget(call->driver, call->message->src_id);
		return CALL_DONE;
	}
	if (r == -EMFILE)
		return call_fail(call, KB_ERROR_LIMITS_EXCEEDED, "A connection may have %d match rules", DRIVER_RULES_MAX);
	return r;
}

static int add(struct call *call, struct request *request)
{
	struct driver *driver = call->driver;
	struct client *client;
	int r;

	r = client_get(driver, request->id, &client);
	if (r < 0)
		return r;
	if (client->n_rules >= DRIVER_RULES_MAX || request->n >= MATCHES_INSTANCES_MAX)
		return -EMFILE;
	/* A driver that was killed in between may have left the matches but
	 * no instance: begin anew. */
	if (!request->n) {
		kb_conn_remove_match(driver->conn, request->cookie, request->id);
		r = kb_conn_add_match(driver->conn, request->rule, request->cookie, request->id);
		if (r < 0)
			return r;
	}
	r = instance_add(driver, request->id, request->cookie + request->n + 1);
	if (r >= 0)
		r = client_set(driver, client, request->text, request->cookie, request->n + 1);
	if (r < 0 && !request->n)
		kb_conn_remove_match(driver->conn, request->cookie, request->id);
	return r;
}

int matches_add(struct call *call)
{
	_cleanup_(request_deinit) struct request request = {};
	int r;

	r = request_init(&request, call);
	if (r > 0)
		return r;
	if (r < 0)
		return matches_fail(call, r);
	if (request.rule->eavesdrop && !call_is_privileged(call))
		return call_fail(call, KB_ERROR_ACCESS_DENIED,
				 "Eavesdropping is not allowed; connect as a monitor");
	r = add(call, &request);
	return r < 0 ? matches_fail(call, r) : CALL_REPLY;
}

int matches_remove(struct call *call)
{
	_cleanup_(request_deinit) struct request request = {};
	struct driver *driver = call->driver;
	struct client *client;
	int r;

	r = request_init(&request, call);
	if (r > 0)
		return r;
	if (r < 0)
		return matches_fail(call, r);
	if (!request.n)
		return call_fail(call, KB_ERROR_MATCH_RULE_NOT_FOUND, "There is no match rule %s",
				 request.text);
	/* The instance goes first: should we die here, a match too many is
	 * left, which does no harm. */
	r = instance_remove(driver, request.id, request.cookie + request.n);
	if (r >= 0 && request.n == 1)
		r = kb_conn_remove_match(driver->conn, request.cookie, request.id);
	if (r < 0 && r != -EBADSLT)
		return matches_fail(call, r);
	client = matches_client(driver, request.id);
	if (client)
		client_set(driver, client, request.text, request.cookie, request.n - 1);
	return CALL_REPLY;
}
