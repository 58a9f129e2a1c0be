/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may do what with a name: Allow...= lines and --allow-...= options.
 *
 * The generator reads lines and writes options, without looking anybody up;
 * the activator reads options and turns users and groups into ids.
 */
#ifndef BUSNAME_POLICY_H
#define BUSNAME_POLICY_H

#include <linux/kdbus.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct policy_rule - one grant
 * @type:	KDBUS_POLICY_ACCESS_USER, _GROUP or _WORLD
 * @access:	KDBUS_POLICY_SEE, _TALK or _OWN
 * @who:	user or group, by name or number; heap memory; NULL for the world
 * @id:		its number, once resolved
 */
struct policy_rule {
	enum kdbus_policy_access_type type;
	enum kdbus_policy_type access;
	char *who;
	uint64_t id;
};

/**
 * struct policy - the grants of one name, in the order they were given
 */
struct policy {
	struct policy_rule *rules;
	size_t n_rules;
};

void policy_deinit(struct policy *policy);

/* Forgets all rules of @type. */
void policy_clear(struct policy *policy, enum kdbus_policy_access_type type);

/**
 * policy_add() - one grant more
 * @type:	for whom
 * @text:	"WHO", @separator (any number of blanks if that is a blank),
 *		"ACCESS"; only "ACCESS" for the world, where the last one wins
 *
 * Return: 0, -EINVAL if malformed, -ENOMEM.
 */
int policy_add(struct policy *policy, enum kdbus_policy_access_type type,
	       const char *text, char separator);

/* A number that is the same for two policies if they say the same, in the same
 * order. */
uint64_t policy_hash(const struct policy *policy);

/* "see", "talk" or "own". */
const char *policy_access_name(enum kdbus_policy_type access);

/**
 * policy_resolve() - find the ids of all users and groups
 * @timeout_ms:	how long the account databases may take
 * @out_missing: receives the name that does not exist, borrowed, or NULL
 *
 * The databases are asked in a child process: they may block for ever, and
 * their libraries need more memory than the whole activator.
 *
 * Return: 0, -ESRCH if somebody does not exist, -ETIMEDOUT, another errno.
 */
int policy_resolve(struct policy *policy, int timeout_ms,
		   const char **out_missing);

#endif /* BUSNAME_POLICY_H */
