/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the bytes of a client flowing, both ways. */

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/log.h"
#include "proxy/activatable.h"
#include "proxy/client.h"
#include "proxy/door.h"
#include "proxy/proxy.h"
#include "proxy/pump.h"
#include "proxy/to-dbus1.h"
#include "proxy/to-kdbus.h"

/*
 * Messages handled before others get their turn.  A receiver's queue in the
 * kernel holds 256 of one user, so all queues are emptied before any client may
 * send more: what clients say to each other is never lost.
 */
#define ROUND_FROM_BUS 256
#define ROUND_FROM_CLIENT 32

/*
 * A client that sends without a pause begins with a short round.  It gets longer
 * ones while that keeps nobody waiting, and shorter ones, down to one message,
 * while it does; then its signals have many receivers.
 */
#define ROUND_FIRST 4
#define ROUND_LONG_NS (4 * KB_NSEC_PER_MSEC)
#define ROUND_RESET_NS (100 * KB_NSEC_PER_MSEC)

/* no events a client could wait for */
#define PUMP_EVENTS_UNKNOWN UINT32_MAX

/* bytes that tell how long a message is */
#define HEADER_SIZE 16

/* a client that is closed gently has so long to read what is left for it */
#define LINGER_SEC 10

static void pump_disconnect(struct client *client, const char *why)
{
	refusal_disconnect(client, why);
	client_close(client);
}

static void pump_disconnect_limit(struct client *client, const char *limit,
				  uint64_t value, const char *why)
{
	refusal_disconnect_limit(client, limit, value, why);
	client_close(client);
}

/* losses */

static void pump_tell_dropped(struct client *client, const char *why)
{
	uint64_t n = client->conn->n_dropped - client->n_dropped;

	if (n == 0)
		return;
	client->n_dropped = client->conn->n_dropped;
	refusal_drop(client, n, NULL, why);
}

/*
 * The kernel tells with the next message how many were lost, which a client that
 * does not read never gets.  There is no message of this priority.
 */
static void pump_ask_dropped(struct client *client)
{
	struct kdbus_cmd_recv cmd = { 0 };

	if (!client->conn)
		return;
	(void)kb_cmd_recv(client->conn->fd,
			  KDBUS_RECV_PEEK | KDBUS_RECV_USE_PRIORITY, INT64_MIN,
			  &cmd);
	client->conn->n_dropped += cmd.dropped_msgs;
	pump_tell_dropped(client, "it does not read what it is sent");
}

/* Its messages with descriptors, while too many are on their way to others. */
static void pump_tell_lost(struct client *client)
{
	size_t n = client->stream.n_lost;

	client->stream.n_lost = 0;
	if (n > 0)
		refusal_drop(client, n, NULL,
			     "too many file descriptors wait for clients that do not read them");
}

/* time */

static void pump_set_timer(struct client *client, uint64_t ms);

static void pump_still_stuck(struct client *client)
{
	pump_ask_dropped(client);
	if (kb_now_ns() >= client->stuck_until_ns)
		pump_disconnect(client, "it does not read what it is sent");
	else
		pump_set_timer(client, 1000 * CLIENT_LOOK_SEC);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct client *client = userdata;
	const struct limits *limits = &client->proxy->config->limits;

	(void)source;
	(void)usec;
	if (client->state < CLIENT_ACTIVE)
		pump_disconnect_limit(client, "auth_timeout",
				      limits->auth_timeout,
				      "it does not say Hello in time");
	else if (client->state == CLIENT_CLOSING)
		client_close(client);
	else if (client->is_stuck)
		pump_still_stuck(client);
	else
		pump_disconnect_limit(client, "pending_fd_timeout",
				      limits->pending_fd_timeout,
				      "its message with file descriptors does not become complete");
	return 0;
}

/* Zero milliseconds are no limit at all. */
static void pump_set_timer(struct client *client, uint64_t ms)
{
	if (ms == 0) {
		sd_event_source_set_enabled(client->timer, SD_EVENT_OFF);
		return;
	}
	if (sd_event_source_set_time_relative(client->timer, ms * 1000) < 0 ||
	    sd_event_source_set_enabled(client->timer, SD_EVENT_ONESHOT) < 0)
		kb_log(LOG_ERR, "Cannot set a timer");
}

