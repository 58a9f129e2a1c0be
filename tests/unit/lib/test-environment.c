// SPDX-License-Identifier: LGPL-2.1-or-later
/* Environment variables that several processes share. */
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "lib/environment.h"
#include "lib/util.h"

/* Is there just one @variable of its name in @v? */
static bool has(char *const *v, const char *variable)
{
	size_t length = strcspn(variable, "=") + 1;
	bool same = false;
	int n = 0;

	for (; *v; v++) {
		n += !strncmp(*v, variable, length);
		same |= kb_streq(*v, variable);
	}
	return same && n == 1;
}

Test(environment, later_values_replace_earlier_ones)
{
	char *const one[] = { "A=1", "B=2", "AB=x", NULL };
	char *const two[] = { "B=", "C=3=4", NULL };
	_cleanup_(kb_closep) int fd = kb_environment_new();
	_cleanup_(kb_strv_freep) char **v = NULL;

	cr_assert_geq(fd, 0);
	cr_assert_eq(kb_environment_read(fd, &v), 0);
	cr_expect_eq(kb_strv_length(v), 0);
	kb_strv_free(v);
	v = NULL;

	cr_assert_eq(kb_environment_update(fd, one), 0);
	cr_assert_eq(kb_environment_update(fd, two), 0);
	cr_assert_eq(kb_environment_read(fd, &v), 0);
	cr_expect_eq(kb_strv_length(v), 4);
	cr_expect(has(v, "A=1"));
	cr_expect(has(v, "B="));
	cr_expect(has(v, "AB=x"));
	cr_expect(has(v, "C=3=4"));
}

Test(environment, too_much_changes_nothing)
{
	_cleanup_(kb_closep) int fd = kb_environment_new();
	_cleanup_(kb_strv_freep) char **v = NULL;
	_cleanup_(kb_freep) char *large = malloc(KB_ENVIRONMENT_MAX + 1);
	char *const one[] = { "A=1", NULL };
	char *const two[] = { large, NULL };

	memset(large, 'x', KB_ENVIRONMENT_MAX);
	large[KB_ENVIRONMENT_MAX] = '\0';
	memcpy(large, "A=", 2);
	cr_assert_eq(kb_environment_update(fd, one), 0);
	cr_expect_eq(kb_environment_update(fd, two), -E2BIG);
	cr_assert_eq(kb_environment_read(fd, &v), 0);
	cr_expect_eq(kb_strv_length(v), 1);
	cr_expect(has(v, "A=1"));
}

Test(environment, what_is_none_is_refused)
{
	_cleanup_(kb_closep) int fd = kb_environment_new();
	char **v;

	cr_assert_eq(write(fd, "A=1", 3), 3);
	cr_expect_eq(kb_environment_read(fd, &v), -EBADMSG);
}

Test(environment, of_two_lists_the_first_wins)
{
	char *const one[] = { "A=1", "A=2", NULL };
	char *const two[] = { "A=3", "B=4", NULL };
	_cleanup_(kb_freep) char **v = NULL;

	cr_assert_eq(kb_environment_merge(one, two, &v), 0);
	cr_expect_eq(kb_strv_length(v), 2);
	cr_expect(has(v, "A=2"));
	cr_expect(has(v, "B=4"));
}
