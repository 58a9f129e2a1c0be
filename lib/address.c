// SPDX-License-Identifier: LGPL-2.1-or-later
/* Addresses of buses. */
#include <errno.h>
#include <fcntl.h>

#include "lib/address.h"
#include "lib/cmd.h"
#include "lib/util.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* What the specification lets stand as it is. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-_/.\\*", c));
}

/* Copies [@s, @end) with "%2f" undone. What must be escaped is not let through:
 * others would not understand the address. */
static int unescape(const char *s, const char *end, char *out, size_t size)
{
	for (; s < end; s++) {
		int high, low;

		if (size < 2)
			return -EINVAL;
		if (*s != '%') {
			if (!is_plain(*s))
				return -EINVAL;
			*out++ = *s;
			size--;
			continue;
		}
		if (end - s < 3)
			return -EINVAL;
		high = hex_digit(s[1]);
		low = hex_digit(s[2]);
		if (high < 0 || low < 0 || !(high | low))
			return -EINVAL;
		*out++ = high << 4 | low;
		size--;
		s += 2;
	}
	*out = '\0';
	return 0;
}

static int parse_pair(const char *s, const char *end, struct kb_address *out)
{
	const struct {
		const char *key;
		char *value;
		size_t size;
	} keys[] = {
		{ "path=", out->path, sizeof(out->path) },
		{ "abstract=", out->abstract, sizeof(out->abstract) },
		{ "dir=", out->dir, sizeof(out->dir) },
		{ "tmpdir=", out->dir, sizeof(out->dir) },
		{ "runtime=", out->runtime, sizeof(out->runtime) },
		{ "machine=", out->machine, sizeof(out->machine) },
		{ "pid=", out->machine, sizeof(out->machine) },
	};
	char others[4096];
	const char *value, *equals = memchr(s, '=', end - s);

	if (!equals || equals == s || equals + 1 == end)
		return -EINVAL;
	for (size_t i = 0; i < KB_ARRAY_SIZE(keys); i++) {
		value = kb_startswith(s, keys[i].key);
		if (value && value <= end)
			return unescape(value, end, keys[i].value,
					keys[i].size);
	}
	/* guid= and others are no concern of ours, but must be well-formed */
	return unescape(equals + 1, end, others, sizeof(others));
}

int kb_address_next(const char **list, struct kb_address *out)
{
	const char *s = *list, *end, *colon, *comma;
	int r;

	while (*s == ';')
		s++;
	if (!*s) {
		*list = s;
		return 0;
	}
	end = strchrnul(s, ';');
	*list = end;
	*out = (struct kb_address){};

	if (*s == '/') {
		/* a path and no address */
		if ((size_t)(end - s) >= sizeof(out->path))
			return -EINVAL;
		strcpy(out->transport, "kernel");
		memcpy(out->path, s, end - s);
		return 1;
	}

	colon = memchr(s, ':', end - s);
	if (!colon || colon == s ||
	    (size_t)(colon - s) >= sizeof(out->transport))
		return -EINVAL;
	memcpy(out->transport, s, colon - s);

	for (s = colon + 1; s < end; s = comma < end ? comma + 1 : end) {
		comma = memchr(s, ',', end - s) ?: end;
		r = parse_pair(s, comma, out);
		if (r < 0)
			return r;
	}
	return 1;
}

int kb_address_escape(const char *value, struct kb_buffer *out)
{
	int r = 0;

	for (; *value && r >= 0; value++)
		if (is_plain(*value))
			r = kb_buffer_append(out, value, 1);
		else
			r = kb_buffer_printf(out, "%%%02x", (unsigned char)*value);
	return r;
}

char *kb_address_user(uid_t uid)
{
	char *address;

	if (asprintf(&address, "kernel:path=" KB_KDBUSFS "/%u-user/bus",
		     uid) < 0)
		return NULL;
	return address;
}

int kb_address_open(const char *address)
{
	struct kb_address next;
	int fd, r, error = -EAFNOSUPPORT;

	while ((r = kb_address_next(&address, &next)) > 0) {
		if (!kb_streq(next.transport, "kernel") || !*next.path)
			continue;
		fd = open(next.path, O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (fd >= 0)
			return fd;
		error = -errno;
	}
	return r < 0 ? r : error;
}
