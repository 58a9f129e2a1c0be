// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the policy says of a user and a name, for programs to read. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "proxy/config.h"
#include "proxy/verdict.h"

/* A configuration of these rules, in "/…" as its file; asked for uid 1000. */
static char *verdicts(const char *rules, const char *name)
{
	char path[] = "/tmp/test-verdict.XXXXXX";
	char *paths[] = { path, NULL };
	gid_t gids[] = { 100 };
	struct policy_identity identity = { .uid = 1000, .gids = gids, .n_gids = 1 };
	struct config *config;
	char *text = NULL, *file;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int fd = mkstemp(path);

	dprintf(fd, "<busconfig>\n%s\n</busconfig>\n", rules);
	close(fd);
	cr_assert_eq(config_load("system", paths, 0, &config), 0);
	cr_assert_eq(verdict_print(config->policy, &identity, 0, name, out), 0);
	fclose(out);
	config_free(config);
	unlink(path);
	/* the name of the file is another one every time */
	while ((file = strstr(text, path))) {
		*file = 'F';
		memmove(file + 1, file + strlen(path), strlen(file + strlen(path)) + 1);
	}
	return text;
}

static void expect(const char *rules, const char *name, const char *wanted)
{
	char *text = verdicts(rules, name);

	cr_expect_str_eq(text, wanted, "expected:\n%sgot:\n%s", wanted, text);
	free(text);
}

Test(verdict, without_rules_nothing_is_allowed)
{
	expect("", "org.example.A",
	       "connect\tdeny\t\t0\nown\tdeny\t\t0\nsend\tdeny\t\t0\nreceive\tdeny\t\t0\n");
}

Test(verdict, each_right_has_the_rule_that_decides)
{
	expect("<policy context='default'><allow user='*'/>\n"
	       "<deny own='*'/><deny send_type='method_call'/>\n"
	       "<allow receive_type='signal'/></policy>\n"
	       "<policy user='1000'><allow own='org.example.A'/>\n"
	       "<allow send_destination='org.example.A'/></policy>",
	       "org.example.A",
	       "connect\tallow\tF\t2\nown\tallow\tF\t5\nsend\tallow\tF\t6\nreceive\tallow\tF\t4\n");
}

Test(verdict, rules_of_others_and_for_other_names_do_not_count)
{
	expect("<policy user='1001'><allow own='org.example.A'/></policy>\n"
	       "<policy group='100'><allow send_destination='org.example.B'/>\n"
	       "<allow receive_sender='org.example.A'/></policy>",
	       "org.example.A",
	       "connect\tdeny\t\t0\nown\tdeny\t\t0\nsend\tdeny\t\t0\nreceive\tallow\tF\t4\n");
}

Test(verdict, rules_for_some_messages_come_before_the_one_for_the_rest)
{
	expect("<policy context='default'><deny send_destination='org.example.A'/>\n"
	       "<allow send_destination='org.example.A' send_interface='i.f' send_member='M'/>\n"
	       "<deny send_interface='no.thing' send_path='/p'/>\n"
	       "<allow send_destination='org.example.A' send_type='signal'/>\n"
	       "<deny send_error='e.r'/><allow send_broadcast='true' send_path='/b'/></policy>",
	       "org.example.A",
	       "connect\tdeny\t\t0\nown\tdeny\t\t0\n"
	       "send-if\tdeny\tF\t4\tinterface=no.thing path=/p\n"
	       "send-if\tallow\tF\t3\tinterface=i.f member=M\n"
	       "send\tdeny\tF\t2\nreceive\tdeny\t\t0\n");
}
