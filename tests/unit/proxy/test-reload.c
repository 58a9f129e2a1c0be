/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration is read again while the event loop goes on. */

#include <criterion/criterion.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/message.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/reload.h"

static char path[] = "/tmp/kdbus-reload-XXXXXX";
static char *paths[] = { path, NULL };
static struct proxy proxy = { .scope = "system", .paths = paths };
static struct client client = { .proxy = &proxy };
static int n_done, result;

/* the name service: takes the place of libc's */
struct passwd *getpwnam(const char *name)
{
	static struct passwd entry = { .pw_uid = 1000 };

	if (kb_startswith(name, "hanging"))
		for (;;)
			pause();
	return kb_startswith(name, "known") ? &entry : NULL;
}

static void put(const char *contents)
{
	FILE *file = fopen(path, "we");

	fprintf(file, "<busconfig>%s</busconfig>", contents);
	fclose(file);
}

static void begin(void)
{
	cr_assert_geq(mkstemp(path), 0);
	put("<limit name='max_names_per_connection'>1</limit>");
	cr_assert_geq(sd_event_new(&proxy.event), 0);
	cr_assert_eq(config_load("system", paths, 0, &proxy.config), 0);
	cr_assert_eq(reload_new(&proxy, &proxy.reload), 0);
}

static void end(void)
{
	reload_free(proxy.reload);
	config_free(proxy.config);
	sd_event_unref(proxy.event);
	unlink(path);
}

TestSuite(reload, .init = begin, .fini = end, .timeout = 30);

static void done(struct client *who, struct kb_message *call, int r)
{
	cr_expect_eq(who, &client);
	cr_expect_not_null(call);
	n_done++;
	result = r;
}

static struct kb_message *new_call(void)
{
	struct kb_message *call;

	cr_assert_eq(kb_message_new_call("a.b", "/", "a.b", "Do", &call), 0);
	return call;
}

/* Runs the loop until the limit has this value, or for ten seconds. */
static void expect_soon(uint64_t value)
{
	for (int i = 0; i < 100; i++) {
		if (proxy.config->limits.max_names_per_connection == value)
			return;
		sd_event_run(proxy.event, 100000);
	}
	cr_expect(false, "the configuration did not change");
}

Test(reload, without_questions_it_is_done_at_once)
{
	put("<limit name='max_names_per_connection'>2</limit>");
	cr_expect_eq(reload_begin(proxy.reload), 0);
	cr_expect_eq(proxy.config->limits.max_names_per_connection, 2);
}

Test(reload, a_broken_file_changes_nothing)
{
	struct kb_message *call = new_call();

	put("<limit name='max_names_per_connection'>2</limit><policy>");
	cr_expect_eq(reload_begin(proxy.reload), -EBADMSG);
	cr_expect_eq(proxy.config->limits.max_names_per_connection, 1);
	reload_on_call(proxy.reload, &client, call, done);
	cr_expect_eq(n_done, 1);
	cr_expect_eq(result, -EBADMSG);
	kb_message_unref(call);
}

/* Who starts a bus may delete its configuration as soon as the bus is up. */
Test(reload, a_file_that_is_gone_changes_nothing)
{
	unlink(path);
	cr_expect_eq(reload_begin(proxy.reload), -ENOENT);
	cr_expect_eq(proxy.config->limits.max_names_per_connection, 1);
	cr_expect_eq(proxy.config->policy->n_rules, 0);
	put("<limit name='max_names_per_connection'>2</limit>");
	cr_expect_eq(reload_begin(proxy.reload), 0);
	cr_expect_eq(proxy.config->limits.max_names_per_connection, 2);
}

Test(reload, names_are_asked_for_meanwhile)
{
	struct kb_message *call = new_call();

	put("<policy user='known'><allow own='a.b'/></policy>"
	    "<limit name='max_names_per_connection'>2</limit>");
	reload_on_call(proxy.reload, &client, call, done);
	cr_expect_eq(n_done, 0);
	cr_expect_eq(proxy.config->limits.max_names_per_connection, 1);
	expect_soon(2);
	cr_expect_eq(n_done, 1);
	cr_expect_eq(result, 0);
	cr_assert_eq(proxy.config->policy->n_rules, 1);
	cr_expect_eq(proxy.config->policy->rules[0]->id, 1000);
	kb_message_unref(call);
}

Test(reload, who_hangs_is_left_out)
{
	uint64_t start = kb_now_ns();

	put("<policy user='hanging'><allow own='a.b'/></policy>"
	    "<policy user='root'><allow own='a.c'/></policy>"
	    "<limit name='max_names_per_connection'>2</limit>");
	cr_expect_eq(reload_begin(proxy.reload), RELOAD_E_LATER);
	cr_expect_lt(kb_now_ns() - start, KB_NSEC_PER_SEC);
	expect_soon(2);
	cr_assert_eq(proxy.config->policy->n_rules, 1);
	cr_expect_str_eq(proxy.config->policy->rules[0]->name, "a.c");
}

Test(reload, a_newer_one_takes_the_place_of_one_that_waits)
{
	put("<policy user='hanging'><allow own='a.b'/></policy>"
	    "<limit name='max_names_per_connection'>2</limit>");
	cr_expect_eq(reload_begin(proxy.reload), RELOAD_E_LATER);
	put("<limit name='max_names_per_connection'>3</limit>");
	cr_expect_eq(reload_begin(proxy.reload), 0);
	cr_expect_eq(proxy.config->limits.max_names_per_connection, 3);
	for (int i = 0; i < 25; i++)
		sd_event_run(proxy.event, 100000);
	cr_expect_eq(proxy.config->limits.max_names_per_connection, 3);
}

Test(reload, who_leaves_is_not_told)
{
	struct kb_message *call = new_call();

	put("<policy user='known'><allow own='a.b'/></policy>"
	    "<limit name='max_names_per_connection'>2</limit>");
	reload_on_call(proxy.reload, &client, call, done);
	reload_forget(proxy.reload, &client);
	expect_soon(2);
	cr_expect_eq(n_done, 0);
	kb_message_unref(call);
}

/* What it asked for is under way, and will be in force. */
Test(reload, who_waits_is_not_told_of_a_later_mistake)
{
	struct kb_message *call = new_call();

	put("<policy user='known'><allow own='a.b'/></policy>"
	    "<limit name='max_names_per_connection'>2</limit>");
	reload_on_call(proxy.reload, &client, call, done);
	put("<policy>");
	reload_on_call(proxy.reload, &client, call, done);
	cr_expect_eq(n_done, 1);
	cr_expect_eq(result, -EBADMSG);
	expect_soon(2);
	cr_expect_eq(n_done, 2);
	cr_expect_eq(result, 0);
	kb_message_unref(call);
}

/* Files change while somebody waits for the name service. */
Test(reload, who_waits_is_told_when_a_newer_one_is_in_force)
{
	struct kb_message *call = new_call();

	put("<policy user='hanging'><allow own='a.b'/></policy>");
	reload_on_call(proxy.reload, &client, call, done);
	cr_expect_eq(n_done, 0);
	put("<limit name='max_names_per_connection'>2</limit>");
	cr_expect_eq(reload_begin(proxy.reload), 0);
	cr_expect_eq(n_done, 1);
	cr_expect_eq(result, 0);
	kb_message_unref(call);
}
