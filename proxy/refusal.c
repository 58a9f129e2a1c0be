/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything refused is told to the log: who, what, by which rule. */

#include <inttypes.h>
#include <stdarg.h>
#include <systemd/sd-login.h>

#include "lib/conn.h"
#include "lib/log.h"
#include "lib/message.h"
#include "proxy/client.h"
#include "proxy/refusal.h"
#include "proxy/xml-policy.h"

/* a burst ends when so long nothing of its kind was logged */
#define BURST_NS (5 * KB_NSEC_PER_SEC)

#define FIELDS_MAX 24

static const char *const kind_names[_N_REFUSAL_KINDS] = {
	[REFUSAL_CONNECT] = "connect",
	[REFUSAL_SEND] = "send",
	[REFUSAL_RECEIVE] = "receive",
	[REFUSAL_OWN] = "own",
	[REFUSAL_LIMIT] = "limit",
	[REFUSAL_DISCONNECT] = "disconnect",
	[REFUSAL_DROP] = "drop",
};

/**
 * struct record - the fields of one line
 *
 * A field that could not be had, or does not fit, is left out.
 */
struct record {
	char *fields[FIELDS_MAX + 1];
	size_t n;
};

static void record_deinit(struct record *record)
{
	for (size_t i = 0; i < record->n; i++)
		free(record->fields[i]);
}

static _printf_(2, 3) void record_add(struct record *record,
				      const char *format, ...)
{
	va_list arguments;
	char *field;
	int r;

	va_start(arguments, format);
	r = vasprintf(&field, format, arguments);
	va_end(arguments);
	if (r < 0)
		return;
	if (record->n == FIELDS_MAX)
		free(field);
	else
		record->fields[record->n++] = field;
}

static void record_text(struct record *record, const char *key,
			const char *value)
{
	if (value && *value)
		record_add(record, "%s=%s", key, value);
}

static void record_client(struct record *record, const struct client *client)
{
	const struct peer *peer = &client->peer;
	_cleanup_(kb_freep) char *unit = NULL;

	record_text(record, "KDBUS_CLIENT", client_name(client));
	if (client->names.n > 0)
		record_text(record, "KDBUS_CLIENT_NAME", client->names.list[0]);
	record_add(record, "KDBUS_CLIENT_PID=%d", peer->pid);
	record_add(record, "KDBUS_CLIENT_UID=%u", peer->uid);
	record_text(record, "KDBUS_CLIENT_COMM", peer->comm);
	if (peer->pid > 0 && (sd_pid_get_unit(peer->pid, &unit) >= 0 ||
			      sd_pid_get_user_unit(peer->pid, &unit) >= 0))
		record_text(record, "KDBUS_CLIENT_UNIT", unit);
}

static void record_message(struct record *record,
			   const struct kb_message *message)
{
	static const char *const types[] = { "notification", "method_call",
					     "method_return", "error",
					     "signal" };

	if (!message)
		return;
	if (message->type < KB_ARRAY_SIZE(types))
		record_text(record, "KDBUS_MESSAGE_TYPE", types[message->type]);
	record_text(record, "KDBUS_SENDER", message->sender);
	record_text(record, "KDBUS_DESTINATION", message->destination);
	record_text(record, "KDBUS_PATH", message->path);
	record_text(record, "KDBUS_INTERFACE", message->interface);
	record_text(record, "KDBUS_MEMBER", message->member);
	record_text(record, "KDBUS_ERROR", message->error_name);
}

/* Is it time for another line? Else it is only counted. */
static bool burst_begins(struct client *client, enum refusal_kind kind,
			 uint64_t *out_untold)
{
	uint64_t now = kb_now_ns();
	bool begins = now >= client->refusals.kinds[kind].quiet_until_ns;

	if (begins) {
		*out_untold = client->refusals.kinds[kind].n_untold;
		client->refusals.kinds[kind].n_untold = 0;
		client->refusals.kinds[kind].quiet_until_ns = now + BURST_NS;
	} else {
		client->refusals.kinds[kind].n_untold++;
	}
	return begins;
}

/* "name (comm, pid N, uid N)", as far as these are known */
static void who(const struct client *client, char out[128])
{
	const char *name = client_name(client);

	if (client->names.n > 0)
		name = client->names.list[0];
	snprintf(out, 128, "%s%s%s[%d] of uid %u", name, *name ? " " : "",
		 client->peer.comm, client->peer.pid, client->peer.uid);
}

static void refuse(struct client *client, enum refusal_kind kind,
		   struct record *record, uint64_t n_untold, const char *text)
{
	char more[64] = "";

	record_client(record, client);
	record_text(record, "KDBUS_REFUSAL", kind_names[kind]);
	if (n_untold > 0) {
		record_add(record, "KDBUS_UNTOLD=%" PRIu64, n_untold);
		snprintf(more, sizeof(more), " (and %" PRIu64 " like it before)",
			 n_untold);
	}
	kb_log_fields(LOG_WARNING, (const char *const *)record->fields, "%s%s",
		      text, more);
	record_deinit(record);
}

