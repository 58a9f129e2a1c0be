/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The XML policy: each attribute, and which rule wins. */

#include <criterion/criterion.h>
#include <unistd.h>

#include "lib/util.h"
#include "proxy/config.h"

#define CALL 1
#define RETURN 2
#define ERROR 3
#define SIGNAL 4

#define OWNER 1234

/* The policy of one text, as somebody sees it. */
struct sight {
	struct config *config;
	struct policy_view *view;
};

static struct config *load(const char *text)
{
	char path[] = "/tmp/kdbus-policy-XXXXXX";
	char *paths[] = { path, NULL };
	struct config *config;
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	cr_assert_eq(config_load("system", paths, OWNER, &config), 0);
	unlink(path);
	return config;
}

static struct sight look(const char *policies, uid_t uid, gid_t gid,
			 bool at_console)
{
	struct policy_identity identity = {
		.uid = uid,
		.gids = (gid_t[]){ gid, gid + 100 },
		.n_gids = 2,
		.at_console = at_console,
	};
	struct sight sight;
	char text[4096];

	snprintf(text, sizeof(text), "<busconfig>%s</busconfig>", policies);
	sight.config = load(text);
	cr_assert_eq(policy_get_view(sight.config->policy, &identity,
				     &sight.view),
		     0);
	return sight;
}

static void look_away(struct sight *sight)
{
	policy_view_unref(sight->view);
	config_free(sight->config);
}

#define ALLOW_ALL "<allow send_destination='*'/><allow receive_sender='*'/><allow own='*'/>"
#define DENY_ALL "<deny send_destination='*'/><deny receive_sender='*'/><deny own='*'/>"

static const char *const nobody[] = { NULL };
static const char *const foo[] = { "org.Foo", NULL };
static const char *const foobar[] = { "com.Other", "org.Foo.Bar", NULL };
static const char *const foobaz[] = { "org.FooBaz", NULL };

/* One rule against its opposite, and one message. */
/* clang-format off */
static const struct {
	const char *rule;	/* without "<allow " and "/>" */
	struct policy_message message;
	const char *const *names;
	bool matches;		/* as <allow> */
	bool denies;		/* as <deny> */
} cases[] = {
	{ "send_type='method_call'",	 { .type = CALL },		  nobody, true, true },
	{ "send_type='method_call'",	 { .type = SIGNAL },		  nobody, false, false },
	{ "send_type='*'",		 { .type = SIGNAL },		  nobody, true, true },
	{ "send_type='error'",		 { .type = ERROR },		  nobody, true, true },
	{ "send_type='method_return'",	 { .type = ERROR },		  nobody, false, false },

	{ "send_interface='a.b'",	 { .type = CALL, .interface = "a.b" }, nobody, true, true },
	{ "send_interface='a.b'",	 { .type = CALL, .interface = "a.c" }, nobody, false, false },
	{ "send_interface='a.b'",	 { .type = CALL },		  nobody, false, true },
	{ "send_interface='*'",		 { .type = CALL },		  nobody, true, true },

	{ "send_member='M' send_path='*'", { .type = CALL, .member = "M" }, nobody, true, true },
	{ "send_member='M' send_path='*'", { .type = CALL, .member = "N" }, nobody, false, false },
	{ "send_path='/a'",		 { .type = CALL, .path = "/a" },  nobody, true, true },
	{ "send_path='/a'",		 { .type = CALL, .path = "/a/b" }, nobody, false, false },
	{ "send_error='a.E'",		 { .type = ERROR, .error = "a.E" }, nobody, true, true },
	{ "send_error='a.E'",		 { .type = ERROR, .error = "a.F" }, nobody, false, false },

	{ "send_destination='org.Foo'",	 { .type = CALL },		  foo, true, true },
	{ "send_destination='org.Foo'",	 { .type = CALL },		  nobody, false, false },
	{ "send_destination='org.Foo'",	 { .type = CALL },		  foobar, false, false },
	{ "send_destination='org.Foo.Bar'", { .type = CALL },		  foobar, true, true },
	{ "send_destination='*'",	 { .type = CALL },		  nobody, true, true },
	{ "send_destination_prefix='org.Foo'", { .type = CALL },	  foo, true, true },
	{ "send_destination_prefix='org.Foo'", { .type = CALL },	  foobar, true, true },
	{ "send_destination_prefix='org.Foo'", { .type = CALL },	  foobaz, false, false },

	{ "send_type='signal' send_broadcast='true'",	 { .type = SIGNAL, .broadcast = true }, nobody, true, true },
	{ "send_type='signal' send_broadcast='true'",	 { .type = SIGNAL },		  foo, false, false },
	{ "send_type='signal' send_broadcast='false'",	 { .type = SIGNAL },		  foo, true, true },
	{ "send_type='signal' send_broadcast='false'",	 { .type = SIGNAL, .broadcast = true }, nobody, false, false },

	{ "send_requested_reply='true' send_type='method_return'",  { .type = RETURN, .is_reply = true }, nobody, true, true },
	{ "send_requested_reply='false' send_type='method_return'", { .type = RETURN, .is_reply = true }, nobody, true, false },
	{ "send_requested_reply='false'", { .type = CALL },		  nobody, true, true },
	{ "send_type='method_return'",	 { .type = RETURN, .is_reply = true }, nobody, true, false },

	{ "send_type='method_call' min_fds='1'",	 { .type = CALL },		  nobody, false, false },
	{ "send_type='method_call' min_fds='1'",	 { .type = CALL, .n_fds = 1 },	  nobody, true, true },
	{ "send_type='method_call' max_fds='0'",	 { .type = CALL, .n_fds = 1 },	  nobody, false, false },
	{ "send_type='method_call' max_fds='1'",	 { .type = CALL, .n_fds = 1 },	  nobody, true, true },

	{ "send_type='method_call' send_member='M' send_path='/a'", { .type = CALL, .member = "M", .path = "/a" }, nobody, true, true },
	{ "send_type='method_call' send_member='M' send_path='/a'", { .type = CALL, .member = "M", .path = "/b" }, nobody, false, false },
	{ "send_destination='*' eavesdrop='true'", { .type = CALL },	  nobody, true, true },
};
/* clang-format on */

