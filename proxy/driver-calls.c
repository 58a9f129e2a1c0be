/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls to org.freedesktop.DBus: what is answered here, what goes on. */

#include <errno.h>
#include <inttypes.h>

#include "lib/conn.h"
#include "lib/error.h"
#include "proxy/client.h"
#include "proxy/driver-answers.h"
#include "proxy/driver-calls.h"
#include "proxy/gate.h"
#include "proxy/monitor.h"
#include "proxy/proxy.h"
#include "proxy/pump.h"
#include "proxy/reload.h"
#include "proxy/synthesize.h"
#include "proxy/to-kdbus.h"

#define INTERFACE_MONITORING KB_DRIVER_INTERFACE ".Monitoring"
#define INTERFACE_PROPERTIES KB_DRIVER_INTERFACE ".Properties"

/* forwarding */

/*
 * The answer is looked at, so that it can be noted and shows the sender a dbus1
 * client expects, even if the driver has given its name back by then.
 */
static void driver_ask(struct client *client, struct kb_message *call,
		       enum driver_asked kind, const char *name)
{
	struct ledger_entry entry = {
		.serial = call->cookie,
		.kind = kind,
		.name = name ? strdup(name) : NULL,
	};
	bool answered = call->type == KB_METHOD_CALL &&
			!(call->flags & KB_NO_REPLY_EXPECTED);
	int r;

	/* on dbus1 the driver is always there; here it may have to be started */
	call->flags &= ~KB_NO_AUTO_START;
	call->dst_id = 0;
	r = to_kdbus_send(client, call);
	if (r == 0 && answered) {
		if (ledger_add(&client->asked, entry) < 0)
			client_close(client);
		return;
	}
	free(entry.name);
	if (r == -ESRCH || r == -EREMCHG)
		synthesize_error(client, call, KB_ERROR_SERVICE_UNKNOWN,
				 "There is no bus driver and nothing starts it; is org.freedesktop.DBus.busname active?");
}

/* Hello */

static bool hello_is_too_much(struct client *client)
{
	struct proxy *proxy = client->proxy;
	const struct limits *limits = &proxy->config->limits;
	uint64_t n_same = 0;

	if (proxy->n_hello >= limits->max_completed_connections) {
		refusal_limit(client, "max_completed_connections",
			      limits->max_completed_connections);
		return true;
	}
	for (struct client *c = proxy->clients; c; c = c->next)
		n_same += c->conn && c->peer.uid == client->peer.uid;
	if (n_same >= limits->max_connections_per_user) {
		refusal_limit(client, "max_connections_per_user",
			      limits->max_connections_per_user);
		return true;
	}
	return false;
}

static void hello_refuse(struct client *client, const struct kb_message *call,
			 int r)
{
	if (r == -EMFILE)
		synthesize_error(client, call, KB_ERROR_LIMITS_EXCEEDED,
				 "Too many connections: max_connections_per_user, or max_completed_connections of all");
	else
		synthesize_error(client, call, KB_ERROR_FAILED,
				 "Cannot connect to the bus: %s", strerror(-r));
	client_close_gently(client);
}

/* the kernel's */
static const struct refusal_limit user_connections = {
	"connections of one user",
	1024,
	"Some of the user's programs must leave",
};

static int hello_join(struct client *client)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	int r;

	if (hello_is_too_much(client))
		return -EMFILE;
	r = client_hello(client, 0, &conn);
	if (r == -EMFILE)
		refusal_fixed_limit(client, &user_connections, NULL);
	if (r == 0)
		r = matches_subscribe(conn);
	if (r == 0)
		r = client_update_view(client);
	if (r == 0)
		client_join(client, TAKE_PTR(conn));
	return r;
}

static void call_hello(struct client *client, struct kb_message *call)
{
	int r;

	if (client->state != CLIENT_HELLO) {
		synthesize_error(client, call, KB_ERROR_FAILED,
				 "Hello was said already");
		return;
	}
	r = hello_join(client);
	if (r < 0)
		return hello_refuse(client, call, r);

	r = kb_message_set(call, KB_FIELD_SENDER, client_name(client));
	if (r == 0)
		r = synthesize_return_string(client, call, client_name(client));
	if (r == 0)
		r = synthesize_name_signal(client, "NameAcquired",
					   client_name(client));
	if (r < 0)
		client_close(client);
}

/* matches */

/* the kernel's; a match rule is up to eight of these */
static const struct refusal_limit kernel_rules = {
	"rules of a connection in the kernel",
	4096,
	"Remove match rules",
};

