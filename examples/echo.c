// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An example of a native service: org.kdbus.Echo1 gives back what it gets.
 *
 * It is started by the activator of its name and leaves when nobody calls for
 * a while, by the sequence that loses no call: kb_conn_exit_on_idle().
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <time.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/conn.h"
#include "lib/error.h"
#include "lib/log.h"

#define ECHO_NAME	"org.kdbus.Echo1"
#define ECHO_PATH	"/org/kdbus/Echo1"
#define ECHO_INTERFACE	"org.kdbus.Echo1"
#define PEER		"org.freedesktop.DBus.Peer"
#define INTROSPECTABLE	"org.freedesktop.DBus.Introspectable"
#define PROPERTIES	"org.freedesktop.DBus.Properties"

#define DOCTYPE \
	"<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n" \
	"\"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"

#define ECHO_METHOD(name, type) \
	"  <method name=\"" name "\">\n" \
	"   <arg name=\"value\" type=\"" type "\" direction=\"in\"/>\n" \
	"   <arg name=\"value\" type=\"" type "\" direction=\"out\"/>\n" \
	"  </method>\n"

static const char introspection[] =
	DOCTYPE
	"<node>\n"
	" <interface name=\"" ECHO_INTERFACE "\">\n"
	ECHO_METHOD("Echo", "v")
	ECHO_METHOD("EchoString", "s")
	ECHO_METHOD("EchoBytes", "ay")
	ECHO_METHOD("EchoDict", "a{sv}")
	ECHO_METHOD("Fd", "h")
	"  <method name=\"Emit\">\n"
	"   <arg name=\"text\" type=\"s\" direction=\"in\"/>\n"
	"  </method>\n"
	"  <method name=\"Sleep\">\n"
	"   <arg name=\"milliseconds\" type=\"u\" direction=\"in\"/>\n"
	"  </method>\n"
	"  <signal name=\"Echoed\">\n"
	"   <arg name=\"text\" type=\"s\"/>\n"
	"  </signal>\n"
	"  <property name=\"Calls\" type=\"u\" access=\"read\">\n"
	"   <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" value=\"false\"/>\n"
	"  </property>\n"
	"  <property name=\"Greeting\" type=\"s\" access=\"readwrite\"/>\n"
	" </interface>\n"
	" <interface name=\"" INTROSPECTABLE "\">\n"
	"  <method name=\"Introspect\">\n"
	"   <arg name=\"xml\" type=\"s\" direction=\"out\"/>\n"
	"  </method>\n"
	" </interface>\n"
	" <interface name=\"" PEER "\">\n"
	"  <method name=\"Ping\"/>\n"
	" </interface>\n"
	" <interface name=\"" PROPERTIES "\">\n"
	"  <method name=\"Get\">\n"
	"   <arg name=\"interface\" type=\"s\" direction=\"in\"/>\n"
	"   <arg name=\"property\" type=\"s\" direction=\"in\"/>\n"
	"   <arg name=\"value\" type=\"v\" direction=\"out\"/>\n"
	"  </method>\n"
	"  <method name=\"GetAll\">\n"
	"   <arg name=\"interface\" type=\"s\" direction=\"in\"/>\n"
	"   <arg name=\"values\" type=\"a{sv}\" direction=\"out\"/>\n"
	"  </method>\n"
	"  <method name=\"Set\">\n"
	"   <arg name=\"interface\" type=\"s\" direction=\"in\"/>\n"
	"   <arg name=\"property\" type=\"s\" direction=\"in\"/>\n"
	"   <arg name=\"value\" type=\"v\" direction=\"in\"/>\n"
	"  </method>\n"
	"  <signal name=\"PropertiesChanged\">\n"
	"   <arg name=\"interface\" type=\"s\"/>\n"
	"   <arg name=\"changed\" type=\"a{sv}\"/>\n"
	"   <arg name=\"invalidated\" type=\"as\"/>\n"
	"  </signal>\n"
	" </interface>\n"
	"</node>\n";

/**
 * struct echo - the service
 * @name:	it owns
 * @idle_ns:	without a call for so long it leaves; 0: never
 * @exit_after:	after so many calls it leaves, too; 0: never
 * @n_calls:	served since it was started
 * @n_since:	the same, since it last tried to leave
 * @greeting:	a property to play with
 */
struct echo {
	struct kb_conn *conn;
	const char *name;
	uint64_t idle_ns;
	uint64_t exit_after;
	uint32_t n_calls;
	uint32_t n_since;
	char greeting[128];
};

