// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a client sends the proxy: the whole of it, from the socket to the bus and
 * back, with a bus that returns every message to its sender.
 *
 * Whatever comes in, only messages come out, and each can be read.
 *
 * input: options, bytes in a piece, descriptors with each, what is sent
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/log.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/pump.h"
#include "proxy/reload.h"
#include "tests/fuzz/user/fuzz.h"
#include "tests/fuzz/user/message.h"

#define GUID "0123456789abcdef0123456789abcdef"
#define LOOP_MAX 64

/* the bus */

static struct kb_message *queue[LOOP_MAX];
static size_t n_queue;

int __wrap_kb_conn_open(const char *address,
			const struct kb_conn_options *options,
			struct kb_conn **out);
int __wrap_kb_conn_send(struct kb_conn *conn, struct kb_message *message);
int __wrap_kb_conn_recv(struct kb_conn *conn, struct kb_message **out);
int __wrap_kb_cmd_match_add(int fd, uint64_t cookie, uint64_t flags,
			    const struct kb_buffer *items, uint64_t behalf_id);
int __wrap_kb_cmd_match_remove(int fd, uint64_t cookie, uint64_t behalf_id);
int __wrap_kb_cmd_recv(int fd, uint64_t flags, int64_t priority,
		       struct kdbus_cmd_recv *out);
int __wrap_kb_cmd_conn_info(int fd, uint64_t id, const char *name,
			    uint64_t attach, uint64_t behalf_id,
			    uint64_t *out_offset, uint64_t *out_size);

int __wrap_kb_conn_open(const char *address,
			const struct kb_conn_options *options,
			struct kb_conn **out)
{
	struct kb_conn *conn = calloc(1, sizeof(*conn));

	(void)address;
	must(conn);
	conn->n_refs = 1;
	conn->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(conn->fd >= 0);
	conn->id = 1;
	kb_unique_name(conn->id, conn->unique_name);
	conn->flags = options->flags;
	conn->bloom = (struct kdbus_bloom_parameter){ .size = 64, .n_hash = 8 };
	*out = conn;
	return 0;
}

/* What goes over the bus is complete, and comes back to whoever sent it. */
int __wrap_kb_conn_send(struct kb_conn *conn, struct kb_message *message)
{
	struct kb_buffer bytes = {};
	struct kb_message *back;
	int r;

	if (!message->cookie)
		message->cookie = ++conn->last_cookie;
	r = kb_message_encode_gvariant(message, &bytes);
	must(r == 0);
	must(message_decode(KB_GVARIANT, bytes.data, bytes.size, message->n_fds,
			    &back) == 0);
	must(kb_message_validate(back) == 0);
	kb_buffer_deinit(&bytes);
	back->src_id = conn->id;
	back->dst_id = back->destination ? conn->id : KDBUS_DST_ID_BROADCAST;
	back->sender = kb_unique_name(conn->id, back->sender_room);
	if (n_queue == LOOP_MAX) {
		kb_message_unref(back);
		return -ENOBUFS;
	}
	queue[n_queue++] = back;
	must(eventfd_write(conn->fd, 1) == 0);
	return 0;
}

int __wrap_kb_conn_recv(struct kb_conn *conn, struct kb_message **out)
{
	eventfd_t count;

	if (!n_queue) {
		(void)eventfd_read(conn->fd, &count);
		return -EAGAIN;
	}
	*out = queue[0];
	memmove(queue, queue + 1, --n_queue * sizeof(*queue));
	return 0;
}

int __wrap_kb_cmd_match_add(int fd, uint64_t cookie, uint64_t flags,
			    const struct kb_buffer *items, uint64_t behalf_id)
{
	(void)fd;
	(void)cookie;
	(void)flags;
	(void)items;
	(void)behalf_id;
	return 0;
}

int __wrap_kb_cmd_match_remove(int fd, uint64_t cookie, uint64_t behalf_id)
{
	(void)fd;
	(void)cookie;
	(void)behalf_id;
	return 0;
}

int __wrap_kb_cmd_recv(int fd, uint64_t flags, int64_t priority,
		       struct kdbus_cmd_recv *out)
{
	(void)fd;
	(void)flags;
	(void)priority;
	(void)out;
	return -EAGAIN;
}

/* Nobody else is there. */
int __wrap_kb_cmd_conn_info(int fd, uint64_t id, const char *name,
			    uint64_t attach, uint64_t behalf_id,
			    uint64_t *out_offset, uint64_t *out_size)
{
	(void)fd;
	(void)id;
	(void)name;
	(void)attach;
	(void)behalf_id;
	(void)out_offset;
	(void)out_size;
	return name ? -ESRCH : -ENXIO;
}

