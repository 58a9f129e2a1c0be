// SPDX-License-Identifier: LGPL-2.1-or-later
/* The switch: is kdbus the bus, or does it lie beside the classic one? */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

#include "lib/switch.h"
#include "lib/util.h"

#define BLANKS " \t\n"

/* The flag of a socket that listens, in /proc/net/unix. */
#define LISTENS 0x10000

/* life */

static const char *env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

_printf_(2, 3)
static int set_path(char **out, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(out, format, args);
	va_end(args);
	if (n < 0)
		*out = NULL;
	return n < 0 ? -ENOMEM : 0;
}

static int init_system(struct kb_switch *it)
{
	int r;

	r = set_path(&it->enabled, "/etc/kdbus/system-bus");
	if (r >= 0)
		r = set_path(&it->chosen, "/run/kdbus/system-bus");
	if (r >= 0)
		r = set_path(&it->refused, "/run/kdbus/system-bus-refused");
	if (r >= 0)
		r = set_path(&it->socket, "/run/dbus/system_bus_socket");
	return r;
}

static int init_user(struct kb_switch *it)
{
	char runtime[64];
	const char *config = env("XDG_CONFIG_HOME", NULL), *run;
	int r;

	snprintf(runtime, sizeof(runtime), "/run/user/%u", (unsigned int)getuid());
	run = env("XDG_RUNTIME_DIR", runtime);
	r = set_path(&it->enabled, "%s%s/kdbus/session-bus", config ?: env("HOME", ""),
		     config ? "" : "/.config");
	if (r >= 0)
		r = set_path(&it->enabled_for_all, "/etc/kdbus/session-bus");
	if (r >= 0)
		r = set_path(&it->chosen, "%s/kdbus/session-bus", run);
	if (r >= 0)
		r = set_path(&it->refused, "%s/kdbus/session-bus-refused", run);
	if (r >= 0)
		r = set_path(&it->socket, "%s/bus", run);
	return r;
}

int kb_switch_init(struct kb_switch *it, bool user, const char *root)
{
	int r;

	*it = (struct kb_switch){ .user = user, .root = root };
	r = user ? init_user(it) : init_system(it);
	if (r < 0)
		kb_switch_deinit(it);
	return r;
}

void kb_switch_deinit(struct kb_switch *it)
{
	free(it->enabled);
	free(it->enabled_for_all);
	free(it->chosen);
	free(it->refused);
	free(it->socket);
	*it = (struct kb_switch){ .root = "" };
}

/* files */

static bool put_root(const char *root, const char *path, char out[PATH_MAX])
{
	return snprintf(out, PATH_MAX, "%s%s", root, path) < PATH_MAX;
}

static FILE *open_below(const char *root, const char *path)
{
	char whole[PATH_MAX];

	return put_root(root, path, whole) ? fopen(whole, "re") : NULL;
}

static bool has(const char *root, const char *path, int mode)
{
	char whole[PATH_MAX];

	return put_root(root, path, whole) && access(whole, mode) == 0;
}

/* where it stands */

int kb_switch_word(const struct kb_switch *it)
{
	_cleanup_(kb_fclosep) FILE *file = open_below(it->root, "/proc/cmdline");
	char text[4096], *word, *rest;
	int last = -1;

	if (!file || !fgets(text, sizeof(text), file))
		return -1;
	for (word = strtok_r(text, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
		if (kb_streq(word, "kdbus=0"))
			last = 0;
		else if (kb_streq(word, "kdbus=1"))
			last = 1;
	}
	return last;
}

bool kb_switch_is_enabled(const struct kb_switch *it)
{
	return has(it->root, it->enabled, F_OK) ||
	       (it->enabled_for_all && has(it->root, it->enabled_for_all, F_OK));
}

bool kb_switch_is_chosen(const struct kb_switch *it)
{
	return has(it->root, it->chosen, F_OK);
}

/* A file a former listener left behind does not count, so the kernel is asked. */
bool kb_switch_is_served(const struct kb_switch *it)
{
	_cleanup_(kb_fclosep) FILE *file = open_below(it->root, "/proc/net/unix");
	char line[512], path[256];
	unsigned int flags;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %*s %x %*s %*s %*s %255s", &flags, path) == 2 &&
		    (flags & LISTENS) && kb_streq(path, it->socket))
			return true;
	return false;
}

char *kb_switch_refusal(const struct kb_switch *it)
{
	_cleanup_(kb_fclosep) FILE *file = open_below(it->root, it->refused);
	char text[1024] = "";

	if (!file)
		return NULL;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return strdup(text);
}

/* what is missing */

bool kb_switch_has_module(const char *root, const char *release)
{
	static const char *const lists[] = { "modules.dep", "modules.builtin" };
	char path[PATH_MAX], line[4096];
	bool found = false;

	for (size_t i = 0; i < KB_ARRAY_SIZE(lists) && !found; i++) {
		_cleanup_(kb_fclosep) FILE *file = NULL;

		snprintf(path, sizeof(path), "/lib/modules/%s/%s", release, lists[i]);
		file = open_below(root, path);
		while (file && !found && fgets(line, sizeof(line), file)) {
			line[strcspn(line, ":\n")] = '\0';
			found = strstr(line, "/kdbus.ko");
		}
	}
	return found;
}

