// SPDX-License-Identifier: LGPL-2.1-or-later
/* The options of the command line. */
#include <errno.h>
#include <unistd.h>

#include "ctl/options.h"
#include "ctl/verbs.h"
#include "lib/address.h"
#include "lib/match-rule.h"

#define OPTIONS_MAX 64

/* Which were given, by their place in the table. */
static bool given[OPTIONS_MAX];

static void *field(struct ctl *ctl, const struct ctl_option *option)
{
	return (uint8_t *)ctl + option->field;
}

/* setters of one kind of field */

static int set_flag(struct ctl *ctl, const struct ctl_option *option,
		    const char *value _unused_)
{
	*(bool *)field(ctl, option) = true;
	return 0;
}

static int set_text(struct ctl *ctl, const struct ctl_option *option,
		    const char *value)
{
	*(const char **)field(ctl, option) = value;
	return 0;
}

/* A file, standard output if none is named. */
static int set_file(struct ctl *ctl, const struct ctl_option *option,
		    const char *value)
{
	if (value && !*value)
		return ctl_fail_usage(ctl, "%s= takes the name of a file",
				      option->name);
	return set_text(ctl, option, value ?: "-");
}

static int set_name(struct ctl *ctl, const struct ctl_option *option,
		    const char *value)
{
	set_text(ctl, option, value);
	return ctl_check_name(ctl, value);
}

static int set_number(struct ctl *ctl, const struct ctl_option *option,
		      const char *value)
{
	uint64_t *number = field(ctl, option);

	if (kb_parse_u64(value, number) < 0 || !*number)
		return ctl_fail_usage(ctl, "%s takes a number over 0",
				      option->name);
	return 0;
}

static int set_seconds(struct ctl *ctl, const struct ctl_option *option,
		       const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (end == value || *end || !(seconds >= 1e-9) || seconds > 1e9)
		return ctl_fail_usage(ctl, "%s= takes seconds", option->name);
	*(uint64_t *)field(ctl, option) = seconds * KB_NSEC_PER_SEC;
	return 0;
}

/* The flag is the opposite of what is said. */
static int set_unless(struct ctl *ctl, const struct ctl_option *option,
		      const char *value)
{
	bool yes;

	if (kb_parse_bool(value, &yes) < 0)
		return ctl_fail_usage(ctl, "%s= takes yes or no", option->name);
	*(bool *)field(ctl, option) = !yes;
	return 0;
}

/* setters of one option */

static int set_system(struct ctl *ctl, const struct ctl_option *option _unused_,
		      const char *value _unused_)
{
	ctl->address = NULL;
	ctl->user = false;
	return 0;
}

static int set_user(struct ctl *ctl, const struct ctl_option *option _unused_,
		    const char *value _unused_)
{
	ctl->user = true;
	free(ctl->own_address);
	ctl->address = ctl->own_address = kb_address_user(getuid());
	return ctl->address ? 0 : ctl_fail_errno(ENOMEM, "--user");
}

static int set_json(struct ctl *ctl, const struct ctl_option *option _unused_,
		    const char *value)
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

static int set_show(struct ctl *ctl, const struct ctl_option *option,
		    const char *value _unused_)
{
	ctl->show |= kb_streq(option->name, "--unique") ? CTL_SHOW_UNIQUE :
		     kb_streq(option->name, "--acquired") ? CTL_SHOW_ACQUIRED :
		     CTL_SHOW_ACTIVATABLE;
	return 0;
}

static int set_match(struct ctl *ctl, const struct ctl_option *option _unused_,
		     const char *value)
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

static int set_root(struct ctl *ctl, const struct ctl_option *option,
		    const char *value)
{
	if (*value != '/')
		return ctl_fail_usage(ctl, "--root= takes an absolute path");
	return set_text(ctl, option, value);
}

static int set_access(struct ctl *ctl, const struct ctl_option *option _unused_,
		      const char *value)
{
	if (kb_streq(value, "owner"))
		ctl->access = 0;
	else if (kb_streq(value, "group"))
		ctl->access = KDBUS_MAKE_ACCESS_GROUP;
	else if (kb_streq(value, "world"))
		ctl->access = KDBUS_MAKE_ACCESS_WORLD;
	else
		return ctl_fail_usage(ctl, "--access= takes owner, group or world");
	return 0;
}

/* "--talk=…" is kept as it is, with the option's name in front of it. */
static int set_grant(struct ctl *ctl, const struct ctl_option *option,
		     const char *value)
{
	struct ctl_grant *grants;

	grants = reallocarray(ctl->grants, ctl->n_grants + 1, sizeof(*grants));
	if (!grants)
		return ctl_fail_errno(ENOMEM, "%s", option->name);
	grants[ctl->n_grants++] = (struct ctl_grant){
		.access = kb_streq(option->name, "--own") ? KDBUS_POLICY_OWN :
			  kb_streq(option->name, "--talk") ? KDBUS_POLICY_TALK :
			  KDBUS_POLICY_SEE,
		.text = value,
	};
	ctl->grants = grants;
	return 0;
}

