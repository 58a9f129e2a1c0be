/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The activator's command line.
 */
#ifndef BUSNAME_OPTIONS_H
#define BUSNAME_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "busname/policy.h"

/**
 * struct options - what the command line says
 * @name:	the bus name
 * @service:	unit to start, or NULL
 * @exec:	program and its arguments to start, or NULL
 * @address:	of the bus
 * @starter_address: what the program that is executed learns about the bus
 * @run_as:	user to run it as, or NULL
 * @environment_fd: more of its environment, see lib/environment.h; or -1
 * @standalone:	run by a program that is no service manager
 * @user:	it is a user's bus, and a user's service manager
 * @activating:	start something; else only hold the policy
 * @accept_fds:	mail with descriptors may wait, too
 * @policy:	who may do what
 * @start_timeout_ns: how long a start may take
 * @limit_interval_ns: in this time ...
 * @limit_burst: ... at most so many starts
 * @fail_on_limit: end when the service fails too often, else refuse mail
 *
 * Strings are borrowed from the command line, except for what is marked.
 */
struct options {
	const char *name;
	const char *service;
	char *const *exec;
	const char *address;
	const char *starter_address;
	const char *run_as;
	int environment_fd;
	bool standalone;
	char *address_room;
	char **exec_room;
	bool user;
	bool activating;
	bool accept_fds;
	struct policy policy;
	uint64_t start_timeout_ns;
	uint64_t limit_interval_ns;
	uint64_t limit_burst;
	bool fail_on_limit;
};

/**
 * options_parse() - read the command line
 *
 * Says on standard error what is wrong with it.
 *
 * Return: 1, 0 if only help or version was wanted, or a negative errno.
 */
int options_parse(struct options *options, int argc, char **argv);
void options_deinit(struct options *options);

#endif /* BUSNAME_OPTIONS_H */
