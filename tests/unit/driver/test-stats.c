// SPDX-License-Identifier: LGPL-2.1-or-later
/* Figures: added up from what the kernel counts. */
#include <criterion/criterion.h>

#include "driver/matches.h"
#include "tests/unit/driver/fake-bus.h"

#define STATS "org.freedesktop.DBus.Debug.Stats"
#define ROOT 2
#define BUSY 3

static struct fake_conn conns[6];

static void setup(void)
{
	conns[0] = (struct fake_conn){ .id = FAKE_US, .names = { KB_DRIVER_NAME } };
	conns[1] = (struct fake_conn){ .id = ROOT };
	conns[2] = (struct fake_conn){
		.id = BUSY, .names = { "a.b", "a.c", "a.d" },
		.usage = {
			.pool_size = 1ULL << 33, .bytes = 5000, .lost = 1ULL << 40, .msgs = 3,
			.fds = 2, .names = 3, .matches = 9, .calls = 4, .conns = 77,
		},
	};
	conns[3] = (struct fake_conn){
		.id = 4, .names = { "x.y" },
		.usage = { .pool_size = 4096, .bytes = 100, .lost = 1, .msgs = 1, .matches = 1 },
	};
	conns[4] = (struct fake_conn){
		.id = 5, .flags = KDBUS_HELLO_ACTIVATOR, .names = { "act.only" },
		.usage = { .msgs = 1000 },
	};
	fake_begin(conns);
}

TestSuite(stats, .init = setup, .fini = fake_end);

static const char *total(void)
{
	return fake_call(ROOT, KB_DRIVER_PATH, STATS, "GetStats", "");
}

static const char *of(const char *name)
{
	return fake_call(ROOT, KB_DRIVER_PATH, STATS, "GetConnectionStats", "s", name);
}

#define expect_in(answer, part) \
	do { \
		const char *answer_ = answer; \
		cr_expect(strstr(answer_, part), "no %s in %s", part, answer_); \
	} while (0)

Test(stats, the_bus_is_the_sum_of_its_ordinary_connections)
{
	static const char *const parts[] = {
		"\"Serial\" u 1", "\"ActiveConnections\" u 4", "\"IncompleteConnections\" u 0",
		/* four unique ones, five others */
		"\"BusNames\" u 9", "\"PeakBusNames\" u 9", "\"PeakBusNamesPerConnection\" u 3",
		"\"MatchRules\" u 0", "\"OutgoingMessages\" u 4", "\"OutgoingBytes\" u 5100",
		"\"OutgoingFDs\" u 2", "\"org.kdbus.Matches\" u 10", "\"org.kdbus.PendingCalls\" u 4",
		"\"org.kdbus.LostMessages\" t 1099511627777", "\"org.kdbus.PoolSize\" t 8589938688",
	};

	total();
	for (size_t i = 0; i < KB_ARRAY_SIZE(parts); i++)
		expect_in(fake_answer, parts[i]);
}

Test(stats, a_connection_has_its_own)
{
	static const char *const parts[] = {
		"\"Serial\" u 1", "\"UniqueName\" s \":1.3\"", "\"BusNames\" u 3",
		"\"OutgoingMessages\" u 3", "\"OutgoingBytes\" u 5000", "\"org.kdbus.Matches\" u 9",
		"\"org.kdbus.UserConnections\" u 77",
	};

	of("a.c");
	for (size_t i = 0; i < KB_ARRAY_SIZE(parts); i++)
		expect_in(fake_answer, parts[i]);
	expect_in(of(":1.3"), "\"Serial\" u 2");
	expect_answer(of("no.body"), "ERROR NameHasNoOwner");
	expect_answer(of("act.only"), "ERROR NameHasNoOwner");
	expect_answer(of(""), "ERROR NameHasNoOwner");
}

Test(stats, what_does_not_fit_is_told_as_the_most_that_fits)
{
	conns[2].usage.bytes = 1ULL << 32;
	expect_in(of("a.b"), "\"OutgoingBytes\" u 4294967295");
	conns[2].usage.bytes = UINT32_MAX;
	expect_in(of("a.b"), "\"OutgoingBytes\" u 4294967295");
}

Test(stats, peaks_stay_when_names_have_gone)
{
	total();
	conns[2].names[0] = NULL;
	expect_in(total(), "\"BusNames\" u 6");
	expect_in(fake_answer, "\"PeakBusNames\" u 9");
	expect_in(fake_answer, "\"PeakBusNamesPerConnection\" u 3");
}

Test(stats, without_the_extension_the_rest_is_told)
{
	fake_driver.usage = false;
	expect_in(total(), "\"ActiveConnections\" u 4");
	cr_expect_not(strstr(fake_answer, "Outgoing"));
	expect_in(of("a.b"), "\"BusNames\" u 3");
	cr_expect_not(strstr(fake_answer, "org.kdbus"));
}

Test(stats, rules_are_listed_as_often_as_they_were_added)
{
	expect_answer(fake_call(ROOT, KB_DRIVER_PATH, STATS, "GetAllMatchRules", ""), "a{sas} 0");
	expect_answer(fake_ask(BUSY, "AddMatch", "s", "member=M"), "");
	expect_answer(fake_ask(BUSY, "AddMatch", "s", "member='M'"), "");
	expect_answer(fake_call(ROOT, KB_DRIVER_PATH, STATS, "GetAllMatchRules", ""),
		      "a{sas} 1 \":1.3\" 2 \"member='M'\" \"member='M'\"");
	expect_in(of("a.b"), "\"MatchRules\" u 2");
	expect_answer(fake_ask(BUSY, "RemoveMatch", "s", "member='M'"), "");
	expect_in(of("a.b"), "\"MatchRules\" u 1");
	expect_in(fake_answer, "\"PeakMatchRules\" u 2");
	expect_in(total(), "\"MatchRules\" u 1");
	expect_in(fake_answer, "\"PeakMatchRulesPerConnection\" u 2");
}
