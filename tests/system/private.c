// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Service and clients of a private bus, for comparing one daemon's with
 * another's.
 *
 * usage: private serve NAME          own it on the bus that started us; calls
 *                                    "Env" (a variable), "Uid", "Pid", "Leave"
 *        private hear SOCKET RULE   wait for a signal that the rule lets through
 *        private start SOCKET NAME  call it, so that it starts: what comes back,
 *                                    and from whom
 *        private verdicts SOCKET     what policy and limits let two clients do,
 *                                    a line each
 *        private ahead SOCKET       a client that calls far ahead of the answers,
 *                                    and is called back meanwhile
 */
#include <unistd.h>

#include "lib/address.h"
#include "lib/name.h"
#include "tests/dbus1-end.h"

#define INTERFACE	"org.test.Interface"
#define NOBODY_ELSE	((uid_t)-1)

/* the service */

static void answer(struct end *end, const struct kb_message *call)
{
	struct kb_message *reply = NULL;
	const char *name = "";

	if (kb_message_new_return(call, &reply) < 0)
		exit(EXIT_FAILURE);
	if (kb_streq_null(call->member, "Env")) {
		kb_message_read(call, "s", &name);
		kb_message_append(reply, "s", getenv(name) ?: "(unset)");
	} else if (kb_streq_null(call->member, "Uid")) {
		kb_message_append(reply, "u", getuid());
	} else if (kb_streq_null(call->member, "Pid")) {
		kb_message_append(reply, "u", getpid());
	}
	end_send(end, reply);
	kb_message_unref(reply);
}

static int serve(const char *name)
{
	const char *addresses = getenv("DBUS_STARTER_ADDRESS");
	struct kb_message *message;
	struct kb_address address;
	struct end end;
	bool leave = false;

	if (!addresses || kb_address_next(&addresses, &address) <= 0)
		return EXIT_FAILURE;
	end_open(&end, address.path, NOBODY_ELSE, false);
	/* who waits for us may be heard before the answer to this */
	if (kb_message_new_call(KB_DRIVER_NAME, KB_DRIVER_PATH, KB_DRIVER_INTERFACE,
				"RequestName", &message) < 0 ||
	    kb_message_append(message, "su", name, 0) < 0)
		return EXIT_FAILURE;
	end_send(&end, message);
	kb_message_unref(message);
	while (!leave && (message = end_receive(&end, -1))) {
		leave = kb_streq_null(message->member, "Leave") || message->type == KB_ERROR;
		if (message->type == KB_METHOD_CALL)
			answer(&end, message);
		kb_message_unref(message);
	}
	return EXIT_SUCCESS;
}

/* a signal */

