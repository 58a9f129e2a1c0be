/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a dbus1 client sees through the proxy, message by message. Prints
 * results without numbers, as tests/system/util.sh takes them.
 *
 * usage: proxied SOCKET TOPIC...
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/conn.h"
#include "lib/error.h"
#include "lib/util.h"
#include "tests/dbus1-end.h"
#include "tests/system/result.h"

#define BUS "kernel:path=/sys/fs/kdbus/0-system/bus"
#define NOBODY 4242

static const char *path;

/* small steps */

static void open_root(struct end *end)
{
	end_open(end, path, -1, true);
}

static struct kb_message *new_call(const char *destination, const char *member)
{
	struct kb_message *call;

	kb_message_new_call(destination, "/test", "org.kdbus.Test", member,
			    &call);
	return call;
}

static struct kb_message *new_signal(const char *member)
{
	struct kb_message *signal;

	kb_message_new_signal("/test", "org.kdbus.Test", member, &signal);
	return signal;
}

/* The next message is this signal of the driver, about this string. */
static bool next_is(struct end *end, const char *member, const char *string)
{
	struct kb_message *message = end_receive(end, END_WAIT_MS);
	const char *s = NULL;
	bool ok;

	if (!message)
		return false;
	if (kb_streq(message->signature, "sss"))
		kb_message_read(message, "sss", &s, NULL, NULL);
	else
		kb_message_read(message, "s", &s);
	ok = message->type == KB_SIGNAL &&
	     kb_streq_null(message->member, member) &&
	     kb_streq_null(message->sender, KB_DRIVER_NAME) &&
	     kb_streq_null(s, string);
	if (!ok)
		printf("# got type %u member %s from %s about %s\n",
		       message->type, message->member ?: "-",
		       message->sender ?: "-", s ?: "-");
	kb_message_unref(message);
	return ok;
}

static bool next_is_reply(struct end *end, uint32_t serial, uint8_t type)
{
	struct kb_message *message = end_receive(end, END_WAIT_MS);
	bool ok = message && message->type == type &&
		  message->reply_cookie == serial;

	kb_message_unref(message);
	return ok;
}

static bool is_error(struct end *end, uint32_t serial, const char *name)
{
	struct kb_message *reply = end_reply(end, serial);
	bool ok = reply && reply->type == KB_ERROR &&
		  kb_streq(reply->error_name, name);

	if (!ok)
		printf("# got %s\n", !reply ? "nothing" :
				     reply->error_name ? reply->error_name :
							 "no error");
	kb_message_unref(reply);
	return ok;
}

static uint32_t send_to_driver(struct end *end, const char *member,
			       const char *types, ...)
{
	struct kb_message *call;
	va_list arguments;
	uint32_t serial;

	kb_message_new_call(KB_DRIVER_NAME, KB_DRIVER_PATH, KB_DRIVER_INTERFACE,
			    member, &call);
	va_start(arguments, types);
	kb_writer_appendv(kb_message_writer(call), types, arguments);
	va_end(arguments);
	serial = end_send(end, call);
	kb_message_unref(call);
	return serial;
}

/* Hello */

static void topic_hello(void)
{
	struct kb_message *early;
	struct end end;
	uint32_t serial;

	open_root(&end);
	result(kb_startswith(end.name, ":1."), "Hello gives a unique name");
	serial = send_to_driver(&end, "Hello", "");
	result(is_error(&end, serial, KB_ERROR_FAILED), "a second Hello fails");
	end_close(&end);

	end_connect(&end, path, -1);
	end_authenticate(&end, false);
	serial = send_to_driver(&end, "ListNames", "");
	result(is_error(&end, serial, KB_ERROR_ACCESS_DENIED),
	       "nothing may be called before Hello");
	end_close(&end);

	end_connect(&end, path, -1);
	end_authenticate(&end, false);
	early = new_signal("Early");
	end_send(&end, early);
	kb_message_unref(early);
	result(end_is_hung_up(&end, END_WAIT_MS),
	       "who says something else first is disconnected");
	end_close(&end);
}

/* names: the order of what an owner hears */

