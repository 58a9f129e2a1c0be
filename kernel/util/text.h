/* SPDX-License-Identifier: GPL-2.0-only */
/* The grammar of names. */
#ifndef KDBUS_TEXT_H
#define KDBUS_TEXT_H

#include <linux/types.h>

#define KDBUS_NAME_MAX		255	/* characters of a well-known name */
#define KDBUS_SYSNAME_MAX	63	/* of a bus, endpoint or description */

bool kdbus_name_is_valid(const char *name, bool wildcard);
bool kdbus_name_is_wildcard(const char *name);
int kdbus_sysname_check(const char *name, size_t size);

#endif /* KDBUS_TEXT_H */
