/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting services, and the calls this process makes itself.
 *
 * Who calls the driver waits for it, and may be who the driver would have to
 * ask. So nothing here waits: a call is sent, and the answer to ours answers
 * theirs when it comes.
 */
#ifndef DRIVER_ACTIVATION_H
#define DRIVER_ACTIVATION_H

#include "driver/driver.h"

/* methods */

int activation_start_service(struct call *call);
int activation_update_environment(struct call *call);

/* for the loop */

/* A return or an error of a call we made, or nothing we know. */
void activation_reply(struct driver *driver, struct kb_message *reply);
/* The kernel's word that there will be none: REPLY_TIMEOUT or REPLY_DEAD. */
void activation_no_reply(struct driver *driver, uint64_t cookie, bool timeout);
/* Forgets all of them; who waits hears it from the kernel. */
void activation_forget_all(struct driver *driver);

#endif /* DRIVER_ACTIVATION_H */
