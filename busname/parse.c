// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The grammar of unit files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "busname/parse.h"
#include "lib/util.h"

#define BLANKS " \t\r"

/* warnings */

static void (*warn_print)(const char *line);

void parse_warn_set(void (*print)(const char *line))
{
	warn_print = print;
}

void parse_warn(const char *file, unsigned int line, const char *format, ...)
{
	char text[1024];
	va_list args;
	int n;

	if (line)
		n = snprintf(text, sizeof(text), "%s:%u: ", file, line);
	else
		n = snprintf(text, sizeof(text), "%s: ", file);
	if (n < (int)sizeof(text)) {
		va_start(args, format);
		vsnprintf(text + n, sizeof(text) - n, format, args);
		va_end(args);
	}
	if (warn_print)
		warn_print(text);
	else
		fprintf(stderr, "%s\n", text);
}

/* assignments */

static void assignment_deinit(struct assignment *assignment)
{
	free(assignment->section);
	free(assignment->key);
	free(assignment->value);
	free(assignment->file);
}

void assignments_deinit(struct assignments *assignments)
{
	size_t i;

	for (i = 0; i < assignments->n; i++)
		assignment_deinit(&assignments->v[i]);
	free(assignments->v);
	*assignments = (struct assignments){};
}

static int assignments_add(struct assignments *assignments, const char *section, const char *key,
			   const char *value, const char *file, unsigned int line)
{
	struct assignment new = {
		.section = strdup(section),
		.key = strdup(key),
		.value = strdup(value),
		.file = strdup(file),
		.line = line,
	};
	struct assignment *v = NULL;

	if (new.section && new.key && new.value && new.file)
		v = reallocarray(assignments->v, assignments->n + 1, sizeof(*v));
	if (!v) {
		assignment_deinit(&new);
		return -ENOMEM;
	}
	assignments->v = v;
	v[assignments->n++] = new;
	return 0;
}

/* lines */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * Cut blanks off both ends, in place.  A backslash at the end keeps one behind it:
 * without, whoever reads the value in another file would join it with a line that
 * follows there.
 */
static char *strip(char *s)
{
	size_t n, end;

	s += strspn(s, BLANKS);
	end = n = strlen(s);
	while (n && is_blank(s[n - 1]))
		n--;
	if (n && n < end && s[n - 1] == '\\')
		n++;
	s[n] = '\0';
	return s;
}

/**
 * struct parser - where in a file we are
 * @section:	the present one; NULL inside a header that was broken
 * @line:	what continued lines have made so far
 * @number:	of the last line read
 * @first:	of the first line in @line
 * @open:	the last line ended with a backslash
 * @bad:	the line has been warned about, the rest of it is skipped
 */
struct parser {
	struct assignments *out;
	const char *file;
	char *section;
	struct kb_buffer line;
	unsigned int number;
	unsigned int first;
	bool open;
	bool bad;
};

static int parser_section(struct parser *parser, char *text)
{
	size_t n = strlen(text);

	free(TAKE_PTR(parser->section));
	if (n < 3 || text[n - 1] != ']') {
		parse_warn(parser->file, parser->first, "bad section header, section ignored");
		return 0;
	}
	text[n - 1] = '\0';
	parser->section = strdup(text + 1);
	return parser->section ? 0 : -ENOMEM;
}

/* A complete line, with what continued it. */
static int parser_statement(struct parser *parser, char *text)
{
	char *equals;

	text = strip(text);
	if (*text == '[')
		return parser_section(parser, text);
	if (!parser->section)
		return 0;
	equals = strchr(text, '=');
	if (!equals || equals == text) {
		parse_warn(parser->file, parser->first, "no assignment, line ignored");
		return 0;
	}
	*equals = '\0';
	if (!*parser->section) {
		parse_warn(parser->file, parser->first, "assignment outside of a section, line ignored");
		return 0;
	}
	return assignments_add(parser->out, parser->section, strip(text), strip(equals + 1),
			       parser->file, parser->first);
}

static int parser_flush(struct parser *parser)
{
	int r = 0;

	if (!parser->bad && parser->line.size) {
		r = kb_buffer_append(&parser->line, "", 1);
		if (r >= 0)
			r = parser_statement(parser, (char *)parser->line.data);
	}
	parser->line.size = 0;
	parser->open = false;
	parser->bad = false;
	return r;
}

