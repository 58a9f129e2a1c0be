// SPDX-License-Identifier: LGPL-2.1-or-later
/* What outlives the guest. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/session.h"
#include "tests/fuzz/log.h"
#include "tests/fuzz/text.h"
#include "tests/fuzz/world-private.h"

#define N_TEXT 16384 /* bytes of a program */
#define N_RECORD (1 << 20)

/* the guest's side */

static int port = -1, kmsg = -1;

void log_init(const char *path)
{
	if (path)
		port = world_keep(open(path, O_WRONLY | O_CLOEXEC));
	kmsg = world_keep(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
}

/* in one piece, so that those of several workers do not mix */
static void write_all(const char *text, size_t size)
{
	if (port >= 0 && write(port, text, size) != (ssize_t)size)
		perror("port");
}

void log_program(const char *what, unsigned n, const struct program *program)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to;

	if (port < 0)
		return;
	to = open_memstream(&text, &size);
	fprintf(to, "= %s %u\n", what, n);
	text_print(to, program);
	fprintf(to, "= end\n");
	fclose(to);
	write_all(text, size);
	free(text);
}

void log_line(const char *format, ...)
{
	static char text[N_TEXT];
	static size_t size;
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* a record in pieces, as large as goes in one */
	memcpy(text + size, line, n);
	size += n;
	if (size < sizeof(text) - sizeof(line) && *line != '=')
		return;
	write_all(text, size);
	size = 0;
}

/* the same as in tests/guest, which reads all of the log at the end */
static const char *const reports[] = {
	"BUG:",
	"BUG ",
	"WARNING:",
	"KASAN:",
	"KCSAN:",
	"UBSAN:",
	"ODEBUG:",
	"Oops",
	"general protection fault",
	"possible recursive",
	"possible circular",
	"possible irq",
	"inconsistent lock state",
	"suspicious RCU",
	"bad unlock balance",
	"lock held when returning",
	"new suspected memory leaks",
	"refcount_t:",
	"list_add corruption",
	"list_del corruption",
	"blocked for more than",
	"rcu: INFO:",
	"Kernel panic",
};

bool log_kernel_reports(char *line, size_t size)
{
	char text[2048];
	ssize_t n;

	while (kmsg >= 0 && ((n = read(kmsg, text, sizeof(text) - 1)) > 0 || errno == EPIPE)) {
		if (n <= 0)
			continue;
		text[n] = 0;
		for (unsigned i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
			if (strstr(text, reports[i])) {
				snprintf(line, size, "%.*s", (int)strcspn(strchr(text, ';') ?: text, "\n"),
					 strchr(text, ';') ?: text);
				return true;
			}
	}
	return false;
}

/* the host's side */

static char last[N_WORKERS][N_LAST][N_TEXT];
static unsigned n_last[N_WORKERS];
static char record[N_RECORD], head[64];
static size_t record_size;

static void save(const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file) < 0)
		perror(path);
}

static void drop(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static void save_kept(const char *into)
{
	char dir[300], name[64];
	struct program program;
	const char *why;

	if (text_parse(record, &program, &why))
		return;
	snprintf(dir, sizeof(dir), "%s/keep", into);
	snprintf(name, sizeof(name), "%016llx.txt", program_hash(&program));
	save(dir, name, record);
}

static void end_record(const char *into)
{
	char what[16] = "";
	unsigned n = 0;

	sscanf(head, "= %15s %u", what, &n);
	if (strcmp(what, "run") == 0 && n < N_WORKERS)
		snprintf(last[n][n_last[n]++ % N_LAST], N_TEXT, "%s", record);
	else if (strcmp(what, "keep") == 0)
		save_kept(into);
	else if (strcmp(what, "try") == 0)
		save(into, "try.txt", record);
	else if (strcmp(what, "best") == 0)
		save(into, "best.txt", record);
	else if (strcmp(what, "silent") == 0)
		save(into, "silent", record);
	else if (strcmp(what, "reached") == 0)
		save(into, "reached", record);
}

static void save_last(const char *into)
{
	char dir[300], name[64];

	snprintf(dir, sizeof(dir), "%s/last", into);
	for (unsigned i = 0; i < N_WORKERS; i++)
		for (unsigned k = 0; k < N_LAST && k < n_last[i]; k++) {
			snprintf(name, sizeof(name), "%u-%02u.txt", i, k);
			save(dir, name, last[i][(n_last[i] - 1 - k) % N_LAST]);
		}
}

int log_collect(const char *path, const char *into)
{
	FILE *from = fopen(path, "re");
	bool finished = false;
	char line[2048];
	size_t n;

	if (!from)
		return -errno;
	mkdir(into, 0755);
	while (fgets(line, sizeof(line), from)) {
		if (strcmp(line, "= done\n") == 0) {
			finished = true;
		} else if (strcmp(line, "= again\n") == 0) {
			drop(into, "try.txt");
		} else if (strcmp(line, "= end\n") == 0) {
			end_record(into);
		} else if (strncmp(line, "= say ", 6) == 0) {
			fputs(line + 6, stdout);
			fflush(stdout);
		} else if (line[0] == '=') {
			snprintf(head, sizeof(head), "%.60s", line);
			record_size = 0;
			record[0] = 0;
		} else if (record_size + (n = strlen(line)) < sizeof(record)) {
			strcpy(record + record_size, line);
			record_size += n;
		}
	}
	fclose(from);
	if (!finished)
		save_last(into);
	return finished ? 0 : 1;
}
