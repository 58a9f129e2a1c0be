// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kdbusctl why-denied: the last refusals, with the rule or limit behind each.
 *
 * The proxy tells the journal, with fields (kdbus-proxy(8) lists them).
 */
#include <errno.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/screen.h"
#include "ctl/verbs.h"

#define COUNT 10

/* Refusals have one of these as KDBUS_REFUSAL. */
static const char *const kinds[] = {
	"connect", "send", "receive", "own", "limit", "disconnect", "drop",
};

/* Fields of one who was refused, any of which may be what somebody asks for. */
static const char *const parties[] = {
	"KDBUS_CLIENT", "KDBUS_CLIENT_NAME", "KDBUS_CLIENT_UNIT",
	"KDBUS_CLIENT_COMM", "KDBUS_CLIENT_PID", "KDBUS_NAME",
	"KDBUS_DESTINATION", "KDBUS_SENDER",
};

/* What is printed of a refusal, in this order. */
static const struct {
	const char *field;
	const char *title;
} details[] = {
	{ "KDBUS_RULE_FILE", "rule" },
	{ "KDBUS_LIMIT", "limit" },
	{ "KDBUS_REASON", "reason" },
	{ "KDBUS_CLIENT_UNIT", "unit" },
	{ "KDBUS_PATH", "path" },
	{ "KDBUS_UNTOLD", "untold" },
	{ "KDBUS_REMEDY", "remedy" },
};

/* A field's value, freshly allocated; NULL if the entry has none. */
static char *get_field(sd_journal *journal, const char *field)
{
	const void *data;
	size_t size, skip = strlen(field) + 1;

	if (sd_journal_get_data(journal, field, &data, &size) < 0 || size < skip)
		return NULL;
	return strndup((const char *)data + skip, size - skip);
}

static int add_matches(sd_journal *journal)
{
	char text[64];
	int r = 0;

	/* matches of the same field are alternatives */
	for (size_t i = 0; i < KB_ARRAY_SIZE(kinds) && r >= 0; i++) {
		snprintf(text, sizeof(text), "KDBUS_REFUSAL=%s", kinds[i]);
		r = sd_journal_add_match(journal, text, 0);
	}
	return r;
}

static bool concerns(sd_journal *journal, const char *whom)
{
	for (size_t i = 0; whom && i < KB_ARRAY_SIZE(parties); i++) {
		_cleanup_(kb_freep) char *value = get_field(journal, parties[i]);

		if (value && kb_streq(value, whom))
			return true;
	}
	return !whom;
}

/* Goes back until @count refusals lie ahead: how many there are, or an errno. */
static int seek(sd_journal *journal, const char *whom, uint64_t count)
{
	uint64_t n = 0;
	int r;

	r = sd_journal_seek_tail(journal);
	while (r >= 0 && n < count) {
		r = sd_journal_previous(journal);
		if (r == 0) {
			/* all there are, from the first on */
			r = sd_journal_seek_head(journal);
			return r < 0 ? r : (int)n;
		}
		n += r > 0 && concerns(journal, whom);
	}
	if (r >= 0)
		/* the next step is to be on it, not behind it */
		r = sd_journal_previous(journal) ?: sd_journal_seek_head(journal);
	return r < 0 ? r : (int)n;
}

/* text */

static void print_detail(const char *title, const char *value, const char *more,
			 const char *separator)
{
	printf("    %s%-6s%s ", screen_style(SCREEN_DIM), title,
	       screen_style(SCREEN_NORMAL));
	ctl_print_text(value, stdout);
	if (more) {
		fputs(separator, stdout);
		ctl_print_text(more, stdout);
	}
	putchar('\n');
}

static void print_time(sd_journal *journal)
{
	uint64_t usec = 0;
	char text[32];
	time_t seconds;
	struct tm tm;

	sd_journal_get_realtime_usec(journal, &usec);
	seconds = usec / 1000000;
	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%F %T", &tm);
	fputs(text, stdout);
}

