// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The generator's command line, and whether it has anything to do.
 *
 * It runs very early, before the module is loaded: so the question is not
 * whether the bus is there, but whether it can be.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

static bool file_has(const char *path, const char *what)
{
	char line[4096];
	bool found = false;
	FILE *file;

	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, ":\n")] = '\0';
		found = strstr(line, what);
	}
	fclose(file);
	return found;
}

/* Is the module loaded, or part of this kernel's modules? */
static bool kdbus_is_available(void)
{
	static const char *const lists[] = { "modules.dep", "modules.builtin" };
	struct utsname uts;
	char path[PATH_MAX];
	size_t i;

	if (access("/sys/fs/kdbus", F_OK) == 0)
		return true;
	if (uname(&uts) < 0)
		return false;
	for (i = 0; i < KB_ARRAY_SIZE(lists); i++) {
		snprintf(path, sizeof(path), "/lib/modules/%s/%s", uts.release, lists[i]);
		if (file_has(path, "/kdbus.ko"))
			return true;
	}
	return false;
}

static bool scope_is_user(void)
{
	const char *scope = getenv("SYSTEMD_SCOPE");

	return scope ? kb_streq(scope, "user") : getuid() != 0;
}

int main(int argc, char **argv)
{
	struct scope scope;
	enum role role;
	int r;

	if (argc != 2 && argc != 4) {
		fprintf(stderr, "Usage: kdbus-busname-generator NORMAL-DIR [EARLY-DIR LATE-DIR]\n");
		return EXIT_FAILURE;
	}
	role = role_read();
	if (role == ROLE_NONE || !kdbus_is_available())
		return EXIT_SUCCESS;

	r = scope_init(&scope, scope_is_user(), "");
	if (r < 0)
		return EXIT_FAILURE;
	if (!scope.user) {
		kmsg_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (kmsg_fd >= 0)
			parse_warn_set(print_to_kmsg);
	}
	umask(0022);
	if (role == ROLE_SYSTEM_BUS && !scope.user)
		r = scope_add_units(&scope, KDBUSLIBEXECDIR "/system-bus");
	if (r >= 0)
		r = generator_run(&scope, argv[1], role == ROLE_SYSTEM_BUS);
	if (r >= 0 && role == ROLE_SYSTEM_BUS && !scope.user)
		r = emit_system_bus(argc > 2 ? argv[2] : argv[1]);
	if (r < 0)
		parse_warn(argv[1], 0, "cannot be written: %s", strerror(-r));
	scope_deinit(&scope);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
