// SPDX-License-Identifier: LGPL-2.1-or-later
/* Write programs down, and read them. */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/build.h"
#include "tests/fuzz/text.h"

static const char *const refs[N_REFS] = {
	[REF_ID] = "id",     [REF_FROM] = "from", [REF_COOKIE] = "cookie", [REF_SLICE] = "slice",
	[REF_POOL] = "pool", [REF_SOON] = "soon", [REF_MEMORY] = "memory", [REF_FD] = "fd",
	[REF_FILE] = "file", [REF_MAP] = "map",	  [REF_PID] = "pid",
};

static const char *const places[N_PLACES] = {
	[PLACE_GOOD] = "good",	   [PLACE_ODD] = "odd",	    [PLACE_EDGE] = "edge",     [PLACE_CUT] = "cut",
	[PLACE_STALL] = "stall",   [PLACE_CONST] = "const", [PLACE_SHARED] = "shared", [PLACE_POOL] = "pool",
	[PLACE_COMPAT] = "compat", [PLACE_NONE] = "none",
};

static int find(const char *const *words, unsigned n, const char *word, size_t size)
{
	for (unsigned i = 0; i < n; i++)
		if (strlen(words[i]) == size && memcmp(words[i], word, size) == 0)
			return i;
	return -1;
}

/* printing */

static void print_value(FILE *to, enum kind kind, __u64 value)
{
	if (kind == KIND_TEXT && value < n_texts)
		fputs(texts[value].label, to);
	else if (REF_IS(value))
		fprintf(to, "%s:%llu", refs[REF_CLASS(value)], REF_N(value));
	else
		fprintf(to, value < 10000 ? "%llu" : "%#llx", value);
}

static void print_fields(FILE *to, const struct field *fields, const __u64 *args)
{
	for (unsigned i = 0; fields[i].name; i++) {
		if (!args[i] && fields[i].kind != KIND_TEXT)
			continue;
		fprintf(to, " %s=", fields[i].name);
		print_value(to, fields[i].kind, args[i]);
	}
}

static void print_op(FILE *to, const struct op *op)
{
	fprintf(to, "%u %s", op->actor, operations[op->rule].name);
	print_fields(to, operations[op->rule].fields, op->args);
	if (op->place)
		fprintf(to, " place=%s", places[op->place]);
	if (op->msg_place)
		fprintf(to, " msg_place=%s", places[op->msg_place]);
	if (op->trim)
		fprintf(to, " trim=%d", op->trim);
	if (op->fail)
		fprintf(to, " fail=%u", op->fail);
	for (unsigned i = 0; i < op->n_items; i++) {
		fprintf(to, " +%s", items[op->items[i].rule].name);
		print_fields(to, items[op->items[i].rule].fields, op->items[i].args);
		if (op->items[i].trim)
			fprintf(to, " trim=%d", op->items[i].trim);
	}
	fputc('\n', to);
}

void text_print(FILE *to, const struct program *program)
{
	if (program->processes)
		fputs("processes\n", to);
	for (unsigned i = 0; i < program->n_ops; i++)
		print_op(to, &program->ops[i]);
}

/* parsing */

static const char *parse_value(const char *text, enum kind kind, __u64 *out_value)
{
	const char *colon = strchr(text, ':');
	char *end;
	int class;

	if (kind == KIND_TEXT)
		for (unsigned i = 0; i < n_texts; i++)
			if (strcmp(texts[i].label, text) == 0) {
				*out_value = i;
				return NULL;
			}
	if (colon) {
		class = find(refs, N_REFS, text, colon - text);
		if (class < 0)
			return "no such reference";
		*out_value = REF(class, strtoull(colon + 1, &end, 0) & 0xffff);
	} else {
		*out_value = strtoull(text, &end, 0);
	}
	return *end || end == text ? "a value that is no number" : NULL;
}