static struct policy_message question(size_t i)
{
	struct policy_message message = cases[i].message;

	message.names = cases[i].names;
	message.n_names = kb_strv_length((char *const *)cases[i].names);
	return message;
}

static void check_case(size_t i, const char *verb, const char *other, bool want)
{
	struct policy_message message = question(i);
	const struct policy_rule *rule;
	struct sight sight;
	char text[1024];

	snprintf(text, sizeof(text),
		 "<policy context='default'>%s<%s %s/></policy>", other, verb,
		 cases[i].rule);
	sight = look(text, 1000, 1000, false);
	cr_expect_eq(policy_view_may_send(sight.view, &message, &rule), want,
		     "case %zu: <%s %s/>", i, verb, cases[i].rule);
	cr_expect_not_null(rule);
	look_away(&sight);
}

Test(xml_policy, every_condition_of_sending)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		check_case(i, "allow", DENY_ALL, cases[i].matches);
		check_case(i, "deny", "<allow send_type='*'/><allow send_requested_reply='false' send_type='*'/>",
			   !cases[i].denies);
	}
}

/* The same conditions, asked about receiving. */
Test(xml_policy, every_condition_of_receiving)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		struct policy_message message = question(i);
		struct sight sight;
		char text[1024], rule[256] = "", *out = rule;
		const char *in = cases[i].rule;

		if (strstr(in, "broadcast") || strstr(in, "prefix"))
			continue;
		while (*in) {
			const char *rest = kb_startswith(in, "send_");

			if (kb_startswith(in, "send_destination")) {
				out = stpcpy(out, "receive_sender");
				in += strlen("send_destination");
			} else if (rest) {
				out = stpcpy(out, "receive_");
				in = rest;
			} else {
				*out++ = *in++;
				*out = 0;
			}
		}
		snprintf(text, sizeof(text),
			 "<policy context='default'><allow %s/></policy>", rule);
		sight = look(text, 1000, 1000, false);
		cr_expect_eq(policy_view_may_receive(sight.view, &message, NULL),
			     cases[i].matches, "<allow %s/>", rule);
		look_away(&sight);
	}
}