static void topic_names(void)
{
	static const char name[] = "org.kdbus.test.Names";
	struct end a, b;
	uint32_t serial;

	open_root(&a);
	open_root(&b);
	result(end_call_succeeds(&a, "AddMatch",
				 "type='signal',member='NameOwnerChanged',arg0='org.kdbus.test.Names'"),
	       "AddMatch");

	serial = send_to_driver(&a, "RequestName", "su", name, 1);
	result(next_is(&a, "NameOwnerChanged", name) &&
		       next_is(&a, "NameAcquired", name) &&
		       next_is_reply(&a, serial, KB_METHOD_RETURN),
	       "NameOwnerChanged, NameAcquired, then the reply");

	serial = send_to_driver(&b, "RequestName", "su", name, 2);
	result(next_is(&b, "NameAcquired", name) &&
		       next_is_reply(&b, serial, KB_METHOD_RETURN),
	       "without a match only NameAcquired");
	result(next_is(&a, "NameLost", name) &&
		       next_is(&a, "NameOwnerChanged", name),
	       "NameLost, then NameOwnerChanged");

	/* a waits in the queue */
	end_close(&b);
	result(next_is(&a, "NameOwnerChanged", name) &&
		       next_is(&a, "NameAcquired", name),
	       "the next in the queue gets the name of one who died");
	end_close(&a);
}

/* signals */

static void topic_signals(void)
{
	struct end a, b;
	struct kb_message *message;

	open_root(&a);
	open_root(&b);
	end_call_succeeds(&b, "AddMatch", "interface='org.kdbus.Test',arg1='two'");

	message = new_signal("Other");
	kb_message_append(message, "ss", "one", "three");
	end_send(&a, message);
	kb_message_unref(message);
	message = new_signal("This");
	kb_message_append(message, "ss", "one", "two");
	end_send(&a, message);
	kb_message_unref(message);
	end_sync(&a);
	message = end_receive(&b, END_WAIT_MS);
	result(message && kb_streq_null(message->member, "This") &&
		       !message->destination &&
		       kb_streq_null(message->sender, a.name),
	       "only what matches exactly is heard");
	kb_message_unref(message);

	message = new_signal("Unicast");
	kb_message_set(message, KB_FIELD_DESTINATION, b.name);
	end_send(&a, message);
	kb_message_unref(message);
	message = end_receive(&b, END_WAIT_MS);
	result(message && kb_streq_null(message->member, "Unicast") &&
		       kb_streq_null(message->destination, b.name),
	       "a signal to one needs no match");
	kb_message_unref(message);

	result(end_call_succeeds(&b, "RemoveMatch",
				 "arg1='two',interface='org.kdbus.Test'"),
	       "RemoveMatch knows an equal rule");
	result(is_error(&b,
			send_to_driver(&b, "RemoveMatch", "s",
				       "arg1='two',interface='org.kdbus.Test'"),
			KB_ERROR_MATCH_RULE_NOT_FOUND),
	       "but only as often as it was added");
	result(is_error(&b, send_to_driver(&b, "AddMatch", "s", "arg64='x'"),
			KB_ERROR_MATCH_RULE_INVALID),
	       "a bad rule is refused");
	result(end_call_succeeds(&b, "AddMatch", "eavesdrop='true'"),
	       "eavesdrop is accepted and means nothing");
	end_close(&a);
	end_close(&b);
}

/* replies */

