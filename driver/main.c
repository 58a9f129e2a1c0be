// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver's command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <unistd.h>

#include "driver/driver.h"
#include "driver/introspect.h"
#include "lib/address.h"
#include "lib/caps.h"
#include "lib/log.h"

static void usage(FILE *to)
{
	fputs("Usage: kdbus-driver [--address=ADDRESS] [--idle-timeout=SEC]\n"
	      "\n"
	      "Serve org.freedesktop.DBus on a bus.\n"
	      "\n"
	      "  --address=ADDRESS   the bus ($DBUS_STARTER_ADDRESS, else that of the\n"
	      "                      system for root, the user's own for others)\n"
	      "  --idle-timeout=SEC  end after so long without a call (30), 0: never\n"
	      "  --environment-fd=FD keep what UpdateActivationEnvironment says in this\n"
	      "                      memfd, instead of telling the service manager\n"
	      "  --introspect        print what the driver says about itself\n"
	      "  --debug             say more\n"
	      "  --help, --version\n",
	      to);
}

static int parse_seconds(const char *text, uint64_t *out_ns)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0 && seconds < 1e9))
		return -EINVAL;
	*out_ns = seconds * KB_NSEC_PER_SEC;
	return 0;
}

/* Acting for others takes one capability; nothing else takes any. */
static void drop_privileges(void)
{
	static const int keep[] = { CAP_IPC_OWNER };
	int r;

	r = kb_caps_drop((uid_t)-1, (gid_t)-1, keep, KB_ARRAY_SIZE(keep));
	if (r < 0)
		kb_log_errno(LOG_WARNING, r, "cannot give up capabilities");
}

static int parse_fd(const char *text, int *out)
{
	uint64_t fd;

	if (kb_parse_u64(text, &fd) < 0 || fd > INT32_MAX || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -EINVAL;
	*out = fd;
	return 0;
}

static int introspect(void)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer xml = {};

	if (introspect_describe(KB_DRIVER_PATH, &xml) < 0)
		return EXIT_FAILURE;
	return fputs((const char *)xml.data, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const char *address, uint64_t idle_ns, int environment_fd)
{
	_cleanup_(driver_freep) struct driver *driver = NULL;
	int r;

	drop_privileges();
	r = driver_new(address, idle_ns, &driver);
	if (r == -EEXIST) {
		kb_log(LOG_INFO, "%s has a driver already", address);
		return 0;
	}
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "cannot serve %s", address);
	driver->environment_fd = environment_fd;
	r = driver_run(driver);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "cannot go on");
	return 0;
}

int main(int argc, char **argv)
{
	enum { OPT_ADDRESS = 256, OPT_IDLE, OPT_ENVIRONMENT, OPT_INTROSPECT, OPT_DEBUG, OPT_HELP, OPT_VERSION };
	static const struct option options[] = {
		{ "address", required_argument, NULL, OPT_ADDRESS },
		{ "idle-timeout", required_argument, NULL, OPT_IDLE },
		{ "environment-fd", required_argument, NULL, OPT_ENVIRONMENT },
		{ "introspect", no_argument, NULL, OPT_INTROSPECT },
		{ "debug", no_argument, NULL, OPT_DEBUG },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{}
	};
	const char *address = getenv("DBUS_STARTER_ADDRESS");
	_cleanup_(kb_freep) char *own = NULL;
	uint64_t idle_ns = DRIVER_IDLE_NS;
	int c, environment_fd = -1;

	kb_log_open("kdbus-driver");
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case OPT_ADDRESS:
			address = optarg;
			break;
		case OPT_IDLE:
			if (parse_seconds(optarg, &idle_ns) >= 0)
				break;
			kb_log(LOG_ERR, "bad time: %s", optarg);
			return EXIT_FAILURE;
		case OPT_ENVIRONMENT:
			/* that such a bus ends is nothing to tell of */
			kb_log_set_level(LOG_NOTICE);
			if (parse_fd(optarg, &environment_fd) >= 0)
				break;
			kb_log(LOG_ERR, "no descriptor: %s", optarg);
			return EXIT_FAILURE;
		case OPT_INTROSPECT:
			return introspect();
		case OPT_DEBUG:
			kb_log_set_level(LOG_DEBUG);
			break;
		case OPT_HELP:
			usage(stdout);
			return EXIT_SUCCESS;
		case OPT_VERSION:
			puts("kdbus-driver " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_FAILURE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return EXIT_FAILURE;
	}
	if (!address && getuid() == 0)
		address = KB_ADDRESS_SYSTEM;
	if (!address)
		address = own = kb_address_user(getuid());
	if (!address)
		return EXIT_FAILURE;
	return run(address, idle_ns, environment_fd) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
