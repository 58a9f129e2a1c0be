/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who waits for a reply gets one, also if it cannot be shown. */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/conn.h"
#include "lib/error.h"
#include "proxy/client.h"
#include "proxy/driver-answers.h"
#include "proxy/proxy.h"
#include "proxy/to-dbus1.h"

#define SERIAL 5

static struct config config;
static struct proxy proxy = { .config = &config };
static struct kb_conn conn = {
	.n_refs = 1,
	.fd = -1,
	.id = 7,
	.unique_name = ":1.7",
};
static struct client *client;
static int client_end;

static void begin(void)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	limits_init(&config.limits);
	cr_assert_eq(client_new(&proxy, fds[0], fds[0], &client), 0);
	client_end = fds[1];
	client_join(client, &conn);
}

TestSuite(to_dbus1, .init = begin);

static struct kb_message *new_reply(void)
{
	struct kb_message *reply;

	cr_assert_eq(kb_message_new(KB_METHOD_RETURN, &reply), 0);
	cr_assert_eq(kb_message_set(reply, KB_FIELD_SENDER, ":1.99"), 0);
	cr_assert_eq(kb_message_set(reply, KB_FIELD_DESTINATION, ":1.7"), 0);
	reply->src_id = 99;
	reply->dst_id = 7;
	reply->cookie = 1;
	reply->reply_cookie = SERIAL;
	return reply;
}

/* The client gets this error in place of the reply, and nothing else. */
static void expect_error(struct kb_message *reply, const char *name)
{
	static uint8_t bytes[4096];
	struct kb_message *error;
	ssize_t n;

	cr_expect_eq(to_dbus1(client, reply), 0);
	cr_assert_eq(stream_flush(&client->stream), 0);
	n = recv(client_end, bytes, sizeof(bytes), 0);
	cr_assert_gt(n, 0, "the client gets nothing");
	cr_assert_eq(kb_message_decode_dbus1(bytes, n, NULL, 0, &error), 0);
	cr_expect_eq(error->type, KB_ERROR);
	cr_expect_eq(error->reply_cookie, SERIAL);
	cr_expect_str_eq(error->error_name, name);
	cr_expect_str_eq(error->sender, KB_DRIVER_NAME);
	kb_message_unref(error);
}

Test(to_dbus1, a_malformed_reply_is_an_error)
{
	static const uint8_t neither[] = { 2 };
	struct kb_message *reply = new_reply();

	reply->signature = "b";
	reply->body = neither;
	reply->body_size = sizeof(neither);
	expect_error(reply, KB_ERROR_INCONSISTENT_MESSAGE);
}

/* Bytes fit; as 32-bit truth values each takes four. */
Test(to_dbus1, a_reply_that_is_too_large_is_an_error)
{
	const size_t size = (16 << 20) + 1;
	uint8_t *body = calloc(1, size);
	struct kb_message *reply = new_reply();

	reply->signature = "ab";
	reply->body = body;
	reply->body_size = size;
	expect_error(reply, KB_ERROR_LIMITS_EXCEEDED);
	free(body);
}

Test(to_dbus1, a_reply_with_descriptors_for_whom_takes_none_is_an_error)
{
	struct kb_message *reply = new_reply();

	cr_assert_geq(kb_message_add_fd(reply, open("/dev/null", O_RDONLY | O_CLOEXEC), NULL), 0);
	expect_error(reply, KB_ERROR_NOT_SUPPORTED);
}

Test(to_dbus1, a_reply_that_is_well_is_shown)
{
	static uint8_t bytes[4096];
	struct kb_message *reply = new_reply(), *shown;
	ssize_t n;

	cr_assert_eq(kb_message_append(reply, "s", "well"), 0);
	cr_expect_eq(to_dbus1(client, reply), 0);
	cr_assert_eq(stream_flush(&client->stream), 0);
	n = recv(client_end, bytes, sizeof(bytes), 0);
	cr_assert_gt(n, 0);
	cr_assert_eq(kb_message_decode_dbus1(bytes, n, NULL, 0, &shown), 0);
	cr_expect_eq(shown->type, KB_METHOD_RETURN);
	cr_expect_str_eq(shown->sender, ":1.99");
	kb_message_unref(shown);
}

/* The owner may go between the driver's look and its answer, and the kernel's
 * word of that comes first. */
Test(to_dbus1, an_older_answer_takes_no_name_away)
{
	const struct ledger_entry entry = {
		.serial = SERIAL,
		.kind = DRIVER_ASKED_REQUEST,
		.name = strdup("org.example"),
	};
	struct kb_message *reply = new_reply();

	cr_assert_eq(ledger_add(&client->asked, entry), 0);
	cr_assert_eq(names_add(&client->names, "org.example", false), 0);
	/* it waits in the queue */
	cr_assert_eq(kb_message_append(reply, "u", 2), 0);
	cr_assert_eq(kb_message_seal(reply), 0);
	cr_expect_eq(to_dbus1(client, reply), 0);
	cr_expect(names_own(&client->names, "org.example"));
}
