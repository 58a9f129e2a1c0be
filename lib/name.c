// SPDX-License-Identifier: LGPL-2.1-or-later
/* The grammars of D-Bus names and paths. */
#include <errno.h>

#include "lib/name.h"
#include "lib/util.h"

/* where a character may stand */
enum {
	CHAR_FIRST	= 1,	/* begins an element of an interface */
	CHAR_INNER	= 2,	/* inside one, or in a path's element */
	CHAR_HYPHEN	= 4,	/* bus names only */
};

static const uint8_t char_table[256] = {
	['A' ... 'Z'] = CHAR_FIRST | CHAR_INNER,
	['a' ... 'z'] = CHAR_FIRST | CHAR_INNER,
	['0' ... '9'] = CHAR_INNER,
	['_'] = CHAR_FIRST | CHAR_INNER,
	['-'] = CHAR_HYPHEN,
};

static bool char_is(char c, uint8_t kind)
{
	return char_table[(uint8_t)c] & kind;
}

/* Elements joined by dots, at least @n_min; the first character of each is a
 * @first, the others are @inner. */
static bool elements_are_valid(const char *s, unsigned int n_min,
			       uint8_t first, uint8_t inner)
{
	const char *begin = s;
	unsigned int n = 0;

	for (;;) {
		if (!char_is(*s, first))
			return false;
		while (char_is(*s, inner))
			s++;
		n++;
		if (*s != '.')
			break;
		s++;
	}
	return !*s && n >= n_min && s - begin <= KB_NAME_MAX;
}

/* bus names */

bool kb_name_is_valid(const char *name)
{
	return *name == ':' ? kb_name_is_unique(name) :
			      kb_name_is_well_known(name);
}

bool kb_name_is_well_known(const char *name)
{
	return elements_are_valid(name, 2, CHAR_FIRST | CHAR_HYPHEN,
				  CHAR_INNER | CHAR_HYPHEN);
}

/*
 * The reference asks less of these than the specification does: behind the colon
 * there may be one element, or none, or a dot first. Who sends to such a name is
 * told that nobody owns it; as an invalid one it would cost the connection.
 */
bool kb_name_is_unique(const char *name)
{
	const char *s = name;

	if (*s++ != ':')
		return false;
	for (; *s; s++) {
		if (*s == '.')
			s++;
		if (!char_is(*s, CHAR_INNER | CHAR_HYPHEN))
			return false;
	}
	return s - name <= KB_NAME_MAX;
}

bool kb_name_is_namespace(const char *name)
{
	if (*name == ':')
		return kb_name_is_unique(name);
	return elements_are_valid(name, 1, CHAR_FIRST | CHAR_HYPHEN,
				  CHAR_INNER | CHAR_HYPHEN);
}

/* other names */

bool kb_interface_is_valid(const char *name)
{
	return elements_are_valid(name, 2, CHAR_FIRST, CHAR_INNER);
}

bool kb_error_name_is_valid(const char *name)
{
	return kb_interface_is_valid(name);
}

bool kb_member_is_valid(const char *name)
{
	const char *s = name;

	if (!char_is(*s, CHAR_FIRST))
		return false;
	while (char_is(*s, CHAR_INNER))
		s++;
	return !*s && s - name <= KB_NAME_MAX;
}

bool kb_path_is_valid_n(const char *path, size_t length)
{
	bool slash = true;

	if (!length || *path != '/')
		return false;

	for (size_t i = 1; i < length; i++) {
		if (path[i] == '/') {
			if (slash)
				return false;
			slash = true;
		} else if (char_is(path[i], CHAR_INNER)) {
			slash = false;
		} else {
			return false;
		}
	}
	return length == 1 || !slash;
}

bool kb_path_is_valid(const char *path)
{
	return kb_path_is_valid_n(path, strlen(path));
}

/* relations */

bool kb_name_is_in_namespace(const char *name, const char *space)
{
	const char *rest = kb_startswith(name, space);

	return rest && (!*rest || *rest == '.');
}

bool kb_path_is_in_namespace(const char *path, const char *space)
{
	const char *rest = kb_startswith(path, space);

	return rest && (!*rest || *rest == '/' || kb_streq(space, "/"));
}

/* unique names of kdbus */

char *kb_unique_name(uint64_t id, char out[KB_UNIQUE_NAME_SIZE])
{
	char digits[20], *p = digits + sizeof(digits);
	size_t n;

	do
		*--p = '0' + id % 10;
	while (id /= 10);
	n = digits + sizeof(digits) - p;
	memcpy(out, ":1.", 3);
	memcpy(out + 3, p, n);
	out[3 + n] = '\0';
	return out;
}

int kb_unique_name_parse(const char *name, uint64_t *out_id)
{
	const char *id = kb_startswith(name, ":1.");

	return id && kb_parse_u64(id, out_id) >= 0 ? 0 : -EINVAL;
}
