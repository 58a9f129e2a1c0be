/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children say that they are ready, and others may say what they like. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/notify.h"
#include "lib/util.h"

static int fd = -1;

static void begin(void)
{
	char name[32];

	fd = notify_open(name, sizeof(name));
	cr_assert_geq(fd, 0);
	cr_assert_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static void end(void)
{
	kb_close(fd);
}

TestSuite(notify, .init = begin, .fini = end, .timeout = 60);

static void say(const char *text)
{
	cr_assert_gt(sd_notify(0, text), 0);
}

static bool is_empty(void)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

Test(notify, who_is_ready_is_known)
{
	say("READY=1");
	cr_expect_eq(notify_read(fd), getpid());
	say("STATUS=here\nREADY=1");
	cr_expect_eq(notify_read(fd), getpid());
	cr_expect(is_empty());
	cr_expect_eq(notify_read(fd), 0);
}

/* Anybody may send, all the time, and there is more to do than to listen. */
Test(notify, one_word_is_heard_at_a_time)
{
	say("STATUS=something");
	say("READY=0");
	say("READY=1");
	cr_expect_eq(notify_read(fd), 0);
	cr_expect_eq(notify_read(fd), 0);
	cr_expect_not(is_empty());
	cr_expect_eq(notify_read(fd), getpid());
}
