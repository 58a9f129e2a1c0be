// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages on their way through the proxy and back, beside GLib: it makes them,
 * says how their values look in GVariant, and reads what came back.
 *
 * KDBUS_TEST_SEED is another seed, KDBUS_TEST_MESSAGES another number. A failing
 * message prints the seed that makes it the first one.
 */
#include <fcntl.h>
#include <unistd.h>

#include "lib/marshal.h"
#include "tests/unit/lib/glib-message.h"
#include "tests/unit/lib/random.h"
#include "tests/unit/lib/util.h"

#define MESSAGES	100000
#define NATIVE_ORDER	(G_BYTE_ORDER == G_LITTLE_ENDIAN ? 'l' : 'B')

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/* what is asserted, of which message */
static const struct glib_message *current;
static uint64_t current_seed;

static void print_current(void)
{
	fprintf(stderr, "# KDBUS_TEST_SEED=0x%llx, signature '%s', %zu bytes:\n#",
		(unsigned long long)current_seed, current->signature, current->size);
	for (size_t i = 0; i < current->size; i++)
		fprintf(stderr, "%s%02x", i % 32 ? "" : "\n# ", current->blob[i]);
	fprintf(stderr, "\n");
}

#define expect(condition, ...)                     \
	do {                                       \
		if (!(condition)) {                \
			print_current();           \
			cr_assert_fail(__VA_ARGS__); \
		}                                  \
	} while (0)

