/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The marshalling of messages on kdbus: values first, framing offsets behind.
 *
 * A container of varying size ends with a table that says where its varying
 * children end; the width of the offsets follows from the container's size.
 * Readers accept normal form only, so there is one encoding of each value.
 */
#ifndef KB_GVARIANT_H
#define KB_GVARIANT_H

#include "lib/format.h"

/* Width of the offsets in a container of @size bytes: 0, 1, 2, 4 or 8. */
size_t kb_gvariant_width(size_t size);
/* Width for @n offsets behind @size bytes: the smallest that reaches. */
size_t kb_gvariant_width_for(size_t size, size_t n);

/* Framing offsets are little endian in every message. */
uint64_t kb_gvariant_load_offset(const uint8_t *data, size_t width);
void kb_gvariant_store_offset(uint8_t *data, size_t width, uint64_t offset);

#endif /* KB_GVARIANT_H */
