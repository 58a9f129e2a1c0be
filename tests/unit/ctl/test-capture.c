// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages into a file for Wireshark: what is read back is what was sent. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "ctl/capture.h"
#include "ctl/pcap.h"
#include "lib/marshal.h"

#define FILE_HEADER 24
#define PACKET_HEADER 16

static char path[] = "/tmp/test-capture.XXXXXX";

static struct capture *open_capture(void)
{
	struct ctl ctl = { .pcap = path, .quiet = true };
	struct capture *capture = NULL;
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(capture_open(&ctl, &capture), 0);
	return capture;
}

static size_t read_back(uint8_t *data, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	cr_assert(file);
	n = fread(data, 1, size, file);
	fclose(file);
	unlink(path);
	return n;
}

static struct kb_message *new_signal(void)
{
	struct kb_message *signal = NULL;

	cr_assert_eq(kb_message_new_signal("/a", "org.example.I", "Hello", &signal), 0);
	cr_assert_eq(kb_message_set(signal, KB_FIELD_SENDER, ":1.7"), 0);
	cr_assert_eq(kb_message_append(signal, "sat", "text", &(uint64_t){ 5 }, (size_t)1), 0);
	return signal;
}

Test(capture, a_message_in_gvariant_is_written_in_dbus1)
{
	struct capture *capture = open_capture();
	struct kb_message *signal = new_signal(), *copy = NULL;
	uint8_t data[1024];
	const char *text = NULL;
	const void *numbers = NULL;
	size_t n, n_numbers = 0;

	signal->cookie = UINT64_C(0x100000003);
	cr_expect_eq(capture_add(capture, signal), 0);
	capture_close(capture);

	n = read_back(data, sizeof(data));
	cr_assert_gt(n, FILE_HEADER + PACKET_HEADER);
	n -= FILE_HEADER + PACKET_HEADER;
	cr_assert_eq(kb_message_decode_dbus1(data + FILE_HEADER + PACKET_HEADER, n, NULL, 0,
					     &copy), 0);
	cr_expect_str_eq(copy->sender, ":1.7");
	cr_expect_str_eq(copy->member, "Hello");
	cr_expect_eq(copy->cookie, 3);
	cr_expect_eq(kb_message_read(copy, "sat", &text, &numbers, &n_numbers), 0);
	cr_expect_str_eq(text, "text");
	cr_expect_eq(n_numbers, 1);
	kb_message_unref(copy);
	kb_message_unref(signal);
}

Test(capture, what_nobody_could_read_is_left_out)
{
	struct capture *capture = open_capture();
	struct kb_message *broken = NULL, *signal = new_signal();
	uint8_t data[1024];
	size_t n, alone;

	/* a call without a path is none */
	cr_assert_eq(kb_message_new(KB_METHOD_CALL, &broken), 0);
	cr_expect_eq(capture_add(capture, broken), 0);
	alone = FILE_HEADER;
	cr_expect_eq(capture_add(capture, signal), 0);
	freopen("/dev/null", "w", stderr);
	capture_close(capture);
	n = read_back(data, sizeof(data));
	cr_expect_gt(n, alone + PACKET_HEADER);
	/* the first packet is the signal */
	cr_expect_eq(data[FILE_HEADER + PACKET_HEADER + 1], KB_SIGNAL);
	kb_message_unref(broken);
	kb_message_unref(signal);
}

Test(capture, a_file_that_cannot_be_made_is_said_so)
{
	struct ctl ctl = { .pcap = "/nonexistent/file" };
	struct capture *capture = NULL;

	freopen("/dev/null", "w", stderr);
	cr_expect_eq(capture_open(&ctl, &capture), 1);
	cr_expect_null(capture);
}