static void topic_replies(void)
{
	struct end a, b;
	struct kb_message *call, *heard, *reply;
	uint32_t serial;

	open_root(&a);
	open_root(&b);
	call = new_call(b.name, "Echo");
	serial = end_send(&a, call);
	heard = end_receive(&b, END_WAIT_MS);
	result(heard && heard->cookie == serial &&
		       kb_streq_null(heard->sender, a.name),
	       "a call keeps its serial");
	if (!heard)
		return;
	kb_message_new_return(heard, &reply);
	kb_message_append(reply, "s", "hi");
	end_send(&b, reply);
	result(next_is_reply(&a, serial, KB_METHOD_RETURN), "and is answered");
	kb_message_unref(reply);

	/* twice is once too often */
	kb_message_new_return(heard, &reply);
	end_send(&b, reply);
	end_sync(&b);
	heard = kb_message_unref(heard);
	reply = kb_message_unref(reply);
	heard = end_receive(&a, 300);
	result(!heard, "a second answer goes nowhere");
	kb_message_unref(heard);

	serial = end_send(&a, call);
	kb_message_unref(end_receive(&b, END_WAIT_MS));
	end_close(&b);
	result(is_error(&a, serial, KB_ERROR_NO_REPLY),
	       "a peer that dies is NoReply");
	serial = end_send(&a, call);
	result(is_error(&a, serial, KB_ERROR_SERVICE_UNKNOWN),
	       "a peer that is dead is ServiceUnknown");
	kb_message_unref(call);

	call = new_call("org.kdbus.test.Nobody", "Echo");
	call->flags = KB_NO_AUTO_START;
	serial = end_send(&a, call);
	result(is_error(&a, serial, KB_ERROR_NAME_HAS_NO_OWNER),
	       "a name nobody owns, not to be started");
	call->flags = KB_NO_REPLY_EXPECTED;
	end_send(&a, call);
	end_sync(&a);
	result(true, "who wants no reply gets no error");
	kb_message_unref(call);
	end_close(&a);
}

/* a native peer with cookies of 64 bits */

static void topic_cookies(void)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	struct kb_message *call, *heard, *reply = NULL;
	const uint64_t cookie = UINT64_C(0x123456789a);
	struct end end;
	int r;

	open_root(&end);
	r = kb_conn_open(BUS, NULL, &conn);
	result(r == 0, "a native connection");
	if (r < 0)
		return;
	call = new_call(end.name, "Wide");
	call->cookie = cookie;
	result(kb_conn_send(conn, call) == 0, "a call with a wide cookie");
	heard = end_receive(&end, END_WAIT_MS);
	result(heard && heard->cookie <= UINT32_MAX,
	       "the client sees a serial");
	kb_message_unref(call);
	if (!heard)
		return;
	kb_message_new_return(heard, &reply);
	end_send(&end, reply);
	kb_message_unref(heard);
	kb_message_unref(reply);
	heard = NULL;
	kb_conn_wait(conn, 10 * KB_NSEC_PER_SEC);
	r = kb_conn_recv(conn, &heard);
	result(r == 0 && heard->type == KB_METHOD_RETURN &&
		       heard->reply_cookie == cookie,
	       "and its answer finds the cookie");
	kb_message_unref(heard);
	end_close(&end);
}

/* header fields that are not known, byte orders */

/* A signal to ourselves with header field 200, of either byte order. */
static size_t strange_signal(const char *to, bool big, uint8_t out[512])
{
	uint8_t *p = out;
	size_t size = strlen(to);
	uint32_t n;

#define U32(value)                                             \
	do {                                                   \
		n = big ? __builtin_bswap32(value) : (value);  \
		memcpy(p, &n, 4);                              \
		p += 4;                                        \
	} while (0)
#define PAD()                              \
	do {                               \
		while ((p - out) % 8)      \
			*p++ = 0;          \
	} while (0)
#define FIELD(code, type, string)                         \
	do {                                              \
		PAD();                                    \
		*p++ = code;                              \
		*p++ = 1;                                 \
		*p++ = type;                              \
		*p++ = 0;                                 \
		U32((uint32_t)strlen(string));            \
		p = (uint8_t *)stpcpy((char *)p, string) + 1; \
	} while (0)

	memset(out, 0, 512);
	*p++ = big ? 'B' : 'l';
	*p++ = KB_SIGNAL;
	*p++ = 0;
	*p++ = 1;
	U32(4u);	/* body */
	U32(77u);	/* serial */
	p += 4;		/* size of the fields */
	FIELD(1, 'o', "/test");
	FIELD(2, 's', "org.kdbus.Test");
	FIELD(3, 's', "Strange");
	FIELD(6, 's', to);
	FIELD(200, 's', "what is this");
	PAD();
	*p++ = 8;
	*p++ = 1;
	*p++ = 'g';
	*p++ = 0;
	*p++ = 1;
	*p++ = 'u';
	*p++ = 0;
	n = p - out - 16;
	n = big ? __builtin_bswap32(n) : n;
	memcpy(out + 12, &n, 4);
	PAD();
	U32(0x01020304u);
#undef U32
#undef PAD
#undef FIELD
	(void)size;
	return p - out;
}

