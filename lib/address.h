/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses of buses: "kernel:path=/sys/fs/kdbus/0-system/bus;unix:path=/…".
 */
#ifndef KB_ADDRESS_H
#define KB_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/util.h"

#define KB_ADDRESS_SYSTEM	"kernel:path=/sys/fs/kdbus/0-system/bus"

/**
 * struct kb_address - one alternative of an address, values unescaped
 * @transport:	"kernel", "unix", …
 * @path:	value of "path", "" if absent
 * @abstract:	value of "abstract", "" if absent
 * @dir:	value of "dir" or "tmpdir", "" if absent
 * @runtime:	value of "runtime", "" if absent
 * @machine:	value of "machine" or "pid", "" if absent
 */
struct kb_address {
	char transport[32];
	char path[4096];
	char abstract[108];
	char dir[4096];
	char runtime[8];
	char machine[64];
};

/**
 * kb_address_next() - the next alternative
 * @list:	in: what is left; out: what is left then, "" at the end. A plain
 *		path ("/…") is taken as "kernel:path=".
 *
 * Return: 1, 0 at the end, -EINVAL if it is malformed.
 */
int kb_address_next(const char **list, struct kb_address *out);

/* @value as it may stand in an address, appended to @out: 0 or -ENOMEM. */
int kb_address_escape(const char *value, struct kb_buffer *out);

/* The bus of user @uid as an address, freshly allocated; NULL if no memory. */
char *kb_address_user(uid_t uid);

/**
 * kb_address_open() - open the first kdbus endpoint of an address that opens
 * @address:	alternatives that are not "kernel:" are skipped
 *
 * Return: a descriptor; -EINVAL, -EAFNOSUPPORT if there was no "kernel:" in
 * it, or the errno of the last open().
 */
int kb_address_open(const char *address);

#endif /* KB_ADDRESS_H */
