// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl tree: the objects of services. */
#include <errno.h>

#include "ctl/ctl.h"
#include "ctl/object.h"
#include "ctl/peers.h"
#include "ctl/verbs.h"

#define DEPTH_MAX	64
#define OBJECTS_MAX	20000	/* a service may invent them without end */

/**
 * struct tree - a walk over the objects of services, one after the other
 * @report:	where paths go, or NULL to draw
 * @n_begun:	services that have answered
 * @service:	the one that is walked
 * @n:		its objects so far
 */
struct tree {
	const struct ctl *ctl;
	struct kb_conn *conn;
	struct kb_report *report;
	unsigned int n_begun;
	const char *service;
	unsigned int n;
};

static char *join(const char *a, const char *separator, const char *b)
{
	char *text;

	return asprintf(&text, "%s%s%s", a, separator, b) < 0 ? NULL : text;
}

static int compare_children(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int walk(struct tree *tree, const char *path, const char *indent,
		unsigned int depth);

static int walk_child(struct tree *tree, const char *path, const char *name,
		      const char *indent, bool last, unsigned int depth)
{
	_cleanup_(kb_freep) char *child = NULL, *deeper = NULL;

	child = join(path, path[1] ? "/" : "", name);
	deeper = join(indent, last ? "  " : "│ ", "");
	if (!child || !deeper)
		return ctl_fail_errno(ENOMEM, "cannot draw the tree");

	if (tree->report)
		kb_report_string(tree->report, NULL, child);
	else
		printf("%s%s %s\n", indent, last ? "└─" : "├─", child);
	return walk(tree, child, deeper, depth + 1);
}

static void begin(struct tree *tree)
{
	if (tree->report) {
		kb_report_open_object(tree->report, NULL);
		kb_report_string(tree->report, "name", tree->service);
		kb_report_open_array(tree->report, "objects");
		kb_report_string(tree->report, NULL, "/");
	} else {
		printf("%s%s\n└─ /\n", tree->n_begun ? "\n" : "", tree->service);
	}
	tree->n_begun++;
}

/* Everything below @path. */
static int walk(struct tree *tree, const char *path, const char *indent,
		unsigned int depth)
{
	_cleanup_(object_deinit) struct object object = {};
	int r;

	if (depth > DEPTH_MAX || tree->n++ > OBJECTS_MAX)
		return ctl_fail("%s has more objects than anybody can use",
				tree->service);
	r = object_get(tree->ctl, tree->conn, tree->service, path, &object);
	if (r)
		return r;
	/* who does not answer has no tree */
	if (!depth)
		begin(tree);
	if (object.n_children)
		qsort(object.children, object.n_children,
		      sizeof(*object.children), compare_children);
	for (size_t i = 0; i < object.n_children && !r; i++)
		r = walk_child(tree, path, object.children[i], indent,
			       i == object.n_children - 1, depth);
	return r;
}

static int show_service(struct tree *tree, const char *service)
{
	unsigned int n_before = tree->n_begun;
	int r;

	tree->service = service;
	tree->n = 0;
	r = walk(tree, "/", "  ", 0);
	if (tree->report && tree->n_begun > n_before) {
		kb_report_close(tree->report);
		kb_report_close(tree->report);
	}
	return r;
}

/* Every service that runs; those that are silent are told and left out. */
static int show_all(struct tree *tree)
{
	_cleanup_(peers_deinit) struct peers peers = {};
	_cleanup_(kb_freep) struct claim *claims = NULL;
	size_t n;
	int r, result = 0;

	r = peers_get(tree->conn, KDBUS_LIST_NAMES, 0, &peers);
	if (r < 0)
		return ctl_fail_errno(r, "cannot list the bus");
	claims = peers_claims(&peers, &n);
	if (!claims)
		return ctl_fail_errno(ENOMEM, "cannot list the bus");
	for (size_t i = 0; i < n; i++) {
		r = show_service(tree, claims[i].name);
		result = r ?: result;
	}
	return result;
}

int ctl_tree(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	struct tree tree = { .ctl = ctl };
	int r = 0, printed = 0;

	for (int i = 0; i < argc && !r; i++)
		r = ctl_check_name(ctl, argv[i]);
	if (!r)
		r = ctl_connect(ctl, 0, 0, &conn);
	if (r)
		return r;

	tree.conn = conn;
	if (ctl->json) {
		tree.report = kb_report_new(true);
		if (!tree.report)
			return ctl_fail_errno(ENOMEM, "cannot print");
	}
	if (!argc)
		r = show_all(&tree);
	for (int i = 0; i < argc; i++) {
		int one = show_service(&tree, argv[i]);

		r = one ?: r;
	}
	if (tree.report)
		printed = ctl_print_report(ctl, tree.report);
	return r ?: printed;
}
