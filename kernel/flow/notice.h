/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages that the kernel itself writes. */
#ifndef KDBUS_NOTICE_H
#define KDBUS_NOTICE_H

#include <linux/types.h>

struct kdbus_bus;
struct kdbus_conn;
struct kdbus_name_change;
struct kdbus_reply;

/*
 * Things are noted where they happen, under whatever lock makes them happen in
 * an order, and delivered by kdbus_notices_flush() once no lock is held.  When
 * that returns, everything noted before it was called is in the queues.
 *
 * A note that finds no memory is lost, as a message without room would be.
 */
void kdbus_notice_conn(struct kdbus_conn *conn, u64 type);
void kdbus_notice_name(struct kdbus_bus *bus,
		       const struct kdbus_name_change *change);
void kdbus_notice_reply(const struct kdbus_reply *reply, u64 type);
void kdbus_notices_flush(struct kdbus_bus *bus);

#endif /* KDBUS_NOTICE_H */
