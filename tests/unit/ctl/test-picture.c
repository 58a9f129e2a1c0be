// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who talks to whom: as text, as a report, as SVG. */
#include <criterion/criterion.h>

#include "ctl/picture.h"

static struct picture_node nodes[] = {
	{ (char *)"client <&\x01\xff\xef\xbf\xbf>", (char *)":1.5 pid 7", false },
	{ (char *)"org.example.Service", (char *)"", false },
	{ (char *)"everybody", (char *)"who listens", true },
};

static struct picture_link links[] = {
	{ .from = 0, .to = 1, .calls = 12, .errors = 1, .time_ns = 2400000, .timed = 2 },
	{ .from = 1, .to = 2, .signals = 1 },
	{ .from = 1, .to = 1, .calls = 1 },
};

static const struct picture picture = { "A bus", nodes, 3, links, 3 };

static char *draw(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	cr_assert_eq(picture_draw(&picture, file), 0);
	fclose(file);
	return text;
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		text++;
		n++;
	}
	return n;
}

Test(picture, a_link_is_described_in_a_few_words)
{
	char text[128];

	picture_describe(&links[0], text);
	cr_expect_str_eq(text, "12 calls, 1.2ms, 1 error");
	picture_describe(&links[1], text);
	cr_expect_str_eq(text, "1 signal");
}

Test(picture, text_tells_of_everybody_who_sends)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	picture_print(&picture, file);
	fclose(file);
	cr_expect_str_eq(text, "A bus\n"
			       "\n"
			       "client <&\\001\\377\xef\xbf\xbf> :1.5 pid 7\n"
			       "└─→ org.example.Service  12 calls, 1.2ms, 1 error\n"
			       "\n"
			       "org.example.Service\n"
			       "├─→ everybody  1 signal\n"
			       "└─→ org.example.Service  1 call\n");
	free(text);
}

Test(picture, the_drawing_has_everybody_and_every_line)
{
	char *text = draw();

	cr_expect(strstr(text, "client &lt;&amp;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&gt;"));
	cr_expect(strstr(text, ">org.example.Service</text>"));
	cr_expect(strstr(text, ">12 calls, 1.2ms, 1 error</text>"));
	cr_expect_eq(count(text, "<rect class=\"one\""), 2);
	cr_expect_eq(count(text, "<rect class=\"many\""), 1);
	cr_expect_eq(count(text, "<path class=\"bad\""), 1 + 1, "one in the legend");
	cr_expect_eq(count(text, "<path class=\"call\""), 1 + 1);
	cr_expect_eq(count(text, "<path class=\"signal\""), 1 + 1);
	free(text);
}

Test(picture, the_drawing_needs_nothing_from_elsewhere)
{
	char *text = draw();

	cr_expect(strstr(text, "<svg xmlns=\"http://www.w3.org/2000/svg\""));
	cr_expect_eq(count(text, "http"), 1);
	cr_expect_eq(count(text, "href"), 0);
	cr_expect_eq(count(text, "url("), count(text, "url(#"));
	cr_expect_eq(count(text, "nan"), 0);
	cr_expect_eq(count(text, "inf"), 0);
	free(text);
}