static int print_help(struct ctl *ctl, const struct ctl_option *option,
		      const char *value);

static int print_version(struct ctl *ctl _unused_,
			 const struct ctl_option *option _unused_,
			 const char *value _unused_)
{
	puts("kdbusctl " PACKAGE_VERSION);
	exit(ctl_end_output());
}

/* the table */

#define CALLERS "call get-property set-property introspect tree"
#define WATCHERS "monitor top graph"
#define SWITCHES "system-bus session-bus"
#define FIELD(name) offsetof(struct ctl, name)

/* clang-format off */
static const struct ctl_option options[] = {
	{ "--system", NULL, NULL, set_system, 0,
	  "the bus of the system, which is the default" },
	{ "--user", NULL, NULL, set_user, 0, "the bus of the user" },
	{ "--address", "ADDRESS", NULL, set_text, FIELD(address),
	  "the bus at this address" },
	{ "--json", "[short|pretty|off]", NULL, set_json, 0,
	  "output for programs" },
	{ "-j", NULL, NULL, set_json, 0, "short for --json" },
	{ "--no-pager", NULL, NULL, set_flag, FIELD(no_pager),
	  "do not pipe long output into a pager" },
	{ "--unique", NULL, "list", set_show, 0, "only unique names" },
	{ "--acquired", NULL, "list", set_show, 0, "only acquired names" },
	{ "--activatable", NULL, "list", set_show, 0, "only activatable names" },
	{ "--timeout", "SECONDS", CALLERS " monitor graph bench " SWITCHES,
	  set_seconds, FIELD(timeout_ns),
	  "how long to wait for a reply; how long to watch or measure" },
	{ "--auto-start", "BOOL", CALLERS, set_unless, FIELD(no_auto_start),
	  "whether to start a service" },
	{ "--expect-reply", "BOOL", "call", set_unless, FIELD(no_reply),
	  "whether to wait for a reply" },
	{ "--destination", "NAME", "emit", set_name, FIELD(destination),
	  "to this peer only" },
	{ "--match", "RULE", WATCHERS, set_match, 0,
	  "only what this rule matches" },
	{ "--limit-messages", "N", "monitor", set_number, FIELD(limit),
	  "end after so many" },
	{ "--pcap", "[FILE]", "monitor", set_file, FIELD(pcap),
	  "capture for Wireshark, to standard output or a file" },
	{ "--svg", "[FILE]", "graph", set_file, FIELD(svg),
	  "a picture, to standard output or a file" },
	{ "-n", "COUNT", "top why-denied", set_number, FIELD(count),
	  "top: so many snapshots, then end; why-denied: so many refusals" },
	{ "--interval", "SECONDS", "top", set_seconds, FIELD(interval_ns),
	  "time between two snapshots" },
	{ "--see", "NAME[,user=U|,group=G]", "endpoint", set_grant, 0,
	  "a name that may be seen" },
	{ "--talk", "NAME[,user=U|,group=G]", "endpoint", set_grant, 0,
	  "a name that may be talked to" },
	{ "--own", "NAME[,user=U|,group=G]", "endpoint", set_grant, 0,
	  "a name that may be owned" },
	{ "--access", "owner|group|world", "endpoint", set_access, 0,
	  "who may open it" },
	{ "--root", "DIRECTORY", SWITCHES, set_root, FIELD(root),
	  "of the machine below it" },
	{ "--global", NULL, SWITCHES, set_flag, FIELD(global),
	  "of every user" },
	{ "--quiet", NULL, NULL, set_flag, FIELD(quiet),
	  "do not print the reply" },
	{ "-q", NULL, NULL, set_flag, FIELD(quiet), "short for --quiet" },
	{ "--help", NULL, NULL, print_help, 0, "this text" },
	{ "-h", NULL, NULL, print_help, 0, "short for --help" },
	{ "--version", NULL, NULL, print_version, 0, "which version this is" },
};
/* clang-format on */

_Static_assert(KB_ARRAY_SIZE(options) <= OPTIONS_MAX, "room for all options");

const struct ctl_option *options_all(size_t *n)
{
	*n = KB_ARRAY_SIZE(options);
	return options;
}

bool option_is_for(const struct ctl_option *option, const char *verb)
{
	size_t n = strlen(verb);

	for (const char *s = option->verbs; s && *s; s += strspn(s, " ")) {
		if (!strncmp(s, verb, n) && (s[n] == ' ' || !s[n]))
			return true;
		s += strcspn(s, " ");
	}
	return !option->verbs;
}

