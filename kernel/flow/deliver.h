/* SPDX-License-Identifier: GPL-2.0-only */
/* One draft into one receiver: quota, slice, copy, queue, wake. */
#ifndef KDBUS_DELIVER_H
#define KDBUS_DELIVER_H

struct kdbus_conn;
struct kdbus_draft;
struct kdbus_entry;
struct kdbus_msg_info;
struct kdbus_reply;
struct kdbus_quota_user;
struct kdbus_route;

int kdbus_deliver(struct kdbus_draft *draft, struct kdbus_conn *dst);
void kdbus_deliver_or_lose(struct kdbus_draft *draft, struct kdbus_conn *dst);
int kdbus_deliver_routed(struct kdbus_draft *draft,
			 const struct kdbus_route *route,
			 struct kdbus_reply *reply);
int kdbus_deliver_moved(struct kdbus_conn *dst, struct kdbus_conn *src,
			struct kdbus_entry *entry);

/* a message outside of the queue */
struct kdbus_entry *kdbus_entry_new(struct kdbus_draft *draft,
				    struct kdbus_conn *dst);
struct kdbus_quota_user *kdbus_entry_uncharge(struct kdbus_conn *dst,
					      struct kdbus_entry *entry);
void kdbus_entry_free(struct kdbus_conn *dst, struct kdbus_entry *entry);
void kdbus_entry_hand_over(struct kdbus_conn *dst, struct kdbus_entry *entry,
			   struct kdbus_msg_info *out);

#endif /* KDBUS_DELIVER_H */
