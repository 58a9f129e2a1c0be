// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a bus does when a limit is reached, in lines that can be compared with
 * another bus's.
 *
 * usage: limits LIMIT SOCKET…     with the limit set as tests/system/82-limits.sh
 *                                 does; with several sockets, of one bus
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/name.h"
#include "tests/dbus1-end.h"

#define NOBODY_ELSE	((uid_t)-1)
#define SHORT_MS	700

static char **sockets;
static unsigned int n_sockets, next_socket;

/* small steps */

/* each at the next socket, so that all of them count */
static const char *some_socket(void)
{
	return sockets[next_socket++ % n_sockets];
}

static void open_end(struct end *end)
{
	end_open(end, some_socket(), NOBODY_ELSE, true);
}

/* connected, and OK was said */
static void open_mute(struct end *end)
{
	end_connect(end, some_socket(), NOBODY_ELSE);
	end_authenticate(end, true);
}

static const char *verdict(const struct kb_message *reply)
{
	if (!reply)
		return "nothing";
	return reply->type == KB_ERROR ? reply->error_name : "ok";
}

static void say(const char *what, struct kb_message *reply)
{
	printf("%s: %s\n", what, verdict(reply));
	kb_message_unref(reply);
}

static struct kb_message *new_call(const char *destination, const char *member)
{
	struct kb_message *call = NULL;

	if (kb_message_new_call(destination, "/", "org.test.Interface", member, &call) < 0)
		exit(EXIT_FAILURE);
	return call;
}

static uint32_t send_call(struct end *end, const char *destination, const char *member)
{
	struct kb_message *call = new_call(destination, member);
	uint32_t serial = end_send(end, call);

	kb_message_unref(call);
	return serial;
}

static void send_return(struct end *end, const struct kb_message *call)
{
	struct kb_message *reply = NULL;

	if (kb_message_new_return(call, &reply) < 0)
		exit(EXIT_FAILURE);
	end_send(end, reply);
	kb_message_unref(reply);
}

/* The answer to @serial if there is one by now; others are thrown away. */
static struct kb_message *answer_by_now(struct end *end, uint32_t serial)
{
	struct kb_message *message, *found = NULL;
	uint32_t last = send_call(end, KB_DRIVER_NAME, "NoSuchMethod");
	bool done = false;

	while (!done && (message = end_receive(end, END_WAIT_MS))) {
		done = message->reply_cookie == last;
		if (message->reply_cookie == serial && !found)
			found = kb_message_ref(message);
		kb_message_unref(message);
	}
	return found;
}

static bool is_hung_up_by_now(struct end *end)
{
	return end_is_hung_up(end, SHORT_MS);
}

/* calls that wait for their replies: 3 */

static void try_replies(void)
{
	struct kb_message *call;
	struct end caller, callee;

	open_end(&caller);
	open_end(&callee);
	for (int i = 1; i <= 5; i++) {
		printf("call %d ", i);
		say("waits for", answer_by_now(&caller, send_call(&caller, callee.name, "Wait")));
	}
	call = end_receive(&callee, END_WAIT_MS);
	send_return(&callee, call);
	end_sync(&callee);
	say("after a reply", answer_by_now(&caller, send_call(&caller, callee.name, "Wait")));
	say("and then", answer_by_now(&caller, send_call(&caller, callee.name, "Wait")));
	say("who calls the bus", end_call(&caller, "GetId", ""));
	kb_message_unref(call);
	call = new_call(callee.name, "Forget");
	call->flags = KB_NO_REPLY_EXPECTED;
	say("who wants no reply", answer_by_now(&caller, end_send(&caller, call)));
	kb_message_unref(call);
	end_close(&callee);
	end_sync(&caller);
	open_end(&callee);
	say("after the peer has gone", answer_by_now(&caller, send_call(&caller, callee.name, "Wait")));
	end_close(&caller);
	end_close(&callee);
}

/* a time for replies */

static void try_reply_timeout(void)
{
	struct end caller, callee;

	open_end(&caller);
	open_end(&callee);
	say("a call without reply", end_reply(&caller, send_call(&caller, callee.name, "Wait")));
	end_close(&caller);
	end_close(&callee);
}

/* services that are being started: 1; there are two that never come up */

static void try_starts(void)
{
	struct end one, two, three;

	open_end(&one);
	open_end(&two);
	open_end(&three);
	send_call(&one, "org.test.Slow1", "Wait");
	end_sync(&one);
	say("a second service", end_reply(&two, send_call(&two, "org.test.Slow2", "Wait")));
	say("a second one by name",
	    end_call(&two, "StartServiceByName", "su", "org.test.Slow2", 0));
	say("the same again", answer_by_now(&two, send_call(&two, "org.test.Slow1", "Wait")));
	say("the first when its time is over", end_receive(&one, END_WAIT_MS));
	say("then the second",
	    answer_by_now(&three, send_call(&three, "org.test.Slow2", "Wait")));
	end_close(&one);
	end_close(&two);
	end_close(&three);
}

