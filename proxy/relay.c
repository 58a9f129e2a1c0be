/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes bytes through to a classic bus. */

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "proxy/relay.h"
#include "proxy/stream.h"

/* no more than this waits for a side that does not read */
#define PENDING_MAX (1UL << 20)

/**
 * struct relay - two streams, what comes in at one goes out at the other
 * @io:		of each stream, reading and writing; the same if one descriptor
 * @ended:	the stream will say nothing more
 */
struct relay {
	sd_event *event;
	struct stream streams[2];
	sd_event_source *in[2];
	sd_event_source *out[2];
	bool ended[2];
};

/* Moves what was read at @from to the output of the other side. */
static int relay_move(struct relay *relay, int from)
{
	struct stream *source = &relay->streams[from];
	struct stream *sink = &relay->streams[!from];
	size_t size, offset = sink->out.size;
	const uint8_t *data = stream_peek(source, &size);
	int r;

	if (size == 0)
		return 0;
	r = kb_buffer_append(&sink->out, data, size);
	if (r == 0)
		r = stream_mark_fds(sink, offset, 0, source->in_fds,
				    source->n_in_fds);
	if (r < 0)
		return r;
	stream_consume_fds(source, source->n_in_fds);
	stream_consume(source, size);
	return 0;
}

static void set_events(sd_event_source *source, uint32_t events)
{
	if (source)
		sd_event_source_set_io_events(source, events);
}

static void relay_update(struct relay *relay)
{
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++)
		r = stream_flush(&relay->streams[i]);
	for (int i = 0; i < 2; i++) {
		size_t pending = stream_pending(&relay->streams[i]);
		size_t ahead = stream_pending(&relay->streams[!i]);
		uint32_t in = relay->ended[i] || ahead > PENDING_MAX ? 0 :
								       EPOLLIN;
		uint32_t out = pending > 0 ? EPOLLOUT : 0;

		set_events(relay->in[i], relay->out[i] ? in : in | out);
		set_events(relay->out[i], out);
		if (r < 0 || (relay->ended[!i] && pending == 0))
			sd_event_exit(relay->event, 0);
	}
}

static int on_io(sd_event_source *source, int fd, uint32_t events,
		 void *userdata)
{
	struct relay *relay = userdata;
	int i = source == relay->in[1] || source == relay->out[1];
	int r;

	(void)fd;
	if (source == relay->in[i] && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		r = stream_read(&relay->streams[i], 0);
		if (r > 0)
			r = relay_move(relay, i);
		else if (r == 0)
			r = -EPIPE;
		if (r < 0 && r != -EAGAIN)
			relay->ended[i] = true;
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		relay->ended[i] = true;
	}
	relay_update(relay);
	return 0;
}

static int relay_watch(struct relay *relay, int i)
{
	struct stream *stream = &relay->streams[i];
	int r;

	r = sd_event_add_io(relay->event, &relay->in[i], stream->in_fd, EPOLLIN,
			    on_io, relay);
	if (r >= 0 && stream->out_fd != stream->in_fd)
		r = sd_event_add_io(relay->event, &relay->out[i],
				    stream->out_fd, 0, on_io, relay);
	return r;
}

int relay_new(sd_event *event, int in_fd, int out_fd, int bus_fd,
	      struct relay **out_relay)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	int r;

	if (!relay) {
		kb_close(bus_fd);
		if (out_fd != in_fd)
			kb_close(out_fd);
		kb_close(in_fd);
		return -ENOMEM;
	}
	relay->event = event;
	stream_init(&relay->streams[0], in_fd, out_fd);
	stream_init(&relay->streams[1], bus_fd, bus_fd);
	for (int i = 0; i < 2; i++)
		relay->streams[i].may_pass_fds = relay->streams[!i].is_socket;
	r = relay_watch(relay, 0);
	if (r >= 0)
		r = relay_watch(relay, 1);
	if (r < 0) {
		relay_free(relay);
		return r;
	}
	*out_relay = relay;
	return 0;
}

struct relay *relay_free(struct relay *relay)
{
	if (!relay)
		return NULL;
	for (int i = 0; i < 2; i++) {
		sd_event_source_disable_unref(relay->in[i]);
		sd_event_source_disable_unref(relay->out[i]);
		stream_deinit(&relay->streams[i]);
	}
	free(relay);
	return NULL;
}
