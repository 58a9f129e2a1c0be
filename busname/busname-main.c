// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A person's view of bus name units: which there are, from which file, in
 * which state, what becomes of them, and what is wrong with one.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "busname/classic.h"
#include "busname/directory.h"
#include "busname/emit.h"
#include "busname/generator.h"
#include "busname/role.h"
#include "lib/address.h"
#include "lib/conn.h"
#include "lib/report.h"

#define EXIT_USAGE 2

/**
 * struct tool - the command line
 * @classic:	classic activation files are converted, too
 * @conn:	to the bus, NULL if it cannot be had
 * @report:	where results go instead of standard output, or NULL
 */
struct tool {
	struct scope scope;
	const char *address;
	bool classic;
	struct kb_conn *conn;
	struct kb_report *report;
};

static unsigned int n_warnings;

/* for print_warning(), which is told nothing else */
static struct kb_report *warnings;

static void print_warning(const char *line)
{
	n_warnings++;
	if (warnings)
		kb_report_string(warnings, NULL, line);
	else
		puts(line);
}

static void count_warning(const char *line _unused_)
{
	n_warnings++;
}

/* state */

/* The bus knows who has a name, if there is a bus. */
static const char *state_on_bus(struct tool *tool, const struct unit *unit)
{
	struct kb_info info;
	bool activator;
	int r;

	if (!tool->conn)
		return "no bus";
	r = kb_conn_info(tool->conn, 0, unit->name, 0, 0, &info);
	if (r < 0)
		return unit->activating ? "inactive" : "policy";
	activator = info.flags & KDBUS_HELLO_ACTIVATOR;
	kb_info_deinit(&info);
	return activator ? "waiting" : "running";
}

/* verbs */

static void print_row(struct tool *tool, const char *name, const char *state,
		      const char *file)
{
	if (tool->report) {
		kb_report_open_object(tool->report, NULL);
		kb_report_string(tool->report, "name", name);
		kb_report_string(tool->report, "state", state);
		kb_report_uint(tool->report, "warnings", n_warnings);
		kb_report_string(tool->report, "file", file);
		kb_report_close(tool->report);
	} else {
		printf("%-40s %-9s %-9u %s\n", name, state, n_warnings, file);
	}
	n_warnings = 0;
}

static int list_classic(const struct scope *scope _unused_, const struct classic *classic,
			void *userdata)
{
	print_row(userdata, classic->unit->name,
		  state_on_bus(userdata, classic->unit), classic->unit->source);
	return 0;
}

static int list(struct tool *tool)
{
	_cleanup_(kb_strv_freep) char **files = NULL;
	char **file;
	int r;

	parse_warn_set(count_warning);
	r = scope_list(&tool->scope, tool->scope.units, UNIT_SUFFIX, &files);
	if (r < 0)
		return r;
	if (!tool->report)
		printf("%-40s %-9s %-9s %s\n", "NAME", "STATE", "WARNINGS",
		       "FILE");
	for (file = files; file && *file; file++) {
		_cleanup_(unit_freep) struct unit *unit = NULL;
		char name[UNIT_NAME_MAX + 1];
		const char *state;

		n_warnings = 0;
		if (!generator_name(*file, name))
			continue;
		r = generator_load(&tool->scope, *file, &unit);
		if (r < 0)
			return r;
		if (unit)
			state = state_on_bus(tool, unit);
		else
			state = scope_is_masked(*file) ? "masked" : "ignored";
		print_row(tool, name, state, *file);
	}
	return tool->classic ? generator_each_classic(&tool->scope, files, list_classic, tool) : 0;
}

static int find_file(struct tool *tool, const char *name, char **out)
{
	_cleanup_(kb_freep) char *file = NULL;
	int r;

	if (asprintf(&file, "%s" UNIT_SUFFIX, name) < 0) {
		file = NULL;
		return -ENOMEM;
	}
	r = scope_find(&tool->scope, tool->scope.units, file, out);
	return r < 0 ? r : r ? 0 : -ENOENT;
}

/* A fact about the unit, in front of it. */
static void show_fact(struct tool *tool, const char *key, const char *value,
		      const char *more)
{
	if (tool->report)
		kb_report_string(tool->report, key, value);
	else
		printf("# %s: %s%s\n", key, value, more);
}

static int show_unit(struct tool *tool, const struct unit *unit)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	int r;

	show_fact(tool, "state", state_on_bus(tool, unit), "");
	r = emit_unit_text(unit, &tool->scope, &text);
	if (r >= 0)
		r = kb_buffer_append_zero(&text, 1);
	if (r < 0)
		return r;
	if (tool->report)
		kb_report_string(tool->report, "service", (const char *)text.data);
	else
		fputs((const char *)text.data, stdout);
	return 0;
}

