/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything refused is told to the log: who, what, why, how to change it. */

#include <inttypes.h>
#include <string.h>

#include "lib/error.h"
#include "lib/log.h"
#include "lib/message.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/record.h"
#include "proxy/refusal.h"
#include "proxy/xml-policy.h"

/* a burst ends when so long nothing of its kind was logged */
#define BURST_NS (5 * KB_NSEC_PER_SEC)

/* lines of one burst, if they are for different reasons */
#define BURST_LINES_MAX 8

static const char *const kind_names[_N_REFUSAL_KINDS] = {
	[REFUSAL_CONNECT] = "connect",
	[REFUSAL_SEND] = "send",
	[REFUSAL_RECEIVE] = "receive",
	[REFUSAL_OWN] = "own",
	[REFUSAL_LIMIT] = "limit",
	[REFUSAL_DISCONNECT] = "disconnect",
	[REFUSAL_DROP] = "drop",
};

/* bursts */

/* FNV-1a: two reasons are the same if they read the same */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return hash;
}

/* Is it time for another line? Else @n is only counted. */
static bool burst_begins(struct client *client, enum refusal_kind kind,
			 const char *cause, uint64_t n)
{
	uint64_t now = kb_now_ns(), hash = hash_text(cause);
	bool is_over = now >= client->refusals.kinds[kind].quiet_until_ns;

	if (!is_over &&
	    (client->refusals.kinds[kind].cause == hash ||
	     client->refusals.kinds[kind].n_lines >= BURST_LINES_MAX)) {
		client->refusals.kinds[kind].n_untold += n;
		return false;
	}
	if (is_over)
		client->refusals.kinds[kind].n_lines = 0;
	client->refusals.kinds[kind].n_lines++;
	client->refusals.kinds[kind].cause = hash;
	client->refusals.kinds[kind].quiet_until_ns = now + BURST_NS;
	return true;
}

/* The same for all clients of the user; what was only counted is the client's now. */
static bool user_is_told(struct client *client)
{
	uid_t uid = client->peer.uid;
	struct refusal_user *user =
		&client->proxy->disconnects[uid % REFUSAL_USERS];
	uint64_t now = kb_now_ns();

	if (user->uid != uid)
		*user = (struct refusal_user){ .uid = uid };
	if (now >= user->quiet_until_ns)
		user->n_lines = 0;
	if (user->n_lines >= BURST_LINES_MAX) {
		user->n_untold++;
		return false;
	}
	user->n_lines++;
	user->quiet_until_ns = now + BURST_NS;
	client->refusals.kinds[REFUSAL_DISCONNECT].n_untold += user->n_untold;
	user->n_untold = 0;
	return true;
}

/* lines */

/* "name comm[pid] of uid N", as far as these are known */
static void who(const struct client *client, char out[128])
{
	const char *name = client_name(client);

	if (client->names.n > 0)
		name = client->names.list[0];
	snprintf(out, 128, "%s%s%s[%d] of uid %u", name, *name ? " " : "",
		 client->peer.comm, client->peer.pid, client->peer.uid);
}

/* "INTERFACE.MEMBER", as far as a message has them */
static void what(const struct kb_message *message, char out[600])
{
	const char *interface, *member;

	*out = 0;
	if (!message)
		return;
	interface = message->interface;
	member = message->error_name ? message->error_name : message->member;
	snprintf(out, 600, "%s%s%s", interface ? interface : "",
		 interface && member ? "." : "", member ? member : "a reply");
}

/* One line: the client, and @cause; the record is given up. */
static void refuse(struct client *client, enum refusal_kind kind,
		   struct record *record, const char *cause)
{
	uint64_t n_untold = client->refusals.kinds[kind].n_untold;
	char peer[128], more[64] = "";

	who(client, peer);
	record_client(record, client);
	record_text(record, "KDBUS_REFUSAL", kind_names[kind]);
	if (n_untold > 0) {
		record_add(record, "KDBUS_UNTOLD=%" PRIu64, n_untold);
		snprintf(more, sizeof(more), " (and %" PRIu64 " before)",
			 n_untold);
	}
	client->refusals.kinds[kind].n_untold = 0;
	kb_log_fields(LOG_WARNING, (const char *const *)record->fields,
		      "%s %s%s", peer, cause, more);
	record_deinit(record);
}

/* the policy */

