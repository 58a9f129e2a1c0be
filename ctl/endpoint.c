// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl endpoint: doors to the bus with a policy of their own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/peers.h"
#include "ctl/table.h"
#include "ctl/verbs.h"
#include "lib/address.h"
#include "lib/cmd.h"
#include "lib/item.h"
#include "lib/run.h"

/* The directory of the bus, from its address: 0 or a status. */
static int find_directory(const struct ctl *ctl, char out[PATH_MAX])
{
	const char *list = ctl->address ?: KB_ADDRESS_SYSTEM;
	struct kb_address address;
	char *slash;

	while (kb_address_next(&list, &address) > 0) {
		if (!kb_streq(address.transport, "kernel"))
			continue;
		snprintf(out, PATH_MAX, "%s", address.path);
		slash = strrchr(out, '/');
		if (!slash || slash == out)
			break;
		*slash = '\0';
		return 0;
	}
	return ctl_fail_connect(ctl, -EINVAL);
}

/* list */

static void show_endpoint(struct table *table, struct kb_report *report,
			  const char *directory, const char *name,
			  const struct stat *st)
{
	_cleanup_(kb_freep) char *path = NULL;
	const char *access = st->st_mode & S_IWOTH ? "world" :
			     st->st_mode & S_IWGRP ? "group" : "owner";

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		path = NULL;
	if (!report) {
		table_add(table, name);
		table_add(table, kb_streq(name, "bus") ? "the bus's" : "custom");
		table_add(table, peer_user(st->st_uid));
		table_add(table, access);
		table_add(table, path);
		return;
	}
	kb_report_open_object(report, NULL);
	kb_report_string(report, "name", name);
	kb_report_bool(report, "custom", !kb_streq(name, "bus"));
	kb_report_string(report, "user", peer_user(st->st_uid));
	kb_report_uint(report, "uid", st->st_uid);
	kb_report_string(report, "access", access);
	kb_report_string(report, "path", path);
	kb_report_close(report);
}

static int list(const struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	static const char *const titles[] = { "NAME", "POLICY", "USER", "ACCESS",
					      "PATH" };
	_cleanup_(table_deinit) struct table table = {
		.n_columns = KB_ARRAY_SIZE(titles),
	};
	struct kb_report *report = ctl->json ? kb_report_new(true) : NULL;
	struct dirent **entries = NULL;
	char directory[PATH_MAX];
	int n;

	if (find_directory(ctl, directory))
		return 1;
	n = scandir(directory, &entries, NULL, alphasort);
	if (n < 0) {
		kb_report_free(report);
		return ctl_fail_connect(ctl, -errno);
	}
	for (size_t i = 0; i < KB_ARRAY_SIZE(titles); i++)
		table_add(&table, titles[i]);
	for (int i = 0; i < n; i++) {
		_cleanup_(kb_freep) char *path = NULL;
		struct stat st;

		if (asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0)
			path = NULL;
		/* those that are no file are no endpoint, or gone meanwhile */
		if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode))
			show_endpoint(&table, report, directory,
				      entries[i]->d_name, &st);
		free(entries[i]);
	}
	free(entries);
	if (ctl->json)
		return ctl_print_report(ctl, report);
	return table_print(&table, stdout) < 0 ?
	       ctl_fail_errno(ENOMEM, "cannot list") : 0;
}

/* the policy */

/**
 * struct grant - one of the command line, taken apart
 */
struct grant {
	char *name;
	struct kdbus_policy_access access;
};

static int find_user(const char *text, uint64_t *out)
{
	const struct passwd *pw;

	if (kb_parse_u64(text, out) >= 0)
		return 0;
	pw = getpwnam(text);
	if (!pw)
		return ctl_fail("there is no user %s", text);
	*out = pw->pw_uid;
	return 0;
}

static int find_group(const char *text, uint64_t *out)
{
	const struct group *gr;

	if (kb_parse_u64(text, out) >= 0)
		return 0;
	gr = getgrnam(text);
	if (!gr)
		return ctl_fail("there is no group %s", text);
	*out = gr->gr_gid;
	return 0;
}

