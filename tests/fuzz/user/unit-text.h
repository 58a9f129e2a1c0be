/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units that were written for the service manager, read again. */
#ifndef TESTS_FUZZ_UNIT_TEXT_H
#define TESTS_FUZZ_UNIT_TEXT_H

#include "lib/util.h"

/*
 * Nothing in the text is more than was meant: it is well-formed, has the
 * sections Unit and Service, and in the latter each of our keys, once.
 *
 * @program:	what ExecStart= begins with
 */
void unit_text_check(const struct kb_buffer *text, const char *program);

#endif /* TESTS_FUZZ_UNIT_TEXT_H */
