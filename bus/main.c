// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bus keeper: makes a bus and keeps it alive.
 *
 * A bus lives as long as the descriptor it was made with.  The keeper holds
 * that descriptor, does nothing else, and leaves a copy with the service
 * manager, so that it can be restarted without ending the bus.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/log.h"
#include "lib/run.h"
#include "lib/util.h"

/* Longest "UID-NAME", with its NUL: the kernel's limit. */
#define BUS_NAME_SIZE 64

/**
 * struct keeper - the command line, and what became of it
 * @dir:	where kdbusfs is or shall be mounted
 * @name:	name of the bus without the uid
 * @flags:	KDBUS_MAKE_*
 * @bus:	"UID-NAME"
 * @fd:		the descriptor the bus lives by, -1 before there is one
 */
struct keeper {
	const char *dir;
	const char *name;
	uint64_t flags;
	char bus[BUS_NAME_SIZE];
	int fd;
};

static void usage(FILE *to)
{
	fprintf(to, "Usage: kdbus-bus --name=NAME [--world|--group] [--mount=DIR]\n"
		    "\n"
		    "Make the bus UID-NAME and keep it alive.\n"
		    "\n"
		    "  --name=NAME   name of the bus, without the user id in front\n"
		    "  --world       everybody may connect\n"
		    "  --group       the group may connect\n"
		    "  --mount=DIR   where kdbusfs is mounted (" KB_KDBUSFS ")\n"
		    "  --help        this text\n"
		    "  --version     the version\n");
}

/* Whether @path below the mount exists. */
static bool keeper_has(const struct keeper *keeper, const char *path)
{
	char buf[PATH_MAX];
	struct stat st;

	snprintf(buf, sizeof(buf), "%s/%s", keeper->dir, path);
	return stat(buf, &st) == 0;
}

static void load_module(void)
{
	char *const argv[] = { "modprobe", "-q", "kdbus", NULL };
	pid_t pid;
	int r;

	r = kb_run(argv, NULL, -1, &pid);
	if (r < 0) {
		kb_log_errno(LOG_WARNING, r, "cannot run modprobe");
		return;
	}
	if (kb_run_wait(pid))
		kb_log(LOG_WARNING, "modprobe cannot load the module kdbus");
}

/*
 * Make sure that the control file is there.  Each step is skipped when
 * somebody (the boot, a container manager) has done it already.
 */
static int keeper_prepare(const struct keeper *keeper)
{
	if (keeper_has(keeper, "control"))
		return 0;
	if (!keeper_has(keeper, "."))
		load_module();
	if (!keeper_has(keeper, "control") &&
	    mount("kdbusfs", keeper->dir, "kdbusfs",
		  MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return kb_log_errno(LOG_ERR, errno, "cannot mount kdbusfs on %s%s", keeper->dir,
				    errno == ENODEV ? " (no module for this kernel?)" : "");
	return 0;
}

/*
 * Take the descriptor a former keeper left with the service manager.  It is
 * worth something only while the bus is there: it may be from a mount that
 * has gone since.
 */
static int keeper_take_stored(struct keeper *keeper)
{
	char **names = NULL;
	int n, i, fd = -1;

	n = sd_listen_fds_with_names(1, &names);
	for (i = 0; i < n; i++) {
		if (fd < 0 && !strcmp(names[i], "bus") && keeper_has(keeper, keeper->bus))
			fd = SD_LISTEN_FDS_START + i;
		else
			close(SD_LISTEN_FDS_START + i);
		free(names[i]);
	}
	free(names);
	if (fd < 0)
		return 0;
	keeper->fd = fd;
	return 1;
}

static int keeper_make_bus(struct keeper *keeper)
{
	_cleanup_(kb_closep) int fd = -1;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/control", keeper->dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return kb_log_errno(LOG_ERR, errno, "cannot open %s", path);
	r = kb_cmd_bus_make(fd, keeper->bus, keeper->flags, NULL, _KDBUS_ATTACH_ANY);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "cannot make the bus %s", keeper->bus);
	keeper->fd = TAKE_FD(fd);
	return 0;
}

/*
 * The copy in the fd store would be dropped at once if it were polled: the
 * owner's descriptor of a bus always reports hang-up.
 */
static void keeper_announce(const struct keeper *keeper, bool stored)
{
	char text[256];

	snprintf(text, sizeof(text), "%sREADY=1\nSTATUS=keeping %s/%s",
		 stored ? "" : "FDSTORE=1\nFDNAME=bus\nFDPOLL=0\n", keeper->dir, keeper->bus);
	if (stored)
		sd_notify(0, text);
	else
		sd_pid_notify_with_fds(0, 0, text, &keeper->fd, 1);
}

static int keeper_run(struct keeper *keeper)
{
	sigset_t mask;
	int r, stored;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);

	r = keeper_prepare(keeper);
	if (r < 0)
		return r;
	stored = keeper_take_stored(keeper);
	if (!stored) {
		r = keeper_make_bus(keeper);
		if (r < 0)
			return r;
	}
	keeper_announce(keeper, stored);
	kb_log(LOG_INFO, "%s %s/%s", stored ? "took over" : "made", keeper->dir, keeper->bus);

	while (sigwaitinfo(&mask, NULL) < 0 && errno == EINTR)
		;
	return 0;
}

int main(int argc, char **argv)
{
	enum { OPT_NAME = 256, OPT_WORLD, OPT_GROUP, OPT_MOUNT, OPT_HELP, OPT_VERSION };
	static const struct option options[] = {
		{ "name", required_argument, NULL, OPT_NAME },
		{ "world", no_argument, NULL, OPT_WORLD },
		{ "group", no_argument, NULL, OPT_GROUP },
		{ "mount", required_argument, NULL, OPT_MOUNT },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{}
	};
	struct keeper keeper = { .dir = KB_KDBUSFS, .fd = -1 };
	int c;

	kb_log_open("kdbus-bus");
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case OPT_NAME:
			keeper.name = optarg;
			break;
		case OPT_WORLD:
			keeper.flags |= KDBUS_MAKE_ACCESS_WORLD;
			break;
		case OPT_GROUP:
			keeper.flags |= KDBUS_MAKE_ACCESS_GROUP;
			break;
		case OPT_MOUNT:
			keeper.dir = optarg;
			break;
		case OPT_HELP:
			usage(stdout);
			return EXIT_SUCCESS;
		case OPT_VERSION:
			puts("kdbus-bus " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_FAILURE;
		}
	}
	if (!keeper.name || optind < argc) {
		usage(stderr);
		return EXIT_FAILURE;
	}
	if (snprintf(keeper.bus, sizeof(keeper.bus), "%u-%s", (unsigned int)geteuid(),
		     keeper.name) >= (int)sizeof(keeper.bus)) {
		kb_log(LOG_ERR, "the name %s is too long", keeper.name);
		return EXIT_FAILURE;
	}
	return keeper_run(&keeper) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
