// SPDX-License-Identifier: LGPL-2.1-or-later
/* Text in columns. */
#include <errno.h>
#include <stdarg.h>

#include "ctl/ctl.h"
#include "ctl/screen.h"
#include "ctl/table.h"

static void add_owned(struct table *table, char *text)
{
	if (!text || kb_buffer_append(&table->cells, &text, sizeof(text)) < 0) {
		table->error = true;
		free(text);
	}
}

void table_add(struct table *table, const char *text)
{
	char *safe = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&safe, &size);

	if (file) {
		ctl_print_text(text && *text ? text : NULL, file);
		fclose(file);
	}
	add_owned(table, safe);
}

void table_addf(struct table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	add_owned(table, text);
}

/* Characters, not bytes. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* With a blank behind it, but in the last column. */
static void print_cell(const struct table *table, size_t column,
		       const char *text, size_t wide, FILE *file)
{
	bool is_last = column == table->n_columns - 1;
	int fill = wide - width(text);

	if (table->right >> column & 1)
		fprintf(file, "%*s%s", fill, "", text);
	else
		fprintf(file, "%s%*s", text, is_last ? 0 : fill, "");
	if (!is_last)
		fputc(' ', file);
}

int table_print(const struct table *table, FILE *file)
{
	char **cells = (char **)table->cells.data;
	size_t n = table->cells.size / sizeof(*cells);
	_cleanup_(kb_freep) size_t *widths = NULL;

	widths = calloc(table->n_columns, sizeof(*widths));
	if (table->error || !widths)
		return -ENOMEM;

	for (size_t i = 0; i < n; i++)
		if (widths[i % table->n_columns] < width(cells[i]))
			widths[i % table->n_columns] = width(cells[i]);
	for (size_t i = 0; i < n; i++) {
		size_t column = i % table->n_columns;

		if (!i)
			fputs(screen_style(SCREEN_TITLE), file);
		print_cell(table, column, cells[i], widths[column], file);
		if (column < table->n_columns - 1)
			continue;
		if (i < table->n_columns)
			fputs(screen_style(SCREEN_NORMAL), file);
		fputc('\n', file);
	}
	return 0;
}

void table_deinit(struct table *table)
{
	char **cells = (char **)table->cells.data;

	for (size_t i = 0; i < table->cells.size / sizeof(*cells); i++)
		free(cells[i]);
	kb_buffer_deinit(&table->cells);
}
