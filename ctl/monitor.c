// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl monitor: show messages as they pass. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "ctl/ctl.h"
#include "ctl/verbs.h"
#include "lib/match-rule.h"
#include "lib/name.h"
#include "lib/notify.h"

/**
 * struct monitor - what is shown
 * @rules:	any of them has to match, or there are none
 * @names:	peers of which sender or destination has to be one, or none
 * @n_shown:	messages so far
 */
struct monitor {
	const struct ctl *ctl;
	struct kb_conn *conn;
	struct kb_match_rule **rules;
	size_t n_rules;
	char **names;
	size_t n_names;
	uint64_t n_shown;
};

static const char *const type_names[] = {
	[KB_NOTIFICATION]	= "notification",
	[KB_METHOD_CALL]	= "method_call",
	[KB_METHOD_RETURN]	= "method_return",
	[KB_ERROR]		= "error",
	[KB_SIGNAL]		= "signal",
};

/* choosing */

static bool is_party(const struct kb_message *m, const char *name)
{
	char unique[KB_UNIQUE_NAME_SIZE];

	return kb_streq_null(m->sender, name) ||
	       kb_streq_null(m->destination, name) ||
	       kb_streq_null(m->dst_name, name) ||
	       kb_meta_owns_name(&m->meta, name) ||
	       (m->src_id &&
		kb_streq(kb_unique_name(m->src_id, unique), name));
}

static bool is_wanted(const struct monitor *monitor,
		      const struct kb_message *m)
{
	bool wanted = !monitor->n_names;

	for (size_t i = 0; i < monitor->n_names && !wanted; i++)
		wanted = is_party(m, monitor->names[i]);
	if (!wanted || !monitor->n_rules)
		return wanted;
	for (size_t i = 0; i < monitor->n_rules; i++)
		if (kb_match_rule_test(monitor->rules[i], m) > 0)
			return true;
	return false;
}

/* text */

static void print_key(const char *key, const char *value)
{
	if (!value)
		return;
	printf(" %s=", key);
	ctl_print_text(value, stdout);
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
	printf("%s.%06u ", text,
	       (unsigned int)(m->meta.timestamp->realtime_ns %
			      KB_NSEC_PER_SEC / 1000));
}

static void print_party(const struct kb_message *m)
{
	printf("  ");
	if (m->meta.pids)
		printf("pid=%" PRIu64 " ", (uint64_t)m->meta.pids->pid);
	if (m->meta.creds)
		printf("uid=%" PRIu64 " ", (uint64_t)m->meta.creds->euid);
	if (m->meta.pid_comm) {
		printf("comm=");
		ctl_print_text(m->meta.pid_comm, stdout);
	}
	putchar('\n');
}

static void print_text(const struct kb_message *m)
{
	struct kb_reader reader;

	print_time(m);
	fputs(type_names[m->type], stdout);
	print_key("sender", m->sender);
	print_key("destination", m->destination);
	print_key("path", m->path);
	print_key("interface", m->interface);
	print_key("member", m->member);
	print_key("error", m->error_name);
	printf(" cookie=%" PRIu64, m->cookie);
	if (m->reply_cookie)
		printf(" reply_cookie=%" PRIu64, m->reply_cookie);
	if (m->n_fds)
		printf(" fds=%zu", m->n_fds);
	putchar('\n');
	if (m->meta.pids || m->meta.creds || m->meta.pid_comm)
		print_party(m);

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
	if (meta->creds)
		kb_report_uint(report, "uid", meta->creds->euid);
	if (meta->pid_comm)
		kb_report_string(report, "comm", meta->pid_comm);
	if (meta->timestamp)
		kb_report_uint(report, "realtime_usec",
			       meta->timestamp->realtime_ns / 1000);
}