/* Descriptors as the socket would have brought them. */
static void open_fds(int *fds, unsigned int n)
{
	while (n--)
		fds[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* In memory of the exact size, so that reading behind it is found. */
static uint8_t *exactly(const struct kb_buffer *buffer)
{
	uint8_t *copy = malloc(buffer->size);

	memcpy(copy, buffer->data, buffer->size);
	return copy;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Of each value there is one form only. */
static bool same_bytes(GVariant *a, GVariant *b)
{
	size_t size = g_variant_get_size(a);

	return !strcmp(g_variant_get_type_string(a), g_variant_get_type_string(b)) && size == g_variant_get_size(b) &&
	       (!size || !memcmp(g_variant_get_data(a), g_variant_get_data(b), size));
}

/* the three steps */

static struct kb_message *from_client(const struct glib_message *m)
{
	struct kb_message *message;
	int r, fds[8];

	expect(kb_message_size_dbus1(m->blob) == (int64_t)m->size, "size");
	expect(kb_message_n_fds_dbus1(m->blob, m->size) == m->n_fds, "descriptors");
	open_fds(fds, m->n_fds);
	r = kb_message_decode_dbus1(m->blob, m->size, fds, m->n_fds, &message);
	expect(r == 0, "decoding: %d", r);
	r = kb_message_validate(message);
	expect(r == 0, "validating: %d", r);
	return message;
}

/* GLib's view of the bytes that go over the bus. */
static void check_gvariant(const struct glib_message *m, const uint8_t *data, size_t size)
{
	g_autoptr(GVariant) whole = g_variant_ref_sink(g_variant_new_from_data(
		G_VARIANT_TYPE("(yyyyuta{tv}v)"), data, size, FALSE, NULL, NULL));
	g_autoptr(GVariant) box = NULL, body = NULL, fields = NULL;

	expect(g_variant_is_normal_form(whole), "not in normal form");
	fields = g_variant_get_child_value(whole, 6);
	for (size_t i = 0; i < g_variant_n_children(fields); i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(fields, i);
		uint64_t key;

		g_variant_get_child(entry, 0, "t", &key);
		expect(key && key < 10 && key != 8, "field %d is there", (int)key);
	}
	box = g_variant_get_child_value(whole, 7);
	body = g_variant_get_variant(box);
	if (!m->body) {
		expect(!strcmp(g_variant_get_type_string(body), "()"), "a body from nothing");
		return;
	}
	expect(same_bytes(body, m->body), "another body");
}

static void check_header(const struct glib_message *m, GDBusMessage *back)
{
	GDBusMessage *was = m->message;

	expect(g_dbus_message_get_message_type(was) == g_dbus_message_get_message_type(back), "type");
	expect(g_dbus_message_get_flags(was) == g_dbus_message_get_flags(back), "flags");
	expect(g_dbus_message_get_serial(was) == g_dbus_message_get_serial(back), "serial");
	expect(g_dbus_message_get_reply_serial(was) == g_dbus_message_get_reply_serial(back), "reply serial");
	expect(same_text(g_dbus_message_get_path(was), g_dbus_message_get_path(back)), "path");
	expect(same_text(g_dbus_message_get_interface(was), g_dbus_message_get_interface(back)), "interface");
	expect(same_text(g_dbus_message_get_member(was), g_dbus_message_get_member(back)), "member");
	expect(same_text(g_dbus_message_get_error_name(was), g_dbus_message_get_error_name(back)), "error");
	expect(same_text(g_dbus_message_get_destination(was), g_dbus_message_get_destination(back)), "destination");
	expect(same_text(g_dbus_message_get_signature(was), g_dbus_message_get_signature(back)), "signature");
	/* who it is from is for the receiving side to say */
	expect(!g_dbus_message_get_sender(back), "sender");
	expect(g_dbus_message_get_num_unix_fds(back) == m->n_fds, "descriptors");
}

/* Bytes of the body in a dbus1 message of our byte order. */
static uint32_t body_size(const uint8_t *data)
{
	uint32_t size;

	memcpy(&size, data + 4, sizeof(size));
	return size;
}

/* The body as GLib would have sent it in our byte order. */
static void check_body_bytes(const struct glib_message *m, const uint8_t *data, size_t size)
{
	g_autofree uint8_t *theirs = NULL;
	size_t n;

	g_dbus_message_set_byte_order(m->message, NATIVE_ORDER);
	theirs = g_dbus_message_to_blob(m->message, &n, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL);
	expect(theirs, "GLib does not write it");
	expect(body_size(theirs) == body_size(data), "the body is %u bytes for us and %u for GLib", body_size(data),
	       body_size(theirs));
	expect(!memcmp(theirs + n - body_size(theirs), data + size - body_size(data), body_size(data)),
	       "other bytes of the body came back");
}

static GDBusMessage *read_message(uint8_t *data, size_t size)
{
	return g_dbus_message_new_from_blob(data, size, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL);
}

static bool has_body(GDBusMessage *message, GVariant *body)
{
	GVariant *is = message ? g_dbus_message_get_body(message) : NULL;

	return message && !is == !body && (!is || same_bytes(is, body));
}

/*
 * What came back as GLib reads it. GLib 2.74 does not read all it writes (it
 * may lose the last element of an array, if that ends with an empty signature),
 * so it has to read its own bytes right before it is believed.
 *
 * Return: it did.
 */
static bool check_dbus1(const struct glib_message *m, uint8_t *data, size_t size)
{
	g_autoptr(GDBusMessage) back = NULL, own = NULL;
	g_autofree unsigned char *fields = NULL;

	check_body_bytes(m, data, size);
	own = read_message(m->blob, m->size);
	if (!has_body(own, m->body))
		return false;
	back = read_message(data, size);
	expect(back, "GLib does not read it");
	expect(has_body(back, m->body), "another body came back");
	check_header(m, back);
	fields = g_dbus_message_get_header_fields(back);
	for (size_t i = 0; fields[i]; i++)
		expect(fields[i] < 10, "field %u is still there", fields[i]);
	return true;
}

static bool round_trip(const struct glib_message *m)
{
	struct kb_buffer bus = {}, out = {};
	struct kb_message *message = from_client(m), *received;
	uint8_t *bytes, *last;
	bool was_read;
	int r, fds[8];

	r = kb_message_encode_gvariant(message, &bus);
	expect(r == 0, "to GVariant: %d", r);
	kb_message_unref(message);
	bytes = exactly(&bus);
	check_gvariant(m, bytes, bus.size);

	open_fds(fds, m->n_fds);
	r = kb_message_decode_gvariant(bytes, bus.size, fds, m->n_fds, &received);
	expect(r == 0, "from GVariant: %d", r);
	r = kb_message_encode_dbus1(received, &out);
	expect(r == 0, "to dbus1: %d", r);
	kb_message_unref(received);
	last = exactly(&out);
	was_read = check_dbus1(m, last, out.size);

	free(bytes);
	free(last);
	kb_buffer_deinit(&bus);
	kb_buffer_deinit(&out);
	return was_read;
}

/**
 * struct tally - what the messages were like, to see that all kinds came
 * @by_width: bodies by the width of offsets their size asks for
 */
struct tally {
	unsigned int n, read, foreign, unknown, with_fds, empty;
	unsigned int by_width[9];
};

static void tally_add(struct tally *tally, const struct glib_message *m)
{
	size_t size = m->body ? g_variant_get_size(m->body) : 0;

	tally->n++;
	tally->foreign += m->blob[0] != NATIVE_ORDER;
	tally->unknown += m->unknown;
	tally->with_fds += m->n_fds > 0;
	tally->empty += !m->body;
	tally->by_width[size > 65535 ? 4 : size > 255 ? 2 : 1]++;
}

Test(remarshal_glib, messages_come_back_as_they_were, .timeout = 1800)
{
	uint64_t seed = number_from("KDBUS_TEST_SEED", 20150708);
	uint64_t n = number_from("KDBUS_TEST_MESSAGES", MESSAGES);
	struct tally tally = {};

	for (uint64_t i = 0; i < n; i++) {
		struct glib_message m;

		test_seed = current_seed = seed + i * UINT64_C(0x9e3779b97f4a7c15);
		current = &m;
		glib_message_init(&m, true);
		tally.read += round_trip(&m);
		tally_add(&tally, &m);
		glib_message_deinit(&m);
	}
	fprintf(stderr, "# KDBUS_TEST_SEED=%llu: %u messages, %u read by GLib, too, %u in the other byte order,\n"
		"# %u with unknown fields, %u with descriptors, %u without arguments; bodies to 255 bytes %u, to 65535 %u, larger %u\n",
		(unsigned long long)seed, tally.n, tally.read, tally.foreign, tally.unknown, tally.with_fds, tally.empty,
		tally.by_width[1], tally.by_width[2], tally.by_width[4]);
	if (n < MESSAGES)
		return;
	cr_expect_gt(tally.read, n - n / 50);
	cr_expect_gt(tally.foreign, n / 3);
	cr_expect_gt(tally.unknown, n / 100);
	cr_expect_gt(tally.with_fds, n / 100);
	cr_expect_gt(tally.by_width[2], n / 100);
	cr_expect_gt(tally.by_width[4], n / 10000);
}
