// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages through both marshallings. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/fuzz/user/fuzz.h"
#include "tests/fuzz/user/message.h"

#define FDS_MAX 8

static int open_null(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	return fd;
}

int message_decode(enum kb_format format, const void *data, size_t size,
		   size_t n_fds, struct kb_message **out)
{
	struct fuzz_input input = { data, size };
	uint8_t *copy = fuzz_take(&input, size, &size);
	int fds[FDS_MAX];
	int r;

	n_fds = n_fds > FDS_MAX ? FDS_MAX : n_fds;
	for (size_t i = 0; i < n_fds; i++)
		fds[i] = open_null();
	r = format == KB_DBUS1 ?
		    kb_message_decode_dbus1(copy, size, fds, n_fds, out) :
		    kb_message_decode_gvariant(copy, size, fds, n_fds, out);
	must(r == 0 || r == -EBADMSG || (r == -EAGAIN && format == KB_DBUS1));
	/* the message has those it needs, and all of them or none */
	kb_close_many(fds + (r == 0 ? (*out)->n_fds : 0),
		      n_fds - (r == 0 ? (*out)->n_fds : 0));
	if (r < 0)
		free(copy);
	else
		must(kb_message_own(*out, copy) == 0);
	return r;
}

int message_encode(enum kb_format format, struct kb_message *message,
		   struct kb_buffer *out)
{
	return format == KB_DBUS1 ? kb_message_encode_dbus1(message, out) :
				    kb_message_encode_gvariant(message, out);
}

static void check_same(const struct kb_message *a, const struct kb_message *b)
{
	must(a->type == b->type && a->flags == b->flags &&
	     a->cookie == b->cookie);
	must(a->reply_cookie == b->reply_cookie && a->n_fds == b->n_fds);
	must(kb_streq_null(a->path, b->path) &&
	     kb_streq_null(a->interface, b->interface));
	must(kb_streq_null(a->member, b->member) &&
	     kb_streq_null(a->error_name, b->error_name));
	must(kb_streq_null(a->destination, b->destination));
	must(kb_streq(a->signature, b->signature));
}

static void copy_body(struct kb_message *message, struct kb_buffer *out)
{
	struct kb_pieces body;

	must(kb_message_pieces(message, KB_GVARIANT, &body) == 0);
	for (size_t i = 0; i < body.n; i++)
		must(kb_buffer_append(out, body.iov[i].iov_base,
				      body.iov[i].iov_len) == 0);
}

static void check_same_body(struct kb_message *a, struct kb_message *b)
{
	struct kb_buffer x = {}, y = {};

	copy_body(a, &x);
	copy_body(b, &y);
	must(x.size == y.size &&
	     (x.size == 0 || !memcmp(x.data, y.data, x.size)));
	kb_buffer_deinit(&x);
	kb_buffer_deinit(&y);
}

/* Writes a message and reads it again. */
static struct kb_message *pass(struct kb_message *message,
			       enum kb_format format, struct kb_buffer *bytes)
{
	struct kb_message *again;

	must(message_encode(format, message, bytes) == 0);
	if (format == KB_DBUS1)
		must(kb_message_size_dbus1(bytes->data) ==
			     (int64_t)bytes->size &&
		     kb_message_n_fds_dbus1(bytes->data, bytes->size) ==
			     (int64_t)message->n_fds);
	must(message_decode(format, bytes->data, bytes->size, message->n_fds,
			    &again) == 0);
	must(kb_message_validate(again) == 0);
	check_same(message, again);
	check_same_body(message, again);
	return again;
}

static void check_by_way_of(const struct kb_message *message,
			    enum kb_format first, enum kb_format second)
{
	struct kb_buffer a = {}, b = {}, c = {};
	struct kb_message *one, *two, *three;

	one = pass((struct kb_message *)message, first, &a);
	two = pass(one, second, &b);
	three = pass(two, first, &c);
	must(a.size == c.size && !memcmp(a.data, c.data, a.size));
	kb_message_unref(one);
	kb_message_unref(two);
	kb_message_unref(three);
	kb_buffer_deinit(&a);
	kb_buffer_deinit(&b);
	kb_buffer_deinit(&c);
}

void message_check_round_trip(const struct kb_message *message)
{
	/* a 64-bit cookie is replaced on its way */
	if (message->cookie > UINT32_MAX ||
	    message->reply_cookie > UINT32_MAX) {
		check_by_way_of(message, KB_GVARIANT, KB_GVARIANT);
		return;
	}
	check_by_way_of(message, KB_DBUS1, KB_GVARIANT);
	check_by_way_of(message, KB_GVARIANT, KB_DBUS1);
}
