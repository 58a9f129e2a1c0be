/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of commands. */
#ifndef KDBUS_COMMANDS_H
#define KDBUS_COMMANDS_H

#include <linux/types.h>

#include "util/args.h"

struct kdbus_conn;

/**
 * struct kdbus_command - a command of a connection
 * @cmd:	ioctl number
 * @rule:	what it may look like
 * @kinds:	enum kdbus_kind: who may use it
 * @run:	does it
 * @out:	first byte that is written back on success; @run sees to what else
 *		is
 * @out_size:	bytes that are
 * @negotiates:	@run wants to be called for a negotiation, too
 */
struct kdbus_command {
	unsigned int cmd;
	const struct kdbus_args_rule *rule;
	unsigned int kinds;
	int (*run)(struct kdbus_conn *conn, struct kdbus_args *args);
	size_t out;
	size_t out_size;
	bool negotiates;
};

const struct kdbus_command *kdbus_command_find(unsigned int cmd);

/* commands that fix what a file is for, and the one of an endpoint's owner */
extern const struct kdbus_args_rule kdbus_bus_make_rule;
extern const struct kdbus_args_rule kdbus_endpoint_make_rule;
extern const struct kdbus_args_rule kdbus_endpoint_update_rule;
extern const struct kdbus_args_rule kdbus_hello_rule;
extern const struct kdbus_args_rule kdbus_byebye_rule;

#endif /* KDBUS_COMMANDS_H */
