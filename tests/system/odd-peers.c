// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Connections that no ordinary program makes, for clients to ask about, until
 * killed.
 *
 * usage: odd-peers nobody NAME       owns it, and stands for nobody knows whom
 *        odd-peers silent NAME N     the activators of NAME0, NAME1, … up to N
 *                                    of them, which start nothing
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/conn.h"

#define POOL_SIZE (64 << 10)

static int nobody(const char *name)
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	struct kdbus_pids pids = {};
	struct kdbus_creds creds = {
		KB_ID_UNSET, KB_ID_UNSET, KB_ID_UNSET, KB_ID_UNSET,
		KB_ID_UNSET, KB_ID_UNSET, KB_ID_UNSET, KB_ID_UNSET,
	};
	struct kb_conn *conn;
	int r;

	options.creds = &creds;
	options.pids = &pids;
	r = kb_conn_open(KB_ADDRESS_SYSTEM, &options, &conn);
	return r < 0 ? r : kb_conn_name_acquire(conn, name, 0, NULL);
}

static int silent(const char *prefix, unsigned int n)
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	struct kdbus_policy_access world = {
		.type = KDBUS_POLICY_ACCESS_WORLD,
		.access = KDBUS_POLICY_TALK,
	};
	struct kb_conn *conn;
	char name[256];
	unsigned int i;
	int r = 0;

	options.flags |= KDBUS_HELLO_ACTIVATOR;
	options.pool_size = POOL_SIZE;
	options.name = name;
	options.policy = &world;
	options.n_policy = 1;
	for (i = 0; i < n && r >= 0; i++) {
		snprintf(name, sizeof(name), "%s%u", prefix, i);
		r = kb_conn_open(KB_ADDRESS_SYSTEM, &options, &conn);
	}
	return r;
}

int main(int argc, char **argv)
{
	int r = -EINVAL;

	if (argc == 3 && kb_streq(argv[1], "nobody"))
		r = nobody(argv[2]);
	else if (argc == 4 && kb_streq(argv[1], "silent"))
		r = silent(argv[2], atoi(argv[3]));
	if (r < 0) {
		fprintf(stderr, "odd-peers: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
