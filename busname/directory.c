// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The services of some directories, for the daemon of a private bus to read.
 */
#include <errno.h>
#include <stdio.h>

#include "busname/classic.h"
#include "busname/directory.h"

/**
 * struct listing - what was printed so far
 * @scope:	without directories of its own, for scope_list()
 * @names:	of the services, so that each comes once
 */
struct listing {
	struct scope scope;
	char **names;
	size_t n_names;
};

/* 1 if @name is new, and noted now. */
static int note_name(struct listing *listing, const char *name)
{
	char **more;
	size_t i;

	for (i = 0; i < listing->n_names; i++)
		if (kb_streq(listing->names[i], name))
			return 0;
	more = reallocarray(listing->names, listing->n_names + 2, sizeof(*more));
	if (!more)
		return -ENOMEM;
	listing->names = more;
	more[listing->n_names] = strdup(name);
	more[listing->n_names + 1] = NULL;
	return more[listing->n_names++] ? 1 : -ENOMEM;
}

static void print_entry(const struct classic_entry *entry, const char *file)
{
	char **word;

	printf("service %s\nfile %s\n", entry->name, file);
	if (entry->user)
		printf("user %s\n", entry->user);
	if (entry->unit)
		printf("unit %s\n", entry->unit);
	for (word = entry->exec; word && *word; word++)
		printf("argument %s\n", *word);
}

static int print_file(struct listing *listing, const char *file)
{
	struct classic_entry entry;
	int r;

	r = classic_read_entry(file, &entry);
	if (r < 0 || !entry.name)
		return r;
	r = note_name(listing, entry.name);
	if (r > 0)
		print_entry(&entry, file);
	classic_entry_deinit(&entry);
	return r < 0 ? r : 0;
}

static int print_one(struct listing *listing, const char *directory)
{
	char *const directories[] = { (char *)directory, NULL };
	_cleanup_(kb_strv_freep) char **files = NULL;
	char **file;
	int r;

	printf("directory %s\n", directory);
	r = scope_list(&listing->scope, directories, CLASSIC_SUFFIX, &files);
	for (file = files; r >= 0 && file && *file; file++)
		r = print_file(listing, *file);
	return r;
}

static int print_usual(struct listing *listing, bool user)
{
	struct scope scope;
	char **directory;
	int r;

	r = scope_init(&scope, user, "");
	if (r < 0)
		return r;
	for (directory = scope.classic; r >= 0 && *directory; directory++)
		r = print_one(listing, *directory);
	scope_deinit(&scope);
	return r;
}

int directory_print(char *const *directories)
{
	struct listing listing = { .scope.root = "" };
	int r = 0;

	for (; *directories && r >= 0; directories++) {
		if (kb_streq(*directories, "session"))
			r = print_usual(&listing, true);
		else if (kb_streq(*directories, "system"))
			r = print_usual(&listing, false);
		else
			r = print_one(&listing, *directories);
	}
	kb_strv_free(listing.names);
	return r;
}
