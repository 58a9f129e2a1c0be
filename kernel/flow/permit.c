// SPDX-License-Identifier: GPL-2.0-only
/* May A see B, talk to B, own N? */

#include <linux/cred.h>

#include "flow/permit.h"
#include "object/conn.h"
#include "object/name.h"

/* Does a policy grant @access to one of the names that @peer holds? */
static bool grants_any(struct kdbus_policy *policy, const struct cred *cred,
		       struct kdbus_conn *peer, int access)
{
	struct kdbus_name_owner *owner;

	if (!READ_ONCE(peer->names.n))
		return false;
	guard(spinlock)(&peer->names.lock);
	list_for_each_entry(owner, &peer->names.list, in_conn)
		if (kdbus_name_owner_holds(owner) &&
		    kdbus_policy_query(policy, cred, owner->entry->name) >=
			    access)
			return true;
	return false;
}

/**
 * kdbus_may_own() - may somebody own a name?
 * @conn:	who
 * @cred:	credentials to go by
 * @name:	valid name
 */
bool kdbus_may_own(struct kdbus_conn *conn, const struct cred *cred,
		   const char *name)
{
	struct kdbus_endpoint *ep = conn->ep;

	if (conn->owner)
		return true;
	if (ep->custom &&
	    kdbus_policy_query(&ep->policy, cred, name) < KDBUS_POLICY_OWN)
		return false;
	return kdbus_policy_query(&conn->bus->policy, cred, name) >=
	       KDBUS_POLICY_OWN;
}

/**
 * kdbus_may_talk() - may somebody send to a peer?
 * @conn:	who
 * @cred:	credentials to go by
 * @peer:	to whom
 *
 * On a custom endpoint, both its policy and that of the bus have to agree.
 */
bool kdbus_may_talk(struct kdbus_conn *conn, const struct cred *cred,
		    struct kdbus_conn *peer)
{
	struct kdbus_endpoint *ep = conn->ep;

	if (conn->owner)
		return true;
	if (ep->custom &&
	    !grants_any(&ep->policy, cred, peer, KDBUS_POLICY_TALK))
		return false;
	return uid_eq(cred->euid, peer->cred->uid) ||
	       grants_any(&conn->bus->policy, cred, peer, KDBUS_POLICY_TALK);
}

/**
 * kdbus_may_see_name() - may somebody know that a name is held?
 * @conn:	who
 * @cred:	credentials to go by
 * @name:	name
 */
bool kdbus_may_see_name(struct kdbus_conn *conn, const struct cred *cred,
			const char *name)
{
	struct kdbus_endpoint *ep = conn->ep;

	return !ep->custom ||
	       kdbus_policy_query(&ep->policy, cred, name) >= KDBUS_POLICY_SEE;
}

/**
 * kdbus_may_see() - may somebody know of a peer?
 * @conn:	who
 * @cred:	credentials to go by
 * @peer:	of whom
 */
bool kdbus_may_see(struct kdbus_conn *conn, const struct cred *cred,
		   struct kdbus_conn *peer)
{
	struct kdbus_endpoint *ep = conn->ep;

	return !ep->custom ||
	       grants_any(&ep->policy, cred, peer, KDBUS_POLICY_SEE);
}
