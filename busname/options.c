// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The activator's command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "busname/limit.h"
#include "busname/options.h"
#include "lib/address.h"
#include "lib/log.h"
#include "lib/name.h"

/* A service manager's own limit; a program we fork has what callers wait. */
#define SERVICE_TIMEOUT_NS	(90 * KB_NSEC_PER_SEC)
#define EXEC_TIMEOUT_NS		(25 * KB_NSEC_PER_SEC)

enum {
	OPT_NAME = 256,
	OPT_SERVICE,
	OPT_EXEC,
	OPT_ADDRESS,
	OPT_SCOPE,
	OPT_ACTIVATING,
	OPT_ACCEPT_FDS,
	OPT_ALLOW_USER,
	OPT_ALLOW_GROUP,
	OPT_ALLOW_WORLD,
	OPT_STARTER_ADDRESS,
	OPT_USER,
	OPT_ENVIRONMENT_FD,
	OPT_STANDALONE,
	OPT_START_TIMEOUT,
	OPT_LIMIT_INTERVAL,
	OPT_LIMIT_BURST,
	OPT_ON_LIMIT,
	OPT_DEBUG,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "name", required_argument, NULL, OPT_NAME },
	{ "service", required_argument, NULL, OPT_SERVICE },
	{ "exec", required_argument, NULL, OPT_EXEC },
	{ "address", required_argument, NULL, OPT_ADDRESS },
	{ "scope", required_argument, NULL, OPT_SCOPE },
	{ "activating", required_argument, NULL, OPT_ACTIVATING },
	{ "accept-fds", required_argument, NULL, OPT_ACCEPT_FDS },
	{ "allow-user", required_argument, NULL, OPT_ALLOW_USER },
	{ "allow-group", required_argument, NULL, OPT_ALLOW_GROUP },
	{ "allow-world", required_argument, NULL, OPT_ALLOW_WORLD },
	{ "starter-address", required_argument, NULL, OPT_STARTER_ADDRESS },
	{ "user", required_argument, NULL, OPT_USER },
	{ "environment-fd", required_argument, NULL, OPT_ENVIRONMENT_FD },
	{ "standalone", no_argument, NULL, OPT_STANDALONE },
	{ "start-timeout", required_argument, NULL, OPT_START_TIMEOUT },
	{ "trigger-limit-interval", required_argument, NULL, OPT_LIMIT_INTERVAL },
	{ "trigger-limit-burst", required_argument, NULL, OPT_LIMIT_BURST },
	{ "on-limit", required_argument, NULL, OPT_ON_LIMIT },
	{ "debug", no_argument, NULL, OPT_DEBUG },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{}
};

static const char help_text[] =
	"Usage: kdbus-activator --name=NAME --service=UNIT|--exec=PATH [OPTION…] [-- ARGUMENT…]\n"
	"\n"
	"Hold a bus name, and start its service when somebody sends to it.\n"
	"\n"
	"  --name=NAME             the name\n"
	"  --service=UNIT          let the service manager start this unit, or\n"
	"  --exec=PATH             start this program with the ARGUMENTs\n"
	"  --activating=no         start nothing, only hold the policy\n"
	"  --accept-fds=no         no file descriptors in messages that wait\n"
	"  --allow-user=USER:ACCESS, --allow-group=GROUP:ACCESS, --allow-world=ACCESS\n"
	"                          policy; ACCESS is see, talk or own\n"
	"  --scope=system|user     whose bus and service manager\n"
	"  --address=ADDRESS       another bus\n"
	"  --starter-address=ADDRESS  what the program is told about the bus\n"
	"  --user=USER             execute the program as this user\n"
	"  --environment-fd=FD     with the variables in this memfd as well\n"
	"  --standalone            there is no service manager to store descriptors\n"
	"  --start-timeout=SEC     how long a start may take\n"
	"  --trigger-limit-interval=SEC, --trigger-limit-burst=N\n"
	"                          so many starts in so many seconds; 0: no limit\n"
	"  --on-limit=refuse|fail  what to do when the service fails too often\n"
	"  --debug                 say more\n"
	"  --help, --version\n";

static int bad(const char *option, const char *value)
{
	kb_log(LOG_ERR, "--%s: bad value: %s", option, value);
	return -EINVAL;
}

static int parse_bool(const char *option, const char *value, bool *out)
{
	if (kb_streq(value, "yes") || kb_streq(value, "true") || kb_streq(value, "1"))
		*out = true;
	else if (kb_streq(value, "no") || kb_streq(value, "false") || kb_streq(value, "0"))
		*out = false;
	else
		return bad(option, value);
	return 0;
}

/* One of two words: 0 for the first, 1 for the second. */
static int parse_either(const char *option, const char *value, const char *first,
			const char *second, bool *out)
{
	if (!kb_streq(value, first) && !kb_streq(value, second))
		return bad(option, value);
	*out = kb_streq(value, second);
	return 0;
}