/* Starts or stops the clock when a reason to wait comes or goes. */
static void pump_update_timer(struct client *client, bool said_hello)
{
	const struct limits *limits = &client->proxy->config->limits;
	bool is_stuck = client->state >= CLIENT_ACTIVE &&
			stream_pending(&client->stream) > 0 &&
			(client_is_full(client) ||
			 client->state == CLIENT_CLOSING);
	bool was_stuck = client->is_stuck;

	client->is_stuck = is_stuck;
	if (client->state < CLIENT_ACTIVE)
		return;
	if (is_stuck) {
		if (was_stuck && !said_hello)
			return;
		client->stuck_until_ns =
			kb_now_ns() + CLIENT_STUCK_SEC * KB_NSEC_PER_SEC;
		pump_set_timer(client,
			       1000 * (client->state == CLIENT_CLOSING ?
					       LINGER_SEC :
					       CLIENT_LOOK_SEC));
	} else if (was_stuck || said_hello) {
		pump_set_timer(client, client->waits_for_fds ?
					       limits->pending_fd_timeout :
					       0);
	}
}

static void pump_wait_for_fds(struct client *client, bool waits)
{
	if (client->waits_for_fds == waits)
		return;
	client->waits_for_fds = waits;
	if (client->state >= CLIENT_ACTIVE && !client->is_stuck)
		pump_set_timer(
			client,
			waits ? client->proxy->config->limits.pending_fd_timeout :
				0);
}

/* from the socket: authentication */

static void pump_auth_done(struct client *client)
{
	struct proxy *proxy = client->proxy;
	struct policy_identity identity = {
		.uid = client->peer.uid,
		.gids = client->peer.gids,
		.n_gids = client->peer.n_gids,
	};
	const struct policy_rule *rule;

	client->stream.may_pass_fds = client->auth->passes_fds;
	free(client->auth);
	client->auth = NULL;
	client->state = CLIENT_HELLO;
	if (proxy->trusts || policy_may_connect(proxy->config->policy, &identity,
						proxy->owner, &rule))
		return;
	refusal_policy(client, REFUSAL_CONNECT, NULL, NULL, rule);
	client_close(client);
}

/* One line; false if there is none. */
static bool pump_auth(struct client *client, const uint8_t *data, size_t size)
{
	struct stream *stream = &client->stream;
	const char *answer;
	size_t used;
	int r;

	r = auth_feed(client->auth, (const char *)data, size, &used, &answer);
	stream_consume(stream, used);
	switch (r) {
	case AUTH_ANSWER:
		if (kb_buffer_append_string(&stream->out, answer) < 0)
			client_close(client);
		break;
	case AUTH_CLOSE:
		pump_disconnect(client, "it does not authenticate");
		break;
	case AUTH_DONE:
		pump_auth_done(client);
		break;
	}
	return r != AUTH_MORE;
}

/* from the socket: messages */

/* The message at the front, of @size bytes, is complete but for descriptors. */
static void pump_lacks_fds(struct client *client, size_t size)
{
	uint64_t max = client->proxy->config->limits.max_incoming_bytes;
	size_t n;

	(void)stream_peek(&client->stream, &n);
	if (n - size > max)
		pump_disconnect_limit(client, "max_incoming_bytes", max,
				      "it goes on without file descriptors it announced");
	else
		pump_wait_for_fds(client, true);
}

/* So may descriptors be that have come; they are of a message that has begun. */
static void pump_check_fds(struct client *client)
{
	uint64_t max = client->proxy->config->limits.max_message_unix_fds;
	size_t n = client->stream.n_in_fds;

	if (n > max)
		pump_disconnect_limit(client, "max_message_unix_fds", max,
				      "its message has too many file descriptors");
	else if (n > 0)
		pump_wait_for_fds(client, true);
}

/*
 * Descriptors arrive with some byte of their message, not necessarily the
 * first, so a message can be complete but for them.  False if it is.
 */
