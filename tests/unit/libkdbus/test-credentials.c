// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the kernel knows, in plain words. */
#include <criterion/criterion.h>

#include "libkdbus/credentials.h"

Test(credentials, that_are_not_told_are_unknown)
{
	struct kdbus_credentials *c = credentials_new(7, &(struct kb_meta){});

	cr_assert_not_null(c);
	cr_expect_eq(c->id, 7);
	cr_expect_eq(c->uid, KDBUS_UNKNOWN);
	cr_expect_eq(c->gid, KDBUS_UNKNOWN);
	cr_expect_eq(c->pid, 0);
	cr_expect_eq(c->time_ns, 0);
	cr_expect_eq(c->capabilities, 0);
	cr_expect(!c->comm && !c->exe && !c->cgroup && !c->label);
	kdbus_credentials_free(c);
}

Test(credentials, are_copied)
{
	char comm[] = "cat", exe[] = "/bin/cat", label[] = "l";
	const struct kdbus_creds creds = { .uid = 1, .euid = 2, .gid = 3, .egid = 4 };
	const struct kdbus_pids pids = { .pid = 5, .tid = 6 };
	const struct kdbus_timestamp timestamp = { .monotonic_ns = 8, .realtime_ns = 9 };
	const struct kb_meta meta = {
		.creds = &creds,
		.pids = &pids,
		.timestamp = &timestamp,
		.pid_comm = comm,
		.exe = exe,
		.seclabel = label,
	};
	struct kdbus_credentials *c = credentials_new(7, &meta);

	memset(comm, 'x', 3);
	memset(exe, 'x', 8);
	memset(label, 'x', 1);
	cr_assert_not_null(c);
	cr_expect_eq(c->uid, 2);
	cr_expect_eq(c->gid, 4);
	cr_expect_eq(c->pid, 5);
	cr_expect_eq(c->tid, 6);
	cr_expect_eq(c->time_ns, 8);
	cr_expect_str_eq(c->comm, "cat");
	cr_expect_str_eq(c->exe, "/bin/cat");
	cr_expect_str_eq(c->label, "l");
	cr_expect_null(c->cgroup);
	kdbus_credentials_free(c);
}
