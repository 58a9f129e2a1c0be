/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that include others, and what is watched for changes. */

#include <criterion/criterion.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"
#include "proxy/config.h"

static char root[] = "/tmp/kdbus-parse-XXXXXX";

static void make_root(void)
{
	cr_assert_not_null(mkdtemp(root));
}

static void remove_root(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	cr_assert_eq(system(command), 0);
}

static void put(const char *name, const char *contents)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	fprintf(file, "<busconfig>%s</busconfig>", contents);
	fclose(file);
}

static struct config *load(const char *name)
{
	char path[256], *paths[] = { path, NULL };
	struct config *config;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	cr_assert_eq(config_load("system", paths, 0, &config), 0);
	return config;
}

/* Names that <allow own=…> stand for, in order. */
static void expect_names(const struct config *config, const char *names)
{
	char found[256] = "";

	for (size_t i = 0; i < config->policy->n_rules; i++) {
		strcat(found, config->policy->rules[i]->name);
		strcat(found, " ");
	}
	cr_expect_str_eq(found, names);
}

#define RULE(name) "<policy context='default'><allow own='" name "'/></policy>"

TestSuite(xml_parse, .init = make_root, .fini = remove_root);

Test(xml_parse, includes_stand_where_they_are_named)
{
	char path[256];
	struct config *config;

	snprintf(path, sizeof(path), "%s/d", root);
	cr_assert_eq(mkdir(path, 0755), 0);
	put("main.conf", RULE("a.a") "<include>other.conf</include>"
			 "<includedir>d</includedir><includedir>none</includedir>"
			 RULE("a.z"));
	put("other.conf", RULE("b.b"));
	put("d/2.conf", RULE("d.two"));
	put("d/1.conf", RULE("d.one"));
	put("d/readme", RULE("d.readme"));
	config = load("main.conf");
	expect_names(config, "a.a b.b d.one d.two a.z ");
	cr_expect_eq(config->n_broken, 0);
	cr_expect_eq(kb_strv_length(config->watch), 3);
	cr_expect_eq(config->policy->rules[1]->line, 1);
	cr_expect(strstr(config->policy->rules[1]->file, "other.conf"));
	config_free(config);
}

Test(xml_parse, a_missing_include_is_no_reason_to_fail)
{
	struct config *config;

	put("main.conf", "<include ignore_missing='yes'>no.conf</include>"
			 "<include>neither.conf</include>" RULE("a.a"));
	config = load("main.conf");
	expect_names(config, "a.a ");
	cr_expect(config->has_main);
	config_free(config);
}

Test(xml_parse, a_broken_include_takes_only_itself_away)
{
	struct config *config;

	put("main.conf", RULE("a.a") "<include>broken.conf</include>" RULE("a.z"));
	put("broken.conf", RULE("b.b") "<policy>");
	config = load("main.conf");
	expect_names(config, "a.a a.z ");
	cr_expect_eq(config->n_broken, 1);
	config_free(config);
}

Test(xml_parse, circles_end)
{
	struct config *config;

	put("main.conf", RULE("a.a") "<include>other.conf</include>");
	put("other.conf", RULE("b.b") "<include>main.conf</include>"
			  "<include>other.conf</include>");
	config = load("main.conf");
	expect_names(config, "a.a b.b ");
	cr_expect_eq(config->n_wrong, 2);
	config_free(config);
}

Test(xml_parse, a_foreign_document_is_broken)
{
	struct config *config;
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/main.conf", root);
	file = fopen(path, "we");
	fputs("<html><busconfig/></html>", file);
	fclose(file);
	config = load("main.conf");
	cr_expect_eq(config->n_broken, 1);
	cr_expect_not(config->has_main);
	config_free(config);
}