/**
 * struct wanted - a name to be found among classic activation files
 */
struct wanted {
	struct tool *tool;
	const char *name;
	bool found;
};

static int show_if_wanted(const struct scope *scope _unused_, const struct classic *classic,
			  void *userdata)
{
	struct wanted *wanted = userdata;

	if (!kb_streq(classic->unit->name, wanted->name))
		return 0;
	wanted->found = true;
	show_fact(wanted->tool, "file", classic->unit->source, "");
	return show_unit(wanted->tool, classic->unit);
}

static int show_classic(struct tool *tool, const char *name)
{
	struct wanted wanted = { .tool = tool, .name = name };
	int r = 0;

	/* of this one file, please */
	parse_warn_set(count_warning);
	if (tool->classic)
		r = generator_each_classic(&tool->scope, NULL, show_if_wanted, &wanted);
	if (r >= 0 && !wanted.found) {
		fprintf(stderr, "kdbus-busname: there is no %s" UNIT_SUFFIX "\n", name);
		return -ENOENT;
	}
	return r;
}

static int show_dropins(struct tool *tool, const char *name)
{
	_cleanup_(kb_strv_freep) char **dropins = NULL;
	int r;

	r = generator_dropins(&tool->scope, name, &dropins);
	if (tool->report)
		kb_report_open_array(tool->report, "dropins");
	for (size_t i = 0; r >= 0 && dropins && dropins[i]; i++)
		show_fact(tool, tool->report ? NULL : "drop-in", dropins[i],
			  scope_is_masked(dropins[i]) ? " (masked)" : "");
	if (tool->report)
		kb_report_close(tool->report);
	return r;
}

static int show(struct tool *tool, const char *name)
{
	_cleanup_(kb_freep) char *file = NULL;
	_cleanup_(unit_freep) struct unit *unit = NULL;
	const char *state;
	int r;

	r = find_file(tool, name, &file);
	if (r < 0)
		return r == -ENOENT ? show_classic(tool, name) : r;
	/* warnings are lines of it, which a program could not tell apart */
	if (tool->report)
		parse_warn_set(count_warning);
	show_fact(tool, "file", file, "");
	r = show_dropins(tool, name);
	if (r >= 0)
		r = generator_load(&tool->scope, file, &unit);
	if (r < 0)
		return r;
	if (unit)
		return show_unit(tool, unit);
	state = scope_is_masked(file) ? "masked" : "ignored";
	if (tool->report)
		show_fact(tool, "state", state, "");
	else
		printf("# %s\n", state);
	return 0;
}

/* Any file, wherever it lies, with the drop-ins that would apply to it. */
static int verify(struct tool *tool, const char *file)
{
	_cleanup_(unit_freep) struct unit *unit = NULL;
	char path[PATH_MAX];
	int r;

	/* Not realpath(): what a link is called matters. */
	if (*file == '/')
		snprintf(path, sizeof(path), "%s", file);
	else
		snprintf(path, sizeof(path), "./%s", file);
	if (!kb_streq(strchr(path, '\0') - (strlen(path) < 8 ? 0 : 8), UNIT_SUFFIX)) {
		parse_warn(file, 0, "is not called NAME" UNIT_SUFFIX);
		return 0;
	}
	r = generator_load(&tool->scope, path, &unit);
	if (r >= 0 && unit)
		r = generator_check_service(&tool->scope, unit);
	return r;
}

/* for programs */

static void print_grants(struct tool *tool, const struct unit *unit)
{
	static const char *const types[] = {
		[KDBUS_POLICY_ACCESS_USER]	= "user",
		[KDBUS_POLICY_ACCESS_GROUP]	= "group",
		[KDBUS_POLICY_ACCESS_WORLD]	= "world",
	};

	printf("file\t%s\n", unit->source);
	printf("state\t%s\n", state_on_bus(tool, unit));
	for (size_t i = 0; i < unit->policy.n_rules; i++) {
		const struct policy_rule *rule = &unit->policy.rules[i];

		printf("grant\t%s\t%s\t%s\n", types[rule->type],
		       rule->who ?: "", policy_access_name(rule->access));
	}
}

static int grants_if_wanted(const struct scope *scope _unused_,
			    const struct classic *classic, void *userdata)
{
	struct wanted *wanted = userdata;

	if (kb_streq(classic->unit->name, wanted->name))
		print_grants(wanted->tool, classic->unit);
	return 0;
}

static int grants(struct tool *tool, const char *name)
{
	struct wanted wanted = { .tool = tool, .name = name };
	_cleanup_(kb_freep) char *file = NULL;
	_cleanup_(unit_freep) struct unit *unit = NULL;
	int r;

	r = find_file(tool, name, &file);
	if (r == -ENOENT)
		return tool->classic ?
		       generator_each_classic(&tool->scope, NULL,
					      grants_if_wanted, &wanted) : 0;
	if (r >= 0)
		r = generator_load(&tool->scope, file, &unit);
	if (r >= 0 && unit)
		print_grants(tool, unit);
	return r;
}

