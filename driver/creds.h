/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is behind a connection, as of the moment it was made.
 */
#ifndef DRIVER_CREDS_H
#define DRIVER_CREDS_H

#include "driver/driver.h"

int creds_unix_user(struct call *call);
int creds_unix_process_id(struct call *call);
int creds_all(struct call *call);
int creds_selinux_context(struct call *call);
int creds_audit_data(struct call *call);

#endif /* DRIVER_CREDS_H */
