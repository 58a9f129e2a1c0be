// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who is behind a connection: what is told, and what is left out. */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/driver/fake-bus.h"

#define CALLER 2
#define TARGET 3

static struct fake_conn conns[4];
static struct fake_conn *const caller = &conns[1], *const target = &conns[2];

static void setup(void)
{
	conns[0] = (struct fake_conn){ .id = FAKE_US, .names = { KB_DRIVER_NAME } };
	*caller = (struct fake_conn){ .id = CALLER, .flags = KDBUS_HELLO_ACCEPT_FD };
	*target = (struct fake_conn){ .id = TARGET, .euid = 7, .egid = 8, .names = { "t.t" } };
	fake_begin(conns);
}

TestSuite(creds, .init = setup, .fini = fake_end);

static const char *all(void)
{
	return fake_ask(CALLER, "GetConnectionCredentials", "s", "t.t");
}

#define expect_has(text)	cr_expect(strstr(all(), text), "no %s in %s", text, fake_answer)
#define expect_not(text)	cr_expect_not(strstr(all(), text), "%s in %s", text, fake_answer)

Test(creds, single_questions)
{
	static const char *const methods[] = {
		"GetConnectionUnixUser", "GetConnectionUnixProcessID", "GetConnectionCredentials",
		"GetConnectionSELinuxSecurityContext", "GetAdtAuditSessionData",
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(methods); i++) {
		expect_answer(fake_ask(CALLER, methods[i], "s", "x.y"), "ERROR NameHasNoOwner");
		expect_answer(fake_ask(CALLER, methods[i], "s", ""), "ERROR NameHasNoOwner");
		expect_answer(fake_ask(CALLER, methods[i], "s", ":1.77"), "ERROR NameHasNoOwner");
	}
	expect_answer(fake_ask(CALLER, "GetConnectionUnixUser", "s", ":1.3"), "u 7");
	expect_answer(fake_ask(CALLER, "GetConnectionUnixProcessID", "s", "t.t"),
		      "ERROR UnixProcessIdUnknown");
	target->pid = 44;
	expect_answer(fake_ask(CALLER, "GetConnectionUnixProcessID", "s", "t.t"), "u 44");
	target->euid = KB_ID_UNSET;
	expect_answer(fake_ask(CALLER, "GetConnectionUnixUser", "s", "t.t"), "ERROR Failed");
	expect_answer(fake_ask(CALLER, "GetAdtAuditSessionData", "s", "t.t"), "ERROR AdtAuditDataUnknown");
	expect_answer(fake_ask(CALLER, "GetConnectionSELinuxSecurityContext", "s", "t.t"),
		      "ERROR SELinuxSecurityContextUnknown");
}

Test(creds, groups_are_all_of_them_in_order_or_none)
{
	static const struct {
		uint64_t egid;
		int n;
		uint64_t groups[FAKE_NAMES];
		const char *told;
	} rows[] = {
		{ 8, 0, {}, "\"UnixGroupIDs\" au 1 8" },
		{ 8, 3, { 30, 8, 4 }, "\"UnixGroupIDs\" au 3 4 8 30" },
		{ 8, 4, { 8, 8, 8, 8 }, "\"UnixGroupIDs\" au 1 8" },
		{ 5, 2, { 0xfffffffe, 1 }, "\"UnixGroupIDs\" au 3 1 5 4294967294" },
		{ 8, 2, { 1, KB_ID_UNSET }, NULL },
		{ KB_ID_UNSET, 1, { 1 }, NULL },
		{ 8, -1, {}, NULL },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		target->egid = rows[i].egid;
		target->n_groups = rows[i].n;
		memcpy(target->groups, rows[i].groups, sizeof(target->groups));
		if (rows[i].told)
			expect_has(rows[i].told);
		else
			expect_not("UnixGroupIDs");
	}
}

Test(creds, what_is_not_known_is_left_out)
{
	expect_has("\"UnixUserID\" u 7");
	expect_not("ProcessID");
	expect_not("LinuxSecurityLabel");
	expect_not("org.kdbus.");
	target->euid = KB_ID_UNSET;
	target->label = "x";
	target->cgroup = "/a/b";
	expect_not("UnixUserID");
	/* the NUL is part of it */
	expect_has("\"LinuxSecurityLabel\" ay 2 120 0");
	expect_has("\"org.kdbus.ControlGroup\" s \"/a/b\"");
}

Test(creds, what_no_string_may_be_is_left_out)
{
	target->label = "x";
	target->cgroup = "/a/\xff";
	expect_has("\"LinuxSecurityLabel\" ay 2 120 0");
	expect_not("ControlGroup");
}

Test(creds, a_command_line_is_words)
{
	target->cmdline = "a\0\0b c";
	target->cmdline_size = 7;
	expect_has("\"org.kdbus.CommandLine\" as 3 \"a\" \"\" \"b c\"");
	/* what no string may be is left out */
	target->cmdline = "a\0\xff\0z";
	target->cmdline_size = 6;
	expect_has("\"org.kdbus.CommandLine\" as 2 \"a\" \"z\"");
	target->cmdline_size = 0;
	expect_has("\"org.kdbus.CommandLine\" as 0");
}

Test(creds, the_process_is_told_if_the_kernel_says_it_is_still_that_one)
{
	target->pid = getpid();
	expect_not("ProcessFD");
	expect_not("StartTime");
	target->alive = true;
	expect_has("\"ProcessFD\" h 0");
	cr_expect_eq(fake_n_fds, 1);
	expect_has("\"org.kdbus.StartTime\" t 1234567");
	/* not without the extension */
	fake_driver.process = false;
	expect_not("ProcessFD");
	cr_expect_eq(fake_n_fds, 0);
}

Test(creds, a_process_that_cannot_be_opened_is_told_without)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	target->pid = pid;
	target->alive = true;
	expect_not("ProcessFD");
	expect_has("StartTime");
}

Test(creds, who_cannot_take_a_descriptor_gets_none)
{
	target->pid = getpid();
	target->alive = true;
	caller->usage.fds = 15;
	expect_has("ProcessFD");
	caller->usage.fds = 16;
	expect_not("ProcessFD");
	caller->usage.fds = 0;
	caller->flags = 0;
	expect_not("ProcessFD");
	expect_has("\"ProcessID\" u ");
	caller->flags = KDBUS_HELLO_ACCEPT_FD;
	fake_driver.usage = false;
	expect_not("ProcessFD");
}
