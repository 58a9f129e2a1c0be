// SPDX-License-Identifier: GPL-2.0-only
/* The copies that monitors receive. */

#include "flow/deliver.h"
#include "flow/draft.h"
#include "flow/route.h"
#include "flow/watch.h"
#include "object/conn.h"

/**
 * kdbus_watch() - give each monitor a copy
 * @draft:	message that is about to be delivered
 *
 * Monitors come first: whatever a receiver does in answer, they see it after
 * what it answers.  A copy that fails counts as lost.
 */
void kdbus_watch(struct kdbus_draft *draft)
{
	struct kdbus_receivers monitors __uninitialized;
	unsigned int i;

	if (!READ_ONCE(draft->bus->conns.n_monitors))
		return;
	kdbus_receivers_find_monitors(&monitors, draft->bus);
	if (!kdbus_draft_is_ready(draft, monitors.wanted)) {
		/* nobody is held while the sender's memory is fetched */
		kdbus_receivers_deinit(&monitors);
		kdbus_draft_detach(draft);
		kdbus_receivers_find_monitors(&monitors, draft->bus);
	}
	draft->held = true;
	for (i = 0; i < monitors.n; i++)
		kdbus_deliver_or_lose(draft, monitors.conns[i]);
	draft->held = false;
	kdbus_receivers_deinit(&monitors);
}
