// SPDX-License-Identifier: LGPL-2.1-or-later
/* Results for programs to read. */
#include "lib/report.h"
#include "tests/unit/lib/util.h"

static char *print(struct kb_report *report)
{
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);
	int r = kb_report_print(report, file, false);

	fclose(file);
	kb_report_free(report);
	if (r < 0) {
		free(text);
		return NULL;
	}
	text[n - 1] = 0;
	return text;
}

Test(report, objects_and_arrays_nest)
{
	struct kb_report *report = kb_report_new(false);
	char *text;

	kb_report_string(report, "s", "a\"b");
	kb_report_string(report, "none", NULL);
	kb_report_open_array(report, "list");
	kb_report_int(report, NULL, -1);
	kb_report_uint(report, NULL, UINT64_MAX);
	kb_report_open_object(report, NULL);
	kb_report_bool(report, "b", true);
	kb_report_close(report);
	kb_report_close(report);
	text = print(report);
	cr_expect_str_eq(text, "{\"s\":\"a\\\"b\",\"none\":null,\"list\":"
			 "[-1,18446744073709551615,{\"b\":true}]}");
	free(text);
}

Test(report, misuse_is_reported_once_at_the_end)
{
	struct kb_report *report = kb_report_new(false);

	kb_report_int(report, NULL, 1);
	cr_expect_null(print(report));
	report = kb_report_new(true);
	kb_report_int(report, "key", 1);
	cr_expect_null(print(report));
	report = kb_report_new(true);
	kb_report_close(report);
	cr_expect_null(print(report));
}

Test(report, bad_bytes_are_left_out)
{
	struct kb_report *report = kb_report_new(true);
	char *text;

	kb_report_string(report, NULL, "a\xff" "b\xc3\xa9\xc3");
	text = print(report);
	cr_expect_str_eq(text, "[\"ab\xc3\xa9\"]");
	free(text);
}

Test(report, values_become_json)
{
	struct kb_buffer out = {};
	struct kb_writer writer;
	struct kb_reader reader;
	struct kb_report *report = kb_report_new(false);
	char *strv[] = { "x", NULL };
	char *text;

	kb_writer_init(&writer, KB_GVARIANT, &out);
	kb_writer_append(&writer, "bsasa{uv}(yb)d", 1, "s", strv, 1, 5, "s", "v",
			 1, 1, __builtin_inf());
	cr_assert_eq(kb_writer_finish(&writer), 0);
	cr_assert_eq(kb_reader_init(&reader, KB_GVARIANT, false,
				    writer.signature, out.data, out.size, 0),
		     0);
	kb_report_value(report, "first", &reader);
	kb_report_values(report, "data", &reader);
	text = print(report);
	cr_expect_str_eq(text, "{\"first\":true,\"data\":[\"s\",[\"x\"],{\"5\":{\"type\":"
			 "\"s\",\"data\":\"v\"}},[1,true],null]}");
	free(text);
	kb_reader_deinit(&reader);
	kb_writer_deinit(&writer);
	kb_buffer_deinit(&out);
}