/* Seconds, with or without a fraction. */
static int parse_seconds(const char *option, const char *value, uint64_t *out_ns)
{
	double seconds;
	char *end;

	errno = 0;
	seconds = strtod(value, &end);
	if (errno || end == value || *end || !(seconds >= 0 && seconds < 1e9))
		return bad(option, value);
	*out_ns = seconds * KB_NSEC_PER_SEC;
	return 0;
}

static int parse_policy(struct options *options, const char *option, const char *value,
			enum kdbus_policy_access_type type)
{
	int r;

	r = policy_add(&options->policy, type, value, ':');
	return r == -EINVAL ? bad(option, value) : r;
}

static int parse_fd(const char *option, const char *value, int *out)
{
	uint64_t fd;

	if (kb_parse_u64(value, &fd) < 0 || fd > INT32_MAX || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return bad(option, value);
	*out = fd;
	return 0;
}

static int options_one(struct options *options, int c, const char *name, const char *value)
{
	switch (c) {
	case OPT_NAME:
		options->name = value;
		return 0;
	case OPT_SERVICE:
		options->service = value;
		return 0;
	case OPT_EXEC:
		options->exec_room[0] = (char *)value;
		options->exec = options->exec_room;
		return *value == '/' ? 0 : bad(name, value);
	case OPT_ADDRESS:
		options->address = value;
		return 0;
	case OPT_SCOPE:
		return parse_either(name, value, "system", "user", &options->user);
	case OPT_ACTIVATING:
		return parse_bool(name, value, &options->activating);
	case OPT_ACCEPT_FDS:
		return parse_bool(name, value, &options->accept_fds);
	case OPT_ALLOW_USER:
		return parse_policy(options, name, value, KDBUS_POLICY_ACCESS_USER);
	case OPT_ALLOW_GROUP:
		return parse_policy(options, name, value, KDBUS_POLICY_ACCESS_GROUP);
	case OPT_ALLOW_WORLD:
		return parse_policy(options, name, value, KDBUS_POLICY_ACCESS_WORLD);
	case OPT_STARTER_ADDRESS:
		options->starter_address = value;
		return 0;
	case OPT_USER:
		options->run_as = value;
		return 0;
	case OPT_ENVIRONMENT_FD:
		return parse_fd(name, value, &options->environment_fd);
	case OPT_STANDALONE:
		options->standalone = true;
		kb_log_set_level(LOG_NOTICE);
		return 0;
	case OPT_START_TIMEOUT:
		return parse_seconds(name, value, &options->start_timeout_ns);
	case OPT_LIMIT_INTERVAL:
		return parse_seconds(name, value, &options->limit_interval_ns);
	case OPT_LIMIT_BURST:
		return kb_parse_u64(value, &options->limit_burst) < 0 ? bad(name, value) : 0;
	case OPT_ON_LIMIT:
		return parse_either(name, value, "refuse", "fail", &options->fail_on_limit);
	case OPT_DEBUG:
		kb_log_set_level(LOG_DEBUG);
		return 0;
	default:
		return -EINVAL;
	}
}

static int options_check(const struct options *options)
{
	const char *text = NULL;

	if (!options->name || !kb_name_is_well_known(options->name))
		text = "--name= must be a well-known bus name";
	else if (options->service && options->exec)
		text = "--service= and --exec= exclude each other";
	else if (options->activating && !options->service && !options->exec)
		text = "--service= or --exec= is needed";
	if (!text)
		return 0;
	kb_log(LOG_ERR, "%s", text);
	return -EINVAL;
}

static int options_default_address(struct options *options)
{
	if (options->address)
		return 0;
	if (!options->user) {
		options->address = KB_ADDRESS_SYSTEM;
		return 0;
	}
	options->address = options->address_room = kb_address_user(getuid());
	return options->address ? 0 : -ENOMEM;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int c, i, index = 0, r;

	*options = (struct options){
		.user = getuid() != 0,
		.activating = true,
		.accept_fds = true,
		.environment_fd = -1,
		.limit_interval_ns = LIMIT_INTERVAL_NS,
		.limit_burst = LIMIT_BURST,
		.exec_room = calloc(argc + 1, sizeof(char *)),
	};
	if (!options->exec_room)
		return -ENOMEM;
	while ((c = getopt_long(argc, argv, "", long_options, &index)) >= 0) {
		if (c == OPT_HELP || c == OPT_VERSION) {
			fputs(c == OPT_HELP ? help_text : "kdbus-activator " PACKAGE_VERSION "\n",
			      stdout);
			return 0;
		}
		r = options_one(options, c, c == '?' ? "" : long_options[index].name, optarg);
		if (r < 0)
			return r;
	}
	for (i = optind; i < argc; i++)
		options->exec_room[1 + i - optind] = argv[i];
	if (!options->start_timeout_ns)
		options->start_timeout_ns = options->exec ? EXEC_TIMEOUT_NS : SERVICE_TIMEOUT_NS;
	r = options_check(options);
	if (r >= 0)
		r = options_default_address(options);
	if (!options->starter_address)
		options->starter_address = options->address;
	return r < 0 ? r : 1;
}

void options_deinit(struct options *options)
{
	policy_deinit(&options->policy);
	free(options->exec_room);
	free(options->address_room);
}
