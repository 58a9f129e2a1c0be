// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads a file as JSON: a list of objects, each with the keys that are given.
 * Prints results without numbers, as tests/system/util.sh takes them.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct json_object *list, *ignored;
	struct json_tokener *tokener;
	size_t n, n_with;
	long size;
	char *text;
	FILE *f;

	f = argc > 1 ? fopen(argv[1], "r") : NULL;
	if (!f)
		return 2;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	text = calloc(1, size + 1);
	if (!text || fread(text, 1, size, f) != (size_t)size)
		return 2;

	/* strict, and with nothing behind it but white space */
	tokener = json_tokener_new();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	list = json_tokener_parse_ex(tokener, text, size);
	printf("%s - it is JSON\n", list ? "ok" : "not ok");
	if (!json_object_is_type(list, json_type_array)) {
		printf("not ok - it is a list\n");
		return 0;
	}
	n = json_object_array_length(list);
	printf("%s - it is a list of %zu\n", n ? "ok" : "not ok", n);

	for (int i = 2; i < argc; i++) {
		n_with = 0;
		for (size_t k = 0; k < n; k++)
			n_with += json_object_object_get_ex(json_object_array_get_idx(list, k),
							    argv[i], &ignored);
		printf("%s - %zu of them have the key %s\n", n_with == n ? "ok" : "not ok", n_with, argv[i]);
	}
	json_object_put(list);
	json_tokener_free(tokener);
	free(text);
	fclose(f);
	return 0;
}