/* who: uid 1000, gid 2000 and 2100 */
/* clang-format off */
static const struct {
	const char *name;
	const char *policies;
	bool at_console;
	bool may_own;
} orders[] = {
	{ "nothing said", "", false, false },
	{ "default", "<policy context='default'><allow own='*'/></policy>", false, true },
	{ "the last of a class", "<policy context='default'><allow own='*'/><deny own='*'/></policy>", false, false },
	{ "classes beat documents", "<policy context='mandatory'><allow own='*'/></policy><policy context='default'><deny own='*'/></policy>", false, true },
	{ "group over default", "<policy group='2000'><allow own='*'/></policy><policy context='default'><deny own='*'/></policy>", false, true },
	{ "another's group", "<policy group='2001'><allow own='*'/></policy>", false, false },
	{ "the higher group", "<policy group='2100'><allow own='*'/></policy><policy group='2000'><deny own='*'/></policy>", false, true },
	{ "user over group", "<policy user='1000'><allow own='*'/></policy><policy group='2000'><deny own='*'/></policy>", false, true },
	{ "another user", "<policy user='1001'><allow own='*'/></policy>", false, false },
	{ "console over user", "<policy at_console='true'><allow own='*'/></policy><policy user='1000'><deny own='*'/></policy>", true, true },
	{ "not at console", "<policy at_console='true'><allow own='*'/></policy>", false, false },
	{ "away from console", "<policy at_console='false'><allow own='*'/></policy>", false, true },
	{ "not away", "<policy at_console='false'><allow own='*'/></policy>", true, false },
	{ "mandatory over console", "<policy context='mandatory'><deny own='*'/></policy><policy at_console='true'><allow own='*'/></policy>", true, false },
	{ "own", "<policy context='default'><allow own='org.Foo'/></policy>", false, true },
	{ "own another", "<policy context='default'><allow own='org.Fo'/></policy>", false, false },
	{ "prefix, itself", "<policy context='default'><allow own_prefix='org.Foo'/></policy>", false, true },
	{ "prefix, above", "<policy context='default'><allow own_prefix='org'/></policy>", false, true },
	{ "prefix, below", "<policy context='default'><allow own_prefix='org.Foo.Bar'/></policy>", false, false },
	{ "prefix, word", "<policy context='default'><allow own_prefix='org.Fo'/></policy>", false, false },
	{ "kinds mixed", "<policy context='default'><allow own='*' send_type='*'/></policy>", false, false },
	{ "own and prefix", "<policy context='default'><allow own='org.Foo' own_prefix='org'/></policy>", false, false },
	{ "unknown attribute", "<policy context='default'><allow own='*' at='x'/></policy>", false, false },
	{ "two attributes", "<policy context='default' user='1000'><allow own='*'/></policy>", false, false },
	{ "unknown user", "<policy user='no-such-user-here'><allow own='*'/></policy>", false, false },
	{ "unknown element around", "<other><policy context='default'><allow own='*'/></policy></other>", false, false },
};
/* clang-format on */

Test(xml_policy, the_last_rule_decides)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(orders); i++) {
		struct sight sight = look(orders[i].policies, 1000, 2000,
					  orders[i].at_console);

		cr_expect_eq(policy_view_may_own(sight.view, "org.Foo", NULL),
			     orders[i].may_own, "%s", orders[i].name);
		look_away(&sight);
	}
}

/* clang-format off */
static const struct {
	const char *policies;
	bool stranger;
	bool owner;
} connects[] = {
	{ "", false, true },
	{ "<policy context='default'><allow user='*'/></policy>", true, true },
	{ "<policy context='default'><allow user='1000'/></policy>", true, true },
	{ "<policy context='default'><allow user='1001'/></policy>", false, true },
	{ "<policy context='default'><allow group='2000'/></policy>", true, true },
	{ "<policy context='default'><allow user='*'/><deny group='2000'/></policy>", false, true },
	{ "<policy context='default'><deny user='1234'/></policy>", false, false },
	{ "<policy context='mandatory'><deny user='*'/></policy><policy context='default'><allow user='*'/></policy>", false, false },
	{ "<policy user='1000'><allow user='*'/></policy>", false, true },
};
/* clang-format on */

/* As the reference does, whatever the rule is about besides. */
Test(xml_policy, a_rule_that_names_nothing_forgets_what_was_before)
{
	struct policy_message call = { .type = CALL };
	struct sight sight = look("<policy context='default'><allow send_type='method_call'/>"
				  "<deny send_type='*' send_broadcast='true'/></policy>",
				  1000, 1000, false);

	cr_expect_not(policy_view_may_send(sight.view, &call, NULL));
	look_away(&sight);
}