static void topic_headers(void)
{
	struct end end;

	open_root(&end);
	for (int big = 0; big <= 1; big++) {
		struct kb_message *message;
		uint8_t bytes[512];
		uint32_t number = 0;
		bool filtered;

		end_write(&end, bytes, strange_signal(end.name, big, bytes));
		message = end_receive(&end, END_WAIT_MS);
		filtered = message &&
			   !memmem(end.in.data, end.in.size, "what is this", 12);
		if (message)
			kb_message_read(message, "u", &number);
		result(number == 0x01020304, "a number from a %s-endian client",
		       big ? "big" : "little");
		result(filtered, "unknown header fields are removed");
		kb_message_unref(message);
	}
	end_close(&end);
}

/* descriptors */

static void topic_fds(void)
{
	struct end a, b, c;
	struct kb_message *call, *heard;
	int fds[2];
	char text[8] = "";
	uint32_t index, serial;

	open_root(&a);
	open_root(&b);
	end_open(&c, path, -1, false);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	call = new_call(b.name, "Take");
	kb_message_add_fd(call, fds[1], &index);
	kb_message_append(call, "h", index);
	end_send(&a, call);
	heard = end_receive(&b, END_WAIT_MS);
	result(heard && heard->n_fds == 1 &&
		       write(heard->fds[0], "through", 7) == 7 &&
		       read(fds[0], text, 7) == 7 && kb_streq(text, "through"),
	       "a descriptor arrives");
	kb_message_unref(heard);
	kb_message_set(call, KB_FIELD_DESTINATION, c.name);
	serial = end_send(&a, call);
	result(is_error(&a, serial, KB_ERROR_NOT_SUPPORTED),
	       "not at a client that takes none");
	kb_message_unref(call);

	call = new_call(c.name, "Take");
	kb_message_add_fd(call, dup(fds[0]), NULL);
	end_send(&c, call);
	result(end_is_hung_up(&c, END_WAIT_MS),
	       "who sends one without negotiation is disconnected");
	kb_message_unref(call);
	close(fds[0]);
	end_close(&a);
	end_close(&b);
	end_close(&c);
}

/* sizes */

static void topic_sizes(void)
{
	static const size_t sizes[] = { 0, 1, 4000, 65536, 524288, 2097152,
					5000000, 20000000 };
	struct end a, b;

	open_root(&a);
	open_root(&b);
	for (size_t i = 0; i < KB_ARRAY_SIZE(sizes); i++) {
		uint8_t *bytes = malloc(sizes[i] + 1);
		struct kb_message *call = new_call(b.name, "Big"), *heard;
		const void *got = NULL;
		size_t n = 0;
		pid_t child;

		for (size_t j = 0; j < sizes[i]; j++)
			bytes[j] = j * 2654435761u >> 24;
		kb_message_append(call, "ay", (const void *)bytes, sizes[i]);
		child = fork();
		if (child == 0) {
			/* neither side waits for the other */
			end_send(&a, call);
			_exit(0);
		}
		heard = end_receive(&b, END_WAIT_MS);
		if (heard)
			kb_message_read(heard, "ay", &got, &n);
		result(heard && n == sizes[i] &&
			       (n == 0 || memcmp(got, bytes, n) == 0),
		       "%zu bytes arrive", sizes[i]);
		if (!heard || n != sizes[i])
			printf("# got %s with '%s', %zu\n",
			       heard ? heard->member : "nothing",
			       heard ? heard->signature : "", n);
		kb_message_unref(heard);
		kb_message_unref(call);
		free(bytes);
		a.serial++;
	}
	end_close(&a);
	end_close(&b);
}

/* monitors */

