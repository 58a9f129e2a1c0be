// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose units, and in which directories they are.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "busname/scope.h"
#include "lib/util.h"

/* lists of strings that end with NULL */

/* Takes @s over, also on failure. */
static int strv_add(char ***v, char *s)
{
	size_t n = kb_strv_length(*v);
	char **more;

	if (!s)
		return -ENOMEM;
	more = reallocarray(*v, n + 2, sizeof(*more));
	if (!more) {
		free(s);
		return -ENOMEM;
	}
	more[n] = s;
	more[n + 1] = NULL;
	*v = more;
	return 0;
}

__attribute__((__format__(printf, 2, 3)))
static int strv_addf(char ***v, const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	if (vasprintf(&s, format, args) < 0)
		s = NULL;
	va_end(args);
	return strv_add(v, s);
}

static int strv_add_all(char ***v, const char *const *strings, size_t n)
{
	size_t i;
	int r = 0;

	for (i = 0; i < n && r >= 0; i++)
		r = strv_addf(v, "%s", strings[i]);
	return r;
}

/* life */

static const char *env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static int system_directories(struct scope *scope)
{
	static const char *const units[] = {
		"/etc/systemd/system", "/run/systemd/system",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
		"/lib/systemd/system",
	};
	static const char *const classic[] = {
		"/etc/dbus-1/system-services", "/run/dbus-1/system-services",
		"/usr/local/share/dbus-1/system-services",
		"/usr/share/dbus-1/system-services",
	};
	int r;

	r = strv_add_all(&scope->units, units, KB_ARRAY_SIZE(units));
	return r < 0 ? r : strv_add_all(&scope->classic, classic, KB_ARRAY_SIZE(classic));
}

/* The directories of $XDG_DATA_DIRS. */
static int add_data_directories(struct scope *scope)
{
	const char *next = env("XDG_DATA_DIRS", "/usr/local/share:/usr/share");
	int r = 0;

	while (*next && r >= 0) {
		size_t n = strcspn(next, ":");

		if (*next == '/')
			r = strv_addf(&scope->classic, "%.*s/dbus-1/services", (int)n, next);
		next += n + (next[n] == ':');
	}
	return r;
}

static int user_directories(struct scope *scope)
{
	static const char *const vendor[] = {
		"/usr/local/lib/systemd/user", "/usr/lib/systemd/user",
	};
	_cleanup_(kb_freep) char *config = NULL, *data = NULL;
	int r;

	if (asprintf(&config, "%s/.config", scope->home) < 0 ||
	    asprintf(&data, "%s/.local/share", scope->home) < 0)
		return -ENOMEM;
	r = strv_addf(&scope->units, "%s/systemd/user", env("XDG_CONFIG_HOME", config));
	if (r >= 0)
		r = strv_addf(&scope->units, "/etc/systemd/user");
	if (r >= 0)
		r = strv_addf(&scope->units, "%s/systemd/user", scope->runtime);
	if (r >= 0)
		r = strv_addf(&scope->units, "/run/systemd/user");
	if (r >= 0)
		r = strv_addf(&scope->units, "%s/systemd/user", env("XDG_DATA_HOME", data));
	if (r >= 0)
		r = strv_add_all(&scope->units, vendor, KB_ARRAY_SIZE(vendor));
	if (r >= 0)
		r = strv_addf(&scope->classic, "%s/dbus-1/services", scope->runtime);
	if (r >= 0)
		r = strv_addf(&scope->classic, "%s/dbus-1/services", env("XDG_DATA_HOME", data));
	return r < 0 ? r : add_data_directories(scope);
}

int scope_init(struct scope *scope, bool user, const char *root)
{
	char runtime[64];
	int r;

	*scope = (struct scope){ .user = user, .uid = user ? getuid() : 0, .root = root };
	snprintf(runtime, sizeof(runtime), "/run/user/%u", (unsigned int)scope->uid);
	scope->home = strdup(user ? env("HOME", "/") : "/root");
	scope->runtime = strdup(user ? env("XDG_RUNTIME_DIR", runtime) : "/run");
	r = scope->home && scope->runtime ? 0 : -ENOMEM;
	if (r >= 0)
		r = user ? user_directories(scope) : system_directories(scope);
	if (r < 0)
		scope_deinit(scope);
	return r;
}

void scope_deinit(struct scope *scope)
{
	free(scope->home);
	free(scope->runtime);
	kb_strv_free(scope->units);
	kb_strv_free(scope->classic);
	*scope = (struct scope){};
}

int scope_add_units(struct scope *scope, const char *directory)
{
	return strv_addf(&scope->units, "%s", directory);
}

/* files */

const char *scope_strip(const struct scope *scope, const char *path)
{
	return kb_startswith(path, scope->root) ?: path;
}

