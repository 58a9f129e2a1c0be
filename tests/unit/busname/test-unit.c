// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Each key with each value: what is right is taken, and what is wrong is named
 * with file and line and keeps nothing else from working.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "busname/classic.h"
#include "busname/emit.h"
#include "busname/generator.h"

#define DIRECTORY "/etc/systemd/system"

static const char *const values[] = {
	"yes", "no", "maybe", "0", "1", "2", "-1", "1.5", "18446744073709551616", "1e3", "0x10",
	"soon", "5min", "5 fortnights", "infinity", "x.service", "x.socket", ".service",
	"@.service", "a@.service", "a@b.service", "x/y.service", "x.service y.service", "%", "%q",
	"%n", "/bin/x", "/bin/x %n", "bin/x", "\"/bin/x\"", "root own", "root  talk", "root",
	"own", "see", "root own now", "root admin", "-x see", "4294967294 own", "4294967295 own",
	"everything", "refuse", "fail", "fail refuse", "$HOME", "\xc3\xbc", "x.y", "x.z",
};

/* Those of the values that are right for a key, all of them for NULL. */
static const struct {
	const char *section;
	const char *key;
	const char *const right[16];
} rows[] = {
	{ "Unit", "DefaultDependencies", { "yes", "no", "0", "1" } },
	{ "BusName", "Name", { "x.y" } },
	{ "BusName", "Activating", { "yes", "no", "0", "1" } },
	{ "BusName", "Service", { "x.service", "a@b.service" } },
	{ "BusName", "AcceptFileDescriptors", { "yes", "no", "0", "1" } },
	{ "BusName", "AllowUser", { "root own", "root  talk", "4294967294 own" } },
	{ "BusName", "AllowGroup", { "root own", "root  talk", "4294967294 own" } },
	{ "BusName", "AllowWorld", { "own", "see" } },
	{ "BusName", "SELinuxContext", {} },
	{ "BusName", "Exec", { "/bin/x", "/bin/x %n" } },
	{ "BusName", "TriggerLimitIntervalSec", { "0", "1", "2", "1.5", "5min" } },
	{ "BusName", "TriggerLimitBurst", { "0", "1", "2" } },
	{ "BusName", "OnLimit", { "refuse", "fail" } },
};

static unsigned int n_warnings;
static char warning[1200];

static void remember(const char *line)
{
	n_warnings++;
	snprintf(warning, sizeof(warning), "%s", line);
}

static bool is_right(size_t row, const char *value)
{
	size_t i;

	for (i = 0; rows[row].right[i]; i++)
		if (kb_streq(rows[row].right[i], value))
			return true;
	return !rows[row].right[0];
}

static char root[] = "/tmp/unit.XXXXXX";
static struct scope scope;

