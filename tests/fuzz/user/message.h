/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages through both marshallings, for the targets that read one of them. */
#ifndef TESTS_FUZZ_MESSAGE_H
#define TESTS_FUZZ_MESSAGE_H

#include "lib/marshal.h"

/* Reads a copy of the bytes, with as many descriptors as are wanted. */
int message_decode(enum kb_format format, const void *data, size_t size,
		   size_t n_fds, struct kb_message **out);
int message_encode(enum kb_format format, struct kb_message *message,
		   struct kb_buffer *out);

/*
 * What was read can be written in either format, and read again from it, and is
 * the same then.
 */
void message_check_round_trip(const struct kb_message *message);

#endif /* TESTS_FUZZ_MESSAGE_H */
