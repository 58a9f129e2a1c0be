// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages as they pass, into a file for Wireshark. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "ctl/capture.h"
#include "ctl/pcap.h"
#include "ctl/watch.h"
#include "lib/marshal.h"

/**
 * struct capture - a file that grows
 * @n:		messages in it
 * @n_broken:	messages that are not
 */
struct capture {
	const char *name;
	FILE *file;
	bool quiet;
	uint64_t n;
	uint64_t n_broken;
	struct kb_buffer bytes;
};

static int open_file(const struct ctl *ctl, struct capture *capture)
{
	bool to_stdout = kb_streq(ctl->pcap, "-");

	if (to_stdout && isatty(STDOUT_FILENO))
		return ctl_fail_usage(ctl, "a capture is not for a terminal: give --pcap=FILE, or send it on with \">FILE\" or \"| wireshark -k -i -\"");
	capture->name = to_stdout ? "standard output" : ctl->pcap;
	capture->file = to_stdout ? stdout : fopen(ctl->pcap, "we");
	return capture->file ? 0 : ctl_fail_errno(errno, "cannot write %s",
						  ctl->pcap);
}

static int flush(struct capture *capture, int r)
{
	if (r >= 0 && fflush(capture->file) == EOF)
		r = -errno;
	return watch_written(r, capture->name);
}

int capture_open(const struct ctl *ctl, struct capture **out)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int r;

	if (!capture)
		return ctl_fail_errno(ENOMEM, "--pcap");
	capture->quiet = ctl->quiet;
	r = open_file(ctl, capture);
	if (!r)
		r = flush(capture, pcap_begin(capture->file));
	if (r) {
		capture->quiet = true;
		capture_close(capture);
		return r;
	}
	*out = capture;
	return 0;
}

static uint64_t time_of(const struct kb_message *m)
{
	struct timespec now;

	if (m->meta.timestamp)
		return m->meta.timestamp->realtime_ns;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * KB_NSEC_PER_SEC + now.tv_nsec;
}

int capture_add(struct capture *capture, struct kb_message *m)
{
	int r;

	capture->bytes.size = 0;
	m->cookie = (uint32_t)m->cookie ?: KB_COOKIE_SYNTHETIC;
	m->reply_cookie = (uint32_t)m->reply_cookie;
	r = kb_message_encode_dbus1(m, &capture->bytes);
	if (r == -ENOMEM)
		return ctl_fail_errno(r, "cannot capture");
	if (r < 0) {
		capture->n_broken++;
		return 0;
	}
	capture->n++;
	return flush(capture, pcap_add(capture->file, capture->bytes.data,
				       capture->bytes.size, time_of(m)));
}

struct capture *capture_close(struct capture *capture)
{
	if (!capture)
		return NULL;
	if (!capture->quiet)
		fprintf(stderr, "%" PRIu64 " message%s in %s\n", capture->n,
			capture->n == 1 ? "" : "s", capture->name);
	if (capture->n_broken)
		fprintf(stderr, "kdbusctl: %" PRIu64 " more cannot be read and are not there\n",
			capture->n_broken);
	if (capture->file && capture->file != stdout)
		fclose(capture->file);
	kb_buffer_deinit(&capture->bytes);
	free(capture);
	return NULL;
}