/* A well-known name, or one that ends with ".*" for all one element longer. */
static bool is_pattern(const char *name)
{
	size_t n = strlen(name);
	char text[KB_NAME_MAX + 1];

	if (n > KB_NAME_MAX)
		return false;
	memcpy(text, name, n + 1);
	/* "org.*" stands for two elements: it need not be a name without it */
	if (n > 2 && kb_streq(text + n - 2, ".*"))
		snprintf(text + n - 1, 2, "x");
	return kb_name_is_well_known(text);
}

static int parse_grant(const struct ctl *ctl, const struct ctl_grant *given,
		       struct grant *out)
{
	char *rest, *who;
	const char *user, *group;
	uint64_t id = 0;
	int r;

	out->access.type = KDBUS_POLICY_ACCESS_WORLD;
	out->access.access = given->access;
	out->name = rest = strdup(given->text);
	if (!rest)
		return ctl_fail_errno(ENOMEM, "endpoint");
	strsep(&rest, ",");
	if (!is_pattern(out->name))
		return ctl_fail_usage(ctl, "\"%s\" is no well-known name, nor NAME.*", out->name);
	who = strsep(&rest, ",");
	if (!who)
		return 0;
	user = kb_startswith(who, "user=");
	group = kb_startswith(who, "group=");
	if (rest || (!user && !group))
		return ctl_fail_usage(ctl, "\"%s\" is not NAME[,user=USER|,group=GROUP]", given->text);
	out->access.type = user ? KDBUS_POLICY_ACCESS_USER :
				  KDBUS_POLICY_ACCESS_GROUP;
	r = user ? find_user(user, &id) : find_group(group, &id);
	out->access.id = id;
	return r;
}

/* The grants of a name follow it, and no name may come twice. */
static int add_items(const struct grant *grants, size_t n, struct kb_buffer *items)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		size_t first = 0;

		while (!kb_streq(grants[first].name, grants[i].name))
			first++;
		if (first < i)
			continue;
		r = kb_item_append_string(items, KDBUS_ITEM_NAME, grants[i].name);
		for (size_t j = i; j < n && r >= 0; j++)
			if (kb_streq(grants[j].name, grants[i].name))
				r = kb_item_append(items, KDBUS_ITEM_POLICY_ACCESS,
						   &grants[j].access,
						   sizeof(grants[j].access));
	}
	return r;
}

static int make_policy(const struct ctl *ctl, struct kb_buffer *items)
{
	_cleanup_(kb_freep) struct grant *grants = NULL;
	int r = 0;

	grants = calloc(ctl->n_grants + 1, sizeof(*grants));
	if (!grants)
		return ctl_fail_errno(ENOMEM, "endpoint");
	for (size_t i = 0; i < ctl->n_grants && !r; i++)
		r = parse_grant(ctl, &ctl->grants[i], &grants[i]);
	if (!r && add_items(grants, ctl->n_grants, items) < 0)
		r = ctl_fail_errno(ENOMEM, "endpoint");
	for (size_t i = 0; i < ctl->n_grants; i++)
		free(grants[i].name);
	return r;
}

/* make */

/* "UID-NAME", where the uid is not said already. */
static char *full_name(const char *name)
{
	bool has_uid = name[strspn(name, "0123456789")] == '-' && *name != '-';
	char *full;

	if (has_uid)
		return strdup(name);
	return asprintf(&full, "%u-%s", geteuid(), name) < 0 ? NULL : full;
}