static void topic_monitor(void)
{
	struct end a, b, monitor;
	struct kb_message *call, *reply, *seen;
	uint32_t serial;
	bool ok;

	open_root(&a);
	open_root(&b);
	end_open(&monitor, path, NOBODY, true);
	kb_message_new_call(KB_DRIVER_NAME, KB_DRIVER_PATH,
			    KB_DRIVER_INTERFACE ".Monitoring", "BecomeMonitor",
			    &call);
	kb_message_append(call, "asu", NULL, 0);
	serial = end_send(&monitor, call);
	result(is_error(&monitor, serial, KB_ERROR_ACCESS_DENIED),
	       "a stranger may not monitor");
	end_close(&monitor);

	open_root(&monitor);
	serial = end_send(&monitor, call);
	reply = end_reply(&monitor, serial);
	result(reply && reply->type == KB_METHOD_RETURN, "root may");
	kb_message_unref(reply);
	kb_message_unref(call);
	result(next_is(&monitor, "NameLost", monitor.name),
	       "and loses its name");

	call = new_call(b.name, "Watched");
	serial = end_send(&a, call);
	do {
		seen = end_receive(&monitor, END_WAIT_MS);
		ok = seen && kb_streq_null(seen->member, "Watched");
		if (seen && !ok)
			kb_message_unref(seen);
	} while (seen && !ok);
	result(ok && seen->cookie == serial &&
		       kb_streq_null(seen->sender, a.name) &&
		       kb_streq_null(seen->destination, b.name),
	       "and sees a call between others with its whole header");
	if (ok)
		kb_message_unref(seen);
	call->flags = KB_NO_REPLY_EXPECTED;
	end_send(&monitor, call);
	result(end_is_hung_up(&monitor, END_WAIT_MS),
	       "a monitor that speaks is disconnected");
	kb_message_unref(call);
	end_close(&a);
	end_close(&b);
	end_close(&monitor);
}

/* the policy of the system bus, for a user it does not know */

static void topic_policy(void)
{
	static const char name[] = "org.kdbus.test.Policy";
	struct end root, end;
	struct kb_message *call, *heard;
	uint32_t serial;

	open_root(&root);
	end_open(&end, path, NOBODY, true);
	serial = send_to_driver(&end, "RequestName", "su", name, 0);
	result(is_error(&end, serial, KB_ERROR_ACCESS_DENIED),
	       "a stranger may not own a name");
	call = new_call(root.name, "Forbidden");
	serial = end_send(&end, call);
	result(is_error(&end, serial, KB_ERROR_ACCESS_DENIED),
	       "nor call somebody");
	heard = end_receive(&root, 300);
	result(!heard, "who hears nothing of it");
	kb_message_unref(heard);
	kb_message_unref(call);
	result(end_call_succeeds(&end, "NameHasOwner", name),
	       "but it may ask the driver");
	end_close(&root);
	end_close(&end);
}

/* one question, for scripts that change the policy */

static void topic_own(void)
{
	struct kb_message *reply;
	struct end end;

	open_root(&end);
	reply = end_call(&end, "RequestName", "su", "org.kdbus.test.Own", 0);
	result(reply && reply->type == KB_METHOD_RETURN, "may own");
	kb_message_unref(reply);
	end_close(&end);
}

/* a name that moves all the time, and a caller who follows it */

static void topic_moving(void)
{
	static const char name[] = "org.kdbus.test.Moving";
	struct end ends[2], caller;
	unsigned int n_heard[2] = { 0, 0 }, n_calls = 500;
	struct kb_message *call, *message;

	open_root(&ends[0]);
	open_root(&ends[1]);
	open_root(&caller);
	call = new_call(name, "Follow");
	/* nobody waits for replies: there may be 128 of those at a time */
	call->flags = KB_NO_REPLY_EXPECTED;
	for (unsigned int i = 0; i < n_calls; i++) {
		/* allow replacement, replace, do not queue */
		send_to_driver(&ends[i % 2], "RequestName", "su", name, 7);
		if (i == 0)
			end_sync(&ends[0]);
		end_send(&caller, call);
		if (i % 50 == 0)
			end_sync(&caller);
	}
	kb_message_unref(call);
	end_sync(&caller);
	for (int i = 0; i < 2; i++) {
		struct end *end = &ends[i];

		send_to_driver(end, "GetId", "");
		while ((message = end_receive(end, END_WAIT_MS)) &&
		       message->reply_cookie != end->serial) {
			n_heard[i] += kb_streq_null(message->member, "Follow");
			kb_message_unref(message);
		}
		kb_message_unref(message);
	}
	result(n_heard[0] + n_heard[1] == n_calls,
	       "%u + %u of %u calls reached an owner", n_heard[0], n_heard[1],
	       n_calls);
	end_close(&ends[0]);
	end_close(&ends[1]);
	end_close(&caller);
}

