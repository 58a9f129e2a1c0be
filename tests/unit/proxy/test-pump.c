/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client may make the proxy keep, and for how long. */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/conn.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/pump.h"
#include "proxy/reload.h"

static struct config config;
static struct proxy proxy = { .config = &config };
static struct client *client;
static int client_end;

static int on_reap(sd_event_source *source, void *userdata)
{
	(void)source;
	(void)userdata;
	return 0;
}

/* Runs the loop for so long as there is something to do at once. */
static void run(void)
{
	while (sd_event_run(proxy.event, 0) > 0)
		;
}

/* Runs it until the client is disconnected, or for ten seconds. */
static bool is_disconnected(void)
{
	for (int i = 0; i < 100 && !client_is_dead(client); i++)
		sd_event_run(proxy.event, 100000);
	return client_is_dead(client);
}

static void begin(void)
{
	static const char auth[] = "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	client_end = fds[1];
	proxy.owner = getuid();
	limits_init(&config.limits);
	cr_assert_eq(policy_new(&config.policy), 0);
	cr_assert_geq(sd_event_new(&proxy.event), 0);
	cr_assert_geq(sd_event_add_defer(proxy.event, &proxy.reaper, on_reap, NULL), 0);
	cr_assert_eq(reload_new(&proxy, &proxy.reload), 0);
	cr_assert_eq(client_new(&proxy, fds[0], fds[0], &client), 0);
	cr_assert_eq(pump_start(client), 0);
	cr_assert_eq(write(client_end, auth, sizeof(auth) - 1), sizeof(auth) - 1);
	run();
	cr_assert_eq(client->state, CLIENT_HELLO);
}

TestSuite(pump, .init = begin, .timeout = 60);

/* The client is on a bus that says nothing. */
static void join(void)
{
	struct kb_conn *conn = calloc(1, sizeof(*conn));
	int fds[2];

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	conn->n_refs = 1;
	conn->fd = fds[0];
	conn->id = 7;
	client_join(client, conn);
	pump_update(client);
	cr_assert_not(client_is_dead(client));
}

/* A call with so many descriptors, as bytes alone. */
static void encode_call(size_t n_fds, struct kb_buffer *out)
{
	struct kb_message *call;

	cr_assert_eq(kb_message_new_call("org.example", "/", "org.example", "Do", &call), 0);
	call->cookie = 1;
	for (size_t i = 0; i < n_fds; i++)
		cr_assert_geq(kb_message_add_fd(call, open("/dev/null", O_RDONLY | O_CLOEXEC), NULL), 0);
	cr_assert_eq(kb_message_encode_dbus1(call, out), 0);
	kb_message_unref(call);
}

static void send_with_fds(const void *data, size_t size, size_t n_fds)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(253 * sizeof(int))];
	} control = {
		.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int)),
		.header.cmsg_level = SOL_SOCKET,
		.header.cmsg_type = SCM_RIGHTS,
	};
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
	const struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n_fds * sizeof(int)),
	};

	for (size_t i = 0; i < n_fds; i++)
		((int *)CMSG_DATA(&control.header))[i] = client_end;
	cr_assert_eq(sendmsg(client_end, &message, MSG_NOSIGNAL), (ssize_t)size);
	run();
}

Test(pump, what_follows_a_message_without_its_descriptors_is_not_kept_without_end)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};
	static const char block[50000];
	size_t most = 0;

	config.limits.max_incoming_bytes = 100000;
	encode_call(1, &bytes);
	send_with_fds(bytes.data, bytes.size, 0);
	for (int i = 0; i < 100 && !client_is_dead(client); i++) {
		(void)!write(client_end, block, sizeof(block));
		run();
		if (!client_is_dead(client) && client->stream.in.size > most)
			most = client->stream.in.size;
	}
	cr_expect_lt(most, 200000);
	cr_expect(client_is_dead(client));
}

Test(pump, no_more_descriptors_than_a_message_may_have_wait_for_it)
{
	send_with_fds("l", 1, config.limits.max_message_unix_fds);
	cr_expect_not(client_is_dead(client));
	send_with_fds("\1", 1, 1);
	cr_expect(client_is_dead(client));
}

Test(pump, descriptors_do_not_wait_long_for_the_rest_of_their_message)
{
	config.limits.pending_fd_timeout = 100;
	join();
	send_with_fds("l", 1, 1);
	cr_expect_not(client_is_dead(client));
	cr_expect(is_disconnected());
}

Test(pump, a_message_that_comes_in_time_ends_the_waiting)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};

	config.limits.pending_fd_timeout = 1000000;
	join();
	encode_call(1, &bytes);
	send_with_fds(bytes.data, 20, 1);
	cr_expect(client->waits_for_fds);
	send_with_fds(bytes.data + 20, bytes.size - 20, 0);
	cr_expect_not(client->waits_for_fds);
	/* the same once more, with the next of them behind it */
	send_with_fds(bytes.data, bytes.size, 1);
	cr_expect_not(client->waits_for_fds);
	cr_expect_not(client_is_dead(client));
}

/* Who reads what is left a little at a time does not keep it up. */
Test(pump, reading_gives_no_more_time_to_whom_we_hang_up_on)
{
	static char block[1 << 20];
	uint64_t before, after;

	cr_assert_eq(kb_buffer_append_zero(stream_output(&client->stream), sizeof(block)), 0);
	client_close_gently(client);
	pump_update(client);
	cr_assert_eq(client->state, CLIENT_CLOSING);
	cr_assert_geq(sd_event_source_get_time(client->timer, &before), 0);
	cr_assert_gt(recv(client_end, block, sizeof(block) / 4, 0), 0);
	run();
	cr_assert_eq(client->state, CLIENT_CLOSING);
	cr_assert_geq(sd_event_source_get_time(client->timer, &after), 0);
	cr_expect_eq(after, before);
}
