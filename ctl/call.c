// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl call, emit, get-property, set-property. */
#include <errno.h>

#include "ctl/args.h"
#include "ctl/ctl.h"
#include "ctl/verbs.h"

#define PROPERTIES	"org.freedesktop.DBus.Properties"

/* The values left in @reader, with their types. */
/* @report: how values become JSON, as an array or as one value */
static int print_values(const struct ctl *ctl, const char *signature,
			struct kb_reader *reader,
			void (*report_values)(struct kb_report *report, const char *key,
					      struct kb_reader *reader))
{
	struct kb_report *report;
	int r;

	if (ctl->json) {
		report = kb_report_new(false);
		if (report) {
			kb_report_string(report, "type", signature);
			report_values(report, "data", reader);
		}
		return ctl_print_report(ctl, report);
	}
	r = kb_value_print(reader, stdout);
	putchar('\n');
	return r < 0 ? ctl_fail("the reply cannot be read") : 0;
}

static int print_reply(const struct ctl *ctl, const struct kb_message *reply)
{
	struct kb_reader reader;
	int r;

	if (ctl->quiet || (!*reply->signature && !ctl->json))
		return 0;
	r = kb_message_reader(reply, &reader);
	r = r < 0 ? ctl_fail("the reply cannot be read") :
		    print_values(ctl, reply->signature, &reader,
				 kb_report_values);
	kb_reader_deinit(&reader);
	return r;
}

/* Checks the four words every call begins with, and makes the message. */
static int make_call(const struct ctl *ctl, char **argv,
		     struct kb_message **out)
{
	int r;

	r = ctl_check_name(ctl, argv[0]);
	if (!r)
		r = ctl_check_path(ctl, argv[1]);
	if (!r && *argv[2])
		r = ctl_check_interface(ctl, argv[2]);
	if (!r)
		r = ctl_check_member(ctl, argv[3]);
	if (r)
		return r;
	r = kb_message_new_call(argv[0], argv[1], *argv[2] ? argv[2] : NULL,
				argv[3], out);
	return r < 0 ? ctl_fail_errno(r, "cannot make the call") : 0;
}

int ctl_call_verb(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	int r;

	r = make_call(ctl, argv, &call);
	if (!r && argc > 4)
		r = args_append(ctl, call, argv[4], argv + 5, argc - 5);
	if (!r)
		r = ctl_connect(ctl, 0, 0, &conn);
	if (r)
		return r;

	if (ctl->no_reply) {
		call->flags |= KB_NO_REPLY_EXPECTED;
		if (ctl->no_auto_start)
			call->flags |= KB_NO_AUTO_START;
		r = kb_conn_send(conn, call);
		return r < 0 ? ctl_fail_send(r, argv[0]) : 0;
	}
	r = ctl_call(ctl, conn, TAKE_PTR(call), &reply);
	return r ?: print_reply(ctl, reply);
}

int ctl_emit(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(kb_message_unrefp) struct kb_message *signal = NULL;
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	int r;

	r = ctl_check_path(ctl, argv[0]);
	if (!r)
		r = ctl_check_interface(ctl, argv[1]);
	if (!r)
		r = ctl_check_member(ctl, argv[2]);
	if (r)
		return r;

	r = kb_message_new_signal(argv[0], argv[1], argv[2], &signal);
	if (r >= 0 && ctl->destination)
		r = kb_message_set(signal, KB_FIELD_DESTINATION,
				   ctl->destination);
	if (r < 0)
		return ctl_fail_errno(r, "cannot make the signal");
	if (argc > 3) {
		r = args_append(ctl, signal, argv[3], argv + 4, argc - 4);
		if (r)
			return r;
	}

	r = ctl_connect(ctl, 0, 0, &conn);
	if (r)
		return r;
	r = kb_conn_send(conn, signal);
	if (r < 0 && ctl->destination)
		return ctl_fail_send(r, ctl->destination);
	return r < 0 ? ctl_fail_errno(r, "cannot send the signal") : 0;
}

/* properties */

/* The value in a reply of type "v". */
static int print_property(const struct ctl *ctl,
			  const struct kb_message *reply)
{
	char type[KB_SIGNATURE_MAX + 1];
	struct kb_reader reader;
	int r;

	if (!kb_streq(reply->signature, "v"))
		return ctl_fail("the reply is no property");
	r = kb_message_reader(reply, &reader);
	if (r >= 0)
		r = kb_reader_contents(&reader, type);
	if (r >= 0)
		r = kb_reader_enter(&reader, 'v');
	r = r < 0 ? ctl_fail("the reply cannot be read") :
		    print_values(ctl, type, &reader, kb_report_value);
	kb_reader_deinit(&reader);
	return r;
}

static int new_properties_call(const struct ctl *ctl, char **argv,
			       const char *method, const char *property,
			       struct kb_message **out)
{
	int r;

	r = ctl_check_name(ctl, argv[0]);
	if (!r)
		r = ctl_check_path(ctl, argv[1]);
	if (!r)
		r = ctl_check_interface(ctl, argv[2]);
	if (!r)
		r = ctl_check_member(ctl, property);
	if (r)
		return r;

	r = kb_message_new_call(argv[0], argv[1], PROPERTIES, method, out);
	if (r >= 0)
		r = kb_message_append(*out, "ss", argv[2], property);
	return r < 0 ? ctl_fail_errno(r, "cannot make the call") : 0;
}

int ctl_get_property(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	int r = 0;

	for (int i = 3; i < argc && !r; i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
		_cleanup_(kb_message_unrefp) struct kb_message *call = NULL;

		r = new_properties_call(ctl, argv, "Get", argv[i], &call);
		if (!r && !conn)
			r = ctl_connect(ctl, 0, 0, &conn);
		if (!r)
			r = ctl_call(ctl, conn, TAKE_PTR(call), &reply);
		if (!r && !ctl->quiet)
			r = print_property(ctl, reply);
	}
	return r;
}

int ctl_set_property(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL;
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	int r;

	if (!kb_signature_is_single(argv[4], strlen(argv[4])))
		return ctl_fail_usage(ctl, "\"%s\" is not one complete type",
				      argv[4]);
	r = new_properties_call(ctl, argv, "Set", argv[3], &call);
	/* as if the words had been "v TYPE VALUE…" */
	if (!r)
		r = args_append(ctl, call, "v", argv + 4, argc - 4);
	if (!r)
		r = ctl_connect(ctl, 0, 0, &conn);
	return r ?: ctl_call(ctl, conn, TAKE_PTR(call), &reply);
}
