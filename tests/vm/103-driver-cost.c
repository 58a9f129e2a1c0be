// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the driver costs: memory, and the time until the first answer. Times
 * are told, not judged: on a busy machine they mean nothing, but in a guest
 * that counts instructions they do, and with KDBUS_TEST_COUNTED they have to
 * be good.
 *
 *	tests/guest -I -e KDBUS_TEST_COUNTED=1 tests/vm/103-driver-cost
 */
#include <signal.h>
#include <sys/wait.h>

#include "tests/vm/services.h"

#define PRIVATE_MAX 1536	/* KiB */
#define FIRST_MAX 3		/* times a program that does nothing, and a call */

static struct bus *bus;
static struct kb_conn *a;

static void setup(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	driver_start(bus, "--trigger-limit-burst=0");
	a = client_new(bus);
}

/* memory */

/*
 * KiB that only this process has; without @clean, those that it has written to:
 * nobody else here runs programs with these libraries, as there are on any
 * real system, so pages of files are its own that are not elsewhere.
 */
static unsigned private_kib(pid_t pid, bool clean)
{
	const char *format = clean ? "Private_%*[^:]: %u" : "Private_Dirty: %u";
	unsigned kib = 0, n;
	char path[40], line[200];
	FILE *file;

	sprintf(path, "/proc/%d/smaps_rollup", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, format, &n) == 1)
			kib += n;
	if (file)
		fclose(file);
	return kib;
}

TEST("its own memory is below 1.5 MiB, also with 1000 rules and after much work")
{
	char rule[64];
	unsigned kib;

	setup();
	ask_driver(a, "GetId", "");
	kib = private_kib(owner_pid(a, DRIVER), true);
	test_note("%u KiB after the first call", kib);
	expect(kib && kib < PRIVATE_MAX);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(rule, sizeof(rule), "type='signal',member='Member%u'", i);
		if (!expect_text(ask_driver(a, "AddMatch", "s", rule), ""))
			break;
		ask_driver(a, "ListNames", "");
		ask_driver(a, "GetConnectionCredentials", "s", a->unique_name);
	}
	kib = private_kib(owner_pid(a, DRIVER), false);
	test_note("%u KiB with 1000 rules, after 3000 calls, and %u unwritten", kib,
		  private_kib(owner_pid(a, DRIVER), true) - kib);
	expect(kib && kib < PRIVATE_MAX);
}

/* time */

static int compare(const void *x, const void *y)
{
	__u64 a = *(const __u64 *)x, b = *(const __u64 *)y;

	return (a > b) - (a < b);
}

static __u64 median(__u64 *times, size_t n)
{
	qsort(times, n, sizeof(*times), compare);
	return times[n / 2];
}

/* From fork to the end of a program that does nothing. */
static __u64 nothing(void)
{
	__u64 begin = now_ns();
	pid_t pid = vfork();

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	return now_ns() - begin;
}

static __u64 call_it(void)
{
	__u64 begin = now_ns();

	expect(strstr(ask_driver(a, "GetId", ""), "s \""));
	return now_ns() - begin;
}

TEST("the first answer takes less than three times a program that does nothing and a call")
{
	__u64 first[7], warm[51], program[15], f, w, p;
	pid_t pid;

	setup();
	for (unsigned i = 0; i < ARRAY_SIZE(program); i++)
		program[i] = nothing();
	for (unsigned i = 0; i < ARRAY_SIZE(first); i++) {
		pid = owner_pid(a, DRIVER);
		if (pid)
			kill(pid, SIGTERM);
		expect(wait_owned(a, DRIVER, false));
		/* its activator has seen it go */
		while (pid && !kill(pid, 0))
			sleep_ms(5);
		sleep_ms(100);
		first[i] = call_it();
	}
	for (unsigned i = 0; i < ARRAY_SIZE(warm); i++)
		warm[i] = call_it();
	f = median(first, ARRAY_SIZE(first));
	w = median(warm, ARRAY_SIZE(warm));
	p = median(program, ARRAY_SIZE(program));
	test_note("first answer %llu us, a program %llu us, a warm call %llu us: %.2f times", f / 1000, p / 1000,
		  w / 1000, (double)f / (p + w));
	if (getenv("KDBUS_TEST_COUNTED"))
		expect(f < FIRST_MAX * (p + w));
}
