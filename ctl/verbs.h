/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The verbs of kdbusctl: one table, one function each.
 */
#ifndef CTL_VERBS_H
#define CTL_VERBS_H

#include <stdbool.h>
#include <stddef.h>

struct ctl;

/**
 * struct ctl_verb - a verb
 * @name:	the word
 * @arguments:	what follows it, for people
 * @min:	fewest arguments
 * @max:	most arguments, -1 for any number
 * @is_paged:	what it prints may be long, and comes to an end
 * @run:	@argv has the arguments only; returns the exit status
 * @complete:	what the arguments are, for shells: words of complete.c,
 *		separated by blanks, the last of which may be "…" for more of the
 *		same; or words to choose from, separated by '|'
 * @help:	what it does, in a few words
 */
struct ctl_verb {
	const char *name;
	const char *arguments;
	int min;
	int max;
	bool is_paged;
	int (*run)(struct ctl *ctl, int argc, char **argv);
	const char *complete;
	const char *help;
};

/* All of them; @n is how many. */
const struct ctl_verb *ctl_verbs_all(size_t *n);
const struct ctl_verb *ctl_verb_find(const char *name);
/* Prints the table for --help. */
void ctl_verbs_print(void);

/* list.c, status.c */
int ctl_list(struct ctl *ctl, int argc, char **argv);
int ctl_names(struct ctl *ctl, int argc, char **argv);
int ctl_status(struct ctl *ctl, int argc, char **argv);

/* call.c */
int ctl_call_verb(struct ctl *ctl, int argc, char **argv);
int ctl_emit(struct ctl *ctl, int argc, char **argv);
int ctl_get_property(struct ctl *ctl, int argc, char **argv);
int ctl_set_property(struct ctl *ctl, int argc, char **argv);

/* tree.c, introspect.c */
int ctl_tree(struct ctl *ctl, int argc, char **argv);
int ctl_introspect(struct ctl *ctl, int argc, char **argv);

/* monitor.c */
int ctl_monitor(struct ctl *ctl, int argc, char **argv);

/* top.c, graph.c, bench.c */
int ctl_top(struct ctl *ctl, int argc, char **argv);
int ctl_graph(struct ctl *ctl, int argc, char **argv);
int ctl_bench(struct ctl *ctl, int argc, char **argv);

/* policy.c, denied.c */
int ctl_policy(struct ctl *ctl, int argc, char **argv);
int ctl_why_denied(struct ctl *ctl, int argc, char **argv);

/* endpoint.c */
int ctl_endpoint(struct ctl *ctl, int argc, char **argv);

/* switch.c */
int ctl_system_bus(struct ctl *ctl, int argc, char **argv);
int ctl_session_bus(struct ctl *ctl, int argc, char **argv);

/* busname.c */
int ctl_busname(struct ctl *ctl, int argc, char **argv);

#endif /* CTL_VERBS_H */