static int make(const struct ctl *ctl, const char *name,
		const struct kb_buffer *items, int *out_fd)
{
	int fd = kb_address_open(ctl->address ?: KB_ADDRESS_SYSTEM), r;

	if (fd < 0)
		return ctl_fail_connect(ctl, fd);
	r = kb_cmd_endpoint_make(fd, name, ctl->access);
	if (r >= 0 && items->size)
		r = kb_cmd_endpoint_update(fd, items);
	if (r >= 0) {
		*out_fd = fd;
		return 0;
	}
	kb_close(fd);
	switch (-r) {
	case EPERM:
		return ctl_fail("only the owner of the bus can make endpoints; try it as root, or with --user");
	case EEXIST:
		return ctl_fail("the bus has an endpoint %s already; see \"kdbusctl endpoint list\"", name);
	case EINVAL:
		return ctl_fail("\"%s\" cannot be the name of an endpoint: it begins with your uid and '-', then come letters, digits, '_', '.' and '-'", name);
	default:
		return ctl_fail_errno(r, "cannot make the endpoint %s", name);
	}
}

static int wait_for_signal(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return sigwait(&set, &signal) ? 1 : 0;
}

/* The status is the command's; one that a signal ended is 128 and its number. */
static int run_command(const struct ctl *ctl, const char *path, char **command)
{
	_cleanup_(kb_freep) char *address = NULL;
	int status = 0, r;
	pid_t pid;

	if (asprintf(&address, "kernel:path=%s", path) < 0 ||
	    setenv(ctl->user ? "DBUS_SESSION_BUS_ADDRESS" :
			       "DBUS_SYSTEM_BUS_ADDRESS", address, 1) < 0 ||
	    setenv("KDBUS_ENDPOINT", path, 1) < 0)
		return ctl_fail_errno(ENOMEM, "endpoint");
	fflush(stdout);
	r = kb_run(command, NULL, -1, &pid);
	if (r < 0)
		return ctl_fail_errno(r, "cannot run %s", command[0]);
	/* what the terminal sends is the command's business */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

static int tell(const struct ctl *ctl, const char *path)
{
	struct kb_report *report;

	if (ctl->json) {
		report = kb_report_new(false);
		if (report)
			kb_report_string(report, "path", path);
		return ctl_print_report(ctl, report);
	}
	puts(path);
	if (!ctl->quiet)
		fprintf(stderr, "it is there for as long as this runs; Ctrl-C ends it\n");
	return 0;
}

static int make_and_keep(const struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	_cleanup_(kb_freep) char *name = full_name(argv[0]);
	_cleanup_(kb_closep) int fd = -1;
	char directory[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	int r;

	if (!name)
		return ctl_fail_errno(ENOMEM, "endpoint");
	r = make_policy(ctl, &items);
	if (!r)
		r = find_directory(ctl, directory);
	if (!r)
		r = make(ctl, name, &items, &fd);
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (!ctl->n_grants && !ctl->quiet)
		fprintf(stderr, "kdbusctl: without --see=, --talk= or --own= nothing can be seen through it\n");
	if (argc > 1)
		return run_command(ctl, path, argv + 1);
	r = tell(ctl, path);
	if (r)
		return r;
	fflush(stdout);
	return wait_for_signal();
}

/* verbs */

static const struct {
	const char *name;
	int min;
	int max;
	int (*run)(const struct ctl *ctl, int argc, char **argv);
} words[] = {
	{ "list", 0, 0, list },
	{ "make", 1, -1, make_and_keep },
};

int ctl_endpoint(struct ctl *ctl, int argc, char **argv)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(words); i++) {
		if (!kb_streq(argv[0], words[i].name))
			continue;
		if (argc - 1 < words[i].min)
			return ctl_fail_usage(ctl, "endpoint %s needs more arguments", argv[0]);
		if (words[i].max >= 0 && argc - 1 > words[i].max)
			return ctl_fail_usage(ctl, "endpoint %s takes no argument \"%s\"", argv[0],
					      argv[1 + words[i].max]);
		if (words[i].run == list && ctl->n_grants)
			return ctl_fail_usage(ctl, "endpoint list makes none, so it needs no policy");
		return words[i].run(ctl, argc - 1, argv + 1);
	}
	return ctl_fail_usage(ctl, "endpoint cannot \"%s\"", argv[0]);
}
