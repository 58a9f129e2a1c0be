// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl: look at a kdbus bus, and talk to who is on it. */
#include <errno.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/verbs.h"
#include "lib/address.h"
#include "lib/match-rule.h"

/**
 * struct option - an option of the command line
 * @name:	with its dashes, without '='
 * @value:	what follows the '=': NULL if there is nothing, a name if there
 *		must be something, "[…]" if there may be
 * @set:	takes it; @value is NULL if none was given: 0 or a status
 */
struct option {
	const char *name;
	const char *value;
	int (*set)(struct ctl *ctl, const char *value);
	const char *help;
};

static int set_address(struct ctl *ctl, const char *value)
{
	ctl->address = value;
	return 0;
}

static int set_user(struct ctl *ctl, const char *value _unused_)
{
	ctl->user = true;
	/* for the life of the program */
	ctl->address = kb_address_user(getuid());
	return ctl->address ? 0 : ctl_fail_errno(ENOMEM, "--user");
}

static int set_system(struct ctl *ctl, const char *value _unused_)
{
	ctl->address = NULL;
	ctl->user = false;
	return 0;
}

static int set_json(struct ctl *ctl, const char *value)
{
	if (!value)
		ctl->json = isatty(STDOUT_FILENO) ? CTL_JSON_PRETTY :
						    CTL_JSON_SHORT;
	else if (kb_streq(value, "short"))
		ctl->json = CTL_JSON_SHORT;
	else if (kb_streq(value, "pretty"))
		ctl->json = CTL_JSON_PRETTY;
	else if (kb_streq(value, "off"))
		ctl->json = CTL_JSON_OFF;
	else
		return ctl_fail_usage(ctl, "--json= takes short, pretty or off");
	return 0;
}

static int parse_bool(struct ctl *ctl, const char *name, const char *value,
		      bool *out)
{
	if (kb_streq(value, "yes") || kb_streq(value, "true") ||
	    kb_streq(value, "1"))
		*out = true;
	else if (kb_streq(value, "no") || kb_streq(value, "false") ||
		 kb_streq(value, "0"))
		*out = false;
	else
		return ctl_fail_usage(ctl, "%s= takes yes or no", name);
	return 0;
}

static int set_auto_start(struct ctl *ctl, const char *value)
{
	bool yes = true;
	int r = parse_bool(ctl, "--auto-start", value, &yes);

	ctl->no_auto_start = !yes;
	return r;
}

static int set_expect_reply(struct ctl *ctl, const char *value)
{
	bool yes = true;
	int r = parse_bool(ctl, "--expect-reply", value, &yes);

	ctl->no_reply = !yes;
	return r;
}

static int set_timeout(struct ctl *ctl, const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (end == value || *end || !(seconds > 0) || seconds > 1e9)
		return ctl_fail_usage(ctl, "--timeout= takes seconds");
	ctl->timeout_ns = seconds * KB_NSEC_PER_SEC;
	return 0;
}

static int set_limit(struct ctl *ctl, const char *value)
{
	if (kb_parse_u64(value, &ctl->limit) < 0 || !ctl->limit)
		return ctl_fail_usage(ctl, "--limit-messages= takes a number over 0");
	return 0;
}

static int set_destination(struct ctl *ctl, const char *value)
{
	ctl->destination = value;
	return ctl_check_name(ctl, value);
}

static int set_match(struct ctl *ctl, const char *value)
{
	_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
	const char **matches;

	if (kb_match_rule_parse(value, &rule) < 0)
		return ctl_fail_usage(ctl, "\"%s\" is no match rule", value);
	matches = reallocarray(ctl->matches, ctl->n_matches + 1,
			       sizeof(*matches));
	if (!matches)
		return ctl_fail_errno(ENOMEM, "--match");
	matches[ctl->n_matches++] = value;
	ctl->matches = matches;
	return 0;
}

static int set_quiet(struct ctl *ctl, const char *value _unused_)
{
	ctl->quiet = true;
	return 0;
}

static int set_root(struct ctl *ctl, const char *value)
{
	if (*value != '/')
		return ctl_fail_usage(ctl, "--root= takes an absolute path");
	ctl->root = value;
	return 0;
}

static int set_global(struct ctl *ctl, const char *value _unused_)
{
	ctl->global = true;
	return 0;
}

static int set_unique(struct ctl *ctl, const char *value _unused_)
{
	ctl->show |= CTL_SHOW_UNIQUE;
	return 0;
}

static int set_acquired(struct ctl *ctl, const char *value _unused_)
{
	ctl->show |= CTL_SHOW_ACQUIRED;
	return 0;
}

static int set_activatable(struct ctl *ctl, const char *value _unused_)
{
	ctl->show |= CTL_SHOW_ACTIVATABLE;
	return 0;
}

static int print_help(struct ctl *ctl, const char *value);

