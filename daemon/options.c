// SPDX-License-Identifier: LGPL-2.1-or-later
/* The command line, which is that of dbus-daemon. */
#include <errno.h>
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

/* take functions: 1 to go on, 0 if that was all, -EINVAL */

static int set_config(struct options *options, const char *option, const char *file)
{
	if (options->config_file) {
		kb_log(LOG_ERR, "%s: the configuration file %s was named already", option,
		       options->config_file);
		return -EINVAL;
	}
	options->config_file = file;
	return 1;
}

static int take_config_file(struct options *options, const char *value)
{
	return set_config(options, "--config-file", value);
}

static int take_session(struct options *options, const char *value _unused_)
{
	return set_config(options, "--session",
			  access(SESSION_FILE, F_OK) < 0 ? SESSION_FILE_OLD : SESSION_FILE);
}

static int take_system(struct options *options, const char *value _unused_)
{
	return set_config(options, "--system",
			  access(SYSTEM_FILE, F_OK) < 0 ? SYSTEM_FILE_OLD : SYSTEM_FILE);
}

static int take_address(struct options *options, const char *value)
{
	options->address = value;
	return 1;
}

static int set_fd(int *out, const char *value)
{
	uint64_t fd;

	if (kb_parse_u64(value ?: "1", &fd) < 0 || fd > INT32_MAX) {
		kb_log(LOG_ERR, "Not a file descriptor: %s", value);
		return -EINVAL;
	}
	*out = fd;
	return 1;
}

static int take_print_address(struct options *options, const char *value)
{
	return set_fd(&options->print_address_fd, value);
}

static int take_print_pid(struct options *options, const char *value)
{
	return set_fd(&options->print_pid_fd, value);
}

static int take_fork(struct options *options, const char *value _unused_)
{
	options->fork = ANSWER_YES;
	return 1;
}

static int take_nofork(struct options *options, const char *value _unused_)
{
	options->fork = ANSWER_NO;
	return 1;
}

static int take_nopidfile(struct options *options, const char *value _unused_)
{
	options->no_pidfile = true;
	return 1;
}

static int take_syslog(struct options *options, const char *value _unused_)
{
	options->log_to = LOG_TO_JOURNAL;
	return 1;
}

static int take_nosyslog(struct options *options, const char *value _unused_)
{
	options->log_to = LOG_TO_STDERR;
	return 1;
}

static int take_systemd(struct options *options, const char *value _unused_)
{
	options->systemd_activation = true;
	return 1;
}

static int take_introspect(struct options *options, const char *value _unused_)
{
	options->introspect = true;
	return 1;
}

static int take_help(struct options *options _unused_, const char *value _unused_)
{
	fputs(help, stdout);
	return 0;
}

static int take_version(struct options *options _unused_, const char *value _unused_)
{
	puts("kdbus-daemon " PACKAGE_VERSION);
	return 0;
}

/* clang-format off */
static const struct choice {
	const char *name;
	enum value value;
	int (*take)(struct options *options, const char *value);
} choices[] = {
	{ "--config-file",		VALUE_TEXT,	take_config_file },
	{ "--session",			VALUE_NONE,	take_session },
	{ "--system",			VALUE_NONE,	take_system },
	{ "--address",			VALUE_TEXT,	take_address },
	{ "--print-address",		VALUE_NUMBER,	take_print_address },
	{ "--print-pid",		VALUE_NUMBER,	take_print_pid },
	{ "--fork",			VALUE_NONE,	take_fork },
	{ "--nofork",			VALUE_NONE,	take_nofork },
	{ "--nopidfile",		VALUE_NONE,	take_nopidfile },
	{ "--syslog",			VALUE_NONE,	take_syslog },
	{ "--syslog-only",		VALUE_NONE,	take_syslog },
	{ "--nosyslog",			VALUE_NONE,	take_nosyslog },
	{ "--systemd-activation",	VALUE_NONE,	take_systemd },
	{ "--introspect",		VALUE_NONE,	take_introspect },
	{ "--help",			VALUE_NONE,	take_help },
	{ "--version",			VALUE_NONE,	take_version },
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
		r = choice->take(options, value);
		if (r <= 0)
			return r;
	}
	if (!options->config_file && !options->introspect) {
		kb_log(LOG_ERR, "No configuration: --session, --system or --config-file=FILE is needed");
		return -EINVAL;
	}
	return 1;
}