/* what any operation or item may have */
static const char *parse_common(const char *name, const char *value, struct op *op, struct item *item)
{
	int place;

	if (strcmp(name, "trim") == 0) {
		*(item ? &item->trim : &op->trim) = atoi(value);
		return NULL;
	}
	if (strcmp(name, "fail") == 0 && !item) {
		op->fail = atoi(value);
		return NULL;
	}
	place = find(places, N_PLACES, value, strlen(value));
	if (place < 0 || item)
		return "no such argument";
	if (strcmp(name, "place") == 0)
		op->place = place;
	else if (strcmp(name, "msg_place") == 0)
		op->msg_place = place;
	else
		return "no such argument";
	return NULL;
}

static const char *parse_argument(char *word, struct op *op, struct item *item)
{
	const struct field *fields = item ? items[item->rule].fields : operations[op->rule].fields;
	char *value = strchr(word, '=');

	if (!value)
		return "no value";
	*value++ = 0;
	for (unsigned i = 0; fields[i].name; i++)
		if (strcmp(fields[i].name, word) == 0)
			return parse_value(value, fields[i].kind, item ? &item->args[i] : &op->args[i]);
	return parse_common(word, value, op, item);
}

static const char *parse_item(const char *name, struct op *op)
{
	int rule = item_find(name);

	if (rule < 0)
		return "no such item";
	if (op->n_items == N_ITEMS)
		return "too many items";
	op->items[op->n_items++] = (struct item){ .rule = rule };
	return NULL;
}

static const char *parse_op(char *line, struct op *op)
{
	char *rest, *word = strtok_r(line, " \t", &rest);
	const char *why = NULL;
	int rule;

	memset(op, 0, sizeof(*op));
	op->actor = atoi(word);
	if (op->actor >= N_ACTORS)
		return "no such actor";
	word = strtok_r(NULL, " \t", &rest);
	rule = word ? operation_find(word) : -1;
	if (rule < 0)
		return "no such operation";
	op->rule = rule;
	while (!why && (word = strtok_r(NULL, " \t", &rest))) {
		if (*word == '+')
			why = parse_item(word + 1, op);
		else
			why = parse_argument(word, op, op->n_items ? &op->items[op->n_items - 1] : NULL);
	}
	return why;
}

unsigned text_parse(const char *text, struct program *program, const char **out_why)
{
	char line[2048];
	size_t size;

	memset(program, 0, sizeof(*program));
	for (unsigned n = 1; *text; n++) {
		size = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)size, text);
		text += size + !!text[size];
		line[strcspn(line, "#")] = 0;
		if (strspn(line, " \t") == strlen(line))
			continue;
		if (strcmp(line, "processes") == 0) {
			program->processes = 1;
			continue;
		}
		*out_why = program->n_ops < N_OPS ? parse_op(line, &program->ops[program->n_ops++]) :
						    "too many operations";
		if (*out_why)
			return n;
	}
	return 0;
}

int text_read(const char *path, struct program *program)
{
	static char text[65536];
	FILE *file = fopen(path, "re");
	const char *why = "it is not there";
	unsigned line;
	size_t n;

	if (!file) {
		fprintf(stderr, "%s: %m\n", path);
		return -1;
	}
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;
	line = text_parse(text, program, &why);
	if (line)
		fprintf(stderr, "%s:%u: %s\n", path, line, why);
	return line;
}

static void add_file(char ***files, unsigned *n, const char *path, const char *name)
{
	*files = realloc(*files, (*n + 1) * sizeof(**files));
	if (asprintf(&(*files)[*n], *name ? "%s/%s" : "%s", path, name) > 0)
		(*n)++;
}

static int with_ending(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return size > 4 && strcmp(entry->d_name + size - 4, ".txt") == 0;
}

char **text_files(char **paths, unsigned *out_n)
{
	struct dirent **entries;
	char **files = NULL;
	int n;

	*out_n = 0;
	for (; *paths; paths++) {
		n = scandir(*paths, &entries, with_ending, alphasort);
		if (n < 0)
			add_file(&files, out_n, *paths, "");
		for (int i = 0; i < n; i++)
			add_file(&files, out_n, *paths, entries[i]->d_name);
	}
	return files;
}