/* one who never reads */

static void topic_stalled(void)
{
	struct end deaf, loud, other;
	struct kb_message *signal;
	char *text = calloc(1, 10001);
	uint64_t before, longest = 0;

	open_root(&deaf);
	open_root(&loud);
	open_root(&other);
	end_call_succeeds(&deaf, "AddMatch", "interface='org.kdbus.Test'");
	memset(text, 'x', 10000);
	signal = new_signal("Flood");
	kb_message_append(signal, "s", text);
	for (int i = 0; i < 5000; i++) {
		end_send(&loud, signal);
		if (i % 250 == 0) {
			before = kb_now_ns();
			if (!end_sync(&other))
				break;
			before = kb_now_ns() - before;
			longest = before > longest ? before : longest;
		}
	}
	result(end_sync(&loud), "the sender goes on");
	result(end_sync(&other), "so does everybody else");
	result(longest < 5 * KB_NSEC_PER_SEC,
	       "who waited %lu ms at most for an answer",
	       (unsigned long)(longest / KB_NSEC_PER_MSEC));
	kb_message_unref(signal);
	free(text);
	end_close(&deaf);
	end_close(&loud);
	end_close(&other);
}

/* more signals at once than the kernel queues of one user */

static void topic_burst(void)
{
	static struct end to[10];
	struct end from[2];
	struct kb_message *signal, *message;
	unsigned int n_heard = 0, n_signals = 1500;

	for (size_t i = 0; i < KB_ARRAY_SIZE(to); i++) {
		open_root(&to[i]);
		end_call_succeeds(&to[i], "AddMatch",
				  "interface='org.kdbus.Test'");
	}
	open_root(&from[0]);
	open_root(&from[1]);
	signal = new_signal("Burst");
	for (unsigned int i = 0; i < n_signals; i++)
		for (int j = 0; j < 2; j++)
			end_send(&from[j], signal);
	kb_message_unref(signal);
	end_sync(&from[0]);
	end_sync(&from[1]);
	for (size_t i = 0; i < KB_ARRAY_SIZE(to); i++) {
		for (unsigned int j = 0; j < 2 * n_signals; j++) {
			message = end_receive(&to[i], 1000);
			if (!message)
				break;
			n_heard++;
			kb_message_unref(message);
		}
		end_close(&to[i]);
	}
	end_close(&from[0]);
	end_close(&from[1]);
	result(n_heard == 2 * n_signals * KB_ARRAY_SIZE(to),
	       "%u of %zu signals of two bursts were heard", n_heard,
	       2 * n_signals * KB_ARRAY_SIZE(to));
}

/* one who says much, reads none of the answers, and goes */

static void topic_farewell(void)
{
	struct kb_message *signal, *ping, *message;
	unsigned int n_heard = 0, n_signals = 400;
	struct end from, to;

	open_root(&to);
	end_call_succeeds(&to, "AddMatch", "interface='org.kdbus.Test'");
	open_root(&from);
	signal = new_signal("Farewell");
	kb_message_new_call(KB_DRIVER_NAME, "/", "org.freedesktop.DBus.Peer",
			    "Ping", &ping);
	for (unsigned int i = 0; i < n_signals; i++) {
		end_send(&from, signal);
		if (i % 50 == 0)
			end_send(&from, ping);
	}
	end_close(&from);
	while (n_heard < n_signals && (message = end_receive(&to, 3000))) {
		n_heard++;
		kb_message_unref(message);
	}
	kb_message_unref(signal);
	kb_message_unref(ping);
	end_close(&to);
	result(n_heard == n_signals,
	       "%u of %u signals of one who has gone were heard", n_heard,
	       n_signals);
}

