// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kdbusctl system-bus, session-bus: whether kdbus is the bus of the system, or
 * of a user's session, from its next start on.
 *
 * The switch is one file, which the generator of units looks for: so nothing
 * can be half done, and everything that could be wrong is looked for again at
 * the start.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/probe.h"
#include "ctl/verbs.h"
#include "lib/switch.h"

#define TIMEOUT_NS (15 * KB_NSEC_PER_SEC)

static const char *whose(const struct kb_switch *it)
{
	return it->user ? "the session" : "the system";
}

static const char *when(const struct kb_switch *it)
{
	return it->user ? "login" : "boot";
}

/* files */

static void put_path(const struct kb_switch *it, const char *path, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s%s", it->root, path);
}

static int make_parents(const char *path)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *s = strchr(folder + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			return -errno;
		*s = '/';
	}
	return 0;
}

/* What became of the name is on the disk when this returns. */
static int sync_parent(const char *path)
{
	char folder[PATH_MAX];
	int fd, r;

	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
	close(fd);
	return r;
}

/* That it exists is all it says, so there is no moment of half a file. */
static int make_file(const char *path, const char *text)
{
	int fd, r = make_parents(path);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r < 0 ? r : sync_parent(path);
}

static int remove_file(const char *path)
{
	if (unlink(path) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	return sync_parent(path);
}

/* what there is */

/**
 * struct standing - where a switch stands
 * @now:	"kdbus", "classic" or "none"
 * @next:	the same for the next start, with this command line
 * @missing:	what keeps kdbus from being the bus
 * @kernels:	that have no module, other than the running one
 */
struct standing {
	int word;
	bool enabled;
	const char *now;
	const char *next;
	char *refusal;
	char **missing;
	char **kernels;
};

static void standing_deinit(struct standing *standing)
{
	free(standing->refusal);
	kb_strv_free(standing->missing);
	kb_strv_free(standing->kernels);
}

/* The machine may be started with another kernel, which falls back then. */
static int find_kernels(const struct kb_switch *it, const char *release, char ***out)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int r = 0;
	DIR *dir;

	put_path(it, "/lib/modules", path);
	dir = opendir(path);
	while (dir && r >= 0 && (entry = readdir(dir))) {
		char list[PATH_MAX + 256 + sizeof("/modules.dep")];

		snprintf(list, sizeof(list), "%s/%s/modules.dep", path, entry->d_name);
		if (entry->d_name[0] != '.' && !kb_streq(entry->d_name, release) &&
		    access(list, F_OK) == 0 && !kb_switch_has_module(it->root, entry->d_name))
			r = kb_strv_add(out, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return r;
}

static int look(const struct kb_switch *it, struct standing *out)
{
	struct utsname uts;
	int r;

	if (uname(&uts) < 0)
		return -errno;
	*out = (struct standing){
		.word = kb_switch_word(it),
		.enabled = kb_switch_is_enabled(it),
		.refusal = kb_switch_refusal(it),
		.now = !kb_switch_is_served(it) ? "none" :
		       kb_switch_is_chosen(it) ? "kdbus" : "classic",
	};
	r = kb_switch_missing(it, uts.release, &out->missing);
	if (r >= 0)
		r = find_kernels(it, uts.release, &out->kernels);
	out->next = out->word != 0 && (out->enabled || out->word == 1) && !out->missing ?
			    "kdbus" : "classic";
	return r;
}

/* status */

static void report_list(struct kb_report *report, const char *key, char **list)
{
	kb_report_open_array(report, key);
	for (; list && *list; list++)
		kb_report_string(report, NULL, *list);
	kb_report_close(report);
}

static const char *word_text(int word)
{
	return word < 0 ? NULL : word ? "kdbus=1" : "kdbus=0";
}

static int report_standing(const struct ctl *ctl, const struct standing *standing)
{
	struct kb_report *report = kb_report_new(false);

	if (!report)
		return ctl_fail_errno(ENOMEM, "cannot print");
	kb_report_string(report, "Now", standing->now);
	kb_report_string(report, "Next", standing->next);
	kb_report_bool(report, "Enabled", standing->enabled);
	kb_report_string(report, "KernelCommandLine", word_text(standing->word));
	kb_report_string(report, "Refused", standing->refusal);
	report_list(report, "Missing", standing->missing);
	report_list(report, "KernelsWithoutModule", standing->kernels);
	return ctl_print_report(ctl, report);
}

static void print_line(const char *key, const char *value)
{
	printf("%s=", key);
	ctl_print_text(value, stdout);
	putchar('\n');
}

static int print_standing(const struct standing *standing)
{
	print_line("Now", standing->now);
	print_line("Next", standing->next);
	print_line("Enabled", standing->enabled ? "yes" : "no");
	if (standing->word >= 0)
		print_line("KernelCommandLine", word_text(standing->word));
	if (standing->refusal)
		print_line("Refused", standing->refusal);
	for (char **s = standing->missing; s && *s; s++)
		print_line("Missing", *s);
	for (char **s = standing->kernels; s && *s; s++)
		print_line("KernelWithoutModule", *s);
	return 0;
}

static int show(const struct ctl *ctl, const struct kb_switch *it)
{
	_cleanup_(standing_deinit) struct standing standing = {};
	int r = look(it, &standing);

	if (r < 0)
		return ctl_fail_errno(r, "cannot look");
	return ctl->json ? report_standing(ctl, &standing) : print_standing(&standing);
}

/* enable, disable */

/* One line, whatever is missing. */
static int refuse(const struct kb_switch *it, char **missing)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	int r = 0;

	for (size_t i = 0; missing[i] && r >= 0; i++)
		r = kb_buffer_printf(&text, "%s%s", i ? "; " : "", missing[i]);
	if (r < 0)
		return ctl_fail_errno(r, "cannot look");
	return ctl_fail("kdbus cannot be the bus of %s: %.*s", whose(it), (int)text.size,
			(char *)text.data);
}

static int say(const struct ctl *ctl, const struct kb_switch *it, bool enable)
{
	_cleanup_(standing_deinit) struct standing standing = {};
	int r;

	if (ctl->json)
		return show(ctl, it);
	if (ctl->quiet)
		return 0;
	r = look(it, &standing);
	if (r < 0)
		return ctl_fail_errno(r, "cannot look");
	printf("The bus of %s is %s from the next %s on.\n", whose(it),
	       enable ? "kdbus" : "the classic one", when(it));
	if (standing.word == !enable)
		printf("But %s on the kernel's command line counts more.\n",
		       word_text(standing.word));
	if (!enable && standing.enabled)
		printf("But %s is there, for every user.\n", it->enabled_for_all);
	for (char **s = standing.kernels; enable && s && *s; s++)
		printf("Not with the kernel %s, which has no module kdbus.\n", *s);
	return 0;
}

static void switch_path(const struct ctl *ctl, const struct kb_switch *it, char out[PATH_MAX])
{
	put_path(it, ctl->global ? it->enabled_for_all : it->enabled, out);
}

static int enable(const struct ctl *ctl, const struct kb_switch *it)
{
	_cleanup_(standing_deinit) struct standing standing = {};
	char path[PATH_MAX];
	int r = look(it, &standing);

	if (r < 0)
		return ctl_fail_errno(r, "cannot look");
	if (standing.missing)
		return refuse(it, standing.missing);
	/* A user's refusal may outlive many a start of the service manager. */
	if (it->user) {
		put_path(it, it->refused, path);
		remove_file(path);
	}
	switch_path(ctl, it, path);
	r = make_file(path, "# That this is here makes kdbus the bus, see kdbusctl(1).\n");
	return r < 0 ? ctl_fail_errno(r, "cannot make %s", path) : say(ctl, it, true);
}

static int disable(const struct ctl *ctl, const struct kb_switch *it)
{
	char path[PATH_MAX];
	int r;

	switch_path(ctl, it, path);
	r = remove_file(path);
	return r < 0 ? ctl_fail_errno(r, "cannot remove %s", path) : say(ctl, it, false);
}

/* check, choose */

static int probe(const struct ctl *ctl, const struct kb_switch *it, char reason[PROBE_REASON_SIZE])
{
	_cleanup_(standing_deinit) struct standing standing = {};
	int r = look(it, &standing);

	if (r < 0) {
		snprintf(reason, PROBE_REASON_SIZE, "cannot look: %s", strerror(-r));
		return r;
	}
	if (standing.missing) {
		snprintf(reason, PROBE_REASON_SIZE, "%s", standing.missing[0]);
		return -ENOENT;
	}
	return probe_bus(it, ctl->timeout_ns ?: TIMEOUT_NS, reason);
}

static int report_check(const struct ctl *ctl, const char *reason)
{
	struct kb_report *report = kb_report_new(false);

	if (report) {
		kb_report_bool(report, "Works", !reason);
		kb_report_string(report, "Reason", reason);
	}
	return ctl_print_report(ctl, report);
}

static int check(const struct ctl *ctl, const struct kb_switch *it)
{
	char reason[PROBE_REASON_SIZE];
	int r = probe(ctl, it, reason), printed = 0;

	if (ctl->json)
		printed = report_check(ctl, r < 0 ? reason : NULL);
	if (r < 0)
		return ctl_fail("kdbus cannot be the bus of %s: %s", whose(it), reason);
	if (ctl->json)
		return printed;
	if (!ctl->quiet)
		printf("kdbus can be the bus of %s.\n", whose(it));
	return 0;
}

/*
 * The same, before anybody can connect, and the result is kept for as long as
 * the service manager runs.
 */
static int choose(const struct ctl *ctl, const struct kb_switch *it)
{
	char reason[PROBE_REASON_SIZE], path[PATH_MAX];
	int r;

	r = probe(ctl, it, reason);
	if (r >= 0) {
		put_path(it, it->chosen, path);
		r = make_file(path, "kdbus\n");
		return r < 0 ? ctl_fail_errno(r, "cannot make %s", path) : 0;
	}
	put_path(it, it->refused, path);
	make_file(path, reason);
	return ctl_fail("kdbus cannot be the bus of %s: %s", whose(it), reason);
}

/* verbs */

/* clang-format off */
static const struct {
	const char *name;
	int (*run)(const struct ctl *ctl, const struct kb_switch *it);
	bool can_be_global;
} words[] = {
	{ "enable", enable, true },
	{ "disable", disable, true },
	{ "status", show, false },
	{ "check", check, false },
	{ "choose", choose, false },
};
/* clang-format on */

static int run(const struct ctl *ctl, bool user, const char *word)
{
	struct kb_switch it;
	int r;

	if (ctl->global && !user)
		return ctl_fail_usage(ctl, "there is but one system");
	if (ctl->address)
		return ctl_fail_usage(ctl, "%s knows which bus it is about, without %s", ctl->verb,
				      ctl->user ? "--user" : "--address=");
	for (size_t i = 0; i < KB_ARRAY_SIZE(words); i++) {
		if (!kb_streq(word, words[i].name))
			continue;
		if (ctl->global && !words[i].can_be_global)
			return ctl_fail_usage(ctl, "%s %s takes no --global", ctl->verb, word);
		if (kb_switch_init(&it, user, ctl->root ?: "") < 0)
			return ctl_fail_errno(ENOMEM, "%s", word);
		r = words[i].run(ctl, &it);
		kb_switch_deinit(&it);
		return r;
	}
	return ctl_fail_usage(ctl, "%s cannot \"%s\"", ctl->verb, word);
}

int ctl_system_bus(struct ctl *ctl, int argc _unused_, char **argv)
{
	return run(ctl, false, argv[0]);
}

int ctl_session_bus(struct ctl *ctl, int argc _unused_, char **argv)
{
	return run(ctl, true, argv[0]);
}
