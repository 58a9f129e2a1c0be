/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One method call, from its message to its answer.
 */
#ifndef DRIVER_CALL_H
#define DRIVER_CALL_H

#include "driver/driver.h"

/**
 * call_dispatch() - serve a method call
 * @message:	borrowed; a function that answers later keeps a reference
 *
 * A caller that has gone meanwhile is no error, and neither is one that does
 * not want to know.
 */
void call_dispatch(struct driver *driver, struct kb_message *message);

#endif /* DRIVER_CALL_H */
