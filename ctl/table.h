/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text in columns.
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "lib/util.h"

/**
 * struct table - rows of cells, printed when all widths are known
 * @n_columns:	cells of a row
 * @right:	a bit for each column that is aligned to the right
 * @cells:	of char *, row after row; owned
 * @error:	set when memory ran out
 */
struct table {
	size_t n_columns;
	uint64_t right;
	struct kb_buffer cells;
	bool error;
};

/* The next cell, copied; NULL or "" is shown as "-". */
void table_add(struct table *table, const char *text);
void table_addf(struct table *table, const char *format, ...)
	_printf_(2, 3);
/* Prints all rows, the first as a title: 0 or -ENOMEM. */
int table_print(const struct table *table, FILE *file);
void table_deinit(struct table *table);

#endif /* CTL_TABLE_H */
