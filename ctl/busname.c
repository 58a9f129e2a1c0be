// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kdbusctl busname: files of bus name units, as the generator reads them.
 *
 * Who reads them is a program of its own, beside the generator: so nothing of
 * what the files mean has to be said here a second time.
 */
#include <errno.h>
#include <stdio.h>

#include "ctl/ctl.h"
#include "ctl/helper.h"
#include "ctl/verbs.h"
#include "lib/run.h"

static const struct {
	const char *name;
	int min;
	int max;
} words[] = {
	{ "list", 0, 0 },
	{ "show", 1, 1 },
	{ "verify", 1, -1 },
};

static int check(const struct ctl *ctl, int argc, char **argv)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(words); i++) {
		if (!kb_streq(argv[0], words[i].name))
			continue;
		if (argc - 1 < words[i].min)
			return ctl_fail_usage(ctl, "busname %s needs more arguments", argv[0]);
		if (words[i].max >= 0 && argc - 1 > words[i].max)
			return ctl_fail_usage(ctl, "busname %s takes no argument \"%s\"", argv[0],
					      argv[1 + words[i].max]);
		return 0;
	}
	return ctl_fail_usage(ctl, "busname cannot \"%s\"", argv[0]);
}

int ctl_busname(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(kb_freep) char *address = NULL;
	char **command;
	int n = 0, r;
	pid_t pid;

	r = check(ctl, argc, argv);
	if (r)
		return r;
	if (ctl->address && asprintf(&address, "--address=%s", ctl->address) < 0) {
		address = NULL;
		return ctl_fail_errno(ENOMEM, "busname");
	}
	command = calloc(argc + 6, sizeof(*command));
	if (!command)
		return ctl_fail_errno(ENOMEM, "busname");
	command[n++] = HELPER_BUSNAME;
	command[n++] = ctl->user ? "--user" : "--system";
	if (address)
		command[n++] = address;
	if (ctl->json)
		command[n++] = ctl->json == CTL_JSON_PRETTY ? "--json=pretty" :
							      "--json=short";
	command[n++] = "--";
	memcpy(command + n, argv, argc * sizeof(*argv));
	r = kb_run(command, NULL, -1, &pid);
	if (r >= 0)
		r = kb_run_wait(pid);
	free(command);
	return r < 0 ? ctl_fail_errno(r, "cannot run " HELPER_BUSNAME) : r;
}
