/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bus of a few connections, told as a table, and the whole driver on it: a
 * call goes through the table of methods, and what would be sent is text.
 */
#pragma once

#include "driver/driver.h"
#include "lib/error.h"

#define FAKE_NAMES 4
#define FAKE_US 1	/* the driver's own id */

/**
 * struct fake_conn - a connection
 * @id:		0 ends the table
 * @flags:	KDBUS_HELLO_*
 * @euid, @egid: KB_ID_UNSET where nobody knows
 * @groups:	supplementary ones, @n_groups of them; -1: not known
 * @pid:	0 if not known
 * @alive:	the kernel still knows the process
 * @names:	owned
 * @queued:	waited for
 * @unattached:	its messages carry no credentials
 * @is_run_by_root: they carry those of another process than made it
 */
struct fake_conn {
	uint64_t id;
	uint64_t flags;
	uint64_t euid;
	uint64_t egid;
	uint64_t groups[FAKE_NAMES];
	int n_groups;
	uint64_t pid;
	bool alive;
	const char *label;
	const char *cgroup;
	const char *cmdline;
	size_t cmdline_size;
	const char *names[FAKE_NAMES];
	const char *queued[FAKE_NAMES];
	struct kdbus_usage usage;
	bool unattached;
	bool is_run_by_root;
};

extern struct fake_conn *fake_conns;
extern struct driver fake_driver;

/* What NAME_ACQUIRE and NAME_RELEASE return, and what the former was told. */
extern int fake_result;
extern uint64_t fake_return_flags;
extern uint64_t fake_name_flags;
extern uint64_t fake_behalf;
/* What sending a call of our own returns; the last one sent, and how many. */
extern int fake_send_result;
extern uint64_t fake_sent_cookie;
extern unsigned int fake_n_sent;
extern char fake_sent[4096];
/* How many answers went out, and the last one. */
extern unsigned int fake_n_answers;
extern char fake_answer[65536];
/* What the last error said. */
extern char fake_error[2048];
/* Its descriptors. */
extern size_t fake_n_fds;

/* A fresh driver with every extension, on these connections. */
void fake_begin(struct fake_conn *conns);
void fake_end(void);

/*
 * A call by connection @id. Its answer: "u 1", "", "ERROR NameHasNoOwner",
 * "silence". In a static buffer.
 */
const char *fake_call(uint64_t id, const char *path, const char *interface, const char *member,
		      const char *types, ...);
#define fake_ask(id, member, ...) \
	fake_call(id, KB_DRIVER_PATH, KB_DRIVER_INTERFACE, member, __VA_ARGS__)
#define expect_answer(answer, wanted)						\
	do {									\
		const char *answer_ = answer;					\
		cr_expect_str_eq(answer_, wanted, "%s: %s", #answer, answer_);	\
	} while (0)