/* noise: valid messages with a byte or two changed */

static void topic_noise(void)
{
	struct end bystander;
	unsigned int n_gone = 0;
	struct kb_message *message;
	struct kb_buffer bytes = { 0 };

	open_root(&bystander);
	message = new_signal("Noise");
	kb_message_append(message, "sva{sv}as", "text", "i", 7, 1, "key", "s",
			  "value", NULL);
	message->cookie = 9;
	kb_message_encode_dbus1(message, &bytes);
	kb_message_unref(message);
	srand(1);
	for (int i = 0; i < 150; i++) {
		struct end end;
		uint8_t copy[512];

		open_root(&end);
		memcpy(copy, bytes.data, bytes.size);
		for (int n = 1 + rand() % 3; n > 0; n--)
			copy[rand() % bytes.size] = rand();
		end_write(&end, copy, bytes.size);
		n_gone += end_is_hung_up(&end, 20);
		end_close(&end);
	}
	kb_buffer_deinit(&bytes);
	result(end_sync(&bystander), "%u of 150 were thrown out, nobody else",
	       n_gone);
	end_close(&bystander);
}

/* many at once */

#define CROWD 200

static void topic_crowd(void)
{
	static struct end ends[CROWD];
	struct rlimit limit = { 4096, 4096 };
	struct kb_message *signal;
	unsigned int n_heard = 0, n_signals = 50;
	int n;

	setrlimit(RLIMIT_NOFILE, &limit);
	for (n = 0; n < CROWD; n++)
		end_open(&ends[n], path, NOBODY + n / 50, true);
	result(true, "%d clients of four users are connected", n);
	for (int i = 0; i < CROWD; i += 2)
		end_call_succeeds(&ends[i], "AddMatch",
				  "interface='org.kdbus.Test'");
	signal = new_signal("Storm");
	kb_message_append(signal, "s", "thunder");
	for (unsigned int i = 0; i < n_signals; i++)
		end_send(&ends[1], signal);
	kb_message_unref(signal);
	end_sync(&ends[1]);
	for (int i = 0; i < CROWD; i += 2) {
		struct kb_message *message;

		for (unsigned int j = 0; j < n_signals; j++) {
			message = end_receive(&ends[i], END_WAIT_MS);
			n_heard += message &&
				   kb_streq_null(message->member, "Storm");
			kb_message_unref(message);
		}
	}
	result(n_heard == n_signals * CROWD / 2,
	       "%u of %u signals were heard", n_heard, n_signals * CROWD / 2);
	for (n = 0; n < CROWD; n++)
		end_close(&ends[n]);
}

static const struct {
	const char *name;
	void (*run)(void);
} topics[] = {
	{ "hello", topic_hello },     { "names", topic_names },
	{ "signals", topic_signals }, { "replies", topic_replies },
	{ "cookies", topic_cookies }, { "headers", topic_headers },
	{ "fds", topic_fds },	      { "sizes", topic_sizes },
	{ "monitor", topic_monitor }, { "policy", topic_policy },
	{ "moving", topic_moving },   { "stalled", topic_stalled },
	{ "noise", topic_noise },     { "crowd", topic_crowd },
	{ "burst", topic_burst },     { "own", topic_own },
	{ "farewell", topic_farewell },
};

int main(int argc, char **argv)
{
	if (argc < 3)
		return EXIT_FAILURE;
	path = argv[1];
	for (int i = 2; i < argc; i++)
		for (size_t t = 0; t < KB_ARRAY_SIZE(topics); t++)
			if (kb_streq(topics[t].name, argv[i]) ||
			    (kb_streq("all", argv[i]) &&
			     topics[t].run != topic_own)) {
				uint64_t begin = kb_now_ns();

				topics[t].run();
				printf("# %s took %lu ms\n", topics[t].name,
				       (unsigned long)((kb_now_ns() - begin) /
						       KB_NSEC_PER_MSEC));
				fflush(stdout);
			}
	return EXIT_SUCCESS;
}
