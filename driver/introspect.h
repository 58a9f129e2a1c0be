/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The driver about itself: introspection, peer and properties.
 */
#ifndef DRIVER_INTROSPECT_H
#define DRIVER_INTROSPECT_H

#include "driver/driver.h"

/* The description of the object @path, with a NUL at the end: 0 or -ENOMEM. */
int introspect_describe(const char *path, struct kb_buffer *xml);

int introspect_introspect(struct call *call);
int introspect_ping(struct call *call);
int introspect_machine_id(struct call *call);
int introspect_get(struct call *call);
int introspect_get_all(struct call *call);
int introspect_set(struct call *call);
int introspect_become_monitor(struct call *call);

#endif /* DRIVER_INTROSPECT_H */