/* What a method says, besides a negative errno. */
enum {
	ECHO_REPLY,	/* send the reply */
	ECHO_FAILED,	/* answered with an error */
};

/* methods: arguments in @call, results into @reply */

static int echo_any(struct echo *echo _unused_, struct kb_message *call, struct kb_message *reply)
{
	struct kb_reader reader;
	int r;

	r = kb_message_reader(call, &reader);
	if (r < 0)
		return r;
	r = kb_value_copy(&reader, kb_message_writer(reply));
	kb_reader_deinit(&reader);
	return r;
}

static int echo_emit(struct echo *echo, struct kb_message *call,
		     struct kb_message *reply _unused_)
{
	_cleanup_(kb_message_unrefp) struct kb_message *signal = NULL;
	const char *text;
	int r;

	r = kb_message_read(call, "s", &text);
	if (r >= 0)
		r = kb_message_new_signal(ECHO_PATH, ECHO_INTERFACE, "Echoed", &signal);
	if (r >= 0)
		r = kb_message_append(signal, "s", text);
	return r < 0 ? r : kb_conn_send(echo->conn, signal);
}

static int echo_sleep(struct echo *echo _unused_, struct kb_message *call,
		      struct kb_message *reply _unused_)
{
	struct timespec ts;
	uint32_t ms;
	int r;