static void setup(void)
{
	char path[PATH_MAX], *slash;

	cr_assert_not_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s" DIRECTORY "/", root);
	for (slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	cr_assert_eq(scope_init(&scope, false, root), 0);
	parse_warn_set(remember);
}

static void teardown(void)
{
	char command[64];

	scope_deinit(&scope);
	snprintf(command, sizeof(command), "rm -r %s", root);
	cr_assert_eq(system(command), 0);
}

TestSuite(unit, .init = setup, .fini = teardown, .timeout = 120);

/* The unit that @text makes, with the warnings there were. */
static struct unit *load(const char *name, const char *text)
{
	struct unit *unit = NULL;
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s" DIRECTORY "/%s.busname", root, name);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
	n_warnings = 0;
	cr_assert_eq(generator_load(&scope, path, &unit), 0);
	return unit;
}

static void try_value(size_t row, const char *value)
{
	const char *key = rows[row].key;
	struct unit *unit;
	char text[512], wanted[512];

	snprintf(text, sizeof(text), "[%s]\n# %s\n%s=%s\n[BusName]\nAllowUser=daemon see\n",
		 rows[row].section, key, key, value);
	unit = load("x.y", text);
	if (is_right(row, value)) {
		cr_expect_eq(n_warnings, 0, "%s=%s: %s", key, value, warning);
	} else {
		snprintf(wanted, sizeof(wanted), DIRECTORY "/x.y.busname:3: %s: ", key);
		cr_expect_eq(n_warnings, 1, "%s=%s: %u warnings", key, value, n_warnings);
		cr_expect(kb_startswith(warning, wanted), "%s=%s: %s", key, value, warning);
		cr_expect(strstr(warning, strchr(value, '%') ? key : value), "%s=%s: %s", key,
			  value, warning);
	}
	/* only a wrong name makes the whole file useless */
	cr_expect_eq(!unit, kb_streq(key, "Name") && !is_right(row, value), "%s=%s", key, value);
	if (unit)
		cr_expect_str_eq(unit->policy.rules[unit->policy.n_rules - 1].who, "daemon");
	unit_free(unit);
}

/* A line of what is written must not swallow the next one. */
Test(unit, a_backslash_at_the_end_stays_alone)
{
	static const char *const lines[] = {
		"[BusName]\nExec=/bin/x a\\ \n", "[BusName]\nExec=/bin/x a\\\t\r\n",
		"[Unit]\nDocumentation=man:x\\ \nAfter=y.service\n", "[Unit]\nAfter=y.service\\ \n",
	};
	struct kb_buffer out;
	struct unit *unit;
	size_t i;

	for (i = 0; i < KB_ARRAY_SIZE(lines); i++) {
		out = (struct kb_buffer){};
		unit = load("x.y", lines[i]);
		cr_assert_not_null(unit);
		cr_assert_eq(emit_unit_text(unit, &scope, &out), 0);
		cr_assert_eq(kb_buffer_append(&out, "", 1), 0);
		cr_expect_not_null(strchr((char *)out.data, '\\'), "%s", lines[i]);
		cr_expect_null(strstr((char *)out.data, "\\\n"), "%s", (char *)out.data);
		kb_buffer_deinit(&out);
		unit_free(unit);
	}
}

/* Is there a grant to own the name, and for the whole user? */
static bool may_own(const struct unit *unit, const char *user)
{
	struct kb_buffer out = {};
	char wanted[1024];
	bool found;

	snprintf(wanted, sizeof(wanted), " --allow-user=%s:own", user);
	cr_assert_eq(emit_unit_text(unit, &scope, &out), 0);
	cr_assert_eq(kb_buffer_append(&out, "", 1), 0);
	found = strstr((char *)out.data, wanted);
	cr_expect(found || !strstr((char *)out.data, "--allow-user=u"));
	kb_buffer_deinit(&out);
	return found;
}

static struct unit *load_classic(const char *user, struct classic *classic)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/x.service", root);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	fprintf(file, "[D-BUS Service]\nName=x.y\nExec=/bin/x\nUser=%s\n", user);
	fclose(file);
	n_warnings = 0;
	cr_assert_eq(classic_read(path, &scope, classic), 0);
	cr_assert_not_null(classic->unit);
	return classic->unit;
}

/* Other files must not suffer from one. */
Test(unit, a_user_is_taken_whole_or_not_at_all)
{
	static const size_t lengths[] = { 1, 250, 251, 252, 255, 256, 505, 600 };
	char user[1024], text[2048];
	struct classic classic;
	struct unit *unit;
	size_t i;

	for (i = 0; i < KB_ARRAY_SIZE(lengths); i++) {
		bool good = lengths[i] <= UNIT_USER_MAX;

		memset(user, 'u', lengths[i]);
		user[lengths[i]] = '\0';
		snprintf(text, sizeof(text), "[BusName]\nAllowUser=%s own\n", user);
		unit = load("x.y", text);
		cr_assert_not_null(unit);
		cr_expect_eq(may_own(unit, user), good, "%zu", lengths[i]);
		cr_expect_eq(n_warnings, !good, "%zu", lengths[i]);
		unit_free(unit);
		cr_expect_eq(may_own(load_classic(user, &classic), user), good, "%zu", lengths[i]);
		cr_expect_eq(n_warnings, !good, "%zu", lengths[i]);
		classic_deinit(&classic);
	}
}

Test(unit, each_key_with_each_value)
{
	struct unit *unit;
	size_t i, j;

	for (i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		for (j = 0; j < KB_ARRAY_SIZE(values); j++)
			try_value(i, values[j]);
		unit = load("good.one", "[BusName]\n");
		cr_expect_not_null(unit);
		cr_expect_eq(n_warnings, 0);
		unit_free(unit);
	}
}