static void print_option(const struct ctl_option *option)
{
	const char *value = option->value ?: "";
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", option->name,
		 !*value ? "" : *value == '[' ? "[=" :
		 option->name[1] != '-' ? " " : "=", value + (*value == '['));
	printf("  %-32s %s", text, option->help);
	if (option->verbs)
		printf(" [%s]", option->verbs);
	putchar('\n');
}

static int print_help(struct ctl *ctl _unused_,
		      const struct ctl_option *option _unused_,
		      const char *value _unused_)
{
	puts("kdbusctl [OPTION…] [VERB [ARGUMENT…]]\n\nVerbs:");
	ctl_verbs_print();
	puts("\nOptions, and the verbs they are for:");
	for (size_t i = 0; i < KB_ARRAY_SIZE(options); i++)
		print_option(&options[i]);
	puts("\nThe manual, kdbusctl(1), tells more.");
	exit(ctl_end_output());
}

/* parsing */

static bool needs_value(const struct ctl_option *option)
{
	return option->value && *option->value != '[';
}

const struct ctl_option *option_find(const char *argument, size_t n)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(options); i++)
		if (strlen(options[i].name) == n &&
		    !strncmp(options[i].name, argument, n))
			return &options[i];
	return NULL;
}

const struct ctl_option *option_before_value(const char *word)
{
	size_t n = strlen(word);
	const char last[] = { '-', n ? word[n - 1] : '\0', '\0' };
	const struct ctl_option *option;

	if (*word != '-')
		return NULL;
	option = word[1] == '-' ? option_find(word, n) : option_find(last, 2);
	return option && needs_value(option) ? option : NULL;
}

/**
 * struct word - one that holds options
 * @next:	the word behind it, NULL if there is none
 * @used:	it was taken, too
 */
struct word {
	const char *text;
	const char *next;
	bool used;
};

/* @value: what is attached to the option, or NULL */
static int set_option(struct ctl *ctl, const struct ctl_option *option,
		      const char *value, struct word *word)
{
	given[option - options] = true;
	if (value && !option->value)
		return ctl_fail_usage(ctl, "%s takes no value", option->name);
	if (!value && needs_value(option)) {
		value = word->next;
		word->used = true;
		if (!value)
			return ctl_fail_usage(ctl, "%s needs %s behind it",
					      option->name, option->value);
	}
	return option->set(ctl, option, value);
}

/* "--option", "--option=VALUE" or "--option VALUE". */
static int set_long(struct ctl *ctl, struct word *word)
{
	const char *value = strchrnul(word->text, '=');
	const struct ctl_option *option = option_find(word->text, value - word->text);

	if (!option)
		return ctl_fail_usage(ctl, "there is no option %s", word->text);
	return set_option(ctl, option, *value ? value + 1 : NULL, word);
}

/* "-a", "-ab", "-nVALUE" or "-n VALUE". */
static int set_short(struct ctl *ctl, struct word *word)
{
	int r = 0;

	for (const char *s = word->text + 1; *s && !r; s++) {
		const char name[] = { '-', *s, '\0' };
		const struct ctl_option *option = option_find(name, 2);
		const char *value = NULL;

		if (!option)
			return ctl_fail_usage(ctl, "there is no option %s", word->text);
		if (option->value && s[1]) {
			value = s + 1 + (s[1] == '=');
			s += strlen(s) - 1;
		}
		r = set_option(ctl, option, value, word);
	}
	return r;
}

int options_parse(struct ctl *ctl, int *argc, char **argv)
{
	bool done = false;
	int n = 0, r;

	for (int i = 1; i < *argc; i++) {
		struct word word = { .text = argv[i], .next = argv[i + 1] };
		const char *s = argv[i];

		if (!done && kb_streq(s, "--")) {
			done = true;
			continue;
		}
		if (!done && s[0] == '-' && s[1] &&
		    !(s[1] >= '0' && s[1] <= '9') && s[1] != '.') {
			r = s[1] == '-' ? set_long(ctl, &word) :
					  set_short(ctl, &word);
			if (r)
				return r;
			i += word.used;
			continue;
		}
		argv[n++] = argv[i];
	}
	argv[n] = NULL;
	*argc = n;
	return 0;
}

int options_check(const struct ctl *ctl)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(options); i++)
		if (given[i] && !option_is_for(&options[i], ctl->verb))
			return ctl_fail_usage(ctl, "%s takes no %s, that is for: %s",
					      ctl->verb, options[i].name,
					      options[i].verbs);
	return 0;
}

void options_deinit(struct ctl *ctl)
{
	free(ctl->own_address);
	free(ctl->matches);
	free(ctl->grants);
}
