// SPDX-License-Identifier: LGPL-2.1-or-later
/* The switch, on machines made of a few files. */
#include <criterion/criterion.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/switch.h"
#include "lib/util.h"

#define RELEASE "6.1.0-test"

static char root[PATH_MAX];

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
		      struct FTW *ftw _unused_)
{
	return remove(path);
}

static void make_root(void)
{
	strcpy(root, "/tmp/switch.XXXXXX");
	cr_assert_not_null(mkdtemp(root));
	setenv("HOME", "/home/me", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	unsetenv("XDG_CONFIG_HOME");
}

static void remove_root(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(switch_, .init = make_root, .fini = remove_root);

static const char *below(const char *path)
{
	static char whole[PATH_MAX + 256];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *s = strchr(whole + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(whole, 0755);
		*s = '/';
	}
	return whole;
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(below(path), "we");

	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	fclose(file);
	chmod(below(path), mode);
}

static void make_whole_machine(void)
{
	static const char *const programs[] = {
		KDBUSLIBEXECDIR "/kdbus-bus",	    KDBUSLIBEXECDIR "/kdbus-driver",
		KDBUSLIBEXECDIR "/kdbus-activator", KDBUSLIBEXECDIR "/kdbus-proxy",
		KDBUSLIBEXECDIR "/kdbus-choose-bus", BINDIR "/kdbusctl",
		SYSTEMGENERATORDIR "/kdbus-busname-generator",
		USERGENERATORDIR "/kdbus-busname-generator",
	};
	static const char *const units[] = {
		SYSTEMUNITDIR "/busnames.target",
		SYSTEMUNITDIR "/kdbus-bus.service",
		SYSTEMUNITDIR "/kdbus-choose-bus.service",
		SYSTEMUNITDIR "/kdbus-system-bus.service",
		SYSTEMUNITDIR "/kdbus-system-bus-failed.service",
		SYSTEMUNITDIR "/org.freedesktop.DBus.busname",
		"/lib/systemd/system/dbus.socket",
		"/lib/systemd/system/dbus.service",
		USERUNITDIR "/busnames.target",
		USERUNITDIR "/kdbus-bus.service",
		USERUNITDIR "/kdbus-choose-bus.service",
		USERUNITDIR "/kdbus-session-bus.service",
		USERUNITDIR "/kdbus-session-bus-failed.service",
		USERUNITDIR "/org.freedesktop.DBus.busname",
		"/usr/lib/systemd/user/dbus.socket",
		"/usr/lib/systemd/user/dbus.service",
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(programs); i++)
		put(programs[i], "", 0755);
	for (size_t i = 0; i < KB_ARRAY_SIZE(units); i++)
		put(units[i], "", 0644);
	put("/lib/modules/" RELEASE "/modules.dep",
	    "kernel/fs/ext4.ko.xz: kernel/lib/crc16.ko.xz\nupdates/dkms/kdbus.ko.xz:\n", 0644);
}

/* The number of things that are missing; the first is put into @text. */
static size_t missing(bool user, char text[512])
{
	_cleanup_(kb_strv_freep) char **list = NULL;
	struct kb_switch it;
	size_t n;

	cr_assert_eq(kb_switch_init(&it, user, root), 0);
	cr_assert_eq(kb_switch_missing(&it, RELEASE, &list), 0);
	n = kb_strv_length(list);
	snprintf(text, 512, "%s", n ? list[0] : "");
	kb_switch_deinit(&it);
	return n;
}

Test(switch_, nothing_is_missing_on_a_whole_machine)
{
	char text[512];

	make_whole_machine();
	cr_expect_eq(missing(false, text), 0, "%s", text);
	cr_expect_eq(missing(true, text), 0, "%s", text);
}

Test(switch_, everything_is_missing_on_an_empty_one)
{
	char text[512];

	cr_expect_eq(missing(false, text), 1 + 6 + 1 + 8);
	cr_expect_eq(missing(true, text), 1 + 6 + 1 + 8);
}

Test(switch_, each_missing_thing_is_named)
{
	static const struct {
		const char *path;
		const char *text;
		bool session;
	} cases[] = {
		{ "/lib/modules/" RELEASE "/modules.dep", "the kernel " RELEASE " has no module kdbus",
		  true },
		{ KDBUSLIBEXECDIR "/kdbus-driver",
		  "there is no " KDBUSLIBEXECDIR "/kdbus-driver, the driver", true },
		{ KDBUSLIBEXECDIR "/kdbus-proxy",
		  "there is no " KDBUSLIBEXECDIR "/kdbus-proxy, the proxy", true },
		{ SYSTEMUNITDIR "/kdbus-bus.service",
		  "there is no kdbus-bus.service, the unit of the bus keeper", false },
		{ "/lib/systemd/system/dbus.service",
		  "there is no dbus.service, the unit of the classic bus, to fall back to", false },
		{ SYSTEMGENERATORDIR "/kdbus-busname-generator",
		  "there is no " SYSTEMGENERATORDIR
		  "/kdbus-busname-generator, the generator of units", false },
	};
	char text[512];

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		make_whole_machine();
		unlink(below(cases[i].path));
		cr_expect_eq(missing(false, text), 1, "%s", cases[i].path);
		cr_expect_str_eq(text, cases[i].text);
		cr_expect_eq(missing(true, text), cases[i].session, "%s", cases[i].path);
	}
}

Test(switch_, programs_have_to_be_executable)
{
	char text[512];

	make_whole_machine();
	chmod(below(KDBUSLIBEXECDIR "/kdbus-proxy"), 0644);
	cr_expect_eq(missing(false, text), 1);
}

Test(switch_, masked_units_are_missing)
{
	char text[512];

	make_whole_machine();
	below("/etc/systemd/system/kdbus-bus.service");
	cr_assert_eq(symlink("/dev/null", below("/etc/systemd/system/kdbus-bus.service")), 0);
	cr_expect_eq(missing(false, text), 1);
	cr_expect_str_eq(text, "kdbus-bus.service, the unit of the bus keeper, is masked");
	cr_expect_eq(missing(true, text), 0);
}

Test(switch_, modules_are_found_by_their_whole_name)
{
	const char *dep = "/lib/modules/" RELEASE "/modules.dep";

	cr_expect_not(kb_switch_has_module(root, RELEASE));
	put(dep, "kernel/notkdbus.ko: extra/kdbus.ko\n", 0644);
	cr_expect_not(kb_switch_has_module(root, RELEASE));
	put(dep, "extra/kdbus.ko:\n", 0644);
	cr_expect(kb_switch_has_module(root, RELEASE));
	cr_expect_not(kb_switch_has_module(root, "6.12"));
	put("/lib/modules/6.12/modules.builtin", "kernel/ipc/kdbus/kdbus.ko\n", 0644);
	cr_expect(kb_switch_has_module(root, "6.12"));
}

Test(switch_, the_last_word_counts)
{
	static const struct {
		const char *line;
		int word;
	} cases[] = {
		{ "", -1 },
		{ "quiet\n", -1 },
		{ "kdbus=2 xkdbus=1 kdbus=01\n", -1 },
		{ "quiet kdbus=1\n", 1 },
		{ "kdbus=1\tkdbus=0 quiet\n", 0 },
		{ "kdbus=0 kdbus=1", 1 },
	};
	struct kb_switch it;

	cr_assert_eq(kb_switch_init(&it, false, root), 0);
	cr_expect_eq(kb_switch_word(&it), -1);
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		put("/proc/cmdline", cases[i].line, 0644);
		cr_expect_eq(kb_switch_word(&it), cases[i].word, "%s", cases[i].line);
	}
	kb_switch_deinit(&it);
}