static void match_result(struct client *client, const struct kb_message *call,
			 const char *rule, int r)
{
	const struct limits *limits = &client->proxy->config->limits;

	switch (r) {
	case 0:
		synthesize_return(client, call);
		break;
	case MATCHES_E_INVALID:
		synthesize_error(client, call, KB_ERROR_MATCH_RULE_INVALID,
				 "Not a match rule: %s", rule);
		break;
	case MATCHES_E_NOT_FOUND:
		synthesize_error(client, call, KB_ERROR_MATCH_RULE_NOT_FOUND,
				 "There is no such rule: %s", rule);
		break;
	case MATCHES_E_LIMIT:
		refusal_limit(client, "max_match_rules_per_connection",
			      limits->max_match_rules_per_connection);
		synthesize_error(client, call, KB_ERROR_LIMITS_EXCEEDED,
				 "Too many match rules: max_match_rules_per_connection");
		break;
	case -EMFILE:
		refusal_fixed_limit(client, &kernel_rules, NULL);
		synthesize_error(client, call, KB_ERROR_LIMITS_EXCEEDED,
				 "Too many match rules: %" PRIu64 " %s",
				 kernel_rules.value, kernel_rules.name);
		break;
	default:
		synthesize_error(client, call, kb_error_from_errno(r),
				 "The rule failed: %s", strerror(-r));
	}
}

static void call_add_match(struct client *client, struct kb_message *call)
{
	uint64_t max =
		client->proxy->config->limits.max_match_rules_per_connection;
	const char *rule = "";
	int r;

	r = kb_message_read(call, "s", &rule);
	if (r == 0)
		r = matches_add(&client->matches, client->conn, rule, max);
	match_result(client, call, rule, r);
}

static void call_remove_match(struct client *client, struct kb_message *call)
{
	const char *rule = "";
	int r;

	r = kb_message_read(call, "s", &rule);
	if (r == 0)
		r = matches_remove(&client->matches, client->conn, rule);
	match_result(client, call, rule, r);
}

/* names */

static void call_request_name(struct client *client, struct kb_message *call)
{
	uint64_t max = client->proxy->config->limits.max_names_per_connection;
	const char *name;

	if (kb_message_read(call, "su", &name, NULL) < 0 ||
	    !kb_name_is_well_known(name)) {
		/* the driver knows best what is wrong with it */
		driver_ask(client, call, DRIVER_ASKED, NULL);
		return;
	}
	if (!gate_own(client, name)) {
		synthesize_error(client, call, KB_ERROR_ACCESS_DENIED,
				 "The policy of this bus does not allow %s to own the name %s",
				 client_name(client), name);
		return;
	}
	/* the unique name counts as one of them; who has the name may not ask again */
	if (client->names.n + 1 >= max) {
		refusal_limit(client, "max_names_per_connection", max);
		synthesize_error(client, call, KB_ERROR_LIMITS_EXCEEDED,
				 "Too many names: max_names_per_connection");
		return;
	}
	driver_ask(client, call, DRIVER_ASKED_REQUEST, name);
}

/* If it is the driver who sends to the activator, it is so for the client. */
static void call_start_service(struct client *client, struct kb_message *call)
{
	struct kb_info info;
	const char *name;

	if (kb_message_read(call, "su", &name, NULL) == 0 &&
	    kb_conn_info_by_name(client->conn, name, 0, 0, &info) == 0) {
		bool starts = info.flags & KDBUS_HELLO_ACTIVATOR &&
			      !kb_streq(name, KB_DRIVER_NAME);
		uint64_t id = info.id;

		kb_info_deinit(&info);
		if (starts && starts_are_full(client)) {
			synthesize_error(client, call, KB_ERROR_LIMITS_EXCEEDED,
					 "Too many services are being started to start %s: max_pending_service_starts",
					 name);
			return;
		}
		if (starts)
			starts_begin(client, name, id);
	}
	driver_ask(client, call, DRIVER_ASKED, NULL);
}

static void call_release_name(struct client *client, struct kb_message *call)
{
	const char *name = NULL;

	if (kb_message_read(call, "s", &name) < 0)
		name = NULL;
	driver_ask(client, call, DRIVER_ASKED_RELEASE, name);
}

/* configuration */