static bool pump_decode(struct client *client, const uint8_t *data, size_t size)
{
	uint64_t max = client->proxy->config->limits.max_message_unix_fds;
	struct stream *stream = &client->stream;
	struct kb_message *message;
	int r;

	r = kb_message_decode_dbus1(data, size, stream->in_fds,
				    stream->n_in_fds, &message);
	if (r == -EAGAIN && stream->may_pass_fds) {
		pump_lacks_fds(client, size);
		return false;
	}
	pump_wait_for_fds(client, false);
	if (r < 0) {
		pump_disconnect(client, "its message is malformed");
		return false;
	}

	stream_consume_fds(stream, message->n_fds);
	if (message->n_fds > max)
		pump_disconnect_limit(client, "max_message_unix_fds", max,
				      "its message has too many file descriptors");
	else
		to_kdbus(client, message);
	kb_message_unref(message);
	return true;
}

/* Bytes of the message at the front, as far as it tells; 0 if it cannot be. */
static size_t pump_message_size(struct client *client, const uint8_t *data,
				size_t size)
{
	uint64_t max = client->proxy->config->limits.max_message_size;
	int64_t total;

	if (size < HEADER_SIZE)
		return HEADER_SIZE;
	total = kb_message_size_dbus1(data);
	if (total < 0) {
		pump_disconnect(client, "its message is malformed");
		return 0;
	}
	if ((uint64_t)total > max) {
		pump_disconnect_limit(client, "max_message_size", max,
				      "its message is too large");
		return 0;
	}
	return total;
}

/* One message; false if there is none yet. */
static bool pump_message(struct client *client, const uint8_t *data,
			 size_t size)
{
	size_t total = pump_message_size(client, data, size);

	if (total == 0 || size < HEADER_SIZE || size < total)
		return false;
	if (client->state == CLIENT_MONITOR) {
		pump_disconnect(client, "it is a monitor but sends");
		return false;
	}
	if (!pump_decode(client, data, total))
		return false;
	stream_consume(&client->stream, total);
	return true;
}

/* How many messages are the client's turn, after it was @behind the last time? */
static int pump_round(struct client *client, bool behind)
{
	uint64_t now = kb_now_ns(), since = now - client->turn_ns;

	client->turn_ns = now;
	if (!behind && since > ROUND_RESET_NS)
		client->round = ROUND_FIRST;
	else if (since > ROUND_LONG_NS && client->round > 1)
		client->round /= 2;
	else if (since < ROUND_LONG_NS / 4 && client->round < ROUND_FROM_CLIENT)
		client->round *= 2;
	return client->round;
}

/* Handles what was read, one round of it; is_behind says if there is more. */
static void pump_consume(struct client *client)
{
	int round = pump_round(client, client->is_behind);
	bool more = true;

	client->is_behind = false;
	for (int i = 0; more && client->state < CLIENT_CLOSING; i++) {
		size_t size;
		const uint8_t *data = stream_peek(&client->stream, &size);

		if (size == 0)
			break;
		if (i == round || client_is_ahead(client)) {
			client->is_behind = true;
			pump_wait_for_fds(client, false);
			return;
		}
		more = client->state == CLIENT_AUTH ?
			       pump_auth(client, data, size) :
			       pump_message(client, data, size);
	}
	if (client->state < CLIENT_CLOSING)
		pump_check_fds(client);
}

/* What is still to come of a message that has begun. */
static size_t pump_missing(struct client *client)
{
	size_t size, total;
	const uint8_t *data = stream_peek(&client->stream, &size);

	if (size == 0 || client->state == CLIENT_AUTH)
		return 0;
	total = pump_message_size(client, data, size);
	return total > size ? total - size : 0;
}

static void pump_turn(struct client *client)
{
	/* nobody is left to wait for the replies it may have */
	if (client->stream.is_gone)
		to_kdbus_finish(client);
	pump_consume(client);
}

static void pump_input(struct client *client)
{
	int r;

	r = stream_read(&client->stream, pump_missing(client));
	if (client_is_dead(client) || (r == -EAGAIN && !client->stream.is_gone))
		return;
	if (r == -EPROTO) {
		pump_disconnect(client, "it sends file descriptors that were not negotiated, or too many");
	} else if (r <= 0) {
		to_kdbus_finish(client);
		client_close(client);
	} else {
		pump_turn(client);
	}
}

/* What a client said before it hung up still counts, and has its turns. */
static void pump_hung_up(struct client *client)
{
	stream_hang_up(&client->stream);
	if (!client->is_behind)
		pump_input(client);
}

/* from the bus */