/* the client */

static struct proxy proxy = { .address = "none",
			      .scope = "user",
			      .guid = GUID,
			      .trusts = true };

static int on_reap(sd_event_source *source, void *userdata)
{
	(void)source;
	(void)userdata;
	return 0;
}

static void start_proxy(void)
{
	static char *paths[] = { "/dev/null/none", NULL };

	if (proxy.event)
		return;
	kb_log_set_level(LOG_EMERG);
	must(sd_event_new(&proxy.event) >= 0);
	must(sd_event_add_defer(proxy.event, &proxy.reaper, on_reap, NULL) >=
	     0);
	must(sd_event_source_set_enabled(proxy.reaper, SD_EVENT_OFF) >= 0);
	must(config_read("user", paths, 0, &proxy.config) == 0);
	/* so that they are met */
	proxy.config->limits.max_match_rules_per_connection = 8;
	must(reload_new(&proxy, &proxy.reload) >= 0);
}

/* Until nothing moves any more. */
static void run(void)
{
	for (int i = 0; i < 10000; i++)
		if (sd_event_run(proxy.event, 0) <= 0)
			return;
	must(!"it comes to rest");
}

static void send_piece(int fd, struct fuzz_input *input, size_t size,
		       size_t n_fds)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = {};
	struct iovec iov = { .iov_base = (void *)input->data };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[4] = { fd, fd, fd, fd };
	ssize_t n;

	iov.iov_len = size < input->size ? size : input->size;
	if (n_fds) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
	}
	n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* it was disconnected */
	if (n < 0)
		n = input->size;
	input->data += n;
	input->size -= n;
}

/* Adds what came back; descriptors that did are closed. */
static void take_output(int fd, struct kb_buffer *output)
{
	char bytes[65536];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		must(kb_buffer_append(output, bytes, n) == 0);
}

/* Lines first, unless they were skipped, and then nothing but messages. */
static void check_output(const struct kb_buffer *output, bool lines)
{
	size_t at = 0;

	while (lines && at < output->size && output->data[at] >= 'A' &&
	       output->data[at] <= 'Z') {
		const uint8_t *end =
			memchr(output->data + at, '\n', output->size - at);

		must(end);
		at = end + 1 - output->data;
	}
	while (at < output->size) {
		struct kb_message *message;
		int64_t total, n_fds;

		must(output->size - at >= 16);
		total = kb_message_size_dbus1(output->data + at);
		/* of one that is closed the rest is not sent */
		if (total < 0 || (uint64_t)total > output->size - at)
			break;
		n_fds = kb_message_n_fds_dbus1(output->data + at, total);
		must(n_fds >= 0);
		must(message_decode(KB_DBUS1, output->data + at, total, n_fds,
				    &message) == 0);
		must(kb_message_validate(message) == 0);
		kb_message_unref(message);
		at += total;
	}
	must(at == output->size);
}

static void bury(void)
{
	while (proxy.clients)
		client_close(proxy.clients);
	while (proxy.dead) {
		struct client *client = proxy.dead;

		proxy.dead = client->next;
		client_free(client);
	}
	while (n_queue)
		kb_message_unref(queue[--n_queue]);
	sd_event_source_set_enabled(proxy.reaper, SD_EVENT_OFF);
	must(!proxy.n_clients && !proxy.n_hello);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	uint8_t options = fuzz_byte(&input);
	size_t piece = fuzz_byte(&input), n_fds = fuzz_byte(&input) % 4;
	struct kb_buffer output = {};
	struct client *client;
	int fds[2];

	start_proxy();
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			fds) == 0);
	must(client_new(&proxy, fds[0], fds[0], &client) == 0);
	if (options & 1) {
		/* it has said who it is */
		client->state = CLIENT_HELLO;
		client->stream.may_pass_fds = options & 2;
	}
	must(pump_start(client) == 0);
	while (input.size) {
		send_piece(fds[1], &input, piece ? piece * 4 : SIZE_MAX, n_fds);
		run();
		take_output(fds[1], &output);
	}
	shutdown(fds[1], SHUT_WR);
	run();
	take_output(fds[1], &output);
	check_output(&output, !(options & 1));
	kb_close(fds[1]);
	bury();
	kb_buffer_deinit(&output);
	return 0;
}
