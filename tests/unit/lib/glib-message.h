/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random messages made by GLib, which knows both marshallings and nothing of
 * ours.
 */
#ifndef TEST_LIB_GLIB_MESSAGE_H
#define TEST_LIB_GLIB_MESSAGE_H

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct glib_message - a random message, and its bytes
 * @body:	a tuple, NULL for no arguments
 * @signature:	without parentheses
 * @unknown:	has a header field that nobody knows
 * @n_fds:	descriptors it has; their indices are all in the body may use
 * @blob:	as dbus1 in its byte order, in memory of the exact size
 */
struct glib_message {
	GDBusMessage *message;
	GVariant *body;
	char signature[256];
	bool unknown;
	unsigned int n_fds;
	uint8_t *blob;
	size_t size;
};

/* The same message for the same test_seed; @with_fds: it may have some. */
void glib_message_init(struct glib_message *m, bool with_fds);
void glib_message_deinit(struct glib_message *m);

/* A value of a random type, floating. */
GVariant *glib_random_value(const char *type, unsigned int n_fds);

#endif /* TEST_LIB_GLIB_MESSAGE_H */
