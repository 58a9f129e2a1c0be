// SPDX-License-Identifier: LGPL-2.1-or-later
/* The names a connection owns or waits for. */
#include <errno.h>

#include "libkdbus/connection.h"
#include "libkdbus/name.h"

/**
 * struct name - one of them
 * @flags:	of kdbus_request_name()
 */
struct name {
	struct name *next;
	unsigned int flags;
	char text[];
};

/* Of D-Bus and of the kernel. */
static const struct {
	unsigned int flag;
	uint64_t kernel;
} flag_table[] = {
	{ KDBUS_ALLOW_REPLACEMENT, KDBUS_NAME_ALLOW_REPLACEMENT },
	{ KDBUS_REPLACE_EXISTING, KDBUS_NAME_REPLACE_EXISTING },
};

static int acquire(struct kdbus_connection *bus, const char *name, unsigned int flags)
{
	uint64_t kernel = flags & KDBUS_DO_NOT_QUEUE ? 0 : KDBUS_NAME_QUEUE, result = 0;
	int r;

	for (size_t i = 0; i < KB_ARRAY_SIZE(flag_table); i++)
		if (flags & flag_table[i].flag)
			kernel |= flag_table[i].kernel;
	r = kb_conn_name_acquire(bus->kb, name, kernel, &result);
	if (r == -EALREADY)
		return 0;
	return r < 0 ? r : !!(result & KDBUS_NAME_IN_QUEUE);
}

static struct name **name_find(struct kdbus_connection *bus, const char *text)
{
	struct name **link = &bus->names;

	while (*link && !kb_streq((*link)->text, text))
		link = &(*link)->next;
	return link;
}

int kdbus_request_name(struct kdbus_connection *bus, const char *text, unsigned int flags)
{
	struct name *name = *name_find(bus, text);
	bool is_new = !name;
	int r;

	if (flags & ~(KDBUS_ALLOW_REPLACEMENT | KDBUS_REPLACE_EXISTING | KDBUS_DO_NOT_QUEUE))
		return -EINVAL;
	if (is_new)
		name = malloc(sizeof(*name) + strlen(text) + 1);
	if (!name)
		return -ENOMEM;
	r = acquire(bus, text, flags);
	if (r < 0) {
		if (is_new)
			free(name);
		return r;
	}
	name->flags = flags;
	if (is_new) {
		strcpy(name->text, text);
		name->next = bus->names;
		bus->names = name;
	}
	return r;
}

int kdbus_release_name(struct kdbus_connection *bus, const char *text)
{
	struct name **link = name_find(bus, text), *name = *link;

	if (name) {
		*link = name->next;
		free(name);
	}
	return kb_conn_name_release(bus->kb, text);
}

int names_release(struct kdbus_connection *bus)
{
	int result = 0;

	for (struct name *name = bus->names; name; name = name->next) {
		int r = kb_conn_name_release(bus->kb, name->text);

		/* taken away by somebody else: just as good */
		if (r < 0 && r != -ESRCH && r != -EADDRINUSE)
			result = r;
	}
	return result;
}

int names_request(struct kdbus_connection *bus)
{
	int result = 0;

	for (struct name *name = bus->names; name; name = name->next) {
		int r = acquire(bus, name->text, name->flags);

		if (r < 0)
			result = r;
	}
	return result;
}

void names_free(struct kdbus_connection *bus)
{
	struct name *name;

	while ((name = bus->names)) {
		bus->names = name->next;
		free(name);
	}
}
