/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line, which is that of dbus-daemon. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>

/* Where lines of the log go. */
enum log_to {
	LOG_TO_CONFIGURED,	/* as the configuration says */
	LOG_TO_STDERR,
	LOG_TO_JOURNAL,
};

/* A question that the configuration answers unless the command line does. */
enum answer {
	ANSWER_NONE,
	ANSWER_NO,
	ANSWER_YES,
};

/**
 * struct options - what the command line says
 * @config_file:	never NULL
 * @address:		listen here instead, or NULL
 * @print_address_fd:	where to say the address, -1 for nowhere
 * @print_pid_fd:	the same for the process id
 * @fork:		go into the background
 * @no_pidfile:		whatever the configuration says
 * @introspect:		only print what the driver says about itself
 * @systemd_activation:	start units where activation files name one
 *
 * Strings are borrowed from the command line.
 */
struct options {
	const char *config_file;
	const char *address;
	int print_address_fd;
	int print_pid_fd;
	enum answer fork;
	enum log_to log_to;
	bool no_pidfile;
	bool introspect;
	bool systemd_activation;
};

/**
 * options_parse() - read the command line
 *
 * Says what is wrong with it.
 *
 * Return: 1, 0 if only help or version was wanted, -EINVAL.
 */
int options_parse(struct options *options, int argc, char **argv);

#endif /* DAEMON_OPTIONS_H */