static void parser_refuse(struct parser *parser, const char *why)
{
	if (!parser->bad)
		parse_warn(parser->file, parser->first, "%s, line ignored", why);
	parser->bad = true;
}

/* One line of the file, not terminated. */
static int parser_line(struct parser *parser, const char *text, size_t n)
{
	bool open;
	int r;

	parser->number++;
	while (n && is_blank(*text))
		text++, n--;
	/* Comments may stand between continued lines and do not end them. */
	if (n && (*text == '#' || *text == ';'))
		return 0;
	if (!parser->open)
		parser->first = parser->number;
	while (n && text[n - 1] == '\r')
		n--;

	if (!kb_utf8_is_valid(text, n))
		parser_refuse(parser, memchr(text, 0, n) ? "NUL byte" : "not UTF-8");
	open = n && text[n - 1] == '\\';
	if (open)
		n--;
	if (parser->line.size + n + 2 > PARSE_LINE_MAX)
		parser_refuse(parser, "too long");
	r = 0;
	if (!parser->bad) {
		r = kb_buffer_append(&parser->line, text, n);
		if (r >= 0 && open)
			r = kb_buffer_append(&parser->line, " ", 1);
	}
	parser->open = open;
	return r < 0 || open ? r : parser_flush(parser);
}

static int parse_text(struct assignments *assignments, const char *name, const char *text,
		      size_t size)
{
	struct parser parser = { .out = assignments, .file = name, .section = strdup("") };
	const char *end = text + size, *newline;
	int r = parser.section ? 0 : -ENOMEM;

	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (r >= 0 && text < end) {
		newline = memchr(text, '\n', end - text);
		r = parser_line(&parser, text, (newline ?: end) - text);
		text = newline ? newline + 1 : end;
	}
	if (r >= 0)
		r = parser_flush(&parser);
	free(parser.section);
	kb_buffer_deinit(&parser.line);
	return r;
}

/* files */

int parse_file(struct assignments *assignments, const char *path, const char *name)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	_cleanup_(kb_closep) int fd = -1;
	struct stat st;
	int r = 0;

	/* A pipe in place of a file must not hold up the boot. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		r = -ENXIO;
	else
		r = kb_buffer_read(&text, fd, PARSE_FILE_MAX);
	if (r < 0) {
		parse_warn(name, 0, "cannot be read: %s",
			   r == -ENXIO ? "Not a regular file" : strerror(-r));
		return r;
	}
	return parse_text(assignments, name, (const char *)text.data, text.size);
}

/* values */

int parse_time(const char *value, unsigned long long *out_ns)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {
		{ "", 1 }, { "s", 1 }, { "sec", 1 }, { "second", 1 }, { "seconds", 1 },
		{ "ms", 1e-3 }, { "msec", 1e-3 }, { "us", 1e-6 }, { "usec", 1e-6 },
		{ "m", 60 }, { "min", 60 }, { "minute", 60 }, { "minutes", 60 },
		{ "h", 3600 }, { "hr", 3600 }, { "hour", 3600 }, { "hours", 3600 },
		{ "d", 86400 }, { "day", 86400 }, { "days", 86400 },
	};
	double sum = 0;

	value += strspn(value, BLANKS);
	if (!*value)
		return -EINVAL;
	while (*value) {
		double number;
		size_t n, i;
		char *end;

		/* strtod() knows more than we want: signs, hex, exponents, "inf". */
		number = strtod(value, &end);
		if (end == value || end != value + strspn(value, "0123456789."))
			return -EINVAL;
		value = end + strspn(end, BLANKS);
		n = strspn(value, "abcdefghijklmnopqrstuvwxyz");
		for (i = 0; i < KB_ARRAY_SIZE(units); i++)
			if (strlen(units[i].name) == n && !memcmp(units[i].name, value, n))
				break;
		if (i == KB_ARRAY_SIZE(units))
			return -EINVAL;
		sum += number * units[i].seconds;
		value += n;
		value += strspn(value, BLANKS);
	}
	if (!(sum < 1e9))
		return -EINVAL;
	*out_ns = sum * KB_NSEC_PER_SEC;
	return 0;
}
