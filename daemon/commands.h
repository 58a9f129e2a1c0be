/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command lines of the programs below the daemon. */
#ifndef DAEMON_COMMANDS_H
#define DAEMON_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

struct service;

/**
 * struct command_facts - what they depend on
 * @bus:		address of the bus in the kernel
 * @address:		what clients are told
 * @config_file:	for the proxy
 * @proxy_user:		"UID:GID" the proxy becomes, or NULL
 * @environment_fd:	inherited by all of them
 * @start_timeout_ms:	of a service
 * @system:		the type of the bus
 * @is_root:		so programs can run as somebody else
 * @systemd_activation:	units are started by the service manager
 */
struct command_facts {
	const char *bus;
	const char *address;
	const char *config_file;
	const char *proxy_user;
	int environment_fd;
	uint64_t start_timeout_ms;
	bool system;
	bool is_root;
	bool systemd_activation;
};

/* Each returns a freshly allocated array, NULL if there is no memory. */

char **command_proxy(const struct command_facts *facts);
/* The activator of org.freedesktop.DBus. */
char **command_driver(const struct command_facts *facts);
/* The activator of a service; command_has_service() must hold. */
char **command_service(const struct command_facts *facts, const struct service *service);

/* Is there anything to start? A unit alone is nothing without its manager. */
bool command_has_service(const struct command_facts *facts, const struct service *service);

#endif /* DAEMON_COMMANDS_H */
