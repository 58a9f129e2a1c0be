// SPDX-License-Identifier: LGPL-2.1-or-later
/* Log lines of the programs: to the journal if it listens, else to stderr. */
#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"

#define LINE_MAX_BYTES	2048

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

/* "KEY=value\n", or with the length of the value where that has newlines. */
static int append_field(struct kb_buffer *text, const char *field)
{
	const char *value = strchr(field, '=');
	uint64_t size;
	uint8_t length[8];
	int r;

	if (!value)
		return 0;
	value++;
	if (!strchr(value, '\n')) {
		r = kb_buffer_append_string(text, field);
		return r < 0 ? r : kb_buffer_append_string(text, "\n");
	}

	size = strlen(value);
	for (int i = 0; i < 8; i++)
		length[i] = size >> 8 * i;
	r = kb_buffer_append(text, field, value - field - 1);
	if (r >= 0)
		r = kb_buffer_append_string(text, "\n");
	if (r >= 0)
		r = kb_buffer_append(text, length, sizeof(length));
	if (r >= 0)
		r = kb_buffer_append_string(text, value);
	return r < 0 ? r : kb_buffer_append_string(text, "\n");
}

/* The journal's own datagrams, so that a process of a few pages need not load
 * a library for a line of text. A journal that does not read them must not stop
 * a bus: lines it has no room for are counted, and told with the next one. */
static int log_to_journal(int level, const char *const *fields,
			  const char *line)
{
	static unsigned int n_lost;
	static const struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket",
	};
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	_cleanup_(kb_closep) int fd = -1;
	char message[LINE_MAX_BYTES + 16];
	int r;

	snprintf(message, sizeof(message), "MESSAGE=%s", line);
	r = append_field(&text, message);
	if (r >= 0)
		r = kb_buffer_printf(&text, "PRIORITY=%d\n", level);
	if (r >= 0 && log_program)
		r = kb_buffer_printf(&text, "SYSLOG_IDENTIFIER=%s\n",
				     log_program);
	if (r >= 0 && n_lost)
		r = kb_buffer_printf(&text, "KDBUS_LINES_LOST=%u\n", n_lost);
	for (; r >= 0 && fields && *fields; fields++)
		r = append_field(&text, *fields);
	if (r < 0)
		return r;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, text.data, text.size, MSG_NOSIGNAL | MSG_DONTWAIT,
		   (const struct sockaddr *)&address, sizeof(address)) >= 0)
		n_lost = 0;
	else if (errno == EAGAIN)
		n_lost++;
	else
		return -errno;
	return 0;
}

static void log_line(int level, const char *const *fields, const char *line)
{
	if (stderr_is_journal() && log_to_journal(level, fields, line) >= 0)
		return;
	log_to_stderr(level, line);
}

static void log_format(int level, const char *const *fields, const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];
	int saved = errno;

	if (level > log_level)
		return;
	vsnprintf(line, sizeof(line), format, args);
	log_line(level, fields, line);
	errno = saved;
}

void kb_log(int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_format(level, NULL, format, args);
	va_end(args);
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
	va_list args;

	va_start(args, format);
	log_format(level, fields, format, args);
	va_end(args);
}