/* The bus is gone, for all of us. */
static void pump_bus_ended(struct client *client)
{
	struct proxy *proxy = client->proxy;

	kb_log(LOG_INFO, "The bus is gone");
	while (proxy->clients)
		client_close(proxy->clients);
	sd_event_exit(proxy->event, 0);
}

/*
 * A queue that is not empty after a whole round is filled by somebody who is
 * not served here, and would keep all who are from their turns.
 */
static void pump_rank(struct client *client, bool is_flooded)
{
	if (client->is_flooded == is_flooded)
		return;
	client->is_flooded = is_flooded;
	sd_event_source_set_priority(client->io_bus,
				     is_flooded ? SD_EVENT_PRIORITY_NORMAL :
						  SD_EVENT_PRIORITY_IMPORTANT);
}

/* Takes up to @max messages off its queue; says if it did not get empty. */
static bool pump_bus(struct client *client, int max)
{
	struct kb_message *message;
	int r = 0;

	for (int i = 0; r == 0 && i < max && !client_is_full(client); i++) {
		r = kb_conn_recv(client->conn, &message);
		if (r == 0)
			r = to_dbus1(client, message);
		if (client->state != CLIENT_ACTIVE &&
		    client->state != CLIENT_MONITOR)
			return false;
	}
	to_kdbus_resume(client);
	if (client->activatable_changed) {
		client->activatable_changed = false;
		if (activatable_tell(client) == -ENOMEM)
			r = -ENOMEM;
	}
	pump_tell_dropped(client,
			  "they came faster than they could be taken from its queue");
	if (r == -ECONNRESET || r == -ESHUTDOWN)
		pump_bus_ended(client);
	else if (r < 0 && r != -EAGAIN)
		pump_disconnect(client, strerror(-r));
	return r == 0;
}

static int on_bus(sd_event_source *source, int fd, uint32_t events,
		  void *userdata)
{
	struct client *client = userdata;
	bool is_flooded;

	(void)source;
	(void)fd;
	if (events & EPOLLIN) {
		is_flooded = pump_bus(client, ROUND_FROM_BUS);
		if (client->io_bus)
			pump_rank(client, is_flooded);
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		pump_bus_ended(client);
	}
	pump_update(client);
	return 0;
}

/* turns */

/*
 * Whoever was sent something comes before anybody may send again.  The event
 * loop would find it next, too, but at the cost of asking the kernel.  It takes
 * what it was sent; if there is more, the event loop will know.
 */
static void pump_receiver(struct proxy *proxy)
{
	struct client *client = client_find(proxy, proxy->receiver);

	proxy->receiver = 0;
	if (!client || !client->io_bus || client->is_flooded ||
	    client_is_full(client))
		return;
	(void)pump_bus(client, proxy->n_sent);
	pump_update(client);
}

static int on_input(sd_event_source *source, int fd, uint32_t events,
		    void *userdata)
{
	struct client *client = userdata;

	(void)source;
	(void)fd;
	/* while nothing is read, a hang-up is all that can still be noticed */
	if (events & EPOLLIN)
		pump_input(client);
	else if (events & (EPOLLHUP | EPOLLERR))
		pump_hung_up(client);
	pump_update(client);
	pump_receiver(client->proxy);
	return 0;
}

static int on_behind(sd_event_source *source, void *userdata)
{
	struct client *client = userdata;

	(void)source;
	client->behind = sd_event_source_unref(client->behind);
	pump_turn(client);
	pump_update(client);
	pump_receiver(client->proxy);
	return 0;
}

static int on_output(sd_event_source *source, int fd, uint32_t events,
		     void *userdata)
{
	struct client *client = userdata;

	(void)source;
	(void)fd;
	if (events & (EPOLLHUP | EPOLLERR))
		client_close(client);
	pump_update(client);
	return 0;
}

/* what to wait for next */

static void set_events(sd_event_source *source, uint32_t events)
{
	if (!source)
		return;
	/* files are always ready, their source only waits for its turn */
	if (sd_event_source_set_io_events(source, events) < 0)
		sd_event_source_set_enabled(source, events ? SD_EVENT_ON :
							     SD_EVENT_OFF);
}

