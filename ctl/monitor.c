// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl monitor: show messages as they pass. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "ctl/capture.h"
#include "ctl/filter.h"
#include "ctl/peers.h"
#include "ctl/screen.h"
#include "ctl/verbs.h"
#include "ctl/watch.h"
#include "lib/notify.h"

/**
 * struct monitor - what is shown
 * @capture:	where messages go instead of standard output, or NULL
 * @n_shown:	messages so far
 */
struct monitor {
	const struct ctl *ctl;
	struct filter filter;
	struct capture *capture;
	uint64_t n_shown;
};

static const struct {
	const char *name;
	enum screen_style style;
} types[] = {
	[KB_NOTIFICATION]	= { "notification", SCREEN_DIM },
	[KB_METHOD_CALL]	= { "method_call", SCREEN_BLUE },
	[KB_METHOD_RETURN]	= { "method_return", SCREEN_GREEN },
	[KB_ERROR]		= { "error", SCREEN_RED },
	[KB_SIGNAL]		= { "signal", SCREEN_YELLOW },
};

/* text */

static void print_key(const char *key, const char *value)
{
	if (!value)
		return;
	printf(" %s%s=%s", screen_style(SCREEN_DIM), key,
	       screen_style(SCREEN_NORMAL));
	ctl_print_text(value, stdout);
}

static void print_number(const char *key, uint64_t value)
{
	printf(" %s%s=%s%" PRIu64, screen_style(SCREEN_DIM), key,
	       screen_style(SCREEN_NORMAL), value);
}

static void print_time(const struct kb_message *m)
{
	time_t seconds;
	struct tm tm;
	char text[32];

	if (!m->meta.timestamp)
		return;
	seconds = m->meta.timestamp->realtime_ns / KB_NSEC_PER_SEC;
	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	printf("%s%s.%06u%s ", screen_style(SCREEN_DIM), text,
	       (unsigned int)(m->meta.timestamp->realtime_ns %
			      KB_NSEC_PER_SEC / 1000),
	       screen_style(SCREEN_NORMAL));
}

/* Who sent it, as the kernel knows. */
static void print_credentials(const struct kb_meta *meta)
{
	char unit[256];

	if (!meta->pids && !meta->creds && !meta->pid_comm)
		return;
	putchar(' ');
	if (meta->pids)
		print_number("pid", meta->pids->pid);
	if (meta->creds) {
		print_number("uid", meta->creds->euid);
		print_number("gid", meta->creds->egid);
	}
	print_key("comm", meta->pid_comm);
	if (peer_unit(meta->cgroup, false, unit))
		print_key("unit", unit);
	if (peer_unit(meta->cgroup, true, unit))
		print_key("user_unit", unit);
	print_key("label", meta->seclabel);
	putchar('\n');
}

static void print_header(const struct kb_message *m)
{
	print_time(m);
	printf("%s%s%s%s", screen_style(SCREEN_BOLD),
	       screen_style(types[m->type].style), types[m->type].name,
	       screen_style(SCREEN_NORMAL));
	print_key("sender", m->sender);
	print_key("destination", m->destination);
	print_key("path", m->path);
	print_key("interface", m->interface);
	print_key("member", m->member);
	print_key("error", m->error_name);
	print_number("cookie", m->cookie);
	if (m->reply_cookie)
		print_number("reply_cookie", m->reply_cookie);
	if (m->n_fds)
		print_number("fds", m->n_fds);
	putchar('\n');
}

static void print_text(const struct kb_message *m)
{
	struct kb_reader reader;

	print_header(m);
	print_credentials(&m->meta);
	if (!*m->signature)
		return;
	printf("  ");
	if (kb_message_reader(m, &reader) < 0 ||
	    kb_value_print(&reader, stdout) < 0)
		printf(" (broken)");
	putchar('\n');
	kb_reader_deinit(&reader);
}

/* json: an object a line */

static void report_sender(struct kb_report *report, const struct kb_meta *meta)
{
	if (meta->pids)
		kb_report_uint(report, "pid", meta->pids->pid);
	if (meta->creds) {
		kb_report_uint(report, "uid", meta->creds->euid);
		kb_report_uint(report, "gid", meta->creds->egid);
	}
	if (meta->pid_comm)
		kb_report_string(report, "comm", meta->pid_comm);
	if (meta->cgroup)
		kb_report_string(report, "cgroup", meta->cgroup);
	if (meta->seclabel)
		kb_report_string(report, "label", meta->seclabel);
	if (meta->timestamp)
		kb_report_uint(report, "realtime_usec",
			       meta->timestamp->realtime_ns / 1000);
}

