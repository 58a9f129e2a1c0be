/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The example of kdbus(7) does what the page says it does. */
#include <libgen.h>
#include <sys/wait.h>

#include "tests/vm/util.h"

/* Runs the example with an argument, or none; its output without line ends. */
static int example(const char *argument, char lines[16][128])
{
	char path[256], command[1024];
	int n = 0, status;
	FILE *out;

	must_sys(readlink("/proc/self/exe", memset(path, 0, sizeof(path)),
			  sizeof(path) - 1));
	snprintf(command, sizeof(command), "'%s/../../examples/kdbus-hello' %s 2>&1",
		 dirname(path), argument);
	out = popen(command, "r");
	if (!out)
		must_sys(-1);
	while (n < 16 && fgets(lines[n], 128, out)) {
		lines[n][strcspn(lines[n], "\n")] = 0;
		n++;
	}
	status = pclose(out);
	expect_eq(status, 0);
	return n;
}

static void expect_talk(const char *argument)
{
	char lines[16][128] = {}, wanted[128];
	unsigned long long alice = 0, bob = 0;
	int n, pid;

	n = example(argument, lines);
	expect_eq(n, 10);
	expect(sscanf(lines[0], "alice is connection %llu", &alice) == 1);
	expect(sscanf(lines[1], "bob is connection %llu", &bob) == 1);
	expect(alice && bob && alice != bob);

	snprintf(wanted, sizeof(wanted),
		 "bob received message 1 from connection %llu", alice);
	expect_text(lines[2], wanted);
	expect_text(lines[3], "\tpayload: Hello, Bob");
	expect(sscanf(lines[4], "\tprocess: %d", &pid) == 1 && pid > 1);
	expect_text(lines[5], "\tsender: alice");

	snprintf(wanted, sizeof(wanted),
		 "bob received signal 2 from connection %llu", alice);
	expect_text(lines[6], wanted);
	expect_text(lines[7], "\tpayload: It is raining");
	expect_text(lines[8], lines[4]);
	expect_text(lines[9], "\tsender: alice");
}

TEST("the example talks on a bus of its own")
{
	expect_talk("");
}

TEST("the example talks on a bus that is there, whatever its filters are")
{
	static const __u64 sizes[] = { 64, 4096 };
	struct bus *bus;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		test_case("filters of %llu bytes", sizes[i]);
		bus = bus_new(.bloom_size = sizes[i]);
		expect_talk(bus->path);
		bus_close(bus);
	}
}
