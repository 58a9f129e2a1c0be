// SPDX-License-Identifier: GPL-2.0-only
/* Load and unload; the map of objects and the order of locks. */

#include <linux/init.h>
#include <linux/module.h>

#include "entry/fs.h"
#include "object/pool.h"

/*
 * Who holds whom (a reference; what is below outlives what is above):
 *
 *     open file ──► connection ──► endpoint ──► bus ──► domain ◄── mount
 *                       │                        │
 *                       ├──► pool ◄── mapping    ├──► names ··► holder
 *                       ├──► user                ├──► policy
 *                       └──► identity            └──► index of matches
 *
 *     entry (a message that waits) ──► slice of its receiver's pool
 *                                  ──► parcel of files
 *                                  ──► name it was sent to
 *                                  ──► reply ──► requester, replier
 *
 * Every open file of a setup command ends what it made when it is closed, and
 * what lies inside with it: the bus its endpoints, an endpoint its connections.
 *
 * Order of locks, outermost first; those on one line are never held together:
 *
 *     handle.setup
 *     kdbus_bus.notices.flush
 *     kdbus_bus.names.lock (the registry)
 *     kdbus_bus.conns.lock            kdbus_endpoint.lock
 *     kdbus_match_index.lock          kdbus_policy.lock
 *     kdbus_node.lock                 kdbus_users.lock
 *     kdbus_pool.pages_lock
 *     kdbus_conn.names.lock
 *     kdbus_conn.inbox.lock           kdbus_conn.calls.lock
 *     kdbus_pool.lock                 kdbus_bus.notices.lock
 *
 * None of them but handle.setup is held while memory of user space is touched.
 */

static int __init kdbus_init(void)
{
	int r;

	r = kdbus_pools_init();
	if (r)
		return r;
	r = kdbus_fs_init();
	if (r)
		kdbus_pools_deinit();
	return r;
}

static void __exit kdbus_exit(void)
{
	kdbus_fs_exit();
	/* what RCU still has to free is ours */
	rcu_barrier();
	kdbus_pools_deinit();
}

module_init(kdbus_init);
module_exit(kdbus_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("D-Bus in the kernel");
