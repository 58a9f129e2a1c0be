// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the kernel says about names, as D-Bus numbers it. */
#include <criterion/criterion.h>
#include <errno.h>

#include "driver/names.h"
#include "tests/unit/driver/fake-bus.h"

#define A 10
#define B 9
#define ACTIVATOR 20

static struct fake_conn conns[] = {
	{ .id = FAKE_US, .names = { KB_DRIVER_NAME } },
	{ .id = A, .names = { "z.z", "a.b" }, .queued = { "c.d" } },
	{ .id = B, .names = { "c.d" }, .queued = { "a.b", "z.z" } },
	{ .id = 100, .queued = { "a.b" } },
	{ .id = ACTIVATOR, .flags = KDBUS_HELLO_ACTIVATOR, .names = { "act.only" } },
	{ .id = 21, .flags = KDBUS_HELLO_ACTIVATOR, .names = { "c.d" } },
	{ .id = 30, .flags = KDBUS_HELLO_POLICY_HOLDER },
	{ .id = 31, .flags = KDBUS_HELLO_MONITOR },
	{}
};

static void setup(void)
{
	fake_begin(conns);
}

TestSuite(names, .init = setup, .fini = fake_end);

Test(names, results_of_a_request)
{
	static const struct {
		int result;
		uint64_t flags;
		const char *answer;
	} rows[] = {
		{ 0, KDBUS_NAME_PRIMARY | KDBUS_NAME_ACQUIRED, "u 1" },
		{ 0, KDBUS_NAME_PRIMARY | KDBUS_NAME_ACQUIRED | KDBUS_NAME_QUEUE, "u 1" },
		{ 0, KDBUS_NAME_PRIMARY, "u 4" },
		{ 0, KDBUS_NAME_IN_QUEUE | KDBUS_NAME_QUEUE, "u 2" },
		{ 0, 0, "u 3" },
		{ 0, KDBUS_NAME_ALLOW_REPLACEMENT, "u 3" },
		{ -EEXIST, 0, "u 3" },
		{ -EALREADY, 0, "u 4" },
		{ -EPERM, 0, "ERROR AccessDenied" },
		{ -E2BIG, 0, "ERROR LimitsExceeded" },
		{ -EINVAL, 0, "ERROR InvalidArgs" },
		{ -EOPNOTSUPP, 0, "ERROR Failed" },
		{ -EUCLEAN, 0, "ERROR Failed" },
		{ -ENOMEM, 0, "ERROR NoMemory" },
		{ -EIO, 0, "ERROR Failed" },
		{ -ENXIO, 0, "silence" },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		fake_result = rows[i].result;
		fake_return_flags = rows[i].flags;
		expect_answer(fake_ask(A, "RequestName", "su", "x.y", 0), rows[i].answer);
		cr_expect_eq(fake_behalf, A);
	}
}

Test(names, flags_of_a_request_are_numbered_otherwise)
{
	static const uint64_t kdbus[8] = {
		KDBUS_NAME_QUEUE,
		KDBUS_NAME_QUEUE | KDBUS_NAME_ALLOW_REPLACEMENT,
		KDBUS_NAME_QUEUE | KDBUS_NAME_REPLACE_EXISTING,
		KDBUS_NAME_QUEUE | KDBUS_NAME_REPLACE_EXISTING | KDBUS_NAME_ALLOW_REPLACEMENT,
		0,
		KDBUS_NAME_ALLOW_REPLACEMENT,
		KDBUS_NAME_REPLACE_EXISTING,
		KDBUS_NAME_REPLACE_EXISTING | KDBUS_NAME_ALLOW_REPLACEMENT,
	};

	for (unsigned int flags = 0; flags < 8; flags++) {
		fake_ask(A, "RequestName", "su", "x.y", flags);
		cr_expect_eq(fake_name_flags, kdbus[flags], "%u", flags);
	}
	for (unsigned int bit = 3; bit < 32; bit++)
		expect_answer(fake_ask(A, "RequestName", "su", "x.y", 1U << bit), "ERROR InvalidArgs");
}