static int print_version(struct ctl *ctl _unused_, const char *value _unused_)
{
	puts("kdbusctl " PACKAGE_VERSION);
	exit(0);
}

/* clang-format off */
static const struct option options[] = {
	{ "--system", NULL, set_system, "the bus of the system (default)" },
	{ "--user", NULL, set_user, "the bus of the user" },
	{ "--address", "ADDRESS", set_address, "the bus at this address" },
	{ "--json", "[short|pretty|off]", set_json, "output for programs" },
	{ "-j", NULL, set_json, "short for --json" },
	{ "--unique", NULL, set_unique, "list: only unique names" },
	{ "--acquired", NULL, set_acquired, "list: only acquired names" },
	{ "--activatable", NULL, set_activatable, "list: only activatable names" },
	{ "--timeout", "SECONDS", set_timeout, "how long to wait for a reply" },
	{ "--auto-start", "BOOL", set_auto_start, "whether to start a service" },
	{ "--expect-reply", "BOOL", set_expect_reply, "whether to wait for a reply" },
	{ "--destination", "NAME", set_destination, "emit: to this peer only" },
	{ "--match", "RULE", set_match, "monitor: only what this rule matches" },
	{ "--limit-messages", "N", set_limit, "monitor: end after so many" },
	{ "--root", "DIRECTORY", set_root, "system-bus: of the machine below it" },
	{ "--global", NULL, set_global, "session-bus: of every user" },
	{ "--quiet", NULL, set_quiet, "do not print the reply" },
	{ "-q", NULL, set_quiet, "short for --quiet" },
	{ "--help", NULL, print_help, "this text" },
	{ "-h", NULL, print_help, "short for --help" },
	{ "--version", NULL, print_version, "which version this is" },
};
/* clang-format on */

static int print_help(struct ctl *ctl _unused_, const char *value _unused_)
{
	puts("kdbusctl [OPTION…] VERB [ARGUMENT…]\n\nVerbs:");
	ctl_verbs_print();
	puts("\nOptions:");
	for (size_t i = 0; i < KB_ARRAY_SIZE(options); i++) {
		const char *value = options[i].value;
		char text[64];

		snprintf(text, sizeof(text), "%s%s%s%s", options[i].name,
			 !value ? "" : *value == '[' ? "[=" : "=",
			 !value ? "" : value + (*value == '['), "");
		printf("  %-28s %s\n", text, options[i].help);
	}
	exit(0);
}

static int set_option(struct ctl *ctl, const char *argument)
{
	const char *value = strchrnul(argument, '=');
	size_t n = value - argument;

	value = *value ? value + 1 : NULL;
	for (size_t i = 0; i < KB_ARRAY_SIZE(options); i++) {
		const struct option *option = &options[i];

		if (strlen(option->name) != n ||
		    strncmp(option->name, argument, n))
			continue;
		if (value && !option->value)
			return ctl_fail_usage(ctl, "%s takes no value",
					      option->name);
		if (!value && option->value && *option->value != '[')
			return ctl_fail_usage(ctl, "%s needs =%s",
					      option->name, option->value);
		return option->set(ctl, value);
	}
	return ctl_fail_usage(ctl, "there is no option %s", argument);
}

/* Options may stand anywhere before "--"; what begins with a dash and a digit
 * is a number. Leaves the other arguments at the front of @argv. */
static int parse_options(struct ctl *ctl, int *argc, char **argv)
{
	bool done = false;
	int n = 0, r;

	for (int i = 1; i < *argc; i++) {
		const char *s = argv[i];

		if (!done && kb_streq(s, "--")) {
			done = true;
			continue;
		}
		if (!done && s[0] == '-' && s[1] &&
		    !(s[1] >= '0' && s[1] <= '9') && s[1] != '.') {
			r = set_option(ctl, s);
			if (r)
				return r;
			continue;
		}
		argv[n++] = argv[i];
	}
	*argc = n;
	return 0;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_verb *verb;

	if (!argc)
		return ctl_list(ctl, 0, NULL);
	verb = ctl_verb_find(argv[0]);
	if (!verb)
		return ctl_fail_usage(ctl, "there is no verb \"%s\"", argv[0]);

	ctl->verb = verb->name;
	argc--;
	argv++;
	if (argc < verb->min)
		return ctl_fail_usage(ctl, "%s needs more arguments",
				      verb->name);
	if (verb->max >= 0 && argc > verb->max)
		return ctl_fail_usage(ctl, "%s takes no argument \"%s\"",
				      verb->name, argv[verb->max]);
	return verb->run(ctl, argc, argv);
}

int main(int argc, char **argv)
{
	struct ctl ctl = {};
	int r;

	r = parse_options(&ctl, &argc, argv);
	if (!r)
		r = run(&ctl, argc, argv);
	free(ctl.matches);
	/* a full disk or a closed pipe is no success */
	if (fflush(stdout) == EOF && !r)
		r = ctl_fail_errno(errno, "cannot write");
	return r;
}
