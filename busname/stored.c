// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The connection that the service manager keeps for us over a restart.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "busname/sdnotify.h"
#include "busname/stored.h"
#include "lib/log.h"

/* What the name of each begins with. */
#define PREFIX		"activator"

/* How long the service manager may take to close its copy, and how often to
 * look. */
#define FORGET_NS	(10 * KB_NSEC_PER_SEC)
#define FORGET_CHECK_US	2000

void stored_name(const struct options *options, char *out, size_t size)
{
	uint64_t hash = policy_hash(&options->policy) + 2 * options->activating +
			options->accept_fds;

	snprintf(out, size, PREFIX "-%016llx", (unsigned long long)hash);
}

/* The service manager's copy of it is to go. */
static void stored_remove(const char *name)
{
	char text[128];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	sdnotify(text, -1);
}

/* Returns false if that cannot be done now. */
static bool stored_forget(struct holder *holder, const char *name)
{
	int r;

	/* nothing is sent to a policy holder, and it may not even ask */
	r = holder_keep(holder, false);
	if (r && r != -EOPNOTSUPP) {
		holder_let_go(holder);
		kb_log(LOG_WARNING, "messages wait, so the policy stays as it was; restart again");
		return false;
	}
	stored_remove(name);
	holder_close(holder);
	return true;
}

bool stored_adopt(const struct options *options, struct holder *holder, bool *out_forgotten)
{
	char stored[STORED_NAME_MAX], wanted[STORED_NAME_MAX];
	int fd, r;

	fd = sdnotify_take_stored(PREFIX, stored, sizeof(stored));
	if (fd < 0)
		return false;
	r = holder_adopt(holder, fd);
	if (r < 0) {
		kb_log_errno(LOG_WARNING, r, "cannot go on with the stored connection");
		/* it holds the name, and would do so for ever */
		stored_remove(stored);
		*out_forgotten = true;
		return false;
	}
	stored_name(options, wanted, sizeof(wanted));
	if (!kb_streq(stored, wanted) && stored_forget(holder, stored)) {
		*out_forgotten = true;
		return false;
	}
	return true;
}

int stored_replace(const struct options *options, struct holder *holder, bool forgotten)
{
	uint64_t deadline = kb_now_ns() + (forgotten ? FORGET_NS : 0);
	int r;

	for (;;) {
		r = holder_open(holder, options->address, options->name, &options->policy,
				options->activating, options->accept_fds);
		if (r != -EEXIST || kb_now_ns() >= deadline)
			return r;
		usleep(FORGET_CHECK_US);
	}
}
