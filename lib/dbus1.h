/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The marshalling of D-Bus since 2003: lengths in front, alignment by type.
 *
 * Its functions are reached through kb_dbus1_ops in lib/format.h.
 */
#ifndef KB_DBUS1_H
#define KB_DBUS1_H

#include <byteswap.h>
#include <string.h>

#include "lib/format.h"

/* Loads a number of @size bytes (1, 2, 4, 8), swapped if asked to; in the header,
 * since the size is mostly known there. */
static inline uint64_t kb_load_number(const uint8_t *data, size_t size,
				      bool swap)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case 1:
		return *data;
	case 2:
		memcpy(&u16, data, 2);
		return swap ? bswap_16(u16) : u16;
	case 4:
		memcpy(&u32, data, 4);
		return swap ? bswap_32(u32) : u32;
	default:
		memcpy(&u64, data, 8);
		return swap ? bswap_64(u64) : u64;
	}
}

#endif /* KB_DBUS1_H */
