/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libdbus says of a text; nothing but "as we do" where it is not there. */
#ifndef TESTS_FUZZ_ORACLE_H
#define TESTS_FUZZ_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

bool oracle_signature(const char *text);
bool oracle_single(const char *text);
bool oracle_path(const char *text);
bool oracle_interface(const char *text);
bool oracle_error_name(const char *text);
bool oracle_member(const char *text);
bool oracle_bus_name(const char *text);
bool oracle_utf8(const char *text);

/* Is an address well-formed, as far as its syntax goes? */
bool oracle_address(const char *text);

/* Is it a message, but for descriptors that did not come? */
bool oracle_message(const void *data, size_t size);

#endif /* TESTS_FUZZ_ORACLE_H */