Test(xml_parse, selinux_only_where_it_is)
{
	struct config *config;

	if (access("/sys/fs/selinux/enforce", F_OK) == 0)
		cr_skip_test("this machine has SELinux");
	put("main.conf", "<include if_selinux_enabled='yes' selinux_root_relative='yes'>x</include>"
			 "<include if_selinux_enabled='yes'>other.conf</include>" RULE("a.a"));
	put("other.conf", RULE("b.b"));
	config = load("main.conf");
	expect_names(config, "a.a ");
	config_free(config);
}

Test(xml_parse, what_belongs_to_the_daemon_is_passed_over)
{
	struct config *config;

	put("main.conf",
	    "<type>system</type><user>messagebus</user><fork/><listen>unix:path=/x</listen>"
	    "<selinux><associate own='a.b' context='c'/></selinux><apparmor mode='enabled'/>"
	    "<standard_system_servicedirs/><servicedir>/x</servicedir><novelty><policy/></novelty>"
	    RULE("a.a"));
	config = load("main.conf");
	expect_names(config, "a.a ");
	cr_expect_str_eq(config->type, "system");
	config_free(config);
}

/* The daemon's parts come in the order of the files. */
Test(xml_parse, parts_of_the_daemon_are_kept)
{
	_cleanup_(kb_freep) char *expected = NULL;
	struct config *config;

	put("main.conf", "<type>session</type><fork/>"
			 "<listen> unix:path=/x\ny </listen><include>more</include>"
			 "<servicedir>services</servicedir>");
	put("more", "<pidfile>/pid</pidfile><servicedir>/abs</servicedir>"
		    "<standard_session_servicedirs/>");
	config = load("main.conf");
	cr_assert(asprintf(&expected,
			   "fork \nlisten unix:path=/x y\npidfile /pid\n"
			   "servicedir /abs\nstandard_session_servicedirs \n"
			   "servicedir %s/services\n", root) > 0);
	cr_expect_eq(config->parts.size, strlen(expected));
	cr_expect_eq(memcmp(config->parts.data, expected, config->parts.size), 0);
	cr_expect_eq(config->n_wrong, 0);
	config_free(config);
}

Test(xml_parse, mistakes_count_unless_in_a_directory)
{
	static const struct {
		const char *text;
		bool wrong;
	} cases[] = {
		{ "<lisen>unix:path=/x</lisen>", true },
		{ "<policy context='nobody'/>", true },
		{ "<policy context='default'><allow sand_type='signal'/></policy>", true },
		{ "<policy user='kdbus-no-such-user'/>", false },
		{ "<include>missing</include>", true },
		{ "<include ignore_missing='yes'>missing</include>", false },
		{ "<include>broken.conf</include>", true },
		{ "<includedir>.</includedir>", false },
	};

	put("broken.conf", "<type>");
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		struct config *config;

		put("main", cases[i].text);
		config = load("main");
		cr_expect_eq(config->n_wrong > 0, cases[i].wrong, "%s", cases[i].text);
		config_free(config);
	}
}

static bool is_in(char *const *list, const char *text)
{
	for (; list && *list; list++)
		if (kb_streq(*list, text))
			return true;
	return false;
}

Test(xml_parse, what_is_missing_is_waited_for)
{
	struct config *config;
	char path[256];

	put("strange", "<includedir>later/still</includedir>"
		       "<include ignore_missing='yes'>one.file</include>");
	config = load("strange");
	cr_expect(is_in(config->watch, root));
	snprintf(path, sizeof(path), "%s/later", root);
	cr_expect(is_in(config->watch, path));
	snprintf(path, sizeof(path), "%s/later/still", root);
	cr_expect(is_in(config->watch, path));
	cr_expect(is_in(config->names, "strange"));
	cr_expect(is_in(config->names, "one.file"));
	cr_expect(is_in(config->names, "later"));
	cr_expect(is_in(config->names, "still"));
	config_free(config);
}

