/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The well-known names one client owns or waits for. */
#ifndef PROXY_NAMES_H
#define PROXY_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct names - a small set
 *
 * The kernel notifies of names gained and lost; that a client is in a name's
 * queue can only be read from the answers to its requests.  The policy counts
 * both as "owns".
 *
 * @list:	names, owned by the set
 * @queued:	beside each: it only waits
 * @unsure:	one was taken away, and may still be waited for
 */
struct names {
	char **list;
	bool *queued;
	size_t n;
	bool unsure;
};

void names_deinit(struct names *names);

/* adds the name, or changes whether it waits: 0 or -ENOMEM */
int names_add(struct names *names, const char *name, bool queued);
void names_remove(struct names *names, const char *name);
bool names_contain(const struct names *names, const char *name);

/* is it there, and not only waited for */
bool names_own(const struct names *names, const char *name);

#endif /* PROXY_NAMES_H */
