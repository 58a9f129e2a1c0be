// SPDX-License-Identifier: LGPL-2.1-or-later
/* A terminal taken over for a while. */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/terminal.h"
#include "lib/util.h"

/* xterm's words, which every terminal of today knows */
#define OTHER_SCREEN	"\033[?1049h\033[?25l\033[H\033[2J"
#define FIRST_SCREEN	"\033[0m\033[?25h\033[?1049l"
#define TO_CORNER	"\033[H"
#define CLEAR_LINE	"\033[K"
#define CLEAR_BELOW	"\033[J"

static struct termios before;
static bool entered;

/* what standard error was, and what it is meanwhile */
static int error_before = -1;
static int error_kept = -1;

bool terminal_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void keep_errors(void)
{
	fflush(stderr);
	error_kept = memfd_create("errors", MFD_CLOEXEC);
	error_before = error_kept < 0 ? -1 : dup(STDERR_FILENO);
	if (error_before >= 0)
		dup2(error_kept, STDERR_FILENO);
}

static void tell_errors(void)
{
	char text[1024];
	ssize_t n;

	fflush(stderr);
	if (error_before >= 0) {
		dup2(error_before, STDERR_FILENO);
		lseek(error_kept, 0, SEEK_SET);
		while ((n = read(error_kept, text, sizeof(text))) > 0)
			fwrite(text, 1, n, stderr);
	}
	error_before = kb_close(error_before);
	error_kept = kb_close(error_kept);
}

int terminal_enter(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -errno;
	raw = before;
	raw.c_lflag &= ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return -errno;
	keep_errors();
	fputs(OTHER_SCREEN, stdout);
	fflush(stdout);
	entered = true;
	return 0;
}

void terminal_leave(void)
{
	if (!entered)
		return;
	entered = false;
	fputs(FIRST_SCREEN, stdout);
	fflush(stdout);
	/* with what was typed and not read */
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	tell_errors();
}

void terminal_size(unsigned int *out_columns, unsigned int *out_lines)
{
	struct winsize size;

	*out_columns = 80;
	*out_lines = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	if (size.ws_col)
		*out_columns = size.ws_col;
	if (size.ws_row)
		*out_lines = size.ws_row;
}

void terminal_show(const char *text)
{
	unsigned int columns, lines;

	terminal_size(&columns, &lines);
	fputs(TO_CORNER, stdout);
	terminal_clip(text, columns, lines, CLEAR_LINE, stdout);
	fputs(CLEAR_BELOW, stdout);
	fflush(stdout);
}

/* The bytes of an escape sequence at @s, 0 if there is none. */
static size_t escape_length(const char *s)
{
	size_t n = 2;

	if (s[0] != '\033' || s[1] != '[')
		return 0;
	while (s[n] && !(s[n] >= '@' && s[n] <= '~'))
		n++;
	return s[n] ? n + 1 : n;
}

void terminal_clip(const char *text, unsigned int columns, unsigned int lines,
		   const char *end, FILE *file)
{
	unsigned int column = 0, line = 0;

	while (*text && line < lines) {
		size_t escape = escape_length(text);

		if (*text == '\n') {
			fputs(end, file);
			/* the last one must not scroll */
			if (++line < lines)
				fputc('\n', file);
			column = 0;
			text++;
			continue;
		}
		if (escape) {
			fwrite(text, 1, escape, file);
			text += escape;
			continue;
		}
		/* the bytes that follow the first of a character take no room */
		column += (*text & 0xc0) != 0x80;
		if (column <= columns)
			fputc(*text, file);
		text++;
	}
}