/* what the reference makes of them, tried with its release 1.14 */
static const struct {
	const char *rule;
	bool ok;
} rules[] = {
	{ "<allow/>", false },
	{ "<deny log='true'/>", false },
	{ "<allow log='whatever' own='*'/>", true },
	{ "<allow max_fds='3'/>", false },
	{ "<allow max_fds='3' receive_sender='*'/>", true },
	{ "<allow max_fds='33554432' receive_sender='*'/>", true },
	{ "<allow max_fds='33554433' receive_sender='*'/>", false },
	{ "<deny eavesdrop='true'/>", true },
	{ "<allow send_member='M'/>", false },
	{ "<allow send_member='*'/>", false },
	{ "<allow send_member='M' send_destination='a.b'/>", false },
	{ "<allow send_member='M' send_interface='a.b'/>", true },
	{ "<allow send_member='M' send_path='*'/>", true },
	{ "<deny receive_member='M' receive_sender='a.b'/>", false },
	{ "<deny receive_member='M' receive_interface='*'/>", true },
	{ "<deny send_error='a.b'/>", true },
	{ "<deny send_error='a.b' send_interface='a.b'/>", false },
	{ "<deny receive_error='a.b' receive_interface='a.b'/>", false },
	{ "<deny send_error='a.b' send_path='/'/>", true },
	{ "<deny send_broadcast='true' send_type='signal'/>", true },
	{ "<deny send_broadcast='true' send_destination='a.b'/>", false },
	{ "<deny send_broadcast='true' send_destination='*'/>", true },
	{ "<deny send_broadcast='true' send_destination_prefix='a.b'/>", true },
	{ "<deny send_broadcast='false' send_destination='a.b'/>", true },
	{ "<allow send_interface='a.b' receive_sender='a.b'/>", false },
	{ "<allow own='a.b' own_prefix='a'/>", false },
	{ "<allow user='root' group='root'/>", false },
	{ "<allow user='root' own='*'/>", false },
	{ "<allow send_type='bogus'/>", false },
};

Test(xml_parse, rules_that_no_daemon_accepts)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(rules); i++) {
		char text[256];
		struct config *config;

		snprintf(text, sizeof(text),
			 "<policy context='default'>%s</policy>", rules[i].rule);
		put("rule.conf", text);
		config = load("rule.conf");
		cr_expect_eq(config->n_wrong == 0, rules[i].ok, "%s",
			     rules[i].rule);
		cr_expect_eq(config->policy->n_rules, rules[i].ok, "%s",
			     rules[i].rule);
		config_free(config);
	}
}

Test(xml_parse, a_wrong_file_of_a_directory_is_left_out)
{
	struct config *config;
	char path[256];

	snprintf(path, sizeof(path), "%s/parts", root);
	cr_assert_eq(mkdir(path, 0755), 0);
	put("whole.conf", RULE("a.a") "<includedir>parts</includedir>" RULE("a.z"));
	put("parts/1.conf", RULE("b.b") "<policy context='default'><allow/></policy>"
			    "<limit name='max_message_unix_fds'>3</limit>");
	put("parts/2.conf", RULE("c.c"));
	config = load("whole.conf");
	expect_names(config, "a.a c.c a.z ");
	cr_expect_eq(config->limits.max_message_unix_fds, 16);
	cr_expect_eq(config->n_wrong, 0);
	config_free(config);
}

Test(xml_parse, what_cannot_be_read_is_named)
{
	FILE *log_file = tmpfile();
	struct config *config;
	char path[256], line[512];
	bool named = false;

	snprintf(path, sizeof(path), "%s/d.conf", root);
	cr_assert_eq(mkdir(path, 0755), 0);
	put("main.conf", "<include>d.conf</include>");
	cr_assert_geq(dup2(fileno(log_file), STDERR_FILENO), 0);
	config = load("main.conf");
	cr_expect_eq(config->n_broken, 1);
	rewind(log_file);
	while (fgets(line, sizeof(line), log_file))
		named |= strstr(line, path) != NULL;
	cr_expect(named);
	config_free(config);
	fclose(log_file);
}
