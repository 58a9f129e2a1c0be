// SPDX-License-Identifier: LGPL-2.1-or-later
/* The command line, which is that of dbus-daemon. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/options.h"
#include "lib/log.h"
#include "lib/util.h"

/* The distribution's, or else the administrator's. */
#define SESSION_FILE		"/usr/share/dbus-1/session.conf"
#define SESSION_FILE_OLD	"/etc/dbus-1/session.conf"
#define SYSTEM_FILE		"/usr/share/dbus-1/system.conf"
#define SYSTEM_FILE_OLD		"/etc/dbus-1/system.conf"

static const char help[] =
	"Usage: kdbus-daemon --session|--system|--config-file=FILE [OPTION…]\n"
	"\n"
	"Give a bus of its own to those who start it, as dbus-daemon does.\n"
	"\n"
	"  --config-file=FILE          read this configuration\n"
	"  --session, --system         the usual one of such a bus\n"
	"  --print-address[=FD]        print the address when all is ready (1)\n"
	"  --print-pid[=FD]            the same with the process id (1)\n"
	"  --address=ADDRESS           listen here, whatever is configured\n"
	"  --fork, --nofork            go into the background, or do not\n"
	"  --nopidfile                 write no file with the process id\n"
	"  --syslog, --syslog-only, --nosyslog  log to the journal, or to stderr\n"
	"  --systemd-activation        let the service manager start its units\n"
	"  --introspect                print what the bus says about itself\n"
	"  --help, --version\n";

enum value {
	VALUE_NONE,
	VALUE_NUMBER,	/* may be left away */
	VALUE_TEXT,
};

/**
 * struct choice - one option
 * @take:	1 to go on, 0 if that was all, -EINVAL
 * @field:	of struct options, where @take puts something in one
 * @word:	what, if the option alone says it
 * @files:	of the configuration it stands for: the first that is there
 */
struct choice {
	const char *name;
	enum value value;
	int (*take)(const struct choice *choice, struct options *options, const char *value);
	size_t field;
	int word;
	const char *files[2];
};

static void *field_of(const struct choice *choice, struct options *options)
{
	return (char *)options + choice->field;
}

static int take_config(const struct choice *choice, struct options *options, const char *value)
{
	if (options->config_file) {
		kb_log(LOG_ERR, "%s: the configuration file %s was named already", choice->name,
		       options->config_file);
		return -EINVAL;
	}
	if (!value)
		value = choice->files[access(choice->files[0], F_OK) < 0];
	options->config_file = value;
	return 1;
}

static int take_text(const struct choice *choice, struct options *options, const char *value)
{
	*(const char **)field_of(choice, options) = value;
	return 1;
}

static int take_fd(const struct choice *choice, struct options *options, const char *value)
{
	uint64_t fd;

	if (kb_parse_u64(value ?: "1", &fd) < 0 || fd > INT32_MAX) {
		kb_log(LOG_ERR, "Not a file descriptor: %s", value);
		return -EINVAL;
	}
	*(int *)field_of(choice, options) = fd;
	return 1;
}

static int take_word(const struct choice *choice, struct options *options,
		     const char *value _unused_)
{
	*(int *)field_of(choice, options) = choice->word;
	return 1;
}

static int take_true(const struct choice *choice, struct options *options,
		     const char *value _unused_)
{
	*(bool *)field_of(choice, options) = true;
	return 1;
}

static int take_help(const struct choice *choice _unused_, struct options *options _unused_,
		     const char *value _unused_)
{
	fputs(help, stdout);
	return 0;
}

static int take_version(const struct choice *choice _unused_, struct options *options _unused_,
			const char *value _unused_)
{
	puts("kdbus-daemon " PACKAGE_VERSION);
	return 0;
}

#define IN(member) .field = offsetof(struct options, member)

/* clang-format off */
static const struct choice choices[] = {
	{ "--config-file",	VALUE_TEXT,	.take = take_config },
	{ "--session",		VALUE_NONE,	.take = take_config, .files = { SESSION_FILE, SESSION_FILE_OLD } },
	{ "--system",		VALUE_NONE,	.take = take_config, .files = { SYSTEM_FILE, SYSTEM_FILE_OLD } },
	{ "--address",		VALUE_TEXT,	.take = take_text, IN(address) },
	{ "--print-address",	VALUE_NUMBER,	.take = take_fd, IN(print_address_fd) },
	{ "--print-pid",	VALUE_NUMBER,	.take = take_fd, IN(print_pid_fd) },
	{ "--fork",		VALUE_NONE,	.take = take_word, IN(fork), .word = ANSWER_YES },
	{ "--nofork",		VALUE_NONE,	.take = take_word, IN(fork), .word = ANSWER_NO },
	{ "--syslog",		VALUE_NONE,	.take = take_word, IN(log_to), .word = LOG_TO_JOURNAL },
	{ "--syslog-only",	VALUE_NONE,	.take = take_word, IN(log_to), .word = LOG_TO_JOURNAL },
	{ "--nosyslog",		VALUE_NONE,	.take = take_word, IN(log_to), .word = LOG_TO_STDERR },
	{ "--nopidfile",	VALUE_NONE,	.take = take_true, IN(no_pidfile) },
	{ "--systemd-activation", VALUE_NONE,	.take = take_true, IN(systemd_activation) },
	{ "--introspect",	VALUE_NONE,	.take = take_true, IN(introspect) },
	{ "--help",		VALUE_NONE,	.take = take_help },
	{ "--version",		VALUE_NONE,	.take = take_version },
};
/* clang-format on */

static const struct choice *find_choice(const char *argument, const char **out_value)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(choices); i++) {
		const char *rest = kb_startswith(argument, choices[i].name);

		if (!rest || (*rest && (*rest != '=' || choices[i].value == VALUE_NONE)))
			continue;
		*out_value = *rest ? rest + 1 : NULL;
		return &choices[i];
	}
	return NULL;
}

/* A number may stand by itself, so what else stands there is the next option. */
static bool is_value(const struct choice *choice, const char *argument)
{
	if (!argument)
		return false;
	return choice->value == VALUE_TEXT ||
	       (choice->value == VALUE_NUMBER && *argument >= '0' && *argument <= '9');
}

int options_parse(struct options *options, int argc, char **argv)
{
	int r;

	*options = (struct options){ .print_address_fd = -1, .print_pid_fd = -1 };
	for (int i = 1; i < argc; i++) {
		const char *argument = argv[i], *value = NULL;
		const struct choice *choice = find_choice(argument, &value);

		if (!choice) {
			kb_log(LOG_ERR, "%s is no option of mine, see --help", argument);
			return -EINVAL;
		}
		if (!value && is_value(choice, argv[i + 1]))
			value = argv[++i];
		if (!value && choice->value == VALUE_TEXT) {
			kb_log(LOG_ERR, "%s needs a value", argument);
			return -EINVAL;
		}
		r = choice->take(choice, options, value);
		if (r <= 0)
			return r;
	}
	if (!options->config_file && !options->introspect) {
		kb_log(LOG_ERR, "No configuration: --session, --system or --config-file=FILE is needed");
		return -EINVAL;
	}
	return 1;
}