static void reload_done(struct client *client, struct kb_message *call, int r)
{
	if (r == 0)
		driver_ask(client, call, DRIVER_ASKED, NULL);
	else
		synthesize_error(client, call, KB_ERROR_FAILED,
				 "A file of the configuration is broken or gone, see the log; the old configuration stays");
	pump_update(client);
}

static void call_reload_config(struct client *client, struct kb_message *call)
{
	struct proxy *proxy = client->proxy;

	/* of others the driver says that they may not */
	if (proxy_is_privileged(proxy, client->peer.uid))
		reload_on_call(proxy->reload, client, call, reload_done);
	else
		driver_ask(client, call, DRIVER_ASKED, NULL);
}

/* properties: the proxy has features of its own */

static void call_get(struct client *client, struct kb_message *call)
{
	const char *interface, *property;
	enum driver_asked kind = DRIVER_ASKED;

	if (kb_message_read(call, "ss", &interface, &property) == 0 &&
	    kb_streq(interface, KB_DRIVER_INTERFACE)) {
		if (kb_streq(property, "Features"))
			kind = DRIVER_ASKED_FEATURES;
		else if (kb_streq(property, "Interfaces"))
			kind = DRIVER_ASKED_INTERFACES;
	}
	driver_ask(client, call, kind, NULL);
}

static void call_get_all(struct client *client, struct kb_message *call)
{
	const char *interface;
	enum driver_asked kind = DRIVER_ASKED;

	if (kb_message_read(call, "s", &interface) == 0 &&
	    kb_streq(interface, KB_DRIVER_INTERFACE))
		kind = DRIVER_ASKED_ALL;
	driver_ask(client, call, kind, NULL);
}

/*
 * The methods that are not simply passed on.  With a signature the method is
 * answered here and the body must be of it; without, the driver checks.
 */
/* clang-format off */
static const struct driver_method {
	const char *interface;
	const char *member;
	const char *signature;
	void (*call)(struct client *client, struct kb_message *call);
} methods[] = {
	{ KB_DRIVER_INTERFACE,	"Hello",	 "",	call_hello },
	{ KB_DRIVER_INTERFACE,	"AddMatch",	 "s",	call_add_match },
	{ KB_DRIVER_INTERFACE,	"RemoveMatch",	 "s",	call_remove_match },
	{ KB_DRIVER_INTERFACE,	"RequestName",	 NULL,	call_request_name },
	{ KB_DRIVER_INTERFACE,	"ReleaseName",	 NULL,	call_release_name },
	{ KB_DRIVER_INTERFACE,	"StartServiceByName", NULL, call_start_service },
	{ KB_DRIVER_INTERFACE,	"ReloadConfig",	 "",	call_reload_config },
	{ INTERFACE_PROPERTIES,	"Get",		 NULL,	call_get },
	{ INTERFACE_PROPERTIES,	"GetAll",	 NULL,	call_get_all },
	{ INTERFACE_MONITORING,	"BecomeMonitor", "asu",	monitor_become },
};
/* clang-format on */

static const struct driver_method *
driver_find_method(const struct kb_message *message)
{
	if (message->type != KB_METHOD_CALL)
		return NULL;
	for (size_t i = 0; i < KB_ARRAY_SIZE(methods); i++) {
		if (!kb_streq(methods[i].member, message->member))
			continue;
		if (!message->interface ||
		    kb_streq(methods[i].interface, message->interface))
			return &methods[i];
	}
	return NULL;
}

bool driver_is_hello(const struct kb_message *message)
{
	const struct driver_method *method = driver_find_method(message);

	return method && method->call == call_hello;
}

void driver_call(struct client *client, struct kb_message *message)
{
	const struct driver_method *method = driver_find_method(message);

	if (client->state == CLIENT_ACTIVE &&
	    !gate_send_to_driver(client, message)) {
		synthesize_error(client, message, KB_ERROR_ACCESS_DENIED,
				 "The policy of this bus does not allow to call %s.%s",
				 message->interface ? message->interface : "",
				 message->member ? message->member : "");
		return;
	}
	/* signals to the driver, and replies it does not wait for */
	if (message->type != KB_METHOD_CALL)
		return;
	if (!method) {
		driver_ask(client, message, DRIVER_ASKED, NULL);
		return;
	}
	if (method->signature &&
	    !kb_streq(method->signature, message->signature)) {
		synthesize_error(client, message, KB_ERROR_INVALID_ARGS,
				 "%s takes '%s', not '%s'", method->member,
				 method->signature, message->signature);
		return;
	}
	method->call(client, message);
}
