// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The generator's command line, and whether it has anything to do.
 *
 * It runs very early, before the module is loaded: so the question is not
 * whether the bus is there, but whether it can be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "busname/emit.h"
#include "busname/generator.h"
#include "busname/role.h"

static int kmsg_fd = -1;

/* One write is one record. */
static void print_to_kmsg(const char *line)
{
	char text[1200];
	int n;

	n = snprintf(text, sizeof(text), "<12>kdbus-busname-generator[%d]: %s\n", (int)getpid(),
		     line);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	if (write(kmsg_fd, text, n) < 0)
		fprintf(stderr, "%s\n", line);
}

static bool scope_is_user(void)
{
	const char *scope = getenv("SYSTEMD_SCOPE");

	return scope ? kb_streq(scope, "user") : getuid() != 0;
}

/* Why kdbus is not the bus it was to be; a NULL reason is none. */
static enum role find_role(bool user, char **out_reason)
{
	enum role role = ROLE_NONE;
	struct utsname uts;
	struct kb_switch it;

	*out_reason = NULL;
	if (uname(&uts) < 0 || kb_switch_init(&it, user, "") < 0)
		return role;
	role = role_read(&it, uts.release, out_reason);
	kb_switch_deinit(&it);
	return role;
}

static void open_log(bool user)
{
	if (user)
		return;
	kmsg_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (kmsg_fd >= 0)
		parse_warn_set(print_to_kmsg);
}

static int generate(char **directories, bool user, enum role role)
{
	const char *early = directories[1] ?: directories[0];
	struct scope scope;
	int r;

	r = scope_init(&scope, user, "");
	if (r < 0)
		return r;
	if (role == ROLE_BUS && !user)
		r = scope_add_units(&scope, KDBUSLIBEXECDIR "/system-bus");
	if (r >= 0)
		r = generator_run(&scope, directories[0], role == ROLE_BUS);
	if (r >= 0 && role == ROLE_BUS)
		r = emit_bus(early, &scope);
	scope_deinit(&scope);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(kb_freep) char *reason = NULL;
	bool user = scope_is_user();
	enum role role;
	int r;

	if (argc != 2 && argc != 4) {
		fprintf(stderr, "Usage: kdbus-busname-generator NORMAL-DIR [EARLY-DIR LATE-DIR]\n");
		return EXIT_FAILURE;
	}
	role = find_role(user, &reason);
	if (role == ROLE_NONE && !reason)
		return EXIT_SUCCESS;

	open_log(user);
	if (reason)
		parse_warn(user ? "session bus" : "system bus", 0, "the classic one, not kdbus: %s",
			   reason);
	if (role == ROLE_NONE)
		return EXIT_SUCCESS;
	umask(0022);
	r = generate(argv + 1, user, role);
	if (r < 0)
		parse_warn(argv[1], 0, "cannot be written: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