static void print_entry(sd_journal *journal)
{
	_cleanup_(kb_freep) char *message = get_field(journal, "MESSAGE");
	_cleanup_(kb_freep) char *line = get_field(journal, "KDBUS_RULE_LINE");
	_cleanup_(kb_freep) char *limit = get_field(journal, "KDBUS_LIMIT_VALUE");

	print_time(journal);
	printf(" %s", screen_style(SCREEN_RED));
	ctl_print_text(message, stdout);
	printf("%s\n", screen_style(SCREEN_NORMAL));
	for (size_t i = 0; i < KB_ARRAY_SIZE(details); i++) {
		const char *field = details[i].field;
		_cleanup_(kb_freep) char *value = get_field(journal, field);

		if (!value)
			continue;
		if (kb_streq(field, "KDBUS_RULE_FILE"))
			print_detail(details[i].title, value, line, ":");
		else if (kb_streq(field, "KDBUS_LIMIT"))
			print_detail(details[i].title, value, limit, " = ");
		else
			print_detail(details[i].title, value, NULL, "");
	}
}

/* json: all of our fields, in lower case and without the prefix */

static void report_field(struct kb_report *report, const char *text, size_t size)
{
	char key[64];
	const char *value = memchr(text, '=', size);
	_cleanup_(kb_freep) char *copy = NULL;
	size_t n;

	if (!value || strncmp(text, "KDBUS_", 6) || value - text >= 64)
		return;
	n = value - text - 6;
	for (size_t i = 0; i < n; i++)
		key[i] = text[6 + i] >= 'A' && text[6 + i] <= 'Z' ?
			 text[6 + i] + 'a' - 'A' : text[6 + i];
	key[n] = '\0';
	value++;
	copy = strndup(value, size - (value - text));
	kb_report_string(report, key, copy);
}

static void report_entry(struct kb_report *report, sd_journal *journal)
{
	_cleanup_(kb_freep) char *message = get_field(journal, "MESSAGE");
	const void *data;
	uint64_t usec = 0;
	size_t size;

	sd_journal_get_realtime_usec(journal, &usec);
	kb_report_open_object(report, NULL);
	kb_report_uint(report, "realtime_usec", usec);
	kb_report_string(report, "message", message);
	SD_JOURNAL_FOREACH_DATA(journal, data, size)
		report_field(report, data, size);
	kb_report_close(report);
}

/* the verb */

static int show(const struct ctl *ctl, sd_journal *journal, const char *whom)
{
	struct kb_report *report = ctl->json ? kb_report_new(true) : NULL;
	int r;

	if (ctl->json && !report)
		return ctl_fail_errno(ENOMEM, "cannot print");
	while ((r = sd_journal_next(journal)) > 0) {
		if (!concerns(journal, whom))
			continue;
		if (report)
			report_entry(report, journal);
		else
			print_entry(journal);
	}
	if (r < 0) {
		kb_report_free(report);
		return ctl_fail_errno(r, "cannot read the journal");
	}
	return report ? ctl_print_report(ctl, report) : 0;
}

/* Nothing is good news, or the wrong place to look. */
static void explain(const char *whom)
{
	printf("The journal has no refusal%s%s.\n", whom ? " that concerns " : "",
	       whom ?: "");
	puts("What the proxy refuses is told there: all that clients of the classic socket\n"
	     "may not do. Native programs get EPERM from the kernel and nobody logs it; try\n"
	     "\"kdbusctl policy check USER NAME\".");
	if (geteuid() != 0)
		puts("You see your own entries only: as root, or in the group systemd-journal, there\n"
		     "may be more.");
}

int ctl_why_denied(struct ctl *ctl, int argc, char **argv)
{
	const char *whom = argc ? argv[0] : NULL;
	uint64_t count = ctl->count ?: COUNT;
	sd_journal *journal = NULL;
	int r;

	if (whom && !*whom)
		return ctl_fail_usage(ctl, "\"\" is nobody");
	r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY |
				      (ctl->user ? SD_JOURNAL_CURRENT_USER : 0));
	if (r >= 0)
		r = add_matches(journal);
	if (r >= 0)
		r = seek(journal, whom, count);
	if (r < 0)
		r = ctl_fail_errno(r, "cannot read the journal");
	else if (r > 0 || ctl->json)
		r = show(ctl, journal, whom);
	else
		explain(whom);
	sd_journal_close(journal);
	return r;
}
