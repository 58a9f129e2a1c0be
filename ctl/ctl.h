/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the verbs of kdbusctl share: the options, the connection, the words
 * for what went wrong.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "lib/conn.h"
#include "lib/report.h"
#include "lib/util.h"

#define CTL_USAGE	2	/* exit status for wrong usage */

enum ctl_json {
	CTL_JSON_OFF,
	CTL_JSON_SHORT,		/* one line */
	CTL_JSON_PRETTY,	/* indented */
};

/**
 * struct ctl_grant - "--own=", "--talk=" or "--see=", not checked yet
 * @access:	KDBUS_POLICY_*
 * @text:	"NAME[,user=USER|,group=GROUP]"
 */
struct ctl_grant {
	uint64_t access;
	const char *text;
};

/**
 * struct ctl - one run of the program
 * @verb:	the word on the command line
 * @address:	of the bus, NULL for the system's
 * @user:	it is the user's
 * @own_address: @address, if it is ours to free
 * @json:	how to print
 * @quiet:	print no reply
 * @no_auto_start: do not start a service for this call
 * @no_reply:	do not wait for a reply
 * @show:	list: kinds of names wanted, CTL_SHOW_*; 0 for all
 * @timeout_ns:	of a call; 0 for the default
 * @root:	system-bus, session-bus: the machine below this directory
 * @global:	session-bus: of every user
 * @limit:	monitor: messages until it ends; 0 for ever
 * @destination: emit: to one peer only
 * @matches:	monitor, top, graph: rules, any of which has to match
 * @no_pager:	long output goes straight to the terminal
 * @pcap:	monitor: file for a capture, "-" for standard output, or NULL
 * @svg:	graph: file for a picture, the same
 * @count:	top: snapshots; why-denied: refusals; 0 for the default
 * @interval_ns: top: between two snapshots; 0 for the default
 * @access:	endpoint: who may open it, KDBUS_MAKE_ACCESS_*; 0 for its owner
 * @grants:	endpoint: its policy, in the order it was given
 */
struct ctl {
	const char *verb;
	const char *address;
	char *own_address;
	bool user;
	bool global;
	const char *root;
	enum ctl_json json;
	bool quiet;
	bool no_auto_start;
	bool no_reply;
	unsigned int show;
	uint64_t timeout_ns;
	uint64_t limit;
	const char *destination;
	const char **matches;
	size_t n_matches;
	bool no_pager;
	const char *pcap;
	const char *svg;
	uint64_t count;
	uint64_t interval_ns;
	uint64_t access;
	struct ctl_grant *grants;
	size_t n_grants;
};

enum {
	CTL_SHOW_UNIQUE		= 1,
	CTL_SHOW_ACQUIRED	= 2,
	CTL_SHOW_ACTIVATABLE	= 4,
};

/* Prints "kdbusctl: …" to standard error; returns the status 1. */
int ctl_fail(const char *format, ...) _printf_(1, 2);
/* The same with ": text of the errno" behind it. */
int ctl_fail_errno(int r, const char *format, ...) _printf_(2, 3);
/* Prints what is wrong and how it would be right; returns CTL_USAGE. */
int ctl_fail_usage(const struct ctl *ctl, const char *format, ...)
	_printf_(2, 3);
/* Nothing more is printed: 0, or 1 after saying that not all could be written. */
int ctl_end_output(void);

/**
 * ctl_connect() - connect to the bus that was asked for
 * @flags:	KDBUS_HELLO_*, beside ACCEPT_FD
 * @attach:	what to know about senders
 *
 * Return: 0, or a status after saying why not.
 */
int ctl_connect(const struct ctl *ctl, uint64_t flags, uint64_t attach,
		struct kb_conn **out);

/* Says why the bus that was asked for cannot be opened. */
int ctl_fail_connect(const struct ctl *ctl, int r);

/* Says why a message to @destination could not be sent or answered. */
int ctl_fail_send(int r, const char *destination);
/* Says what an error message says: "name: text". */
int ctl_fail_error(const struct kb_message *error);

/**
 * ctl_call() - call a method and wait for its return
 * @message:	the call, released here in any case
 * @out:	its return; an error message is told and becomes a status
 *
 * Return: 0, or a status after saying what went wrong.
 */
int ctl_call(const struct ctl *ctl, struct kb_conn *conn,
	     struct kb_message *message, struct kb_message **out);

/* Prints the report as the options say, and frees it: a status. */
int ctl_print_report(const struct ctl *ctl, struct kb_report *report);

/* Prints @s with control characters made harmless; "-" for NULL. */
void ctl_print_text(const char *s, FILE *file);

/* @s or, if it is no bus name, path, …: a status with the reason. */
int ctl_check_name(const struct ctl *ctl, const char *name);
int ctl_check_path(const struct ctl *ctl, const char *path);
int ctl_check_interface(const struct ctl *ctl, const char *interface);
int ctl_check_member(const struct ctl *ctl, const char *member);

#endif /* CTL_CTL_H */
