/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Captures of D-Bus messages, as Wireshark and other programs open them: the
 * file format of libpcap with times in nanoseconds, link type 231, which is one
 * dbus1 message to a packet.
 */
#ifndef CTL_PCAP_H
#define CTL_PCAP_H

#include "lib/util.h"

#define PCAP_LINKTYPE_DBUS	231
#define PCAP_SNAPLEN		(128U << 20)	/* bytes: as large as a message may be */

/* What such a file begins with, in native byte order. 0 or a negative errno. */
int pcap_begin(FILE *file);

/**
 * pcap_add() - one more packet
 * @data:	a dbus1 message of either byte order, @size bytes
 * @realtime_ns: when it was sent, CLOCK_REALTIME
 *
 * Return: 0, -EMSGSIZE for more than PCAP_SNAPLEN, or an errno of writing.
 */
int pcap_add(FILE *file, const void *data, size_t size, uint64_t realtime_ns);

#endif /* CTL_PCAP_H */
