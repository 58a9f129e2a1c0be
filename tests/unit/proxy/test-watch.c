/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of the configuration are seen, whenever they are made. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/proxy.h"
#include "proxy/reload.h"
#include "proxy/watch.h"

static char directory[] = "/tmp/kdbus-watch-XXXXXX";
static char path[64];
static char *paths[] = { path, NULL };
static struct proxy proxy = { .scope = "system", .paths = paths };

static void put(unsigned int value)
{
	FILE *file = fopen(path, "we");

	fprintf(file, "<busconfig><limit name='max_names_per_connection'>%u</limit></busconfig>",
		value);
	fclose(file);
}

static void begin(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/a.conf", directory);
	put(1);
	cr_assert_geq(sd_event_new(&proxy.event), 0);
	cr_assert_eq(config_load("system", paths, 0, &proxy.config), 0);
	cr_assert_eq(reload_new(&proxy, &proxy.reload), 0);
	cr_assert_eq(watch_new(&proxy, &proxy.watch), 0);
}

static void end(void)
{
	watch_free(proxy.watch);
	reload_free(proxy.reload);
	config_free(proxy.config);
	sd_event_unref(proxy.event);
	unlink(path);
	rmdir(directory);
}

TestSuite(watch, .init = begin, .fini = end, .timeout = 60);

/* Runs the loop until the limit has this value, or for ten seconds. */
static void expect_soon(uint64_t value)
{
	for (int i = 0; i < 100; i++) {
		if (proxy.config->limits.max_names_per_connection == value)
			return;
		sd_event_run(proxy.event, 100000);
	}
	cr_expect(false, "the configuration did not change");
}

Test(watch, changes_are_read_one_after_the_other)
{
	put(2);
	expect_soon(2);
	put(3);
	expect_soon(3);
}

/* The configuration was read, and is not in force yet. */
Test(watch, a_change_since_the_files_were_read_is_seen)
{
	put(2);
	watch_update(proxy.watch);
	expect_soon(2);
}