/**
 * struct part - something that has to be there
 * @name:	a program's path, a unit's name
 */
struct part {
	const char *name;
	const char *what;
};

static const struct part programs[] = {
	{ KDBUSLIBEXECDIR "/kdbus-bus", "the bus keeper" },
	{ KDBUSLIBEXECDIR "/kdbus-driver", "the driver" },
	{ KDBUSLIBEXECDIR "/kdbus-activator", "the activator" },
	{ KDBUSLIBEXECDIR "/kdbus-proxy", "the proxy" },
	{ KDBUSLIBEXECDIR "/kdbus-choose-bus", "the program that falls back" },
	{ BINDIR "/kdbusctl", "the control tool" },
};

static const struct part system_units[] = {
	{ "busnames.target", "of bus names" },
	{ "kdbus-bus.service", "of the bus keeper" },
	{ "kdbus-choose-bus.service", "that tries kdbus first" },
	{ "kdbus-system-bus.service", "of the proxy" },
	{ "kdbus-system-bus-failed.service", "that falls back" },
	{ "org.freedesktop.DBus.busname", "of the driver" },
	{ "dbus.socket", "of the bus socket" },
	{ "dbus.service", "of the classic bus, to fall back to" },
};

static const struct part user_units[] = {
	{ "busnames.target", "of bus names" },
	{ "kdbus-bus.service", "of the bus keeper" },
	{ "kdbus-choose-bus.service", "that tries kdbus first" },
	{ "kdbus-session-bus.service", "of the proxy" },
	{ "kdbus-session-bus-failed.service", "that falls back" },
	{ "org.freedesktop.DBus.busname", "of the driver" },
	{ "dbus.socket", "of the bus socket" },
	{ "dbus.service", "of the classic bus, to fall back to" },
};

/* Where packages and administrators put units; generated ones do not count. */
static const char *const system_places[] = {
	"/etc/systemd/system", SYSTEMUNITDIR, "/usr/lib/systemd/system", "/lib/systemd/system",
};

static const char *const user_places[] = {
	"/etc/systemd/user", USERUNITDIR, "/usr/lib/systemd/user",
};

_printf_(2, 3)
static int add(char ***out, const char *format, ...)
{
	_cleanup_(kb_freep) char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return kb_strv_add(out, text);
}

static bool is_masked(const char *root, const char *path)
{
	char whole[PATH_MAX], target[16];

	return put_root(root, path, whole) &&
	       readlink(whole, target, sizeof(target)) == strlen("/dev/null") &&
	       !memcmp(target, "/dev/null", strlen("/dev/null"));
}

static int find_unit(const struct kb_switch *it, const struct part *unit,
		     const char *const *places, size_t n_places, char ***out)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < n_places; i++) {
		snprintf(path, sizeof(path), "%s/%s", places[i], unit->name);
		if (is_masked(it->root, path))
			return add(out, "%s, the unit %s, is masked", unit->name, unit->what);
		if (has(it->root, path, R_OK))
			return 0;
	}
	return add(out, "there is no %s, the unit %s", unit->name, unit->what);
}

static int find_programs(const struct kb_switch *it, char ***out)
{
	int r = 0;

	for (size_t i = 0; i < KB_ARRAY_SIZE(programs) && r >= 0; i++)
		if (!has(it->root, programs[i].name, X_OK))
			r = add(out, "there is no %s, %s", programs[i].name, programs[i].what);
	return r;
}

static int find_units(const struct kb_switch *it, char ***out)
{
	int r = 0;

	if (it->user)
		for (size_t i = 0; i < KB_ARRAY_SIZE(user_units) && r >= 0; i++)
			r = find_unit(it, &user_units[i], user_places, KB_ARRAY_SIZE(user_places),
				      out);
	else
		for (size_t i = 0; i < KB_ARRAY_SIZE(system_units) && r >= 0; i++)
			r = find_unit(it, &system_units[i], system_places,
				      KB_ARRAY_SIZE(system_places), out);
	return r;
}

int kb_switch_missing(const struct kb_switch *it, const char *release, char ***out)
{
	_cleanup_(kb_strv_freep) char **missing = NULL;
	const char *generator = it->user ? USERGENERATORDIR "/kdbus-busname-generator" :
					   SYSTEMGENERATORDIR "/kdbus-busname-generator";
	int r = 0;

	if (!kb_switch_has_module(it->root, release))
		r = add(&missing, "the kernel %s has no module kdbus", release);
	if (r >= 0)
		r = find_programs(it, &missing);
	if (r >= 0 && !has(it->root, generator, X_OK))
		r = add(&missing, "there is no %s, the generator of units", generator);
	if (r >= 0)
		r = find_units(it, &missing);
	if (r < 0)
		return r;
	*out = TAKE_PTR(missing);
	return 0;
}