	r = kb_message_read(call, "u", &ms);
	if (r < 0)
		return r;
	ts = (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
	return ECHO_REPLY;
}

/* The number of a descriptor stays, so the body is the same. */
static int echo_fd(struct echo *echo, struct kb_message *call, struct kb_message *reply)
{
	size_t i;
	int fd, r;

	for (i = 0; i < call->n_fds; i++) {
		fd = fcntl(call->fds[i], F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return -errno;
		r = kb_message_add_fd(reply, fd, NULL);
		if (r < 0)
			return r;
	}
	return echo_any(echo, call, reply);
}

static int peer_ping(struct echo *echo _unused_, struct kb_message *call _unused_,
		     struct kb_message *reply _unused_)
{
	return ECHO_REPLY;
}

/* Parents of the object have nothing but a child. */
static int introspect(struct echo *echo _unused_, struct kb_message *call,
		      struct kb_message *reply)
{
	const char *path = call->path, *rest;
	char xml[512];

	if (kb_streq(path, ECHO_PATH))
		return kb_message_append(reply, "s", introspection);
	rest = kb_startswith(ECHO_PATH, path);
	if (rest && *rest == '/')
		rest++;
	else if (!kb_streq(path, "/"))
		rest = NULL;
	snprintf(xml, sizeof(xml), DOCTYPE "<node>\n%s%.*s%s</node>\n",
		 rest ? " <node name=\"" : "", rest ? (int)strcspn(rest, "/") : 0, rest ?: "",
		 rest ? "\"/>\n" : "");
	return kb_message_append(reply, "s", xml);
}

/* properties */

static int check_interface(struct echo *echo, struct kb_message *call, const char *interface)
{
	if (kb_streq(interface, ECHO_INTERFACE))
		return 0;
	kb_conn_reply_error(echo->conn, call, KB_ERROR_UNKNOWN_INTERFACE,
			    "There are no properties of %s", interface);
	return ECHO_FAILED;
}

static int unknown_property(struct echo *echo, struct kb_message *call, const char *name)
{
	kb_conn_reply_error(echo->conn, call, KB_ERROR_UNKNOWN_PROPERTY,
			    "There is no property %s", name);
	return ECHO_FAILED;
}

static int property_get(struct echo *echo, struct kb_message *call, struct kb_message *reply)
{
	const char *interface, *name;
	int r;

	r = kb_message_read(call, "ss", &interface, &name);
	if (!r)
		r = check_interface(echo, call, interface);
	if (r)
		return r;
	if (kb_streq(name, "Calls"))
		return kb_message_append(reply, "v", "u", echo->n_calls);
	if (kb_streq(name, "Greeting"))
		return kb_message_append(reply, "v", "s", echo->greeting);
	return unknown_property(echo, call, name);
}

static int property_get_all(struct echo *echo, struct kb_message *call, struct kb_message *reply)
{
	const char *interface;
	int r;

	r = kb_message_read(call, "s", &interface);
	if (!r)
		r = check_interface(echo, call, interface);
	if (r)
		return r;
	return kb_message_append(reply, "a{sv}", 2, "Calls", "u", echo->n_calls, "Greeting", "s",
				 echo->greeting);
}

static int properties_changed(struct echo *echo)
{
	_cleanup_(kb_message_unrefp) struct kb_message *signal = NULL;
	int r;

	r = kb_message_new_signal(ECHO_PATH, PROPERTIES, "PropertiesChanged", &signal);
	if (r >= 0)
		r = kb_message_append(signal, "sa{sv}as", ECHO_INTERFACE, 1, "Greeting", "s",
				      echo->greeting, NULL);
	return r < 0 ? r : kb_conn_send(echo->conn, signal);
}

static int property_set(struct echo *echo, struct kb_message *call,
			struct kb_message *reply _unused_)
{
	const char *interface, *name, *value;
	struct kb_reader reader;
	int r;

	r = kb_message_reader(call, &reader);
	if (r < 0)
		return r;
	r = kb_reader_read(&reader, "ss", &interface, &name);
	if (!r)
		r = check_interface(echo, call, interface);
	if (!r && kb_streq(name, "Calls")) {
		kb_conn_reply_error(echo->conn, call, KB_ERROR_PROPERTY_READ_ONLY,
				    "Calls cannot be set");
		r = ECHO_FAILED;
	} else if (!r && !kb_streq(name, "Greeting")) {
		r = unknown_property(echo, call, name);
	}
	if (!r)
		r = kb_reader_read(&reader, "v", "s", &value);
	kb_reader_deinit(&reader);
	if (r == -ENXIO)
		return -EINVAL;
	if (r)
		return r;
	snprintf(echo->greeting, sizeof(echo->greeting), "%s", value);
	return properties_changed(echo);
}

/* dispatching */

static const struct {
	const char *interface;
	const char *member;
	const char *in;
	int (*function)(struct echo *echo, struct kb_message *call, struct kb_message *reply);
} methods[] = {
	{ ECHO_INTERFACE,	"Echo",		"v",		echo_any },
	{ ECHO_INTERFACE,	"EchoString",	"s",		echo_any },
	{ ECHO_INTERFACE,	"EchoBytes",	"ay",		echo_any },
	{ ECHO_INTERFACE,	"EchoDict",	"a{sv}",	echo_any },
	{ ECHO_INTERFACE,	"Emit",		"s",		echo_emit },
	{ ECHO_INTERFACE,	"Sleep",	"u",		echo_sleep },
	{ ECHO_INTERFACE,	"Fd",		"h",		echo_fd },
	{ PEER,			"Ping",		"",		peer_ping },
	{ INTROSPECTABLE,	"Introspect",	"",		introspect },
	{ PROPERTIES,		"Get",		"ss",		property_get },
	{ PROPERTIES,		"GetAll",	"s",		property_get_all },
	{ PROPERTIES,		"Set",		"ssv",		property_set },
};

/* The reply, or NULL if there is none, or an error was sent already. */
static struct kb_message *echo_call(struct echo *echo, struct kb_message *call, size_t i)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	int r;

	r = kb_message_new_return(call, &reply);
	if (r >= 0)
		r = methods[i].function(echo, call, reply);
	if (r == ECHO_REPLY)
		return call->flags & KB_NO_REPLY_EXPECTED ? NULL : TAKE_PTR(reply);
	if (r == -EBADMSG)
		r = kb_conn_reply_error(echo->conn, call, KB_ERROR_INVALID_ARGS,
					"The arguments are malformed");
	else if (r < 0)
		r = kb_conn_reply_errno(echo->conn, call, r, NULL);
	if (r < 0)
		kb_log_errno(LOG_DEBUG, r, "cannot answer %s", methods[i].member);
	return NULL;
}

static struct kb_message *echo_answer(struct echo *echo, struct kb_message *message)
{
	size_t i;