bool scope_is_masked(const char *path)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	n = readlink(path, target, sizeof(target) - 1);
	if (n >= 0) {
		target[n] = '\0';
		if (kb_streq(target, "/dev/null"))
			return true;
	}
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && !st.st_size;
}

int scope_find(const struct scope *scope, char *const *directories, const char *name,
	       char **out_path)
{
	struct stat st;

	for (; *directories; directories++) {
		_cleanup_(kb_freep) char *path = NULL;

		if (asprintf(&path, "%s%s/%s", scope->root, *directories, name) < 0)
			return -ENOMEM;
		if (lstat(path, &st) == 0) {
			*out_path = TAKE_PTR(path);
			return 1;
		}
	}
	return 0;
}

static const char *basename_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && kb_streq(s + n - m, suffix);
}

/* One to be sorted by name, and by the directory's priority within. */
struct found {
	char *path;
	size_t priority;
};

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int r = strcmp(basename_of(x->path), basename_of(y->path));

	return r ?: (x->priority > y->priority) - (x->priority < y->priority);
}

static int list_directory(const char *directory, const char *suffix, size_t priority,
			  struct found **found, size_t *n)
{
	struct dirent *entry;
	struct found *more;
	DIR *dir;
	int r = 0;

	dir = opendir(directory);
	if (!dir)
		return errno == ENOMEM ? -ENOMEM : 0;
	while (r >= 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !ends_with(entry->d_name, suffix))
			continue;
		more = reallocarray(*found, *n + 1, sizeof(*more));
		if (more)
			*found = more;
		if (!more || asprintf(&more[*n].path, "%s/%s", directory, entry->d_name) < 0) {
			r = -ENOMEM;
			break;
		}
		more[(*n)++].priority = priority;
	}
	closedir(dir);
	return r;
}

int scope_list(const struct scope *scope, char *const *directories, const char *suffix,
	       char ***out)
{
	struct found *found = NULL;
	size_t n = 0, i;
	char **v = NULL;
	int r = 0;

	for (i = 0; directories[i] && r >= 0; i++) {
		_cleanup_(kb_freep) char *path = NULL;

		r = asprintf(&path, "%s%s", scope->root, directories[i]) < 0 ? -ENOMEM : 0;
		if (r >= 0)
			r = list_directory(path, suffix, i, &found, &n);
	}
	if (n)
		qsort(found, n, sizeof(*found), compare_found);
	for (i = 0; i < n; i++) {
		bool first = !i || !kb_streq(basename_of(found[i - 1].path),
					     basename_of(found[i].path));

		if (r >= 0 && first)
			r = strv_addf(&v, "%s", found[i].path);
	}
	for (i = 0; i < n; i++)
		free(found[i].path);
	free(found);
	if (r < 0) {
		kb_strv_free(v);
		return r;
	}
	*out = v;
	return 0;
}

/* specifiers */

/* The word a file begins with. */
static const char *read_word(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");

	out[0] = '\0';
	if (!file)
		return NULL;
	if (!fgets(out, size, file))
		out[0] = '\0';
	fclose(file);
	out[strspn(out, "0123456789abcdefghijklmnopqrstuvwxyz")] = '\0';
	return *out ? out : NULL;
}

/* What a specifier stands for, in @room or elsewhere; NULL: not known. */
static const char *specifier(const struct scope *scope, char c, const char *name, char *room,
			     size_t size)
{
	static struct utsname uts;

	switch (c) {
	case '%':
		return "%";
	case 'n':
		snprintf(room, size, "%s.busname", name);
		return room;
	case 'N':
	case 'p':
	case 'P':
		return name;
	case 'i':
	case 'I':
		return "";
	case 'U':
		snprintf(room, size, "%u", (unsigned int)scope->uid);
		return room;
	case 'u':
		return scope->user ? env("USER", NULL) : "root";
	case 'h':
		return scope->home;
	case 't':
		return scope->runtime;
	case 'H':
	case 'v':
		if (uname(&uts) < 0)
			return NULL;
		return c == 'H' ? uts.nodename : uts.release;
	case 'm':
		return read_word("/etc/machine-id", room, size);
	default:
		return NULL;
	}
}

int scope_expand(const struct scope *scope, const char *text, const char *name, char **out)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {};
	char room[512];
	int r = 0;

	for (; *text && r >= 0; text++) {
		const char *value;

		if (*text != '%') {
			r = kb_buffer_append(&buffer, text, 1);
			continue;
		}
		value = specifier(scope, *++text, name, room, sizeof(room));
		if (!value)
			return -EINVAL;
		r = kb_buffer_append(&buffer, value, strlen(value));
	}
	if (r >= 0)
		r = kb_buffer_append(&buffer, "", 1);
	if (r < 0)
		return r;
	*out = (char *)TAKE_PTR(buffer.data);
	return 0;
}