Test(switch_, is_thrown_by_a_file)
{
	struct kb_switch it;

	cr_assert_eq(kb_switch_init(&it, false, root), 0);
	cr_expect_not(kb_switch_is_enabled(&it));
	put("/etc/kdbus/session-bus", "", 0644);
	cr_expect_not(kb_switch_is_enabled(&it));
	put("/etc/kdbus/system-bus", "", 0644);
	cr_expect(kb_switch_is_enabled(&it));
	kb_switch_deinit(&it);
}

Test(switch_, a_session_has_its_own_and_that_of_all)
{
	struct kb_switch it;

	cr_assert_eq(kb_switch_init(&it, true, root), 0);
	put("/etc/kdbus/system-bus", "", 0644);
	cr_expect_not(kb_switch_is_enabled(&it));
	put("/home/me/.config/kdbus/session-bus", "", 0644);
	cr_expect(kb_switch_is_enabled(&it));
	unlink(below("/home/me/.config/kdbus/session-bus"));
	put("/etc/kdbus/session-bus", "", 0644);
	cr_expect(kb_switch_is_enabled(&it));
	cr_expect_str_eq(it.socket, "/run/user/7/bus");
	cr_expect_str_eq(it.chosen, "/run/user/7/kdbus/session-bus");
	kb_switch_deinit(&it);

	setenv("XDG_CONFIG_HOME", "/elsewhere", 1);
	cr_assert_eq(kb_switch_init(&it, true, root), 0);
	cr_expect_str_eq(it.enabled, "/elsewhere/kdbus/session-bus");
	kb_switch_deinit(&it);
}

Test(switch_, only_a_listener_serves)
{
	struct kb_switch it;

	cr_assert_eq(kb_switch_init(&it, false, root), 0);
	cr_expect_not(kb_switch_is_served(&it));
	put("/proc/net/unix",
	    "Num       RefCount Protocol Flags    Type St Inode Path\n"
	    "0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/other\n"
	    "0000000000000000: 00000003 00000000 00000000 0001 03 22 /run/dbus/system_bus_socket\n"
	    "0000000000000000: 00000003 00000000 00000000 0001 03 23\n", 0644);
	cr_expect_not(kb_switch_is_served(&it));
	put("/proc/net/unix",
	    "0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/dbus/system_bus_socket\n",
	    0644);
	cr_expect(kb_switch_is_served(&it));
	kb_switch_deinit(&it);
}

Test(switch_, tells_why_it_was_refused)
{
	struct kb_switch it;
	char *reason;

	cr_assert_eq(kb_switch_init(&it, false, root), 0);
	cr_expect_null(kb_switch_refusal(&it));
	put("/run/kdbus/system-bus-refused", "", 0644);
	reason = kb_switch_refusal(&it);
	cr_expect_str_eq(reason, "");
	free(reason);
	put("/run/kdbus/system-bus-refused", "no driver\nmore\n", 0644);
	reason = kb_switch_refusal(&it);
	cr_expect_str_eq(reason, "no driver");
	free(reason);
	kb_switch_deinit(&it);
}
