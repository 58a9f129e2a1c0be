/* SPDX-License-Identifier: GPL-2.0-only */
/* The copies that monitors receive. */
#ifndef KDBUS_WATCH_H
#define KDBUS_WATCH_H

struct kdbus_draft;

void kdbus_watch(struct kdbus_draft *draft);

#endif /* KDBUS_WATCH_H */