/* "INTERFACE.MEMBER", as far as a message has them */
static void what(const struct kb_message *message, char out[600])
{
	const char *interface = message->interface, *member = message->member;

	if (message->error_name)
		member = message->error_name;
	snprintf(out, 600, "%s%s%s", interface ? interface : "",
		 interface && member ? "." : "", member ? member : "a reply");
}

static const char *const verbs[_N_REFUSAL_KINDS] = {
	[REFUSAL_CONNECT] = "connect",
	[REFUSAL_SEND] = "send",
	[REFUSAL_RECEIVE] = "receive",
	[REFUSAL_OWN] = "own",
};

void refusal_policy(struct client *client, enum refusal_kind kind,
		    const struct kb_message *message, const char *name,
		    const struct policy_rule *rule)
{
	struct record record = { 0 };
	char peer[128], thing[600] = "", reason[300], text[1400];
	uint64_t n_untold;

	if (!burst_begins(client, kind, &n_untold))
		return;
	who(client, peer);
	if (message)
		what(message, thing);
	if (rule)
		snprintf(reason, sizeof(reason), "denied by %s:%u", rule->file,
			 rule->line);
	else
		snprintf(reason, sizeof(reason), "no rule allows it");
	snprintf(text, sizeof(text), "%s may not %s %s%s%s: %s", peer,
		 verbs[kind], thing, message && name ? kind == REFUSAL_SEND ? " to " : " from " : "",
		 name ? name : "", reason);

	record_message(&record, message);
	if (kind == REFUSAL_OWN)
		record_text(&record, "KDBUS_NAME", name);
	if (rule) {
		record_text(&record, "KDBUS_RULE_FILE", rule->file);
		record_add(&record, "KDBUS_RULE_LINE=%u", rule->line);
	}
	record_text(&record, "KDBUS_REMEDY",
		    "Add an <allow> rule to a file of the bus's configuration that is read later");
	refuse(client, kind, &record, n_untold, text);
}

void refusal_limit(struct client *client, const char *limit, uint64_t value)
{
	struct record record = { 0 };
	char peer[128], text[300];
	uint64_t n_untold;

	if (!burst_begins(client, REFUSAL_LIMIT, &n_untold))
		return;
	who(client, peer);
	snprintf(text, sizeof(text), "%s reached the limit %s of %" PRIu64,
		 peer, limit, value);
	record_text(&record, "KDBUS_LIMIT", limit);
	record_add(&record, "KDBUS_LIMIT_VALUE=%" PRIu64, value);
	record_add(&record,
		   "KDBUS_REMEDY=Set <limit name=\"%s\"> in the bus's configuration",
		   limit);
	refuse(client, REFUSAL_LIMIT, &record, n_untold, text);
}

void refusal_disconnect(struct client *client, const char *why)
{
	struct record record = { 0 };
	char peer[128], text[300];
	uint64_t n_untold;

	if (!burst_begins(client, REFUSAL_DISCONNECT, &n_untold))
		return;
	who(client, peer);
	snprintf(text, sizeof(text), "%s is disconnected: %s", peer, why);
	record_text(&record, "KDBUS_REASON", why);
	refuse(client, REFUSAL_DISCONNECT, &record, n_untold, text);
}

void refusal_drop(struct client *client, uint64_t n,
		  const struct kb_message *message, const char *why)
{
	struct record record = { 0 };
	char peer[128], thing[600] = "", text[900];
	uint64_t n_untold;

	if (!burst_begins(client, REFUSAL_DROP, &n_untold)) {
		client->refusals.kinds[REFUSAL_DROP].n_untold += n - 1;
		return;
	}
	who(client, peer);
	if (message)
		what(message, thing);
	snprintf(text, sizeof(text), "%s lost %" PRIu64 " message%s%s%s: %s",
		 peer, n, n == 1 ? "" : "s", *thing ? ", " : "", thing, why);
	record_message(&record, message);
	record_add(&record, "KDBUS_N_LOST=%" PRIu64, n);
	record_text(&record, "KDBUS_REASON", why);
	refuse(client, REFUSAL_DROP, &record, n_untold, text);
}

void refusals_deinit(struct client *client)
{
	for (int kind = 0; kind < _N_REFUSAL_KINDS; kind++) {
		struct record record = { 0 };
		uint64_t n = client->refusals.kinds[kind].n_untold;
		char peer[128], text[300];

		if (n == 0)
			continue;
		who(client, peer);
		snprintf(text, sizeof(text),
			 "%s leaves; %" PRIu64 " more refusals (%s) were not told",
			 peer, n, kind_names[kind]);
		client->refusals.kinds[kind].n_untold = 0;
		refuse(client, kind, &record, 0, text);
	}
}
