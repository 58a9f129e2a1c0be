// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the verbs of kdbusctl share. */
#include <errno.h>
#include <stdarg.h>

#include "ctl/ctl.h"
#include "ctl/verbs.h"
#include "lib/address.h"
#include "lib/name.h"

/* saying what went wrong */

static void say(const char *format, va_list args)
{
	fputs("kdbusctl: ", stderr);
	vfprintf(stderr, format, args);
}

int ctl_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

int ctl_fail_errno(int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(abs(r)));
	return 1;
}

/* A full disk or a closed pipe is no success; what could not be written once is
 * not there to be flushed any more. */
int ctl_end_output(void)
{
	if (fflush(stdout) == EOF)
		return ctl_fail_errno(errno, "cannot write");
	return ferror(stdout) ? ctl_fail_errno(EPIPE, "cannot write") : 0;
}

int ctl_fail_usage(const struct ctl *ctl, const char *format, ...)
{
	const struct ctl_verb *verb = ctl->verb ? ctl_verb_find(ctl->verb) :
						  NULL;
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	if (verb)
		fprintf(stderr, "; usage: kdbusctl %s%s%s\n", verb->name,
			*verb->arguments ? " " : "", verb->arguments);
	else
		fputs("; try kdbusctl --help\n", stderr);
	return CTL_USAGE;
}

int ctl_fail_send(int r, const char *destination)
{
	switch (-r) {
	case ESRCH:
	case ENXIO:
		return ctl_fail("nobody has the name %s; \"kdbusctl list\" shows who is there",
				destination);
	case EADDRNOTAVAIL:
		return ctl_fail("%s is not running, and may not be started",
				destination);
	case ETIMEDOUT:
		return ctl_fail("no reply from %s in time; --timeout= gives it more",
				destination);
	case EPIPE:
		return ctl_fail("%s went away without a reply", destination);
	case EREMOTEIO:
		return ctl_fail("%s replied, but the reply did not fit",
				destination);
	case EPERM:
	case EACCES:
		return ctl_fail("the policy of the bus forbids to talk to %s; \"kdbusctl policy check USER NAME\" tells by which rule",
				destination);
	case EBADMSG:
		return ctl_fail("%s sent a reply nobody can read",
				destination);
	default:
		return ctl_fail_errno(r, "cannot send to %s", destination);
	}
}

int ctl_fail_error(const struct kb_message *error)
{
	const char *text = NULL;
	struct kb_reader reader;

	if (kb_message_reader(error, &reader) >= 0)
		kb_reader_read(&reader, "s", &text);
	fputs("kdbusctl: ", stderr);
	ctl_print_text(error->error_name, stderr);
	if (text) {
		fputs(": ", stderr);
		ctl_print_text(text, stderr);
	}
	fputc('\n', stderr);
	kb_reader_deinit(&reader);
	return 1;
}

/* the bus */

int ctl_fail_connect(const struct ctl *ctl, int r)
{
	const char *address = ctl->address ?: KB_ADDRESS_SYSTEM;

	switch (-r) {
	case ENOENT:
		return ctl_fail("there is no bus at %s%s", address,
				!ctl->address ? "; see \"systemctl status kdbus-bus.service\"" :
				ctl->user ? "; see \"systemctl --user status kdbus-bus.service\"" : "");
	case EINVAL:
	case EAFNOSUPPORT:
		return ctl_fail("\"%s\" is no address of a kdbus bus", address);
	case ENOTTY:
		return ctl_fail("%s is no kdbus endpoint", address);
	default:
		return ctl_fail_errno(r, "cannot connect to %s", address);
	}
}

int ctl_connect(const struct ctl *ctl, uint64_t flags, uint64_t attach,
		struct kb_conn **out)
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	int r;

	options.flags |= flags;
	options.attach_recv = attach;
	options.description = "kdbusctl";
	/* room for the details of many thousand peers; only what is used of
	 * it costs memory */
	options.pool_size = 4 * KB_POOL_SIZE;
	r = kb_conn_open(ctl->address ?: KB_ADDRESS_SYSTEM, &options, out);
	if (r == -EPERM && flags & KDBUS_HELLO_MONITOR)
		return ctl_fail("only the owner of the bus may watch it; try it as root, or --user for your own");
	return r < 0 ? ctl_fail_connect(ctl, r) : 0;
}

int ctl_call(const struct ctl *ctl, struct kb_conn *conn,
	     struct kb_message *message, struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = message;
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	int r;

	if (ctl->no_auto_start)
		call->flags |= KB_NO_AUTO_START;
	r = kb_conn_call(conn, call, ctl->timeout_ns, &reply);
	if (r < 0)
		return ctl_fail_send(r, call->destination);
	if (reply->type == KB_ERROR)
		return ctl_fail_error(reply);
	if (kb_message_validate(reply) < 0)
		return ctl_fail_send(-EBADMSG, call->destination);
	*out = TAKE_PTR(reply);
	return 0;
}

/* output */

int ctl_print_report(const struct ctl *ctl, struct kb_report *report)
{
	int r = report ? kb_report_print(report, stdout,
					 ctl->json == CTL_JSON_PRETTY) :
			 -ENOMEM;

	kb_report_free(report);
	/* nobody reads it: whoever has not been ended by that sees ferror() */
	return r < 0 && r != -EPIPE ? ctl_fail_errno(r, "cannot print") : 0;
}

/* What strangers call themselves must not steer a terminal; U+0080 to U+009F can
 * do that, too, and so can bytes that are no UTF-8. */
static bool is_control(const uint8_t *p, size_t n)
{
	return !n || *p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0);
}

void ctl_print_text(const char *s, FILE *file)
{
	const uint8_t *p = (const uint8_t *)(s ?: "-");
	size_t n;

	for (; *p; p += n) {
		n = kb_utf8_next((const char *)p);
		if (!is_control(p, n)) {
			fwrite(p, 1, n, file);
			continue;
		}
		n = n ?: 1;
		for (size_t i = 0; i < n; i++)
			fprintf(file, "\\%03o", p[i]);
	}
}

/* arguments */

static int check(const struct ctl *ctl, const char *text, bool valid,
		 const char *what)
{
	return valid ? 0 : ctl_fail_usage(ctl, "\"%s\" is no %s", text, what);
}

int ctl_check_name(const struct ctl *ctl, const char *name)
{
	return check(ctl, name, kb_name_is_valid(name), "bus name");
}

int ctl_check_path(const struct ctl *ctl, const char *path)
{
	return check(ctl, path, kb_path_is_valid(path), "object path");
}

int ctl_check_interface(const struct ctl *ctl, const char *interface)
{
	return check(ctl, interface, kb_interface_is_valid(interface),
		     "interface name");
}

int ctl_check_member(const struct ctl *ctl, const char *member)
{
	return check(ctl, member, kb_member_is_valid(member),
		     "name of a method, signal or property");
}
