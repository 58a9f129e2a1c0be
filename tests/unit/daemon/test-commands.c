// SPDX-License-Identifier: LGPL-2.1-or-later
/* From the lines of helper programs to the command lines of children. */
#include <criterion/criterion.h>
#include <errno.h>

#include "daemon/commands.h"
#include "daemon/lines.h"
#include "daemon/services.h"
#include "daemon/settings.h"
#include "lib/util.h"

/* The words behind the program, with blanks between them. */
static void expect_command(char **argv, const char *program, const char *rest)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	char **word;

	cr_assert_not_null(argv);
	cr_expect_str_eq(argv[0], program);
	for (word = argv + 1; *word; word++)
		kb_buffer_printf(&text, "%s%s", word > argv + 1 ? " " : "", *word);
	kb_buffer_append(&text, "", 1);
	cr_expect_str_eq((char *)text.data, rest);
	kb_strv_free(argv);
}

static const struct command_facts session = {
	.bus = "kernel:path=/b",
	.address = "unix:path=/s,guid=00",
	.config_file = "/c",
	.environment_fd = 64,
	.start_timeout_ms = 1500,
	.is_root = true,
};

Test(commands, settings_are_what_the_lines_say)
{
	char text[] = "type mine\nfork \nlisten unix:path=/a b\nlisten unix:dir=/d\n"
		      "servicedir /x\nstandard_session_servicedirs \nservicedir /y\n"
		      "standard_system_servicedirs \nnovelty 1\ntype session\nwatch /w\n"
		      "service_start_timeout 120000\nuser u";
	struct settings s = {};

	cr_assert_eq(lines_each(text, settings_line, &s), 0);
	cr_expect_str_eq(s.type, "session");
	cr_expect_str_eq(s.user, "u");
	cr_expect_null(s.pidfile);
	cr_expect(s.fork);
	cr_expect_not(s.syslog);
	cr_expect_not(settings_is_system(&s));
	cr_expect_eq(s.start_timeout_ms, 120000);
	cr_assert_eq(kb_strv_length(s.listen), 2);
	cr_expect_str_eq(s.listen[0], "unix:path=/a b");
	cr_assert_eq(kb_strv_length(s.services), 4);
	cr_expect_str_eq(s.services[0], "/x");
	cr_expect_str_eq(s.services[1], "session");
	cr_expect_str_eq(s.services[2], "/y");
	cr_expect_str_eq(s.services[3], "system");
	cr_expect_str_eq(s.watch[0], "/w");
	settings_deinit(&s);
}

Test(commands, nonsense_is_noticed)
{
	char number[] = "service_start_timeout soon\n", orphan[] = "argument /bin/x\n";
	struct settings settings = {};
	struct services services = {};

	cr_expect_eq(lines_each(number, settings_line, &settings), -EINVAL);
	cr_expect_eq(lines_each(orphan, services_line, &services), -EBADMSG);
	settings_deinit(&settings);
	services_deinit(&services);
}

Test(commands, programs_that_fail_give_no_lines)
{
	char *const fails[] = { (char *)"/bin/sh", (char *)"-c",
				(char *)"echo type x; exit 3", NULL };
	char *const works[] = { (char *)"/bin/sh", (char *)"-c", (char *)"echo type x", NULL };
	struct settings s = {};

	cr_expect_eq(lines_run(fails, settings_line, &s), -EBADMSG);
	cr_expect_null(s.type);
	cr_assert_eq(lines_run(works, settings_line, &s), 0);
	cr_expect_str_eq(s.type, "x");
	settings_deinit(&s);
}

Test(commands, services_become_activators)
{
	char text[] = "directory /d\nservice org.a.A\nfile /d/a\nuser u\nargument /bin/a\n"
		      "argument x y\nservice org.b.B\nfile /d/b\nunit b.service\n";
	struct command_facts system = session, manager = session;
	struct services services = {};
	const struct service *a, *b;

	cr_assert_eq(lines_each(text, services_line, &services), 0);
	b = services.list;
	a = b->next;
	cr_assert_null(a->next);
	cr_expect_str_eq(services.directories[0], "/d");

	expect_command(command_service(&session, a), KDBUSLIBEXECDIR "/kdbus-activator",
		       "--address=kernel:path=/b --name=org.a.A --scope=user --allow-world=talk "
		       "--standalone --start-timeout=1.500 --starter-address=unix:path=/s,guid=00 "
		       "--environment-fd=64 --exec=/bin/a -- x y");
	cr_expect(command_has_service(&session, a));
	cr_expect_not(command_has_service(&session, b));

	/* on a system's bus alone services run as somebody else */
	system.system = true;
	expect_command(command_service(&system, a), KDBUSLIBEXECDIR "/kdbus-activator",
		       "--address=kernel:path=/b --name=org.a.A --scope=system --allow-world=talk "
		       "--standalone --start-timeout=1.500 --starter-address=unix:path=/s,guid=00 "
		       "--environment-fd=64 --user=u --exec=/bin/a -- x y");

	manager.systemd_activation = true;
	cr_assert(command_has_service(&manager, b));
	expect_command(command_service(&manager, b), KDBUSLIBEXECDIR "/kdbus-activator",
		       "--address=kernel:path=/b --name=org.b.B --scope=user --allow-world=talk "
		       "--standalone --start-timeout=1.500 --service=b.service");
	services_deinit(&services);
}

Test(commands, driver_and_proxy_find_the_bus)
{
	struct command_facts other = session;

	expect_command(command_driver(&session), KDBUSLIBEXECDIR "/kdbus-activator",
		       "--address=kernel:path=/b --name=org.freedesktop.DBus --scope=user "
		       "--allow-world=talk --standalone --exec=" KDBUSLIBEXECDIR "/kdbus-driver -- "
		       "--address=kernel:path=/b --environment-fd=64");
	expect_command(command_proxy(&session), KDBUSLIBEXECDIR "/kdbus-proxy",
		       "--address=kernel:path=/b --configuration=/c --idle-timeout=0 --scope=user");
	other.proxy_user = "1:2";
	expect_command(command_proxy(&other), KDBUSLIBEXECDIR "/kdbus-proxy",
		       "--address=kernel:path=/b --configuration=/c --idle-timeout=0 "
		       "--scope=system --user=1:2");
}