static void usage(FILE *to)
{
	fputs("Usage: kdbus-busname [--system|--user] [--address=ADDRESS] [--json=short|pretty] VERB\n"
	      "\n"
	      "  list            bus name units: state on the bus, warnings, file\n"
	      "  show NAME       its files, its state, and the service made of it\n"
	      "  verify FILE…    what is wrong with files\n"
	      "  services DIRECTORY…  what activation files say, for programs\n"
	      "  grants NAME     who may do what with it, for programs\n",
	      to);
}

/* Negative: an errno; else the exit status. */
static int run(struct tool *tool, int argc, char **argv)
{
	int i, r = 0;

	if (argc == 1 && kb_streq(argv[0], "list"))
		return list(tool);
	if (argc == 2 && kb_streq(argv[0], "show"))
		return show(tool, argv[1]);
	if (argc >= 2 && kb_streq(argv[0], "verify")) {
		for (i = 1; i < argc && r >= 0; i++)
			r = verify(tool, argv[i]);
		return r < 0 ? r : n_warnings ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	if (argc == 2 && kb_streq(argv[0], "grants")) {
		parse_warn_set(count_warning);
		return grants(tool, argv[1]);
	}
	if (argc >= 2 && kb_streq(argv[0], "services")) {
		parse_warn_set(NULL);
		return directory_print(argv + 1);
	}
	usage(stderr);
	return EXIT_USAGE;
}

/* "show" gives an object, the others give arrays. */
static int run_with_report(struct tool *tool, bool pretty, int argc, char **argv)
{
	bool is_object = argc && kb_streq(argv[0], "show");
	int r, printed;

	tool->report = warnings = kb_report_new(!is_object);
	if (!tool->report)
		return -ENOMEM;
	r = run(tool, argc, argv);
	printed = r < 0 || r == EXIT_USAGE ? 0 :
		  kb_report_print(tool->report, stdout, pretty);
	tool->report = warnings = kb_report_free(tool->report);
	if (printed < 0)
		fprintf(stderr, "kdbus-busname: cannot write: %s\n", strerror(-printed));
	return printed < 0 ? printed : r;
}

int main(int argc, char **argv)
{
	enum { OPT_SYSTEM = 256, OPT_USER, OPT_ADDRESS, OPT_JSON, OPT_HELP, OPT_VERSION };
	static const struct option options[] = {
		{ "system", no_argument, NULL, OPT_SYSTEM },
		{ "user", no_argument, NULL, OPT_USER },
		{ "address", required_argument, NULL, OPT_ADDRESS },
		{ "json", required_argument, NULL, OPT_JSON },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{}
	};
	_cleanup_(kb_freep) char *own = NULL;
	struct tool tool = {};
	const char *json = NULL;
	bool user = false;
	int c, r;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		switch (c) {
		case OPT_SYSTEM:
		case OPT_USER:
			user = c == OPT_USER;
			break;
		case OPT_ADDRESS:
			tool.address = optarg;
			break;
		case OPT_JSON:
			json = optarg;
			if (kb_streq(json, "short") || kb_streq(json, "pretty"))
				break;
			fprintf(stderr, "kdbus-busname: --json= is not short or pretty: %s\n", json);
			return EXIT_USAGE;
		case OPT_HELP:
			usage(stdout);
			return EXIT_SUCCESS;
		case OPT_VERSION:
			puts("kdbus-busname " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (!tool.address)
		tool.address = user ? own = kb_address_user(getuid()) : KB_ADDRESS_SYSTEM;
	tool.classic = role_now(user) == ROLE_BUS;
	r = scope_init(&tool.scope, user, "");
	if (r >= 0 && tool.classic && !user)
		r = scope_add_units(&tool.scope, KDBUSLIBEXECDIR "/system-bus");
	if (r < 0)
		return EXIT_FAILURE;
	/* Without a bus the files can still be looked at. */
	if (tool.address)
		kb_conn_open(tool.address, NULL, &tool.conn);
	parse_warn_set(print_warning);
	r = json ? run_with_report(&tool, kb_streq(json, "pretty"), argc - optind,
				   argv + optind) :
		   run(&tool, argc - optind, argv + optind);
	/* a full disk or a closed pipe is no success */
	if (fflush(stdout) == EOF && r == 0) {
		fprintf(stderr, "kdbus-busname: cannot write: %s\n", strerror(errno));
		r = EXIT_FAILURE;
	}
	kb_conn_unref(tool.conn);
	scope_deinit(&tool.scope);
	return r < 0 ? EXIT_FAILURE : r;
}