static int hear(const char *path, const char *rule)
{
	struct kb_message *message;
	struct end end;
	bool heard = false;

	end_open(&end, path, NOBODY_ELSE, false);
	printf("%s\n", end_call_succeeds(&end, "AddMatch", rule) ? "listening" : "refused");
	while (!heard && (message = end_receive(&end, END_WAIT_MS))) {
		heard = message->type == KB_SIGNAL && !message->destination;
		if (heard)
			printf("%s from %s\n", message->member, message->sender);
		kb_message_unref(message);
	}
	end_close(&end);
	return heard ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* activation */

static int start(const char *path, const char *name)
{
	struct kb_message *message = NULL, *reply;
	struct end end;

	end_open(&end, path, NOBODY_ELSE, false);
	if (kb_message_new_call(name, "/", INTERFACE, "Pid", &message) < 0)
		return EXIT_FAILURE;
	reply = end_reply(&end, end_send(&end, message));
	kb_message_unref(message);
	if (!reply)
		return EXIT_FAILURE;
	printf("%s from %s\n", reply->error_name ?: "a return", reply->sender);
	kb_message_unref(reply);
	end_close(&end);
	return EXIT_SUCCESS;
}

/* verdicts */

/* the error that answers a call, or "ok" */
static const char *verdict(const struct kb_message *reply)
{
	if (!reply)
		return "hung up";
	return reply->type == KB_ERROR ? reply->error_name : "ok";
}

static void try_name(struct end *end, const char *name)
{
	struct kb_message *reply = end_call(end, "RequestName", "su", name, 4);

	printf("own %s: %s\n", name, verdict(reply));
	kb_message_unref(reply);
}

/**
 * struct attempt - one message from the first client to the second
 * @destination: a name, "unique" for the second's own, NULL for a broadcast
 */
struct attempt {
	bool signal;
	const char *destination;
	const char *path;
	const char *interface;
	const char *member;
};

static struct kb_message *attempt_message(const struct attempt *attempt, const struct end *to)
{
	const char *destination = attempt->destination;
	struct kb_message *message = NULL;
	int r;

	if (destination && kb_streq(destination, "unique"))
		destination = to->name;
	if (attempt->signal)
		r = kb_message_new_signal(attempt->path, attempt->interface, attempt->member,
					  &message);
	else
		r = kb_message_new_call(destination, attempt->path, attempt->interface,
					attempt->member, &message);
	if (r >= 0 && attempt->signal && destination)
		r = kb_message_set(message, KB_FIELD_DESTINATION, destination);
	if (r < 0)
		exit(EXIT_FAILURE);
	return message;
}

/* Takes messages up to the answer of @last, and notes the error that answers
 * @serial. An error for a signal, as the classic daemon sends it, is nothing
 * anybody waits for: then @serial is 0. */
static void take_error(struct end *end, uint32_t serial, uint32_t last, char *error, size_t size)
{
	struct kb_message *reply;
	bool done = false;

	while (!done && (reply = end_receive(end, END_WAIT_MS))) {
		done = reply->reply_cookie == last;
		if (serial && reply->reply_cookie == serial)
			snprintf(error, size, " %s", verdict(reply));
		kb_message_unref(reply);
	}
}

static uint32_t send_get_id(struct end *end)
{
	struct kb_message *call;
	uint32_t serial;

	if (kb_message_new_call(KB_DRIVER_NAME, KB_DRIVER_PATH, KB_DRIVER_INTERFACE, "GetId",
				&call) < 0)
		exit(EXIT_FAILURE);
	serial = end_send(end, call);
	kb_message_unref(call);
	return serial;
}

/* Everything up to the answer of a call made now: is @member of @from there? */
static bool arrived(struct end *end, const struct end *from, const char *member)
{
	uint32_t serial = send_get_id(end);
	bool found = false, last = false;
	struct kb_message *message;

	while (!last && (message = end_receive(end, END_WAIT_MS))) {
		last = message->reply_cookie == serial;
		found |= kb_streq_null(message->member, member) &&
			 kb_streq_null(message->sender, from->name);
		kb_message_unref(message);
	}
	return found;
}

static void try_message(struct end *from, struct end *to, const struct attempt *attempt)
{
	struct kb_message *message = attempt_message(attempt, to);
	char error[128] = "";
	uint32_t serial;
	bool there;

	serial = end_send(from, message);
	kb_message_unref(message);
	if (attempt->signal)
		serial = 0;
	/* the answer to the next call comes when this one was decided */
	take_error(from, serial, send_get_id(from), error, sizeof(error));
	there = arrived(to, from, attempt->member);
	/* the receiver's policy may have refused it only now */
	take_error(from, serial, send_get_id(from), error, sizeof(error));
	printf("%s to %s %s %s.%s: %s%s\n", attempt->signal ? "signal" : "call",
	       attempt->destination ?: "all", attempt->path, attempt->interface, attempt->member,
	       there ? "received" : "not received", error);
}

static const struct attempt attempts[] = {
	{ false, "org.test.Open", "/a", INTERFACE, "Allowed" },
	{ false, "org.test.Open", "/a", INTERFACE, "Denied" },
	{ false, "org.test.Open", "/a", "org.test.Other", "Denied" },
	{ false, "org.test.Open", "/denied", INTERFACE, "Path" },
	{ false, "org.test.Open", "/a", INTERFACE, "Deaf" },
	{ false, "unique", "/a", INTERFACE, "Direct" },
	{ false, "org.test.Nobody", "/a", INTERFACE, "Absent" },
	{ true, NULL, "/a", INTERFACE, "Broadcast" },
	{ true, NULL, "/a", INTERFACE, "Silent" },
	{ true, "unique", "/a", INTERFACE, "Unicast" },
	{ true, "unique", "/a", INTERFACE, "Silent" },
	{ true, "org.test.Open", "/a", INTERFACE, "Deaf" },
};

static void try_matches(struct end *end)
{
	struct kb_message *reply;
	char rule[64];
	int n;

	for (n = 0; n < 100; n++) {
		bool ok;

		snprintf(rule, sizeof(rule), "member='M%d'", n);
		reply = end_call(end, "AddMatch", "s", rule);
		ok = reply && reply->type == KB_METHOD_RETURN;
		if (!ok)
			printf("match %d: %s\n", n + 1, verdict(reply));
		kb_message_unref(reply);
		if (!ok)
			return;
	}
	printf("match: no limit\n");
}

static void try_names(struct end *end)
{
	struct kb_message *reply;
	char name[64];

	for (int n = 0; n < 6; n++) {
		snprintf(name, sizeof(name), "org.test.Many%d", n);
		reply = end_call(end, "RequestName", "su", name, 4);
		printf("own one more, %d: %s\n", n + 1, verdict(reply));
		kb_message_unref(reply);
	}
}

static void try_size(const char *path, size_t size)
{
	_cleanup_(kb_freep) char *text = calloc(1, size + 1);
	struct kb_message *reply;
	struct end end;

	memset(text, 'x', size);
	end_open(&end, path, NOBODY_ELSE, false);
	reply = end_call(&end, "NameHasOwner", "s", text);
	printf("message of %zu: %s\n", size, reply ? "answered" : "hung up");
	kb_message_unref(reply);
	end_close(&end);
}

static void try_connections(const char *path)
{
	static struct end ends[64];
	struct kb_message *reply;
	bool ok = true;
	size_t n;

	for (n = 0; n < KB_ARRAY_SIZE(ends) && ok; n++) {
		end_connect(&ends[n], path, NOBODY_ELSE);
		end_authenticate(&ends[n], false);
		reply = end_call(&ends[n], "Hello", "");
		ok = reply && reply->type == KB_METHOD_RETURN;
		if (!ok)
			printf("client %zu more: %s\n", n + 1, verdict(reply));
		kb_message_unref(reply);
	}
	while (n-- > 0)
		end_close(&ends[n]);
}

static int verdicts(const char *path)
{
	static const char *const names[] = { "org.test.Open", "org.test.Denied", "org.test.Denied.Not",
					     "org.test", "org.other", "org.testing" };
	struct end one, two, three;

	end_open(&one, path, NOBODY_ELSE, false);
	end_open(&two, path, NOBODY_ELSE, false);
	end_call_succeeds(&two, "AddMatch", "type='signal',interface='" INTERFACE "'");
	for (size_t i = 0; i < KB_ARRAY_SIZE(names); i++)
		try_name(i ? &one : &two, names[i]);
	for (size_t i = 0; i < KB_ARRAY_SIZE(attempts); i++)
		try_message(&one, &two, &attempts[i]);
	end_open(&three, path, NOBODY_ELSE, false);
	try_matches(&three);
	try_names(&three);
	try_size(path, 10000);
	try_size(path, 30000);
	try_connections(path);
	return EXIT_SUCCESS;
}

/* far ahead */

#define AHEAD 1000

/**
 * struct worker - somebody who is given a lot to do, and asks back
 * @n:		tasks that came, in order
 * @back:	serial of what it asked
 * @answered:	that was answered
 * @is_last:	the signal that was sent behind the tasks came behind them
 */
struct worker {
	struct end end;
	unsigned int n;
	uint32_t back;
	bool answered;
	bool is_last;
};

static uint32_t send_to(struct end *from, const struct end *to, bool signal, const char *member,
			unsigned int number)
{
	const struct attempt attempt = { signal, "unique", "/", INTERFACE, member };
	struct kb_message *message = attempt_message(&attempt, to);
	uint32_t serial;

	if (kb_message_append(message, "u", number) < 0)
		exit(EXIT_FAILURE);
	serial = end_send(from, message);
	kb_message_unref(message);
	return serial;
}

static void send_return(struct end *end, const struct kb_message *call, unsigned int number)
{
	struct kb_message *reply;

	if (kb_message_new_return(call, &reply) < 0 || kb_message_append(reply, "u", number) < 0)
		exit(EXIT_FAILURE);
	end_send(end, reply);
	kb_message_unref(reply);
}

static void work(struct worker *worker, const struct kb_message *message)
{
	unsigned int number;

	if (message->reply_cookie == worker->back) {
		worker->answered = message->type == KB_METHOD_RETURN;
	} else if (message->type == KB_SIGNAL) {
		worker->is_last = worker->n == AHEAD;
	} else if (kb_message_read(message, "u", &number) == 0 && number == worker->n) {
		send_return(&worker->end, message, number);
		worker->n++;
	}
}

/* The next message that is one, or NULL. */
static struct kb_message *receive_call(struct end *end)
{
	struct kb_message *message;

	while ((message = end_receive(end, END_WAIT_MS)) && message->type != KB_METHOD_CALL)
		kb_message_unref(message);
	return message;
}

static unsigned int count_returns(struct end *end)
{
	struct kb_message *reply;
	unsigned int n, number;

	for (n = 0; n < AHEAD; n++) {
		reply = end_receive(end, END_WAIT_MS);
		if (!reply || kb_message_read(reply, "u", &number) < 0 || number != n)
			return n;
		kb_message_unref(reply);
	}
	return n;
}

static int ahead(const char *path)
{
	struct worker worker = { 0 };
	struct kb_message *message;
	struct end end;

	end_open(&end, path, NOBODY_ELSE, false);
	end_open(&worker.end, path, NOBODY_ELSE, false);
	for (unsigned int i = 0; i < AHEAD; i++)
		send_to(&end, &worker.end, false, "Work", i);
	send_to(&end, &worker.end, true, "Done", 0);

	worker.back = send_to(&worker.end, &end, false, "Why", 0);
	message = receive_call(&end);
	printf("asked back: %s\n", message ? message->member : "no");
	if (message)
		send_return(&end, message, 0);
	kb_message_unref(message);

	while ((!worker.is_last || !worker.answered) &&
	       (message = end_receive(&worker.end, END_WAIT_MS))) {
		work(&worker, message);
		kb_message_unref(message);
	}
	printf("tasks in order: %u, the signal behind them: %s, answered: %s\n", worker.n,
	       worker.is_last ? "yes" : "no", worker.answered ? "yes" : "no");
	printf("returns in order: %u\n", count_returns(&end));
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && kb_streq(argv[1], "serve"))
		return serve(argv[2]);
	if (argc == 4 && kb_streq(argv[1], "hear"))
		return hear(argv[2], argv[3]);
	if (argc == 4 && kb_streq(argv[1], "start"))
		return start(argv[2], argv[3]);
	if (argc == 3 && kb_streq(argv[1], "verdicts"))
		return verdicts(argv[2]);
	if (argc == 3 && kb_streq(argv[1], "ahead"))
		return ahead(argv[2]);
	fprintf(stderr, "usage: private serve NAME | hear SOCKET RULE | start SOCKET NAME | "
			"verdicts SOCKET | ahead SOCKET\n");
	return EXIT_FAILURE;
}
