// SPDX-License-Identifier: LGPL-2.1-or-later
/* Captures of D-Bus messages. */
#include <errno.h>

#include "ctl/pcap.h"

#define MAGIC_NANOSECONDS 0xa1b23c4d

struct file_header {
	uint32_t magic;
	uint16_t version_major;
	uint16_t version_minor;
	uint32_t reserved[2];
	uint32_t snaplen;
	uint32_t linktype;
};

struct packet_header {
	uint32_t seconds;
	uint32_t nanoseconds;
	uint32_t captured;
	uint32_t length;
};

static int write_all(FILE *file, const void *data, size_t size)
{
	errno = 0;
	if (size && fwrite(data, size, 1, file) != 1)
		return errno ? -errno : -EIO;
	return 0;
}

int pcap_begin(FILE *file)
{
	const struct file_header header = {
		.magic = MAGIC_NANOSECONDS,
		.version_major = 2,
		.version_minor = 4,
		.snaplen = PCAP_SNAPLEN,
		.linktype = PCAP_LINKTYPE_DBUS,
	};

	return write_all(file, &header, sizeof(header));
}

int pcap_add(FILE *file, const void *data, size_t size, uint64_t realtime_ns)
{
	struct packet_header header = {
		.seconds = realtime_ns / KB_NSEC_PER_SEC,
		.nanoseconds = realtime_ns % KB_NSEC_PER_SEC,
	};
	int r;

	if (size > PCAP_SNAPLEN)
		return -EMSGSIZE;
	header.captured = header.length = size;
	r = write_all(file, &header, sizeof(header));
	return r < 0 ? r : write_all(file, data, size);
}