Test(names, results_of_a_release)
{
	static const struct {
		int result;
		const char *name;
		const char *answer;
	} rows[] = {
		{ 0, "a.b", "u 1" },
		{ -ESRCH, "x.y", "u 2" },
		{ -EADDRINUSE, "act.only", "u 2" },
		{ -EADDRINUSE, "x.y", "u 2" },
		{ -EADDRINUSE, "c.d", "u 3" },
		{ -EADDRINUSE, "a.b", "u 3" },
		{ -EPERM, "a.b", "ERROR AccessDenied" },
		{ -ENXIO, "a.b", "silence" },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		fake_result = rows[i].result;
		expect_answer(fake_ask(A, "ReleaseName", "s", rows[i].name), rows[i].answer);
	}
}

Test(names, names_that_nobody_may_ask_for_do_not_reach_the_kernel)
{
	static const char *const bad[] = {
		"", "a", "a..b", ".a.b", "a.b.", "a.1", "a.b*", "a.*", ":1.1", ":x.y", "a/b.c",
		KB_DRIVER_NAME, "org.freedesktop.DBus.Local",
	};

	fake_result = -EIO;
	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++) {
		expect_answer(fake_ask(A, "RequestName", "su", bad[i], 0), "ERROR InvalidArgs");
		expect_answer(fake_ask(A, "ReleaseName", "s", bad[i]), "ERROR InvalidArgs");
	}
}

Test(names, owners)
{
	static const struct {
		const char *name;
		const char *owner;
	} rows[] = {
		{ "a.b", "s \":1.10\"" },
		{ "c.d", "s \":1.9\"" },
		{ ":1.9", "s \":1.9\"" },
		{ KB_DRIVER_NAME, "s \"" KB_DRIVER_NAME "\"" },
		/* an activator, or whoever gets no messages, owns nothing */
		{ "act.only", NULL }, { ":1.20", NULL }, { ":1.30", NULL }, { ":1.31", NULL },
		{ "x.y", NULL }, { "", NULL }, { "a", NULL }, { ":1.99", NULL }, { ":1.010", NULL },
		{ ":1.", NULL }, { ":1.0", NULL }, { ":2.9", NULL }, { ":1.18446744073709551625", NULL },
		{ ":1.9x", NULL }, { "a..b", NULL },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		expect_answer(fake_ask(A, "GetNameOwner", "s", rows[i].name),
			      rows[i].owner ?: "ERROR NameHasNoOwner");
		expect_answer(fake_ask(A, "NameHasOwner", "s", rows[i].name),
			      rows[i].owner ? "b true" : "b false");
	}
	/* with the caller's eyes */
	fake_ask(A, "GetNameOwner", "s", "a.b");
	cr_expect_eq(fake_behalf, A);
}

Test(names, lists_are_sorted_and_name_everybody_once)
{
	expect_answer(fake_ask(A, "ListNames", ""),
		      "as 8 \":1.1\" \":1.10\" \":1.100\" \":1.9\" \"a.b\" \"c.d\" "
		      "\"org.freedesktop.DBus\" \"z.z\"");
	cr_expect_eq(fake_behalf, A);
	expect_answer(fake_ask(A, "ListActivatableNames", ""),
		      "as 3 \"act.only\" \"c.d\" \"org.freedesktop.DBus\"");
}

Test(names, a_queue_begins_with_the_owner_and_goes_on_by_age)
{
	expect_answer(fake_ask(A, "ListQueuedOwners", "s", "a.b"), "as 3 \":1.10\" \":1.9\" \":1.100\"");
	expect_answer(fake_ask(A, "ListQueuedOwners", "s", "c.d"), "as 2 \":1.9\" \":1.10\"");
	expect_answer(fake_ask(A, "ListQueuedOwners", "s", ":1.9"), "as 1 \":1.9\"");
	expect_answer(fake_ask(A, "ListQueuedOwners", "s", KB_DRIVER_NAME),
		      "as 1 \"" KB_DRIVER_NAME "\"");
	expect_answer(fake_ask(A, "ListQueuedOwners", "s", "act.only"), "ERROR NameHasNoOwner");
	expect_answer(fake_ask(A, "ListQueuedOwners", "s", "a"), "ERROR NameHasNoOwner");
}

Test(names, holders)
{
	cr_expect_eq(names_holder(&fake_driver, "a.b", 0), HOLDER_SERVICE);
	cr_expect_eq(names_holder(&fake_driver, "c.d", 0), HOLDER_SERVICE);
	cr_expect_eq(names_holder(&fake_driver, "act.only", 0), HOLDER_ACTIVATOR);
	cr_expect_eq(names_holder(&fake_driver, "x.y", 0), HOLDER_NOBODY);
}
