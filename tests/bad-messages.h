/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages that no bus may pass on, and beside each some that look nearly the
 * same and are right.
 */
#ifndef TESTS_BAD_MESSAGES_H
#define TESTS_BAD_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct bad_message - a message, and what is wrong with it
 *
 * Little endian, and addressed to nobody who could answer.
 *
 * @what:	in words
 * @good:	nothing is
 * @stricter:	others let it pass; the reason is in @what
 * @size:	bytes; what the header says may be something else
 */
struct bad_message {
	char what[80];
	bool good;
	bool stricter;
	uint8_t bytes[4096];
	size_t size;
};

/* The one of this index, from 0; false behind the last. */
bool bad_message_make(size_t index, struct bad_message *out);

#endif /* TESTS_BAD_MESSAGES_H */
