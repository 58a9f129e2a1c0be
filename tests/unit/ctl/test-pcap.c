// SPDX-License-Identifier: LGPL-2.1-or-later
/* Captures of D-Bus messages: what every reader of such files expects. */
#include <criterion/criterion.h>
#include <errno.h>

#include "ctl/pcap.h"

struct out {
	FILE *file;
	char *data;
	size_t size;
};

static void out_open(struct out *out)
{
	out->file = open_memstream(&out->data, &out->size);
	cr_assert(out->file);
}

static uint32_t word(const struct out *out, size_t offset)
{
	uint32_t value;

	cr_assert_leq(offset + sizeof(value), out->size);
	memcpy(&value, out->data + offset, sizeof(value));
	return value;
}

Test(pcap, a_file_begins_with_what_libpcap_documents)
{
	struct out out;

	out_open(&out);
	cr_expect_eq(pcap_begin(out.file), 0);
	fclose(out.file);
	cr_expect_eq(out.size, 24);
	cr_expect_eq(word(&out, 0), 0xa1b23c4d, "nanoseconds");
	cr_expect_eq(word(&out, 4), 2 | 4 << 16, "version 2.4");
	cr_expect_eq(word(&out, 8), 0);
	cr_expect_eq(word(&out, 12), 0);
	cr_expect_eq(word(&out, 16), PCAP_SNAPLEN);
	cr_expect_eq(word(&out, 20), 231);
	free(out.data);
}

Test(pcap, a_packet_has_its_time_and_twice_its_length)
{
	struct out out;

	out_open(&out);
	cr_expect_eq(pcap_add(out.file, "lmessage", 8, UINT64_C(1795805136446747010)), 0);
	cr_expect_eq(pcap_add(out.file, "", 0, 0), 0);
	fclose(out.file);
	cr_expect_eq(out.size, 16 + 8 + 16);
	cr_expect_eq(word(&out, 0), 1795805136);
	cr_expect_eq(word(&out, 4), 446747010);
	cr_expect_eq(word(&out, 8), 8);
	cr_expect_eq(word(&out, 12), 8);
	cr_expect(!memcmp(out.data + 16, "lmessage", 8));
	cr_expect_eq(word(&out, 24 + 8), 0);
	free(out.data);
}

Test(pcap, what_is_too_large_is_not_begun)
{
	struct out out;

	out_open(&out);
	cr_expect_eq(pcap_add(out.file, NULL, PCAP_SNAPLEN + 1, 0), -EMSGSIZE);
	fclose(out.file);
	cr_expect_eq(out.size, 0);
	free(out.data);
}

Test(pcap, a_full_disk_is_an_error)
{
	FILE *file = fopen("/dev/full", "we");

	cr_assert(file);
	setvbuf(file, NULL, _IONBF, 0);
	cr_expect_eq(pcap_begin(file), -ENOSPC);
	cr_expect_eq(pcap_add(file, "x", 1, 0), -ENOSPC);
	fclose(file);
}
