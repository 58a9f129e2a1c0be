// SPDX-License-Identifier: LGPL-2.1-or-later
/* Random messages made by GLib. */
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "tests/unit/lib/glib-message.h"
#include "tests/unit/lib/random.h"

#define DEPTH_MAX	5	/* of the usual type; see deep_type() */
#define FDS_MAX		3

/*
 * How many values a body may still get: with arrays in arrays their number
 * would know no bounds.
 */
static int room;

/* types */

static const char basic_types[] = "ybnqiuxtdsogh";

static char basic_type(unsigned int n_fds)
{
	/* without descriptors there is no valid index */
	return basic_types[test_next(sizeof(basic_types) - (n_fds ? 1 : 2))];
}

static void random_type(GString *out, unsigned int depth, unsigned int n_fds)
{
	switch (depth ? test_next(9) : 0) {
	case 5:
		g_string_append_c(out, 'v');
		return;
	case 6:
	case 7:
		g_string_append_c(out, 'a');
		if (test_next(3)) {
			random_type(out, depth - 1, n_fds);
			return;
		}
		g_string_append_c(out, '{');
		g_string_append_c(out, basic_type(n_fds));
		random_type(out, depth - 1, n_fds);
		g_string_append_c(out, '}');
		return;
	case 8:
		g_string_append_c(out, '(');
		for (unsigned int n = 1 + test_next(4); n--;)
			random_type(out, depth - 1, n_fds);
		g_string_append_c(out, ')');
		return;
	default:
		g_string_append_c(out, basic_type(n_fds));
		return;
	}
}

/* As deep as arrays and structs may be, or near that. */
static void deep_type(GString *out)
{
	unsigned int n_arrays = 32 - test_next(4), n_structs = 31 - test_next(4);

	for (unsigned int n = n_arrays; n--;)
		g_string_append_c(out, 'a');
	for (unsigned int n = n_structs; n--;)
		g_string_append_c(out, '(');
	g_string_append_c(out, basic_types[test_next(sizeof(basic_types) - 2)]);
	for (unsigned int n = n_structs; n--;)
		g_string_append_c(out, ')');
}

/* The types of a body: most have few, some none. */
static void random_types(GString *out, unsigned int n_fds)
{
	do {
		g_string_truncate(out, 0);
		if (!test_next(100))
			deep_type(out);
		for (unsigned int n = test_next(5); n--;)
			random_type(out, DEPTH_MAX, n_fds);
	} while (out->len > 250);
}

/* values */

/* Short ones mostly; some reach into each width of framing offsets. */
static unsigned int random_length(void)
{
	unsigned int kind = test_next(2000);

	if (kind == 0)
		return 65000 + test_next(1500);
	if (kind < 30)
		return 200 + test_next(200);
	return test_next(10);
}

static uint64_t random_number(void)
{
	static const uint64_t edges[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000,
		UINT32_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX,
		0x7ff0000000000000, 0x7ff8000000000001, 0x7ff0000000000001,
		0x8000000000000000,
	};

	if (!test_next(3))
		return edges[test_next(G_N_ELEMENTS(edges))];
	return (uint64_t)test_next(UINT32_MAX) << 32 | test_next(UINT32_MAX);
}

static GVariant *random_text(void)
{
	static const char *const letters[] = {
		"a", "Z", "0", " ", "\n", "\x7f", "é", "\xdf\xbf", "\xe0\xa0\x80",
		"€", "\xef\xbf\xbd", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	};
	unsigned int length = random_length();
	GString *text = g_string_sized_new(length + 4);

	while (text->len < length)
		g_string_append(text, letters[test_next(G_N_ELEMENTS(letters))]);
	return g_variant_new_take_string(g_string_free(text, FALSE));
}

static GVariant *random_path(void)
{
	static const char letters[] = "abzAZ_09";
	g_autofree char *text = NULL;
	GString *path = g_string_new("/");

	for (unsigned int n = test_next(5); n--;) {
		if (path->len > 1)
			g_string_append_c(path, '/');
		for (unsigned int i = 1 + test_next(6); i--;)
			g_string_append_c(path, letters[test_next(8)]);
	}
	text = g_string_free(path, FALSE);
	return g_variant_new_object_path(text);
}

static GVariant *random_signature(void)
{
	GString *types = g_string_new(NULL);
	GVariant *value;

	random_types(types, 1);
	value = g_variant_new_signature(types->str);
	g_string_free(types, TRUE);
	return value;
}

static GVariant *random_variant(unsigned int n_fds)
{
	GString *type = g_string_new(NULL);
	GVariant *inner;

	do {
		g_string_truncate(type, 0);
		random_type(type, room > 0 ? 3 : 0, n_fds);
	} while (type->len > 100);
	inner = glib_random_value(type->str, n_fds);
	g_string_free(type, TRUE);
	return g_variant_new_variant(inner);
}

static GVariant *random_array(const char *type, unsigned int n_fds)
{
	unsigned int n = random_length(), size = 0;
	const GVariantType *element = G_VARIANT_TYPE(type + 1);
	GVariantBuilder builder;

	switch (type[1]) {
	case 'y': size = 1; break;
	case 'n': case 'q': size = 2; break;
	case 'i': case 'u': size = 4; break;
	case 'x': case 't': case 'd': size = 8; break;
	}
	if (size) {
		g_autofree uint8_t *bytes = g_malloc(n * size + 1);

		for (unsigned int i = 0; i < n * size; i++)
			bytes[i] = test_next(256);
		return g_variant_new_fixed_array(element, bytes, n, size);
	}

	g_variant_builder_init(&builder, G_VARIANT_TYPE(type));
	if (n > 9 && !g_variant_type_is_basic(element))
		n %= 10;
	for (; n && room > -400; n--)
		g_variant_builder_add_value(&builder, glib_random_value(type + 1, n_fds));
	return g_variant_builder_end(&builder);
}

