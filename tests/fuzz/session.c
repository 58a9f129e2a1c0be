// SPDX-License-Identifier: LGPL-2.1-or-later
/* A world, a log, an eye on the kernel. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/log.h"
#include "tests/fuzz/session.h"
#include "tests/fuzz/world-private.h"

#define PATIENCE_MS 400
#define COMMON "/tmp/fuzz-common"

struct session *session;
static unsigned worker;

/* The kernel of the day has some of them. */
static void knob(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, value, strlen(value)) < 0)
		fprintf(stderr, "%s: %m\n", path);
	if (fd >= 0)
		close(fd);
}

/*
 * Any allocation may fail, without many words.  The kernel is to live on after
 * a complaint, for us to write down what ran: a port is too slow for doing so
 * before each program.  Who started the guest reads the kernel's log anyway.
 */
static void prepare_kernel(void)
{
	static const char *const knobs[][2] = {
		{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/failslab/verbose", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
		{ "/sys/kernel/debug/fail_usercopy/verbose", "0" },
		{ "/proc/sys/kernel/panic_on_warn", "0" },
		{ "/proc/sys/kernel/panic_on_oops", "0" },
		/* what is dropped is not spoken of either */
		{ "/proc/sys/vm/drop_caches", "4" },
	};

	for (unsigned i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		knob(knobs[i][0], knobs[i][1]);
}

static int make_common(void)
{
	struct {
		struct kdbus_cmd cmd;
		__u64 bloom[4];
		__u64 name_size, name_type;
		char name[16];
	} make = {
		.cmd = { .size = sizeof(make), .flags = KDBUS_MAKE_ACCESS_WORLD },
		.bloom = { 32, KDBUS_ITEM_BLOOM_PARAMETER, 64, 1 },
		.name_size = 16 + 9,
		.name_type = KDBUS_ITEM_MAKE_NAME,
		.name = "0-common",
	};
	int fd;

	mkdir(COMMON, 0755);
	if (mount("kdbusfs", COMMON, "kdbusfs", 0, NULL) < 0)
		return -errno;
	fd = world_keep(open(COMMON "/control", O_RDWR | O_CLOEXEC));
	return fd < 0 || ioctl(fd, KDBUS_CMD_BUS_MAKE, &make) < 0 ? -errno : 0;
}

int session_init(void)
{
	int r;

	session = mmap(NULL, sizeof(*session), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	log_init(getenv("GUEST_FILE"));
	/* fails where there is no module: then this is no guest, and stays as it is */
	r = make_common();
	if (!r)
		prepare_kernel();
	return r;
}

int session_enter(unsigned n, bool covered)
{
	char dir[64];
	int r;

	worker = n;
	snprintf(dir, sizeof(dir), "/tmp/fuzz-%u", n);
	r = world_init(dir, COMMON);
	return r ?: run_init(covered, PATIENCE_MS);
}

void session_report(const char *why)
{
	if (!session->reported)
		snprintf(session->report, sizeof(session->report), "%s", why);
	session->reported = true;
	session->stop = true;
}

void session_forget(void)
{
	char line[256];

	/* the rest of what it said */
	while (log_kernel_reports(line, sizeof(line)))
		;
	session->reported = session->stop = false;
	knob("/sys/kernel/debug/clear_warn_once", "1");
}

void session_run(const struct program *program)
{
	session->last[worker][session->execs[worker] % N_LAST] = *program;
	session->beat[worker] = time(NULL);
	session->runs[worker] = true;
	if (run_program(program) != RUN_OK) {
		run_print_stacks(getpid());
		session_report("a task does not come back");
		/* its threads may never end */
		_exit(1);
	}
	session->execs[worker]++;
	session->runs[worker] = false;
	session_look();
}

void session_look(void)
{
	char line[256];

	if (log_kernel_reports(line, sizeof(line)))
		session_report(line);
}

void session_write_last(void)
{
	unsigned long n;

	for (unsigned i = 0; i < N_WORKERS; i++) {
		n = session->execs[i] + session->runs[i];
		for (unsigned long k = n > N_LAST ? n - N_LAST : 0; k < n; k++)
			if (session->last[i][k % N_LAST].n_ops)
				log_program("run", i, &session->last[i][k % N_LAST]);
	}
}

unsigned long session_execs(void)
{
	unsigned long n = 0;

	for (unsigned i = 0; i < N_WORKERS; i++)
		n += session->execs[i];
	return n;
}
