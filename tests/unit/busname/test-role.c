// SPDX-License-Identifier: LGPL-2.1-or-later
/* What kdbus is to be, on machines made of a few files. */
#include <criterion/criterion.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "busname/role.h"
#include "lib/util.h"

#define RELEASE "6.1.0-test"

static const char *const whole[] = {
	KDBUSLIBEXECDIR "/kdbus-bus",
	KDBUSLIBEXECDIR "/kdbus-driver",
	KDBUSLIBEXECDIR "/kdbus-activator",
	KDBUSLIBEXECDIR "/kdbus-proxy",
	KDBUSLIBEXECDIR "/kdbus-choose-bus",
	BINDIR "/kdbusctl",
	SYSTEMGENERATORDIR "/kdbus-busname-generator",
	SYSTEMUNITDIR "/busnames.target",
	SYSTEMUNITDIR "/kdbus-bus.service",
	SYSTEMUNITDIR "/kdbus-choose-bus.service",
	SYSTEMUNITDIR "/kdbus-system-bus.service",
	SYSTEMUNITDIR "/kdbus-system-bus-failed.service",
	SYSTEMUNITDIR "/org.freedesktop.DBus.busname",
	"/lib/systemd/system/dbus.socket",
	"/lib/systemd/system/dbus.service",
};

static const char listener[] =
	"0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/dbus/system_bus_socket\n";

/**
 * struct role_case - a machine, and what it makes of kdbus
 * @module:	the kernel has it
 * @programs:	everything else is there, too
 * @reason:	a part of what is said, NULL for nothing
 */
static const struct role_case {
	const char *cmdline;
	bool enabled, module, programs, served, chosen;
	const char *refused;
	enum role role;
	const char *reason;
} cases[] = {
	{ .role = ROLE_NONE },
	{ .module = true, .role = ROLE_BESIDE },
	{ .module = true, .programs = true, .role = ROLE_BESIDE },
	{ .module = true, .programs = true, .enabled = true, .role = ROLE_BUS },
	{ .module = true, .programs = true, .cmdline = "kdbus=1", .role = ROLE_BUS },
	{ .module = true, .programs = true, .enabled = true, .cmdline = "kdbus=0",
	  .role = ROLE_NONE },
	{ .programs = true, .enabled = true, .role = ROLE_NONE, .reason = "no module kdbus" },
	{ .module = true, .enabled = true, .role = ROLE_BESIDE, .reason = "kdbus-bus" },
	{ .module = true, .programs = true, .enabled = true, .refused = "no driver",
	  .role = ROLE_BESIDE, .reason = "no driver" },
	/* what was chosen at the start stays */
	{ .module = true, .programs = true, .enabled = true, .served = true,
	  .role = ROLE_BESIDE },
	{ .module = true, .programs = true, .served = true, .chosen = true, .role = ROLE_BUS },
	{ .module = true, .served = true, .chosen = true, .role = ROLE_BUS },
	/* chosen and then not able to */
	{ .module = true, .programs = true, .enabled = true, .served = true,
	  .refused = "no proxy", .role = ROLE_BESIDE },
};

static void put(const char *root, const char *path, const char *text)
{
	char all[PATH_MAX];
	FILE *file;

	snprintf(all, sizeof(all), "%s%s", root, path);
	for (char *s = strchr(all + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(all, 0755);
		*s = '/';
	}
	file = fopen(all, "we");
	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	fclose(file);
	chmod(all, 0755);
}

static void make_machine(const char *root, const struct role_case *test)
{
	if (test->cmdline)
		put(root, "/proc/cmdline", test->cmdline);
	if (test->enabled)
		put(root, "/etc/kdbus/system-bus", "");
	if (test->module)
		put(root, "/lib/modules/" RELEASE "/modules.dep", "updates/kdbus.ko:\n");
	for (size_t i = 0; test->programs && i < KB_ARRAY_SIZE(whole); i++)
		put(root, whole[i], "");
	if (test->served)
		put(root, "/proc/net/unix", listener);
	if (test->chosen)
		put(root, "/run/kdbus/system-bus", "kdbus");
	if (test->refused)
		put(root, "/run/kdbus/system-bus-refused", test->refused);
}

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
		      struct FTW *ftw _unused_)
{
	return remove(path);
}

Test(role, is_what_the_machine_can_and_is_to_do)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		char root[] = "/tmp/role.XXXXXX";
		struct kb_switch it;
		char *reason;

		cr_assert_not_null(mkdtemp(root));
		make_machine(root, &cases[i]);
		cr_assert_eq(kb_switch_init(&it, false, root), 0);
		cr_expect_eq(role_read(&it, RELEASE, &reason), cases[i].role, "case %zu", i);
		cr_expect_eq(!reason, !cases[i].reason, "case %zu: %s", i, reason);
		if (reason && cases[i].reason)
			cr_expect(strstr(reason, cases[i].reason), "case %zu: %s", i, reason);
		free(reason);
		kb_switch_deinit(&it);
		nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
}