/* '(' or '{': the members that stand between the brackets. */
static GVariant *random_members(const char *type, unsigned int n_fds)
{
	const GVariantType *member = g_variant_type_first(G_VARIANT_TYPE(type));
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE(type));
	for (; member; member = g_variant_type_next(member)) {
		g_autofree char *text = g_variant_type_dup_string(member);

		g_variant_builder_add_value(&builder, glib_random_value(text, n_fds));
	}
	return g_variant_builder_end(&builder);
}

GVariant *glib_random_value(const char *type, unsigned int n_fds)
{
	uint64_t number = random_number();
	double d;

	room--;
	switch (*type) {
	case 'y': return g_variant_new_byte(number);
	case 'b': return g_variant_new_boolean(number & 1);
	case 'n': return g_variant_new_int16(number);
	case 'q': return g_variant_new_uint16(number);
	case 'i': return g_variant_new_int32(number);
	case 'u': return g_variant_new_uint32(number);
	case 'x': return g_variant_new_int64(number);
	case 't': return g_variant_new_uint64(number);
	case 'h': return g_variant_new_handle(test_next(n_fds));
	case 's': return random_text();
	case 'o': return random_path();
	case 'g': return random_signature();
	case 'v': return random_variant(n_fds);
	case 'a': return random_array(type, n_fds);
	case '(':
	case '{': return random_members(type, n_fds);
	default:
		memcpy(&d, &number, sizeof(d));
		return g_variant_new_double(d);
	}
}

/* messages */

static const char *pick(const char *const *list)
{
	return list[test_next(g_strv_length((char **)list))];
}

static void set_header(GDBusMessage *message)
{
	static const char *const paths[] = { "/", "/a", "/org/example/Thing_1", NULL };
	static const char *const interfaces[] = { "a.b", "org.example.Interface", "_a._0", NULL };
	static const char *const members[] = { "M", "GetAll", "_x9", NULL };
	static const char *const names[] = { "org.example.Name", ":1.3", "a-b.c-d", ":1.18446744073709551615", NULL };
	static const char *const errors[] = { "org.example.Error", "a.b.c", NULL };
	GDBusMessageType type = 1 + test_next(4);

	g_dbus_message_set_message_type(message, type);
	g_dbus_message_set_flags(message, test_next(8));
	g_dbus_message_set_serial(message, test_next(4) ? 1 + test_next(1000) : 1 + test_next(UINT32_MAX));
	g_dbus_message_set_byte_order(message, test_next(2) ? G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN :
							      G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN);
	if (type == G_DBUS_MESSAGE_TYPE_METHOD_CALL || type == G_DBUS_MESSAGE_TYPE_SIGNAL) {
		g_dbus_message_set_path(message, pick(paths));
		g_dbus_message_set_member(message, pick(members));
		if (type == G_DBUS_MESSAGE_TYPE_SIGNAL || test_next(2))
			g_dbus_message_set_interface(message, pick(interfaces));
	} else {
		g_dbus_message_set_reply_serial(message, 1 + test_next(UINT32_MAX));
		if (type == G_DBUS_MESSAGE_TYPE_ERROR)
			g_dbus_message_set_error_name(message, pick(errors));
	}
	if (test_next(2))
		g_dbus_message_set_destination(message, pick(names));
	if (test_next(2))
		g_dbus_message_set_sender(message, pick(names));
}

/* They are to be dropped, whatever is in them. */
static void set_unknown_headers(struct glib_message *m)
{
	unsigned int n = test_next(10) ? 0 : 1 + test_next(3);

	while (n--) {
		GString *type = g_string_new(NULL);

		random_type(type, 2, 0);
		g_dbus_message_set_header(m->message, 11 + test_next(245), glib_random_value(type->str, 0));
		g_string_free(type, TRUE);
		m->unknown = true;
	}
}

static void set_fds(struct glib_message *m)
{
	g_autoptr(GUnixFDList) list = NULL;
	int fds[FDS_MAX];

	if (!m->n_fds)
		return;
	for (unsigned int i = 0; i < m->n_fds; i++)
		fds[i] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	list = g_unix_fd_list_new_from_array(fds, m->n_fds);
	g_dbus_message_set_unix_fd_list(m->message, list);
}

void glib_message_init(struct glib_message *m, bool with_fds)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *blob = NULL;
	GString *types = g_string_new("(");
	GString *body = g_string_new(NULL);

	*m = (struct glib_message){ .message = g_dbus_message_new() };
	m->n_fds = with_fds && !test_next(8) ? 1 + test_next(FDS_MAX) : 0;
	room = 100;
	set_header(m->message);
	set_unknown_headers(m);
	random_types(body, m->n_fds);
	g_string_append_printf(types, "%s)", body->str);
	strcpy(m->signature, body->str);
	if (body->len) {
		m->body = g_variant_ref_sink(glib_random_value(types->str, m->n_fds));
		g_dbus_message_set_body(m->message, m->body);
	}
	set_fds(m);
	blob = g_dbus_message_to_blob(m->message, &m->size, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, &error);
	cr_assert_not_null(blob, "%s: %s", m->signature, error ? error->message : "?");
	m->blob = malloc(m->size);
	memcpy(m->blob, blob, m->size);
	g_string_free(types, TRUE);
	g_string_free(body, TRUE);
}

void glib_message_deinit(struct glib_message *m)
{
	g_clear_pointer(&m->body, g_variant_unref);
	g_clear_object(&m->message);
	free(m->blob);
}
