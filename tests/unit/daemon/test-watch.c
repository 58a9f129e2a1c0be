/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of files are seen, whenever they are made. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/watch.h"
#include "lib/util.h"

static char directory[] = "/tmp/kdbus-watch-XXXXXX";
static sd_event *event;
static struct watch *watch;
static unsigned int n_changes;

static void make_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	kb_close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void watch_again(void)
{
	watch_reset(watch);
	watch_add(watch, directory, ".service");
}

/* Reads everything, as it is at the time. */
static void on_changed(void *userdata _unused_)
{
	/* a file that comes when the others have been read */
	if (n_changes++ == 0)
		make_file("late.service");
	watch_again();
}

static void begin(void)
{
	cr_assert_not_null(mkdtemp(directory));
	cr_assert_geq(sd_event_new(&event), 0);
	cr_assert_eq(watch_new(event, on_changed, NULL, &watch), 0);
	watch_again();
}

static void end(void)
{
	char command[128];

	watch_free(watch);
	sd_event_unref(event);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	cr_expect_eq(system(command), 0);
}

TestSuite(watch, .init = begin, .fini = end, .timeout = 60);

/* Runs the loop until there were @n changes, or for five seconds. */
static void expect_changes(unsigned int n)
{
	for (int i = 0; i < 50 && n_changes < n; i++)
		sd_event_run(event, 100000);
	cr_expect_eq(n_changes, n);
}

Test(watch, a_change_while_the_files_are_read_is_seen)
{
	make_file("first.service");
	expect_changes(2);
}

Test(watch, what_does_not_matter_is_not_told)
{
	n_changes = 1;
	make_file("first.txt");
	for (int i = 0; i < 5; i++)
		sd_event_run(event, 100000);
	cr_expect_eq(n_changes, 1);
	make_file("first.service");
	expect_changes(2);
}

Test(watch, a_directory_that_was_replaced_is_watched)
{
	n_changes = 1;
	cr_assert_eq(rmdir(directory), 0);
	cr_assert_eq(mkdir(directory, 0700), 0);
	expect_changes(2);
	make_file("first.service");
	expect_changes(3);
}

Test(watch, what_is_not_added_again_is_forgotten)
{
	n_changes = 1;
	watch_reset(watch);
	make_file("first.service");
	for (int i = 0; i < 5; i++)
		sd_event_run(event, 100000);
	cr_expect_eq(n_changes, 1);
}
