/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The well-known names one client owns or waits for. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "proxy/names.h"

void names_deinit(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
	free(names->queued);
	*names = (struct names){ 0 };
}

static size_t names_find(const struct names *names, const char *name)
{
	size_t i = 0;

	while (i < names->n && !kb_streq(names->list[i], name))
		i++;
	return i;
}

int names_add(struct names *names, const char *name, bool queued)
{
	size_t i = names_find(names, name);
	bool *flags;
	char **list;

	if (i < names->n) {
		names->queued[i] = queued;
		return 0;
	}
	list = reallocarray(names->list, i + 1, sizeof(*list));
	if (list)
		names->list = list;
	flags = reallocarray(names->queued, i + 1, sizeof(*flags));
	if (flags)
		names->queued = flags;
	if (!list || !flags)
		return -ENOMEM;
	list[i] = strdup(name);
	if (!list[i])
		return -ENOMEM;
	flags[i] = queued;
	names->n++;
	return 0;
}

void names_remove(struct names *names, const char *name)
{
	size_t i = names_find(names, name);

	if (i == names->n)
		return;
	free(names->list[i]);
	names->n--;
	names->list[i] = names->list[names->n];
	names->queued[i] = names->queued[names->n];
}

bool names_contain(const struct names *names, const char *name)
{
	return names_find(names, name) < names->n;
}

bool names_own(const struct names *names, const char *name)
{
	size_t i = names_find(names, name);

	return i < names->n && !names->queued[i];
}