static int print_json(const struct ctl *ctl, const struct kb_message *m)
{
	const struct {
		const char *key, *value;
	} strings[] = {
		{ "type", type_names[m->type] },
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

static int show(struct monitor *monitor, const struct kb_message *m)
{
	int r = 0;

	if (!is_wanted(monitor, m))
		return 0;
	if (monitor->ctl->json)
		r = print_json(monitor->ctl, m);
	else
		print_text(m);
	fflush(stdout);
	monitor->n_shown++;
	return r;
}

/* the loop */

/* A notification becomes the signal or error that it stands for. */
static int show_received(struct monitor *monitor, struct kb_message *m)
{
	_cleanup_(kb_message_unrefp) struct kb_message *made = NULL;
	struct kb_notification notification;

	if (m->type != KB_NOTIFICATION)
		return show(monitor, m);
	if (kb_notify_parse(m, &notification) < 0 ||
	    kb_notify_to_message(&notification, &made) <= 0)
		return 0;
	/* borrowed: @m stays until it is shown */
	made->meta.timestamp = m->meta.timestamp;
	return show(monitor, made);
}

static bool is_done(const struct monitor *monitor)
{
	return monitor->ctl->limit &&
	       monitor->n_shown >= monitor->ctl->limit;
}

static int drain(struct monitor *monitor)
{
	uint64_t n_dropped = monitor->conn->n_dropped;
	int r = 0;

	while (!is_done(monitor) && !r) {
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;

		r = kb_conn_recv(monitor->conn, &m);
		if (r == -EAGAIN) {
			r = 0;
			break;
		}
		if (r < 0)
			return ctl_fail_errno(r, "cannot receive");
		r = show_received(monitor, m);
	}
	if (monitor->conn->n_dropped > n_dropped)
		fprintf(stderr, "kdbusctl: %" PRIu64 " messages came too fast and are lost\n",
			monitor->conn->n_dropped - n_dropped);
	return r;
}

static int watch(struct monitor *monitor)
{
	uint64_t end = 0, now;
	int r = 0;

	if (monitor->ctl->timeout_ns)
		end = kb_now_ns() + monitor->ctl->timeout_ns;
	while (!is_done(monitor) && !r) {
		now = kb_now_ns();
		if (end && now >= end)
			break;
		r = kb_conn_wait(monitor->conn, end ? (int64_t)(end - now) :
						      -1);
		if (r < 0 && r != -EINTR)
			return ctl_fail_errno(r, "cannot wait");
		r = r > 0 ? drain(monitor) : 0;
	}
	return r;
}

static int parse_rules(struct monitor *monitor)
{
	const struct ctl *ctl = monitor->ctl;

	monitor->rules = calloc(ctl->n_matches + 1, sizeof(*monitor->rules));
	if (!monitor->rules)
		return ctl_fail_errno(ENOMEM, "cannot watch");
	for (; monitor->n_rules < ctl->n_matches; monitor->n_rules++)
		if (kb_match_rule_parse(ctl->matches[monitor->n_rules],
					&monitor->rules[monitor->n_rules]) < 0)
			return ctl_fail_errno(ENOMEM, "cannot watch");
	return 0;
}

int ctl_monitor(struct ctl *ctl, int argc, char **argv)
{
	const uint64_t attach = KDBUS_ATTACH_TIMESTAMP | KDBUS_ATTACH_NAMES |
				KDBUS_ATTACH_PIDS | KDBUS_ATTACH_CREDS |
				KDBUS_ATTACH_PID_COMM;
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	struct monitor monitor = {
		.ctl = ctl,
		.names = argv,
		.n_names = argc,
	};
	int r = 0;

	for (int i = 0; i < argc && !r; i++)
		r = ctl_check_name(ctl, argv[i]);
	if (!r)
		r = ctl_connect(ctl, KDBUS_HELLO_MONITOR, attach, &conn);
	if (r)
		return r;

	monitor.conn = conn;
	r = parse_rules(&monitor);
	if (!r && !ctl->json)
		fprintf(stderr, "watching %s\n", ctl->address ?: "the system's bus");
	if (!r)
		r = watch(&monitor);
	for (size_t i = 0; i < monitor.n_rules; i++)
		kb_match_rule_free(monitor.rules[i]);
	free(monitor.rules);
	return r;
}