/* @bus: of its connection; @in and @out: of the socket.  Mostly nothing changes. */
static void pump_set_events(struct client *client, uint32_t bus, uint32_t in,
			    uint32_t out)
{
	bool is_one = client->stream.in_fd == client->stream.out_fd;
	uint32_t events = bus << 16 | in << 8 | out;

	if (client->events == events)
		return;
	client->events = events;
	set_events(client->io_bus, bus);
	set_events(client->io_in, is_one ? in | out : in);
	set_events(client->io_out, out);
}

static int pump_watch_bus(struct client *client)
{
	int r;

	if (client->io_bus || !client->conn)
		return 0;
	r = sd_event_add_io(client->proxy->event, &client->io_bus,
			    kb_conn_fd(client->conn), EPOLLIN, on_bus, client);
	if (r < 0)
		return r;
	client->is_flooded = false;
	client->events = PUMP_EVENTS_UNKNOWN;
	return sd_event_source_set_priority(client->io_bus,
					    SD_EVENT_PRIORITY_IMPORTANT);
}

/*
 * Its next turn comes after those of everybody who waits by now.  A source that
 * is only enabled again would be the oldest for ever, and keep all others from
 * theirs, so it is a new one each time.
 */
static int pump_line_up(struct client *client, bool may)
{
	if (!may || !client->is_behind) {
		client->behind = sd_event_source_disable_unref(client->behind);
		return 0;
	}
	if (client->behind)
		return 0;
	return sd_event_add_defer(client->proxy->event, &client->behind,
				  on_behind, client);
}

/*
 * Whoever does not read is not read from either: its queue in the kernel fills
 * then, and senders learn from the kernel that they are too fast.
 */
void pump_update(struct client *client)
{
	uint32_t bus, in;
	bool is_first = client->conn && !client->io_bus;
	bool pending, is_heard, is_gone;
	int r;

	if (client_is_dead(client))
		return;
	r = stream_flush(&client->stream);
	pump_tell_lost(client);
	if (r < 0 && client->stream.is_socket) {
		stream_hang_up(&client->stream);
		r = 0;
	}
	is_gone = client->stream.is_gone;
	pending = stream_pending(&client->stream) > 0;
	if (r == 0)
		r = pump_watch_bus(client);
	if (r < 0 || (!pending && client->state == CLIENT_CLOSING)) {
		client_close(client);
		return;
	}

	is_heard = !client_is_full(client) && client->state != CLIENT_CLOSING;
	bus = is_heard && !is_gone ? EPOLLIN : 0;
	is_heard = is_heard && (is_gone || !client_is_ahead(client));
	if (pump_line_up(client, is_heard) < 0) {
		client_close(client);
		return;
	}
	in = is_heard && !client->is_behind ? EPOLLIN : 0;
	pump_set_events(client, bus, in, pending ? EPOLLOUT : 0);
	pump_update_timer(client, is_first);
	/* one less who did not say Hello yet: others may come in */
	if (is_first)
		door_update(client->proxy);
}

static int on_file_input(sd_event_source *source, void *userdata)
{
	return on_input(source, -1, EPOLLIN, userdata);
}

/* Standard input and output may be files, which cannot be waited for. */
static int pump_watch_client(struct client *client)
{
	struct stream *stream = &client->stream;
	sd_event *event = client->proxy->event;
	int r;

	r = sd_event_add_io(event, &client->io_in, stream->in_fd, EPOLLIN,
			    on_input, client);
	if (r == -EPERM) {
		r = sd_event_add_defer(event, &client->io_in, on_file_input,
				       client);
		if (r >= 0)
			r = sd_event_source_set_enabled(client->io_in,
							SD_EVENT_ON);
	}
	if (r < 0 || stream->out_fd == stream->in_fd)
		return r;
	r = sd_event_add_io(event, &client->io_out, stream->out_fd, 0,
			    on_output, client);
	return r == -EPERM ? 0 : r;
}

int pump_start(struct client *client)
{
	sd_event *event = client->proxy->event;
	int r;

	client->events = PUMP_EVENTS_UNKNOWN;
	r = pump_watch_client(client);
	if (r >= 0)
		r = sd_event_add_time(event, &client->timer, CLOCK_MONOTONIC,
				      UINT64_MAX, 0, on_timer, client);
	if (r < 0) {
		client_close(client);
		return r;
	}
	pump_set_timer(client, client->proxy->config->limits.auth_timeout);
	return 0;
}
