/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * org.freedesktop.DBus.Debug.Stats: figures about the bus.
 */
#ifndef DRIVER_STATS_H
#define DRIVER_STATS_H

#include "driver/driver.h"

int stats_get(struct call *call);
int stats_get_connection(struct call *call);
int stats_get_rules(struct call *call);

#endif /* DRIVER_STATS_H */
