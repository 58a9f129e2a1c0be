// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl: look at a kdbus bus, and talk to who is on it. */
#include "ctl/complete.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/screen.h"
#include "ctl/verbs.h"

static int run(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_verb *verb = ctl_verb_find(argc ? argv[0] : "list");
	int r;

	if (!verb)
		return ctl_fail_usage(ctl, "there is no verb \"%s\"", argv[0]);
	ctl->verb = verb->name;
	if (argc) {
		argc--;
		argv++;
	}
	r = options_check(ctl);
	if (r)
		return r;
	if (argc < verb->min)
		return ctl_fail_usage(ctl, "%s needs more arguments",
				      verb->name);
	if (verb->max >= 0 && argc > verb->max)
		return ctl_fail_usage(ctl, "%s takes no argument \"%s\"",
				      verb->name, argv[verb->max]);
	if (verb->is_paged && !ctl->no_pager && !ctl->json)
		screen_open_pager();
	return verb->run(ctl, argc, argv);
}

int main(int argc, char **argv)
{
	struct ctl ctl = {};
	int r;

	screen_init();
	/* options that are being completed are not ours yet */
	if (argc > 1 && kb_streq(argv[1], "complete")) {
		r = complete(argc - 2, argv + 2);
	} else {
		r = options_parse(&ctl, &argc, argv);
		if (!r)
			r = run(&ctl, argc, argv);
		options_deinit(&ctl);
	}
	if (!r)
		r = ctl_end_output();
	screen_close_pager();
	return r;
}