Test(xml_policy, who_may_connect)
{
	gid_t gid = 2000;
	struct policy_identity stranger = { 1000, &gid, 1, false };
	struct policy_identity owner = { OWNER, NULL, 0, false };

	for (size_t i = 0; i < KB_ARRAY_SIZE(connects); i++) {
		struct sight sight = look(connects[i].policies, 1000, 2000,
					  false);
		struct policy *policy = sight.config->policy;

		cr_expect_eq(policy_may_connect(policy, &stranger, OWNER, NULL),
			     connects[i].stranger, "%s", connects[i].policies);
		cr_expect_eq(policy_may_connect(policy, &owner, OWNER, NULL),
			     connects[i].owner, "%s", connects[i].policies);
		look_away(&sight);
	}
}

Test(xml_policy, without_a_main_file_only_the_owner)
{
	char *paths[] = { "/nonexistent/file", NULL };
	struct policy_identity owner = { .uid = OWNER }, other = { .uid = 0 };
	struct policy_message message = { .type = CALL };
	struct policy_view *view;
	struct config *config;

	cr_assert_eq(config_load("system", paths, OWNER, &config), 0);
	cr_assert_not(config->has_main);
	cr_assert_eq(policy_get_view(config->policy, &owner, &view), 0);
	cr_expect(policy_view_may_send(view, &message, NULL));
	cr_expect(policy_view_may_receive(view, &message, NULL));
	cr_expect(policy_view_may_own(view, "a.b", NULL));
	policy_view_unref(view);
	cr_assert_eq(policy_get_view(config->policy, &other, &view), 0);
	cr_expect_not(policy_view_may_send(view, &message, NULL));
	cr_expect_not(policy_may_connect(config->policy, &other, OWNER, NULL));
	policy_view_unref(view);
	config_free(config);
}

Test(xml_policy, a_broken_file_counts_not_at_all)
{
	struct config *config =
		load("<busconfig><policy context='default'><allow own='*'/>"
		     "<limit name='max_message_size'>1</limit></policy>");

	cr_expect_eq(config->n_broken, 1);
	cr_expect_not(config->has_main);
	cr_expect_neq(config->limits.max_message_size, 1);
	config_free(config);
}

Test(xml_policy, equal_identities_share_a_view_and_keep_it)
{
	struct sight sight = look("<policy context='default'>" ALLOW_ALL "</policy>", 1, 2, false);
	gid_t gids[] = { 2, 102 };
	struct policy_identity same = { 1, gids, 2, false };
	struct policy_identity other = { 1, gids, 2, true };
	struct policy_view *a, *b;

	cr_assert_eq(policy_get_view(sight.config->policy, &same, &a), 0);
	cr_assert_eq(policy_get_view(sight.config->policy, &other, &b), 0);
	cr_expect_eq(a, sight.view);
	cr_expect_neq(b, sight.view);
	look_away(&sight);
	cr_expect(policy_view_may_own(a, "a.b", NULL));
	policy_view_unref(b);
	policy_view_unref(a);
}

Test(xml_policy, limits_are_read_and_cut)
{
	struct config *config =
		load("<busconfig><limit name='max_message_size'> 1000 </limit>"
		     "<limit name='max_message_unix_fds'>1000</limit>"
		     "<limit name='max_outgoing_bytes'>99999999999999999999999</limit>"
		     "<limit name='auth_timeout'>soon</limit>"
		     "<limit name='no_such'>1</limit></busconfig>");

	cr_expect_eq(config->limits.max_message_size, 1000);
	cr_expect_eq(config->limits.max_message_unix_fds, 16);
	cr_expect_eq(config->limits.max_outgoing_bytes, INT32_MAX);
	cr_expect_eq(config->limits.auth_timeout, 30000);
	cr_expect_eq(config->n_wrong, 2);
	config_free(config);

	/* what the reference does not start with, and what it does */
	config = load("<busconfig><limit name='max_names_per_connection'>3123123123</limit></busconfig>");
	cr_expect_eq(config->limits.max_names_per_connection, INT32_MAX);
	cr_expect_eq(config->n_wrong, 1);
	config_free(config);
	config = load("<busconfig><limit name='max_containers'>4</limit>"
		      "<limit name='max_incoming_bytes'>3123123123</limit></busconfig>");
	cr_expect_eq(config->n_wrong, 0);
	config_free(config);
}
