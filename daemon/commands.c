// SPDX-License-Identifier: LGPL-2.1-or-later
/* The command lines of the programs below the daemon. */
#include <stdarg.h>
#include <stdio.h>

#include "daemon/commands.h"
#include "daemon/services.h"
#include "lib/name.h"
#include "lib/util.h"

/**
 * struct command - an array that grows
 * @broken:	memory ran out
 */
struct command {
	char **argv;
	bool broken;
};

static void add(struct command *command, const char *format, ...) _printf_(2, 3);

static void add(struct command *command, const char *format, ...)
{
	_cleanup_(kb_freep) char *word = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&word, format, args) < 0)
		word = NULL;
	va_end(args);
	if (!word || kb_strv_add(&command->argv, word) < 0)
		command->broken = true;
}

static char **finish(struct command *command)
{
	if (!command->broken)
		return command->argv;
	kb_strv_free(command->argv);
	return NULL;
}

/*
 * Who may come in is a matter of the policy, so the proxy needs the owner's
 * rights. With the scope of a user it stays who it is.
 */
char **command_proxy(const struct command_facts *facts)
{
	struct command command = {};

	add(&command, KDBUSLIBEXECDIR "/kdbus-proxy");
	add(&command, "--address=%s", facts->bus);
	add(&command, "--configuration=%s", facts->config_file);
	add(&command, "--idle-timeout=0");
	add(&command, "--scope=%s", facts->proxy_user ? "system" : "user");
	if (facts->proxy_user)
		add(&command, "--user=%s", facts->proxy_user);
	return finish(&command);
}

static void add_activator(struct command *command, const struct command_facts *facts,
			  const char *name)
{
	add(command, KDBUSLIBEXECDIR "/kdbus-activator");
	add(command, "--address=%s", facts->bus);
	add(command, "--name=%s", name);
	add(command, "--scope=%s", facts->system ? "system" : "user");
	add(command, "--allow-world=talk");
	add(command, "--standalone");
}

char **command_driver(const struct command_facts *facts)
{
	struct command command = {};

	add_activator(&command, facts, KB_DRIVER_NAME);
	add(&command, "--exec=" KDBUSLIBEXECDIR "/kdbus-driver");
	add(&command, "--");
	add(&command, "--address=%s", facts->bus);
	add(&command, "--environment-fd=%d", facts->environment_fd);
	return finish(&command);
}

static bool is_unit(const struct command_facts *facts, const struct service *service)
{
	return facts->systemd_activation && service->unit;
}

bool command_has_service(const struct command_facts *facts, const struct service *service)
{
	return service->argv || is_unit(facts, service);
}

char **command_service(const struct command_facts *facts, const struct service *service)
{
	struct command command = {};

	add_activator(&command, facts, service->name);
	add(&command, "--start-timeout=%llu.%03u",
	    (unsigned long long)facts->start_timeout_ms / 1000,
	    (unsigned int)(facts->start_timeout_ms % 1000));
	if (is_unit(facts, service)) {
		add(&command, "--service=%s", service->unit);
		return finish(&command);
	}
	add(&command, "--starter-address=%s", facts->address);
	add(&command, "--environment-fd=%d", facts->environment_fd);
	if (facts->system && facts->is_root && service->user)
		add(&command, "--user=%s", service->user);
	add(&command, "--exec=%s", service->argv[0]);
	add(&command, "--");
	for (char **word = service->argv + 1; *word; word++)
		add(&command, "%s", *word);
	return finish(&command);
}
