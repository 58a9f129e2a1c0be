// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The generator: all bus name units of a scope, read and written.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "busname/classic.h"
#include "busname/emit.h"
#include "busname/generator.h"
#include "lib/name.h"

/* reading */

static const char *basename_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

bool generator_name(const char *path, char out[UNIT_NAME_MAX + 1])
{
	const char *base = basename_of(path);
	size_t n = strlen(base) - strlen(UNIT_SUFFIX);

	if (n > UNIT_NAME_MAX)
		return false;
	memcpy(out, base, n);
	out[n] = '\0';
	return true;
}

/* services */

/* 1 if there is one. */
static int find_service(const struct scope *scope, const char *service, char **out_path)
{
	const char *at = strchr(service, '@');
	char file[UNIT_NAME_MAX + 1];

	/* "a@b.service" is made of "a@.service". */
	snprintf(file, sizeof(file), "%.*s%s", at ? (int)(at + 1 - service) : UNIT_NAME_MAX,
		 service, at ? ".service" : "");
	return scope_find(scope, scope->units, file, out_path);
}

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; *list; list += strcspn(list, " \t"), list += strspn(list, " \t"))
		if (!strncmp(list, word, n) && strchr(" \t", list[n]))
			return true;
	return false;
}

/* Is the unit in this file done before sysinit.target is reached? */
static int read_early(const char *path, bool *out)
{
	_cleanup_(assignments_deinit) struct assignments assignments = {};
	int r;

	/* whatever is wrong with it is for others to say */
	if (scope_is_masked(path) || access(path, R_OK) < 0)
		return 0;
	r = parse_file(&assignments, path, path);
	for (size_t i = 0; i < assignments.n; i++) {
		const struct assignment *a = &assignments.v[i];

		if (kb_streq(a->section, "Unit") && kb_streq(a->key, "Before"))
			*out = *out || has_word(a->value, "sysinit.target");
	}
	return r == -ENOMEM ? r : 0;
}

/*
 * A unit that comes after sysinit.target, and before a service that comes before
 * it, would be a circle, which the service manager breaks by not starting one of
 * them.
 */
static int find_early(const struct scope *scope, struct unit *unit)
{
	_cleanup_(kb_freep) char *path = NULL;
	int r;

	if (!unit->service || !unit->implicit || scope->user)
		return 0;
	r = find_service(scope, unit->service, &path);
	return r <= 0 ? r : read_early(path, &unit->early);
}

/* A link to a file of another name would be an alias, which names cannot
 * have. */
static bool is_alias(const char *path)
{
	char target[PATH_MAX];
	const char *base;
	ssize_t n;

	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	base = strrchr(target, '/');
	return !kb_streq(base ? base + 1 : target, basename_of(path));
}

int generator_dropins(const struct scope *scope, const char *name, char ***out)
{
	size_t n = kb_strv_length(scope->units), i;
	_cleanup_(kb_strv_freep) char **directories = NULL;

	directories = calloc(n + 1, sizeof(*directories));
	if (!directories)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		if (asprintf(&directories[i], "%s/%s" UNIT_SUFFIX ".d", scope->units[i], name) < 0) {
			directories[i] = NULL;
			return -ENOMEM;
		}
	return scope_list(scope, directories, ".conf", out);
}

static int load_dropins(const struct scope *scope, const char *name,
			struct assignments *assignments)
{
	_cleanup_(kb_strv_freep) char **files = NULL;
	size_t i;
	int r;

	r = generator_dropins(scope, name, &files);
	for (i = 0; r >= 0 && files && files[i]; i++) {
		if (scope_is_masked(files[i]))
			continue;
		r = parse_file(assignments, files[i], scope_strip(scope, files[i]));
		/* It was warned about, and the rest still counts. */
		if (r != -ENOMEM)
			r = 0;
	}
	return r;
}

int generator_load(const struct scope *scope, const char *path, struct unit **out)
{
	_cleanup_(assignments_deinit) struct assignments assignments = {};
	_cleanup_(unit_freep) struct unit *unit = NULL;
	const char *file = scope_strip(scope, path);
	char name[UNIT_NAME_MAX + 1];
	int r;

	*out = NULL;
	if (scope_is_masked(path))
		return 0;
	if (!generator_name(path, name) || strlen(name) > GENERATOR_NAME_MAX ||
	    !kb_name_is_well_known(name)) {
		parse_warn(file, 0, "not named after a bus name, file ignored");
		return 0;
	}
	if (is_alias(path)) {
		parse_warn(file, 0, "bus names have no aliases, file ignored");
		return 0;
	}
	r = parse_file(&assignments, path, file);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = load_dropins(scope, name, &assignments);
	if (r >= 0)
		r = unit_new(name, file, &unit);
	if (r >= 0)
		r = unit_apply(unit, &assignments, scope);
	if (r >= 0)
		r = find_early(scope, unit);
	if (r == -EINVAL)
		return 0;
	if (r < 0)
		return r;
	*out = TAKE_PTR(unit);
	return 0;
}

