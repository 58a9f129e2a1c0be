// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages as the bus carries them: what we accept can be shown to a client, and
 * comes back.
 *
 * input: descriptors, the message
 */
#include "tests/fuzz/user/fuzz.h"
#include "tests/fuzz/user/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	size_t n_fds = fuzz_byte(&input) % 4;
	struct kb_message *message;

	if (message_decode(KB_GVARIANT, input.data, input.size, n_fds,
			   &message) < 0)
		return 0;
	must(message->n_fds == n_fds && message->cookie);
	must(kb_message_set(message, KB_FIELD_SENDER, NULL) == 0);
	if (kb_message_validate(message) == 0 &&
	    message->type >= KB_METHOD_CALL && message->type <= KB_SIGNAL)
		message_check_round_trip(message);
	kb_message_unref(message);
	return 0;
}
