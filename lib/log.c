// SPDX-License-Identifier: LGPL-2.1-or-later
/* Log lines of the programs: to the journal if it listens, else to stderr. */
#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "lib/log.h"

#define LINE_MAX_BYTES	2048
#define FIELDS_MAX	24

static const char *log_program;
static int log_level = LOG_INFO;

void kb_log_open(const char *program)
{
	log_program = program;
}

void kb_log_set_level(int level)
{
	log_level = level;
}

/* $JOURNAL_STREAM names the device and inode of the journal's end; only if
 * that still is our stderr do fields get through. */
static bool stderr_is_journal(void)
{
	static int answer = -1;
	const char *stream;
	char text[64];
	struct stat st;

	if (answer >= 0)
		return answer;

	stream = getenv("JOURNAL_STREAM");
	answer = 0;
	if (stream && fstat(STDERR_FILENO, &st) == 0) {
		snprintf(text, sizeof(text), "%llu:%llu",
			 (unsigned long long)st.st_dev,
			 (unsigned long long)st.st_ino);
		answer = kb_streq(text, stream);
	}
	return answer;
}

static void log_to_stderr(int level, const char *line)
{
	char text[LINE_MAX_BYTES + 64];
	int n;

	if (isatty(STDERR_FILENO))
		n = snprintf(text, sizeof(text), "%s%s%s\n",
			     log_program ?: "", log_program ? ": " : "", line);
	else
		n = snprintf(text, sizeof(text), "<%d>%s\n", level, line);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	/* one write, so that lines of several processes do not mix */
	if (write(STDERR_FILENO, text, n) < 0)
		return;
}

static int log_to_journal(int level, const char *const *fields,
			  const char *line)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	char priority[32];
	struct iovec iov[FIELDS_MAX + 3];
	int n = 0;

	if (kb_buffer_printf(&text, "MESSAGE=%s", line) < 0)
		return -ENOMEM;
	snprintf(priority, sizeof(priority), "PRIORITY=%d", level);

	iov[n++] = (struct iovec){ text.data, text.size };
	iov[n++] = (struct iovec){ priority, strlen(priority) };
	for (; fields && *fields && n < FIELDS_MAX + 2; fields++)
		iov[n++] = (struct iovec){ (void *)*fields, strlen(*fields) };

	return sd_journal_sendv(iov, n);
}

static void log_line(int level, const char *const *fields, const char *line)
{
	if (stderr_is_journal() && log_to_journal(level, fields, line) >= 0)
		return;
	log_to_stderr(level, line);
}

void kb_log(int level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	int saved = errno;
	va_list args;

	if (level > log_level)
		return;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(level, NULL, line);
	errno = saved;
}

int kb_log_errno(int level, int r, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	size_t size = sizeof(line);
	va_list args;
	int n;

	r = abs(r);
	if (level > log_level)
		return -r;

	va_start(args, format);
	n = vsnprintf(line, size, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < size)
		snprintf(line + n, size - n, ": %s", strerror(r));
	log_line(level, NULL, line);
	return -r;
}

void kb_log_fields(int level, const char *const *fields, const char *format,
		   ...)
{
	char line[LINE_MAX_BYTES];
	int saved = errno;
	va_list args;

	if (level > log_level)
		return;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(level, fields, line);
	errno = saved;
}
