/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client says goes to the bus as it should, or not at all. */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/conn.h"
#include "lib/error.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/to-kdbus.h"

/* of the connection that there is none of; no file of ours has it */
#define BUS_FD 10000
#define OWN_ID 7

/* bytes that fit into a message, but not any more once they are GVariant */
#define N_SIGNATURES (13500000U)

static struct config config;
static struct proxy proxy = { .config = &config };
static struct kb_conn conn = {
	.n_refs = 1,
	.fd = BUS_FD,
	.id = OWN_ID,
	.unique_name = ":1.7",
};
static struct client *client;
static int client_end;

/* the kernel: takes the place of libc's ioctl() */

static unsigned int n_sent;
static struct kdbus_msg sent;

int ioctl(int fd, unsigned long number, ...)
{
	const struct kdbus_cmd_send *send;
	va_list arguments;
	void *argument;

	va_start(arguments, number);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (fd != BUS_FD)
		return syscall(SYS_ioctl, fd, number, argument);
	if (number == KDBUS_CMD_SEND) {
		send = argument;
		sent = *(const struct kdbus_msg *)(uintptr_t)send->msg_address;
		n_sent++;
		return 0;
	}
	/* nobody has any name, and there is no room for rules */
	errno = number == KDBUS_CMD_CONN_INFO ? ESRCH :
		number == KDBUS_CMD_MATCH_ADD ? EMFILE :
						ENOTTY;
	return -1;
}

static void begin(void)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	limits_init(&config.limits);
	cr_assert_geq(sd_event_new(&proxy.event), 0);
	cr_assert_geq(sd_event_add_defer(proxy.event, &proxy.reaper, NULL, NULL), 0);
	cr_assert_eq(client_new(&proxy, fds[0], fds[0], &client), 0);
	client->state = CLIENT_HELLO;
	client_end = fds[1];
}

TestSuite(to_kdbus, .init = begin);

/* messages */

static struct kb_message *new_reply(const char *destination, uint32_t serial)
{
	struct kb_message *reply;

	cr_assert_eq(kb_message_new(KB_METHOD_RETURN, &reply), 0);
	cr_assert_eq(kb_message_set(reply, KB_FIELD_DESTINATION, destination), 0);
	reply->cookie = 1;
	reply->reply_cookie = serial;
	return reply;
}

/* A reply of so many empty signatures: two bytes each here, five over there. */
static struct kb_message *new_huge_reply(const char *destination, uint32_t serial,
					 struct kb_buffer *bytes)
{
	struct kb_message *reply = new_reply(destination, serial), *huge;
	const uint32_t array = 2 * N_SIGNATURES, body = 4 + array;
	const char *const one[] = { "", NULL };
	size_t head;

	cr_assert_eq(kb_message_append(reply, "ag", one), 0);
	cr_assert_eq(kb_message_encode_dbus1(reply, bytes), 0);
	kb_message_unref(reply);
	head = bytes->size - 4 - 2;
	memcpy(bytes->data + 4, &body, sizeof(body));
	memcpy(bytes->data + head, &array, sizeof(array));
	cr_assert_eq(kb_buffer_append_zero(bytes, array - 2), 0);
	cr_assert_eq(kb_message_decode_dbus1(bytes->data, bytes->size, NULL, 0, &huge), 0);
	return huge;
}

Test(to_kdbus, what_cannot_be_said_on_the_bus_before_hello_ends_the_client)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};
	struct kb_message *huge = new_huge_reply(":1.99", 1, &bytes);

	to_kdbus(client, huge);
	cr_expect(client_is_dead(client));
	cr_expect_eq(n_sent, 0);
	kb_message_unref(huge);
}

/* The caller was shown under a serial that is not its cookie. */
Test(to_kdbus, who_waits_for_a_reply_that_cannot_be_sent_gets_an_error)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};
	const struct ledger_entry entry = { .serial = 0xfffffff0, .id = 99, .cookie = 1ULL << 40 };
	struct kb_message *huge = new_huge_reply(KB_DRIVER_NAME, entry.serial, &bytes);

	client_join(client, &conn);
	cr_assert_eq(ledger_add(&client->owed, entry), 0);
	to_kdbus(client, huge);
	cr_assert_eq(n_sent, 1);
	cr_expect_eq(sent.dst_id, 99);
	cr_expect_eq(sent.cookie_reply, entry.cookie);
	kb_message_unref(huge);
}

