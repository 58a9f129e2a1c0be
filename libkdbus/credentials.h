/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel knows about peers, in plain words. */
#ifndef LIBKDBUS_CREDENTIALS_H
#define LIBKDBUS_CREDENTIALS_H

#include <kdbus/libkdbus.h>

#include "lib/meta.h"

/* NULL if out of memory. */
struct kdbus_credentials *credentials_new(uint64_t id, const struct kb_meta *meta);

#endif /* LIBKDBUS_CREDENTIALS_H */