/* how the rule that allows it would begin, and the attribute of the other side */
static const struct {
	const char *verb;
	const char *prefix;
	const char *other;
} policies[_N_REFUSAL_KINDS] = {
	[REFUSAL_CONNECT] = { "connect", "", NULL },
	[REFUSAL_SEND] = { "send", "send_", "destination" },
	[REFUSAL_RECEIVE] = { "receive", "receive_", "sender" },
	[REFUSAL_OWN] = { "own", "own", NULL },
};

static void add_attribute(struct kb_buffer *text, const char *prefix,
			  const char *name, const char *value)
{
	if (value)
		(void)kb_buffer_printf(text, " %s%s=\"%s\"", prefix, name, value);
}

/* Such a rule, for the fields that the message has. */
static void record_remedy(struct record *record, const struct client *client,
			  enum refusal_kind kind,
			  const struct kb_message *message, const char *name)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = { 0 };
	const char *prefix = policies[kind].prefix;

	(void)kb_buffer_printf(&text, "KDBUS_REMEDY=Put <allow");
	if (kind == REFUSAL_CONNECT)
		(void)kb_buffer_printf(&text, " user=\"%u\"", client->peer.uid);
	if (kind == REFUSAL_OWN)
		add_attribute(&text, prefix, "", name);
	if (message) {
		/* a unique name is another one the next time */
		add_attribute(&text, prefix, policies[kind].other,
			      name && *name != ':' ? name : NULL);
		add_attribute(&text, prefix, "interface", message->interface);
		add_attribute(&text, prefix, "member", message->member);
		add_attribute(&text, prefix, "error", message->error_name);
	}
	(void)kb_buffer_printf(
		&text, "/> into a %s of the bus's configuration that is read later",
		kind == REFUSAL_CONNECT ? "<policy context=\"default\">" :
					  "<policy>");
	if (kb_buffer_append(&text, "", 1) == 0)
		record_add(record, "%s", (const char *)text.data);
}

void refusal_policy(struct client *client, enum refusal_kind kind,
		    const struct kb_message *message, const char *name,
		    const struct policy_rule *rule)
{
	char thing[600], reason[300] = "no rule allows it", cause[1400];
	const char *to = kind == REFUSAL_SEND ? " to " : " from ";
	struct record record = { 0 };

	what(message, thing);
	if (rule)
		snprintf(reason, sizeof(reason), "denied by %s:%u", rule->file,
			 rule->line);
	snprintf(cause, sizeof(cause), "may not %s %s%s%s: %s",
		 policies[kind].verb, thing, message && name ? to : "",
		 name ? name : "", reason);
	if (!burst_begins(client, kind, cause, 1))
		return;

	record_message(&record, message);
	if (kind == REFUSAL_OWN)
		record_text(&record, "KDBUS_NAME", name);
	if (rule) {
		record_text(&record, "KDBUS_RULE_FILE", rule->file);
		record_add(&record, "KDBUS_RULE_LINE=%u", rule->line);
	}
	record_remedy(&record, client, kind, message, name);
	refuse(client, kind, &record, cause);
}

void refusal_access(struct client *client, const struct kb_message *message,
		    const char *why)
{
	struct record record = { 0 };
	char thing[600], cause[1400];

	what(message, thing);
	snprintf(cause, sizeof(cause), "may not send %s: %s", thing, why);
	if (!burst_begins(client, REFUSAL_SEND, cause, 1))
		return;
	record_message(&record, message);
	record_text(&record, "KDBUS_REASON", why);
	refuse(client, REFUSAL_SEND, &record, cause);
}

void refusal_driver(struct client *client, const struct kb_message *answer)
{
	struct record record = { 0 };
	const char *text = "";
	char cause[600];

	if (answer->type != KB_ERROR ||
	    (!kb_streq_null(answer->error_name, KB_ERROR_ACCESS_DENIED) &&
	     !kb_streq_null(answer->error_name, KB_ERROR_LIMITS_EXCEEDED)))
		return;
	if (kb_message_read(answer, "s", &text) < 0)
		text = answer->error_name;
	snprintf(cause, sizeof(cause), "is refused by the driver: %s", text);
	if (!burst_begins(client, REFUSAL_SEND, cause, 1))
		return;
	record_message(&record, answer);
	record_text(&record, "KDBUS_REASON", text);
	refuse(client, REFUSAL_SEND, &record, cause);
}

/* limits */

static void record_limit(struct record *record, const char *limit,
			 uint64_t value)
{
	record_text(record, "KDBUS_LIMIT", limit);
	record_add(record, "KDBUS_LIMIT_VALUE=%" PRIu64, value);
}

