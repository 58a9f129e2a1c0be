/* SPDX-License-Identifier: GPL-2.0-only */
/* A caller waiting for its reply; deadlines. */
#ifndef KDBUS_AWAIT_H
#define KDBUS_AWAIT_H

struct file;
struct kdbus_msg_info;
struct kdbus_reply;
struct work_struct;

int kdbus_await(struct kdbus_reply *reply, struct file *cancel,
		struct kdbus_msg_info *out);
void kdbus_expire(struct work_struct *work);

#endif /* KDBUS_AWAIT_H */
