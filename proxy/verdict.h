/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the policy says of a user and a name, for programs to read. */
#ifndef PROXY_VERDICT_H
#define PROXY_VERDICT_H

#include <stdio.h>

#include "proxy/xml-policy.h"

/**
 * verdict_print() - print what a user may do with a name
 * @owner:	uid of the bus's owner
 * @name:	a well-known name
 * @file:	gets a line for each verdict, fields separated by tabs: "connect",
 *		"own", "send" or "receive", which are calls to the name and
 *		signals from it; "allow" or "deny"; file and line of the rule
 *		that decides, "" and 0 if none does.
 *
 *		Rules that decide instead for some of the messages come before
 *		it as "send-if" and "receive-if", with what these messages have
 *		in a fifth field. The first that fits decides.
 *
 * Return: 0 or -ENOMEM.
 */
int verdict_print(struct policy *policy,
		  const struct policy_identity *identity, uid_t owner,
		  const char *name, FILE *file);

/**
 * verdict_run() - the same on standard output, for a configuration
 * @scope, @paths: as for config_read()
 * @text:	"UID:NAME". The groups are those the databases have for the uid
 *
 * Return: 0, or a negative errno that was logged.
 */
int verdict_run(const char *scope, char *const *paths, const char *text);

#endif /* PROXY_VERDICT_H */