static int print_json(const struct ctl *ctl, const struct kb_message *m)
{
	const struct {
		const char *key, *value;
	} strings[] = {
		{ "type", types[m->type].name },
		{ "sender", m->sender },
		{ "destination", m->destination },
		{ "path", m->path },
		{ "interface", m->interface },
		{ "member", m->member },
		{ "error", m->error_name },
	};
	struct kb_report *report = kb_report_new(false);
	struct kb_reader reader;

	if (!report)
		return ctl_fail_errno(ENOMEM, "cannot print");
	for (size_t i = 0; i < KB_ARRAY_SIZE(strings); i++)
		if (strings[i].value)
			kb_report_string(report, strings[i].key,
					 strings[i].value);
	kb_report_uint(report, "flags", m->flags);
	kb_report_uint(report, "cookie", m->cookie);
	if (m->reply_cookie)
		kb_report_uint(report, "reply_cookie", m->reply_cookie);
	report_sender(report, &m->meta);
	kb_report_string(report, "signature", m->signature);
	if (kb_message_validate(m) < 0) {
		kb_report_null(report, "data");
	} else if (kb_message_reader(m, &reader) >= 0) {
		kb_report_values(report, "data", &reader);
		kb_reader_deinit(&reader);
	}
	return ctl_print_report(ctl, report);
}

static int show(struct monitor *monitor, struct kb_message *m)
{
	const struct ctl *ctl = monitor->ctl;
	int r = 0;

	if (!filter_wants(&monitor->filter, m))
		return 0;
	if (monitor->capture)
		r = capture_add(monitor->capture, m);
	else if (ctl->json)
		r = print_json(ctl, m);
	else
		print_text(m);
	if (!r)
		r = watch_flush();
	monitor->n_shown++;
	return r ?: ctl->limit && monitor->n_shown >= ctl->limit ?
	       WATCH_E_ENOUGH : 0;
}

/* A notification becomes the signal or error that it stands for. */
static int see(struct kb_message *m, void *userdata)
{
	_cleanup_(kb_message_unrefp) struct kb_message *made = NULL;
	struct kb_notification notification;

	if (m->type != KB_NOTIFICATION)
		return show(userdata, m);
	if (kb_notify_parse(m, &notification) < 0 ||
	    kb_notify_to_message(&notification, &made) <= 0)
		return 0;
	/* borrowed: @m stays until it is shown */
	made->meta.timestamp = m->meta.timestamp;
	return show(userdata, made);
}

static int run(struct monitor *monitor)
{
	const uint64_t attach = KDBUS_ATTACH_TIMESTAMP | KDBUS_ATTACH_NAMES |
				KDBUS_ATTACH_PIDS | KDBUS_ATTACH_CREDS |
				KDBUS_ATTACH_PID_COMM | KDBUS_ATTACH_CGROUP |
				KDBUS_ATTACH_SECLABEL;
	_cleanup_(watch_close) struct watch watch = { .see = see,
						      .userdata = monitor };
	const struct ctl *ctl = monitor->ctl;
	uint64_t end;
	int r;

	r = watch_open(&watch, ctl, attach);
	if (!r && ctl->pcap)
		r = capture_open(ctl, &monitor->capture);
	if (r)
		return r > 0 ? r : 0;
	if (!ctl->json && !ctl->quiet)
		fprintf(stderr, "watching %s, Ctrl-C ends it\n",
			ctl->address ?: "the system's bus");
	end = ctl->timeout_ns ? kb_now_ns() + ctl->timeout_ns : 0;
	do
		r = watch_run(&watch, end);
	while (r == WATCH_E_SIGNAL && !watch_is_over(&watch));
	return r > 0 ? r : 0;
}

int ctl_monitor(struct ctl *ctl, int argc, char **argv)
{
	struct monitor monitor = { .ctl = ctl };
	int r;

	if (ctl->pcap && ctl->json)
		return ctl_fail_usage(ctl, "--pcap and --json are two formats, only one is possible");
	r = filter_init(&monitor.filter, ctl, argc, argv);
	if (!r)
		r = run(&monitor);
	capture_close(monitor.capture);
	filter_deinit(&monitor.filter);
	return r;
}