/* policy */

/* The next message that the client was sent. */
static struct kb_message *next_message(void)
{
	static uint8_t bytes[4096];
	struct kb_message *message;
	ssize_t n;

	cr_assert_eq(stream_flush(&client->stream), 0);
	n = recv(client_end, bytes, sizeof(bytes), 0);
	cr_assert_gt(n, 0);
	cr_assert_eq(kb_message_decode_dbus1(bytes, n, NULL, 0, &message), 0);
	return message;
}

/* A name could get an owner in between, of whom the policy says no. */
Test(to_kdbus, what_no_verdict_was_about_is_not_sent)
{
	const struct policy_identity identity = { .uid = 1000 };
	struct kb_message *call, *error;

	cr_assert_eq(policy_new(&config.policy), 0);
	cr_assert_eq(policy_get_view(config.policy, &identity, &client->view), 0);
	client_join(client, &conn);
	cr_assert_eq(kb_message_new_call("org.example.Nobody", "/", "org.example", "Do", &call), 0);
	call->cookie = 5;
	to_kdbus(client, call);
	cr_expect_eq(n_sent, 0);
	error = next_message();
	cr_expect_eq(error->reply_cookie, 5);
	cr_expect_str_eq(error->error_name, KB_ERROR_SERVICE_UNKNOWN);
	kb_message_unref(error);
	kb_message_unref(call);
}

/* whose reply is it */

static void expect_reply_sent(const char *to, uint32_t serial, uint64_t id, uint64_t cookie)
{
	struct kb_message *reply = new_reply(to, serial);
	unsigned int before = n_sent;

	to_kdbus(client, reply);
	cr_assert_eq(n_sent, before + 1);
	cr_expect_eq(sent.dst_id, id);
	cr_expect_eq(sent.cookie_reply, cookie);
	kb_message_unref(reply);
}

/* Somebody else can call with a cookie that is a serial of ours. */
Test(to_kdbus, a_reply_goes_to_the_caller_that_it_names)
{
	const struct ledger_entry entry = { .serial = 0xfffffff0, .id = 99, .cookie = 1ULL << 40 };

	client_join(client, &conn);
	cr_assert_eq(ledger_add(&client->owed, entry), 0);
	expect_reply_sent(":1.66", entry.serial, 66, entry.serial);
	expect_reply_sent(":1.99", entry.serial, 99, entry.cookie);
	cr_expect_eq(n_sent, 2);
}

/* A caller that was shown as the driver is answered as that. */
Test(to_kdbus, a_reply_to_the_driver_goes_to_whom_it_was)
{
	const struct ledger_entry entry = { .serial = 0xfffffff0, .id = 99, .cookie = 8 };

	client_join(client, &conn);
	cr_assert_eq(ledger_add(&client->owed, entry), 0);
	expect_reply_sent(KB_DRIVER_NAME, entry.serial, 99, entry.cookie);
	cr_expect_eq(n_sent, 1);
}

/* rules */

/* Who is told of a limit that can be set would set it in vain. */
Test(to_kdbus, the_limit_that_is_reached_is_named)
{
	struct kb_message *call, *error;
	const char *text;

	client_join(client, &conn);
	conn.bloom = (struct kdbus_bloom_parameter){ .size = 64, .n_hash = 1 };
	cr_assert_eq(kb_message_new_call(KB_DRIVER_NAME, KB_DRIVER_PATH, KB_DRIVER_INTERFACE,
					 "AddMatch", &call), 0);
	cr_assert_eq(kb_message_append(call, "s", "member='Changed'"), 0);
	call->cookie = 5;
	to_kdbus(client, call);
	kb_message_unref(call);
	error = next_message();
	cr_expect_str_eq(error->error_name, KB_ERROR_LIMITS_EXCEEDED);
	cr_assert_eq(kb_message_read(error, "s", &text), 0);
	cr_expect_null(strstr(text, "max_match_rules_per_connection"), "%s", text);
	cr_expect_not_null(strstr(text, "kernel"), "%s", text);
	kb_message_unref(error);
}
