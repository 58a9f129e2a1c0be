/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The marshalling of D-Bus since 2003: lengths in front, alignment by type.
 *
 * Its functions are reached through kb_dbus1_ops in lib/format.h.
 */
#ifndef KB_DBUS1_H
#define KB_DBUS1_H

#include "lib/format.h"

/* Loads a number of @size bytes (1, 2, 4, 8), swapped if asked to. */
uint64_t kb_load_number(const uint8_t *data, size_t size, bool swap);

#endif /* KB_DBUS1_H */