/* who has said Hello: 3 */

static void try_connections(void)
{
	struct end ends[5];
	struct kb_message *reply;

	for (int i = 0; i < 5; i++) {
		printf("client %d: ", i + 1);
		open_mute(&ends[i]);
		reply = end_call(&ends[i], "Hello", "");
		say("Hello", reply);
	}
	end_close(&ends[0]);
	usleep(SHORT_MS * 1000);
	open_mute(&ends[0]);
	say("after one has gone", end_call(&ends[0], "Hello", ""));
	for (int i = 0; i < 5; i++)
		end_close(&ends[i]);
}

/* who has not said Hello yet: 2 */

static bool is_answered(struct end *end)
{
	struct pollfd poll_fd = { .fd = end->fd, .events = POLLIN };

	return poll(&poll_fd, 1, SHORT_MS) > 0;
}

static void try_incomplete(void)
{
	static const char auth[] = "\0AUTH EXTERNAL\r\n";
	struct end ends[4];

	for (int i = 0; i < 4; i++) {
		end_connect(&ends[i], some_socket(), NOBODY_ELSE);
		end_write(&ends[i], auth, sizeof(auth) - 1);
		printf("client %d is %s\n", i + 1, is_answered(&ends[i]) ? "spoken to" : "left waiting");
	}
	end_close(&ends[0]);
	end_close(&ends[1]);
	printf("when others have gone it is %s\n", is_answered(&ends[2]) ? "spoken to" : "left waiting");
	end_close(&ends[2]);
	end_close(&ends[3]);
}

/* 400 ms to say Hello */

static void try_auth(void)
{
	struct end silent, known;

	end_connect(&silent, some_socket(), NOBODY_ELSE);
	printf("who says nothing is %s\n", is_hung_up_by_now(&silent) ? "hung up on" : "kept");
	open_mute(&known);
	printf("who does not say Hello is %s\n", is_hung_up_by_now(&known) ? "hung up on" : "kept");
	end_close(&silent);
	end_close(&known);
	open_end(&known);
	printf("who does is %s\n", is_hung_up_by_now(&known) ? "hung up on" : "kept");
	end_close(&known);
}

/* names: 3 */

static void try_names(void)
{
	static const char *const names[] = { "org.test.A", "org.test.B", "org.test.C", "org.test.B" };
	struct end owner, other;

	open_end(&owner);
	open_end(&other);
	for (size_t i = 0; i < KB_ARRAY_SIZE(names); i++) {
		printf("%s ", names[i]);
		say("requested", end_call(&owner, "RequestName", "su", names[i], 0));
	}
	say("released", end_call(&owner, "ReleaseName", "s", "org.test.A"));
	say("then another", end_call(&owner, "RequestName", "su", "org.test.C", 0));
	say("one to wait for", end_call(&other, "RequestName", "su", "org.test.B", 0));
	say("two to wait for", end_call(&other, "RequestName", "su", "org.test.C", 0));
	say("three to wait for", end_call(&other, "RequestName", "su", "org.test.D", 0));
	end_close(&owner);
	end_close(&other);
}

/* rules: 3 */

static void try_rules(void)
{
	static const char *const rules[] = { "member='A'", "member='A'", "member='B'", "member='C'" };
	struct end end;

	open_end(&end);
	for (size_t i = 0; i < KB_ARRAY_SIZE(rules); i++)
		say(rules[i], end_call(&end, "AddMatch", "s", rules[i]));
	say("removed", end_call(&end, "RemoveMatch", "s", "member='A'"));
	say("then", end_call(&end, "AddMatch", "s", "member='C'"));
	end_close(&end);
}

/* messages of 20000 bytes */

static void try_size(void)
{
	static const size_t sizes[] = { 100, 19000, 20001, 1000000 };

	for (size_t i = 0; i < KB_ARRAY_SIZE(sizes); i++) {
		char *text = calloc(1, sizes[i] + 1);
		struct end end;

		memset(text, 'x', sizes[i]);
		open_end(&end);
		printf("%zu bytes: ", sizes[i]);
		say("", end_call(&end, "NameHasOwner", "s", text));
		end_close(&end);
		free(text);
	}
}

/* descriptors in a message: 2 */

static void try_fds(void)
{
	struct end from, to;

	open_end(&to);
	for (int n = 1; n <= 4; n++) {
		struct kb_message *call = new_call(to.name, "Take"), *heard;

		open_end(&from);
		call->flags = KB_NO_REPLY_EXPECTED;
		for (int i = 0; i < n; i++)
			kb_message_add_fd(call, open("/dev/null", O_RDONLY | O_CLOEXEC), NULL);
		end_send(&from, call);
		printf("with %d the sender is %s", n, is_hung_up_by_now(&from) ? "hung up on" : "kept");
		heard = end_receive(&to, 100);
		printf(", the receiver gets %zu\n", heard ? heard->n_fds : 0);
		kb_message_unref(heard);
		kb_message_unref(call);
		end_close(&from);
	}
	end_close(&to);
}