static void record_configured(struct record *record, const char *limit,
			      uint64_t value)
{
	record_limit(record, limit, value);
	record_add(record,
		   "KDBUS_REMEDY=Set <limit name=\"%s\"> in the bus's configuration",
		   limit);
}

void refusal_limit(struct client *client, const char *limit, uint64_t value)
{
	struct record record = { 0 };
	char cause[300];

	snprintf(cause, sizeof(cause), "reached the limit %s of %" PRIu64,
		 limit, value);
	if (!burst_begins(client, REFUSAL_LIMIT, cause, 1))
		return;
	record_configured(&record, limit, value);
	refuse(client, REFUSAL_LIMIT, &record, cause);
}

void refusal_fixed_limit(struct client *client,
			 const struct refusal_limit *limit,
			 const struct kb_message *message)
{
	struct record record = { 0 };
	char thing[600], cause[1400];

	what(message, thing);
	snprintf(cause, sizeof(cause),
		 "reached the limit of %" PRIu64 " %s%s%s%s%s", limit->value,
		 limit->name, *thing ? " with " : "", thing,
		 message && message->destination ? " to " : "",
		 message && message->destination ? message->destination : "");
	if (!burst_begins(client, REFUSAL_LIMIT, cause, 1))
		return;
	record_message(&record, message);
	record_limit(&record, limit->name, limit->value);
	record_text(&record, "KDBUS_REMEDY", limit->remedy);
	refuse(client, REFUSAL_LIMIT, &record, cause);
}

const char *refusal_full(struct client *client, const struct client *to,
			 const struct kb_message *message)
{
	const struct limits *limits = &client->proxy->config->limits;
	bool by_fds = to->stream.n_out_fds > limits->max_outgoing_unix_fds;
	const char *limit = by_fds ? "max_outgoing_unix_fds" :
				     "max_outgoing_bytes";
	struct record record = { 0 };
	char peer[128], thing[600], cause[1400];

	who(to, peer);
	what(message, thing);
	snprintf(cause, sizeof(cause),
		 "cannot send %s to %s, which does not read: %s", thing, peer,
		 limit);
	if (!burst_begins(client, REFUSAL_LIMIT, cause, 1))
		return limit;
	record_message(&record, message);
	record_peer(&record, to);
	record_configured(&record, limit,
			  by_fds ? limits->max_outgoing_unix_fds :
				   limits->max_outgoing_bytes);
	refuse(client, REFUSAL_LIMIT, &record, cause);
	return limit;
}

/* ends and losses */

static void disconnect(struct client *client, struct record *record,
		       const char *why)
{
	char cause[300];

	snprintf(cause, sizeof(cause), "is disconnected: %s", why);
	record_text(record, "KDBUS_REASON", why);
	if (burst_begins(client, REFUSAL_DISCONNECT, cause, 1) &&
	    user_is_told(client))
		refuse(client, REFUSAL_DISCONNECT, record, cause);
	else
		record_deinit(record);
}

void refusal_disconnect(struct client *client, const char *why)
{
	struct record record = { 0 };

	disconnect(client, &record, why);
}

void refusal_disconnect_limit(struct client *client, const char *limit,
			      uint64_t value, const char *why)
{
	struct record record = { 0 };
	char text[200];

	record_configured(&record, limit, value);
	snprintf(text, sizeof(text), "%s (%s of %" PRIu64 ")", why, limit,
		 value);
	disconnect(client, &record, text);
}

void refusal_drop(struct client *client, uint64_t n,
		  const struct kb_message *message, const char *why)
{
	struct record record = { 0 };
	char thing[600], cause[900];

	if (!burst_begins(client, REFUSAL_DROP, why, n))
		return;
	what(message, thing);
	snprintf(cause, sizeof(cause), "lost %" PRIu64 " message%s%s%s: %s", n,
		 n == 1 ? "" : "s", *thing ? ", " : "", thing, why);
	record_message(&record, message);
	record_add(&record, "KDBUS_N_LOST=%" PRIu64, n);
	record_text(&record, "KDBUS_REASON", why);
	refuse(client, REFUSAL_DROP, &record, cause);
}

void refusals_deinit(struct client *client)
{
	for (int kind = 0; kind < _N_REFUSAL_KINDS; kind++) {
		struct record record = { 0 };
		uint64_t n = client->refusals.kinds[kind].n_untold;
		char cause[200];

		if (n == 0)
			continue;
		snprintf(cause, sizeof(cause), "leaves; not told before: %s",
			 kind_names[kind]);
		refuse(client, kind, &record, cause);
	}
}
