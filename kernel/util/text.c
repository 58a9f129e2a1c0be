// SPDX-License-Identifier: GPL-2.0-only
/* The grammar of names. */

#include <linux/errno.h>
#include <linux/string.h>

#include "util/text.h"

/* ctype.h would let the letters of Latin-1 pass. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/**
 * kdbus_name_is_valid() - check a well-known name
 * @name:	string to check
 * @wildcard:	whether the last element may be "*"
 *
 * Two or more elements joined by dots, each of letters, digits, "_" and "-",
 * not empty and not starting with a digit; at most 255 characters (D-Bus
 * specification, "Bus names").
 */
bool kdbus_name_is_valid(const char *name, bool wildcard)
{
	unsigned int n_dots = 0;
	bool start = true;
	const char *p;

	for (p = name; *p; p++) {
		if (*p == '.') {
			if (start)
				return false;
			start = true;
			n_dots++;
			continue;
		}
		if (*p == '*' && wildcard && start && n_dots && !p[1])
			return p - name < KDBUS_NAME_MAX;
		if (!is_letter(*p) && *p != '-' && (start || !is_digit(*p)))
			return false;
		start = false;
	}
	return !start && n_dots && p - name <= KDBUS_NAME_MAX;
}

/**
 * kdbus_name_is_wildcard() - does a valid name end in ".*"?
 * @name:	valid name
 */
bool kdbus_name_is_wildcard(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && !strcmp(name + n - 2, ".*");
}

/**
 * kdbus_sysname_check() - check the name of a bus or an endpoint, or a
 *			   description
 * @name:	bytes to check
 * @size:	how many, including the NUL
 *
 * Return: 0, -EINVAL, or -ENAMETOOLONG above 63 characters.
 */
int kdbus_sysname_check(const char *name, size_t size)
{
	size_t i, n = size - 1;

	if (size < 2)
		return -EINVAL;
	if (n > KDBUS_SYSNAME_MAX)
		return -ENAMETOOLONG;
	if (name[n])
		return -EINVAL;

	for (i = 0; i < n; i++) {
		if (is_letter(name[i]) || is_digit(name[i]))
			continue;
		if (name[i] != '-' && name[i] != '.')
			return -EINVAL;
		if (i == 0 || i == n - 1)
			return -EINVAL;
	}
	return 0;
}
