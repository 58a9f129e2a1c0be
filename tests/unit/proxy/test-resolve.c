/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A name service that answers, that does not, and that hangs. */

#include <criterion/criterion.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/util.h"
#include "proxy/config.h"
#include "proxy/resolve.h"

/* the name service: takes the place of libc's */

struct passwd *getpwnam(const char *name)
{
	static struct passwd entry;

	if (kb_startswith(name, "hanging"))
		for (;;)
			pause();
	if (kb_startswith(name, "dying"))
		_exit(0);
	if (!kb_startswith(name, "known"))
		return NULL;
	entry.pw_uid = 1000 + atoi(name + 5);
	return &entry;
}

struct group *getgrnam(const char *name)
{
	static struct group entry = { .gr_gid = 77 };

	return kb_startswith(name, "known") ? &entry : NULL;
}

static void expect_answer(const struct resolver *resolver, int number,
			  int result, uint32_t id)
{
	const struct question *question = resolver_question(resolver, number);

	cr_expect_eq(question->result, result, "%s: %d", question->name,
		     question->result);
	if (result == 0)
		cr_expect_eq(question->id, id);
}

Test(resolve, numbers_and_files_need_nobody)
{
	struct resolver resolver = RESOLVER_INIT;
	uint32_t id = 7;

	cr_expect_eq(resolve_user(&resolver, "4242", &id), 0);
	cr_expect_eq(id, 4242);
	cr_expect_eq(resolve_user(&resolver, "root", &id), 0);
	cr_expect_eq(id, 0);
	cr_expect_eq(resolve_group(&resolver, "root", &id), 0);
	cr_expect_eq(resolve_user(&resolver, "4294967295", &id), -ESRCH);
	cr_expect_not(resolver_is_open(&resolver));
	resolver_deinit(&resolver);
}

Test(resolve, the_service_is_asked_once_for_each)
{
	struct resolver resolver = RESOLVER_INIT;
	uint32_t id;

	cr_expect_eq(resolve_user(&resolver, "known5", &id), 1);
	cr_expect_eq(resolve_group(&resolver, "known5", &id), 2);
	cr_expect_eq(resolve_user(&resolver, "nobody-at-all", &id), 3);
	cr_expect_eq(resolve_user(&resolver, "known5", &id), 1);
	cr_expect(resolver_is_open(&resolver));
	resolver_ask(&resolver, 20000);
	cr_expect_not(resolver_is_open(&resolver));
	cr_expect_not(resolver_timed_out(&resolver));
	expect_answer(&resolver, 1, 0, 1005);
	expect_answer(&resolver, 2, 0, 77);
	expect_answer(&resolver, 3, -ESRCH, 0);
	resolver_deinit(&resolver);
}

Test(resolve, who_hangs_is_given_up, .timeout = 20)
{
	struct resolver resolver = RESOLVER_INIT;
	uint64_t begin = kb_now_ns();
	uint32_t id;

	resolve_user(&resolver, "known1", &id);
	resolve_user(&resolver, "hanging", &id);
	resolve_user(&resolver, "known2", &id);
	resolver_ask(&resolver, 300);
	cr_expect_lt(kb_now_ns() - begin, 10 * KB_NSEC_PER_SEC);
	cr_expect(resolver_timed_out(&resolver));
	expect_answer(&resolver, 1, 0, 1001);
	expect_answer(&resolver, 2, -ETIMEDOUT, 0);
	expect_answer(&resolver, 3, -ETIMEDOUT, 0);
	resolver_deinit(&resolver);
}

Test(resolve, a_child_that_dies_is_no_answer, .timeout = 20)
{
	struct resolver resolver = RESOLVER_INIT;
	uint32_t id;

	resolve_user(&resolver, "dying", &id);
	resolve_user(&resolver, "known2", &id);
	resolver_ask(&resolver, 20000);
	expect_answer(&resolver, 1, -ETIMEDOUT, 0);
	expect_answer(&resolver, 2, -ETIMEDOUT, 0);
	resolver_deinit(&resolver);
}

Test(resolve, nobody_waits_in_between, .timeout = 20)
{
	struct resolver resolver = RESOLVER_INIT;
	struct pollfd poll_fd = { .events = POLLIN };
	uint32_t id;

	resolve_user(&resolver, "known1", &id);
	resolve_user(&resolver, "hanging", &id);
	cr_assert_eq(resolver_start(&resolver), 0);
	poll_fd.fd = resolver.fd;
	cr_assert_eq(poll(&poll_fd, 1, 10000), 1);
	cr_expect_eq(resolver_read(&resolver), 0);
	expect_answer(&resolver, 1, 0, 1001);
	expect_answer(&resolver, 2, -EINPROGRESS, 0);
	resolver_stop(&resolver);
	expect_answer(&resolver, 2, -ETIMEDOUT, 0);
	resolver_deinit(&resolver);
}

Test(resolve, who_was_known_is_still_known, .timeout = 20)
{
	struct resolver old = RESOLVER_INIT, new = RESOLVER_INIT;
	uint32_t id;

	resolve_user(&old, "known1", &id);
	resolver_ask(&old, 20000);
	resolve_user(&new, "hanging", &id);
	resolve_group(&new, "known1", &id);
	resolve_user(&new, "known1", &id);
	resolver_ask(&new, 1);
	resolver_inherit(&new, &old);
	expect_answer(&new, 1, -ETIMEDOUT, 0);
	expect_answer(&new, 2, -ETIMEDOUT, 0);
	expect_answer(&new, 3, 0, 1001);
	resolver_deinit(&old);
	resolver_deinit(&new);
}

/* what becomes of the rules */

static struct config *load(const char *policies)
{
	char path[] = "/tmp/kdbus-resolve-XXXXXX", *paths[] = { path, NULL };
	int fd = mkstemp(path);
	struct config *config;

	cr_assert_geq(fd, 0);
	dprintf(fd, "<busconfig>%s</busconfig>", policies);
	close(fd);
	cr_assert_eq(config_load("system", paths, 0, &config), 0);
	unlink(path);
	return config;
}

Test(resolve, rules_get_whom_they_are_for)
{
	struct config *config = load(
		"<policy user='nobody-at-all'><allow own='a.a'/><allow own='a.b'/></policy>"
		"<policy user='known1'><allow own='b.a'/></policy>"
		"<policy group='known'><allow own='c.a'/></policy>"
		"<policy context='default'><allow user='known2'/><deny group='known'/>"
		"<deny user='nobody-at-all'/><deny user='root'/></policy>");
	struct policy_rule **rules = config->policy->rules;

	cr_assert_eq(config->policy->n_rules, 5);
	cr_expect_eq(rules[0]->id, 1001);
	cr_expect_eq(rules[1]->id, 77);
	cr_expect_eq(rules[2]->uid, 1002);
	cr_expect_eq(rules[3]->gid, 77);
	cr_expect_eq(rules[4]->uid, 0);
	for (int i = 0; i < 5; i++)
		cr_expect_eq(rules[i]->question, 0);
	config_free(config);
}