/* descriptors that are announced and do not come, for 400 ms */

static void try_pending_fds(void)
{
	struct kb_message *call = new_call(":1.99999", "Take");
	struct kb_buffer bytes = { 0 };
	struct end end;

	kb_message_add_fd(call, open("/dev/null", O_RDONLY | O_CLOEXEC), NULL);
	call->cookie = 7;
	if (kb_message_encode_dbus1(call, &bytes) < 0)
		exit(EXIT_FAILURE);
	open_end(&end);
	end_write(&end, bytes.data, bytes.size);
	printf("who keeps them back is %s\n", is_hung_up_by_now(&end) ? "hung up on" : "kept");
	end_close(&end);
	kb_buffer_deinit(&bytes);
	kb_message_unref(call);
}

/* who does not read gets no more than 50000 bytes, or 3 descriptors */

static void try_outgoing(bool with_fd)
{
	struct end from, deaf, other;
	const char *last = "nothing";
	char *text = calloc(1, 10001);
	struct kb_message *heard;

	memset(text, 'x', 10000);
	open_end(&from);
	open_end(&deaf);
	open_end(&other);
	/* more than the sockets in between hold, fewer than may wait for replies */
	for (int i = 0; i < 120 && kb_streq(last, "nothing"); i++) {
		struct kb_message *call = new_call(deaf.name, "Fill"), *reply;

		kb_message_append(call, "s", text);
		if (with_fd)
			kb_message_add_fd(call, open("/dev/null", O_RDONLY | O_CLOEXEC), NULL);
		reply = answer_by_now(&from, end_send(&from, call));
		last = reply ? kb_streq(verdict(reply), KB_ERROR_LIMITS_EXCEEDED) ? "LimitsExceeded" : "another" : last;
		kb_message_unref(reply);
		kb_message_unref(call);
	}
	printf("its peer hears %s\n", last);
	printf("another is %s\n", end_sync(&other) ? "served" : "not served");
	printf("it is %s\n", recv(deaf.fd, text, 1, MSG_PEEK | MSG_DONTWAIT) == 1 ? "kept" : "hung up on");
	while ((heard = end_receive(&deaf, SHORT_MS)))
		kb_message_unref(heard);
	say("after it has read", answer_by_now(&from, send_call(&from, deaf.name, "Wait")));
	free(text);
	end_close(&from);
	end_close(&deaf);
	end_close(&other);
}

static void try_outgoing_bytes(void)
{
	try_outgoing(false);
}

static void try_outgoing_fds(void)
{
	try_outgoing(true);
}

/* who sends faster than is taken is slowed down, and loses nothing */

static void try_incoming(void)
{
	struct kb_message *call, *heard;
	unsigned int n = 0, n_fds = 0;
	struct end from, to;
	char text[501];

	memset(text, 'x', 500);
	text[500] = '\0';
	open_end(&from);
	open_end(&to);
	if (fork() == 0) {
		for (int i = 0; i < 100; i++) {
			call = new_call(to.name, "Fill");
			call->flags = KB_NO_REPLY_EXPECTED;
			kb_message_append(call, "s", text);
			kb_message_add_fd(call, open("/dev/null", O_RDONLY | O_CLOEXEC), NULL);
			end_send(&from, call);
			kb_message_unref(call);
		}
		_exit(0);
	}
	while (n < 100 && (heard = end_receive(&to, END_WAIT_MS))) {
		n++;
		n_fds += heard->n_fds;
		kb_message_unref(heard);
	}
	printf("%u messages and %u descriptors arrive\n", n, n_fds);
	end_close(&from);
	end_close(&to);
}

static const struct {
	const char *limit;
	void (*run)(void);
} tries[] = {
	{ "max_incoming_bytes", try_incoming },
	{ "max_incoming_unix_fds", try_incoming },
	{ "max_outgoing_bytes", try_outgoing_bytes },
	{ "max_outgoing_unix_fds", try_outgoing_fds },
	{ "max_message_size", try_size },
	{ "max_message_unix_fds", try_fds },
	{ "max_completed_connections", try_connections },
	{ "max_incomplete_connections", try_incomplete },
	{ "max_connections_per_user", try_connections },
	{ "max_names_per_connection", try_names },
	{ "max_match_rules_per_connection", try_rules },
	{ "max_replies_per_connection", try_replies },
	{ "max_pending_service_starts", try_starts },
	{ "auth_timeout", try_auth },
	{ "pending_fd_timeout", try_pending_fds },
	{ "reply_timeout", try_reply_timeout },
};

int main(int argc, char **argv)
{
	if (argc < 3)
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sockets = argv + 2;
	n_sockets = argc - 2;
	for (size_t i = 0; i < KB_ARRAY_SIZE(tries); i++) {
		if (!kb_streq(tries[i].limit, argv[1]))
			continue;
		tries[i].run();
		return EXIT_SUCCESS;
	}
	return EXIT_FAILURE;
}
