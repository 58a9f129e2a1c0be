/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log lines of the programs; the library itself says nothing above debug.
 *
 * If standard error is connected to the journal the lines go there with their
 * fields, else to standard error, with <N> in front when it is not a terminal.
 */
#ifndef KB_LOG_H
#define KB_LOG_H

#include <syslog.h>

#include "lib/util.h"

/* Names the program in its lines; call it once, first. Borrowed for ever. */
void kb_log_open(const char *program);

/* Lines less important than @level (LOG_*) are dropped; LOG_INFO at first. */
void kb_log_set_level(int level);

/* One line. @level is LOG_ERR, LOG_WARNING, …; no newline in @format. */
void kb_log(int level, const char *format, ...) _printf_(2, 3);

/* The same with ": text of the errno" behind it. Returns -abs(@r). */
int kb_log_errno(int level, int r, const char *format, ...) _printf_(3, 4);

/**
 * kb_log_fields() - a line with structured fields for the journal
 * @level:	LOG_*
 * @fields:	"KEY=value" strings, ended by NULL
 * @format:	the MESSAGE
 */
void kb_log_fields(int level, const char *const *fields, const char *format,
		   ...) _printf_(3, 4);

#endif /* KB_LOG_H */