	if (message->type != KB_METHOD_CALL)
		return NULL;
	echo->n_calls++;
	echo->n_since++;
	for (i = 0; i < KB_ARRAY_SIZE(methods); i++) {
		if (!kb_streq(message->member, methods[i].member) ||
		    (message->interface && !kb_streq(message->interface, methods[i].interface)))
			continue;
		if (kb_streq(message->signature, methods[i].in))
			return echo_call(echo, message, i);
		kb_conn_reply_error(echo->conn, message, KB_ERROR_INVALID_ARGS,
				    "%s takes \"%s\", not \"%s\"", message->member,
				    methods[i].in, message->signature);
		return NULL;
	}
	kb_conn_reply_error(echo->conn, message, KB_ERROR_UNKNOWN_METHOD, "There is no method %s",
			    message->member);
	return NULL;
}

/* What comes while we leave. */
static int echo_message(struct kb_message *message, void *userdata)
{
	struct echo *echo = userdata;
	_cleanup_(kb_message_unrefp) struct kb_message *reply = echo_answer(echo, message);
	int r = reply ? kb_conn_send(echo->conn, reply) : 0;

	if (r < 0)
		kb_log_errno(LOG_DEBUG, r, "cannot answer %s", message->member);
	return 0;
}

/* The loop: until idle, until enough, until the bus is gone. */

static bool echo_is_done(const struct echo *echo)
{
	return echo->exit_after && echo->n_since >= echo->exit_after;
}

static int echo_serve(struct echo *echo)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL, *reply = NULL;
	int r;

	while (!echo_is_done(echo)) {
		r = kb_conn_serve(echo->conn, reply, echo->idle_ns ?: KB_TIMEOUT_INFINITE, &message);
		reply = kb_message_unref(reply);
		if (r >= 0)
			reply = echo_answer(echo, message);
		else if (r != -EINTR)
			return r == -ETIMEDOUT ? 0 : r;
	}
	return reply ? kb_conn_send(echo->conn, reply) : 0;
}

static int echo_run(struct echo *echo)
{
	int r;

	for (;;) {
		r = kb_conn_name_acquire(echo->conn, echo->name, 0, NULL);
		if (r < 0)
			return kb_log_errno(LOG_ERR, r, "cannot own %s", echo->name);
		r = echo_serve(echo);
		if (r >= 0)
			r = kb_conn_exit_on_idle(echo->conn, echo->name, echo_message, echo);
		if (r == -ECONNRESET || r == -ESHUTDOWN)
			return 0;
		/* Calls did not stop coming: so we are not idle. */
		if (r != -EBUSY)
			return r;
		echo->n_since = 0;
	}
}

static void usage(FILE *to)
{
	fputs("Usage: kdbus-echo [--address=ADDRESS] [--name=NAME] [--idle-timeout=SEC]\n"
	      "                  [--exit-after=CALLS]\n"
	      "\n"
	      "Serve " ECHO_INTERFACE ", which gives back what it gets.\n",
	      to);
}

int main(int argc, char **argv)
{
	enum { OPT_ADDRESS = 256, OPT_NAME, OPT_IDLE, OPT_EXIT_AFTER, OPT_HELP };
	static const struct option options[] = {
		{ "address", required_argument, NULL, OPT_ADDRESS },
		{ "name", required_argument, NULL, OPT_NAME },
		{ "idle-timeout", required_argument, NULL, OPT_IDLE },
		{ "exit-after", required_argument, NULL, OPT_EXIT_AFTER },
		{ "help", no_argument, NULL, OPT_HELP },
		{}
	};
	const char *address = getenv("DBUS_STARTER_ADDRESS");
	struct echo echo = { .name = ECHO_NAME, .idle_ns = 30 * KB_NSEC_PER_SEC };
	_cleanup_(kb_freep) char *own = NULL;
	int c, r;

	kb_log_open("kdbus-echo");
	strcpy(echo.greeting, "Hello");
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case OPT_ADDRESS:
			address = optarg;
			break;
		case OPT_NAME:
			echo.name = optarg;
			break;
		case OPT_IDLE:
			echo.idle_ns = strtod(optarg, NULL) * KB_NSEC_PER_SEC;
			break;
		case OPT_EXIT_AFTER:
			echo.exit_after = strtoull(optarg, NULL, 10);
			break;
		default:
			usage(c == OPT_HELP ? stdout : stderr);
			return c == OPT_HELP ? EXIT_SUCCESS : EXIT_FAILURE;
		}
	}
	if (!address)
		address = own = getuid() ? kb_address_user(getuid()) : strdup(KB_ADDRESS_SYSTEM);
	r = address ? kb_conn_open(address, NULL, &echo.conn) : -ENOMEM;
	if (r < 0)
		kb_log_errno(LOG_ERR, r, "cannot connect to %s", address ?: "the bus");
	else
		r = echo_run(&echo);
	kb_conn_unref(echo.conn);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
