// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages of clients: what we accept libdbus accepts, and it survives the way
 * over the bus.
 *
 * input: the message
 */
#include <errno.h>

#include "lib/name.h"
#include "tests/fuzz/user/fuzz.h"
#include "tests/fuzz/user/message.h"
#include "tests/fuzz/user/oracle.h"

/* libdbus refuses all names that begin like those it keeps for itself. */
static bool looks_local(const struct kb_message *message)
{
	return (message->interface &&
		kb_startswith(message->interface, KB_LOCAL_INTERFACE)) ||
	       (message->path && kb_startswith(message->path, KB_LOCAL_PATH));
}

/* Descriptors are not what libdbus is asked about. */
static void check_message(const uint8_t *data, size_t size, int64_t n_fds)
{
	struct kb_message *message;
	int r;

	r = message_decode(KB_DBUS1, data, size, n_fds, &message);
	if (r < 0) {
		must(r == -EBADMSG || n_fds > 0);
		return;
	}
	must(n_fds == (int64_t)message->n_fds && message->cookie);
	must(kb_message_set(message, KB_FIELD_SENDER, NULL) == 0);
	if (kb_message_validate(message) == 0) {
		must(n_fds || looks_local(message) ||
		     oracle_message(data, size));
		/* others are not passed on */
		if (message->type >= KB_METHOD_CALL &&
		    message->type <= KB_SIGNAL)
			message_check_round_trip(message);
	}
	kb_message_unref(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t total, n_fds;

	if (size < 16)
		return 0;
	total = kb_message_size_dbus1(data);
	must(total == -EBADMSG || (total >= 16 && total <= KB_MESSAGE_MAX));
	if (total < 0 || (uint64_t)total != size) {
		must(message_decode(KB_DBUS1, data, size, 0,
				    &(struct kb_message *){ NULL }) ==
		     -EBADMSG);
		return 0;
	}
	n_fds = kb_message_n_fds_dbus1(data, size);
	check_message(data, size, n_fds < 0 ? 0 : n_fds);
	return 0;
}