/* writing */

int generator_check_service(const struct scope *scope, const struct unit *unit)
{
	_cleanup_(kb_freep) char *path = NULL;
	int r;

	if (!unit->service)
		return 0;
	r = find_service(scope, unit->service, &path);
	if (!r)
		parse_warn(unit->source, 0, "%s is nowhere to be found", unit->service);
	return r < 0 ? r : 0;
}

static int run_native(const struct scope *scope, const char *directory, char *const *files)
{
	int r = 0;

	for (; files && *files && r >= 0; files++) {
		_cleanup_(unit_freep) struct unit *unit = NULL;

		r = generator_load(scope, *files, &unit);
		if (r >= 0 && unit)
			r = generator_check_service(scope, unit);
		if (r >= 0 && unit)
			r = emit_unit(directory, unit, scope);
	}
	return r;
}

/* Is there a native file for @name, be it masked? */
static bool is_native(const char *name, char *const *files)
{
	char native[UNIT_NAME_MAX + 1];

	for (; files && *files; files++)
		if (generator_name(*files, native) && kb_streq(name, native))
			return true;
	return false;
}

/**
 * struct seen - names that were converted already
 */
struct seen {
	char **names;
	size_t n;
};

static void seen_deinit(struct seen *seen)
{
	kb_strv_free(seen->names);
}

/* 1 if @name is new, 0 if not. */
static int see(struct seen *seen, const char *name)
{
	char **names;
	size_t i;

	for (i = 0; i < seen->n; i++)
		if (kb_streq(seen->names[i], name))
			return 0;
	names = reallocarray(seen->names, seen->n + 2, sizeof(*names));
	if (!names)
		return -ENOMEM;
	seen->names = names;
	names[seen->n] = strdup(name);
	if (!names[seen->n])
		return -ENOMEM;
	names[++seen->n] = NULL;
	return 1;
}

/* One file: what it becomes, unless the name is taken already. */
static int each_classic_file(const struct scope *scope, const char *path, char *const *native,
			     struct seen *seen, generator_classic_t found, void *userdata)
{
	_cleanup_(classic_deinit) struct classic classic = {};
	int r;

	r = classic_read(path, scope, &classic);
	if (r < 0 || !classic.unit || is_native(classic.unit->name, native) ||
	    strlen(classic.unit->name) > GENERATOR_NAME_MAX)
		return r;
	r = see(seen, classic.unit->name);
	if (r <= 0)
		return r;
	r = find_early(scope, classic.unit);
	return r < 0 ? r : found(scope, &classic, userdata);
}

/* The first file for a name counts, so one directory comes after the other. */
int generator_each_classic(const struct scope *scope, char *const *native,
			   generator_classic_t found, void *userdata)
{
	_cleanup_(seen_deinit) struct seen seen = {};
	int r = 0;
	size_t i, j;

	for (i = 0; scope->classic[i] && r >= 0; i++) {
		char *one[] = { scope->classic[i], NULL };
		_cleanup_(kb_strv_freep) char **files = NULL;

		r = scope_list(scope, one, CLASSIC_SUFFIX, &files);
		for (j = 0; r >= 0 && files && files[j]; j++)
			r = each_classic_file(scope, files[j], native, &seen, found, userdata);
	}
	return r;
}

/*
 * A service that is not there is no reason for a warning: distributions install
 * the activation file, and the administrator enables the service, or not.
 */
static int run_classic(const struct scope *scope, const struct classic *classic, void *userdata)
{
	const char *directory = userdata;
	int r = 0;

	if (classic->service.size)
		r = emit_file(directory, classic->unit->service, &classic->service, false);
	return r < 0 ? r : emit_unit(directory, classic->unit, scope);
}

int generator_run(const struct scope *scope, const char *directory, bool classic)
{
	_cleanup_(kb_strv_freep) char **files = NULL;
	int r;

	r = scope_list(scope, scope->units, UNIT_SUFFIX, &files);
	if (r >= 0)
		r = run_native(scope, directory, files);
	if (r >= 0 && classic)
		r = generator_each_classic(scope, files, run_classic, (void *)directory);
	return r < 0 ? r : emit_target(directory, scope);
}
