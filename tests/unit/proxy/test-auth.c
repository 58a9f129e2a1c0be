/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SASL conversation: every row of its table, cut at every byte. */

#include <criterion/criterion.h>
#include <string.h>

#include "proxy/auth.h"

#define GUID "0123456789abcdef0123456789abcdef"
#define OK "OK " GUID "\r\n"

enum {
	FDS = 1,	/* the transport can pass descriptors */
	ANYONE = 2,	/* --stdio */
	PASSES = 4,	/* expected: they were negotiated */
};

/* clang-format off */
static const struct conversation {
	const char *name;
	int options;
	const char *in;		/* after the NUL byte */
	const char *out;
	int end;		/* what the last call says */
} conversations[] = {
	{ "mechanisms",		0, "AUTH\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "anonymous",		0, "AUTH ANONYMOUS 6869\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "cookie",		0, "AUTH DBUS_COOKIE_SHA1 31303030\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "prefix of name",	0, "AUTH EXTERNALLY 31303030\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "uid",		0, "AUTH EXTERNAL 31303030\r\n", OK, AUTH_MORE },
	{ "wrong uid",		0, "AUTH EXTERNAL 30\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "odd hex",		0, "AUTH EXTERNAL 3130303\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "no hex",		0, "AUTH EXTERNAL 3z303030\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "no digits",		0, "AUTH EXTERNAL 726f6f74\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "huge uid",		0, "AUTH EXTERNAL 3432393439363832393630\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "challenge, empty",	0, "AUTH EXTERNAL\r\nDATA\r\n", "DATA\r\n" OK, AUTH_MORE },
	{ "challenge, uid",	0, "AUTH EXTERNAL\r\nDATA 31303030\r\n", "DATA\r\n" OK, AUTH_MORE },
	{ "challenge, wrong",	0, "AUTH EXTERNAL\r\nDATA 31\r\n", "DATA\r\nREJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "auth in challenge",	0, "AUTH EXTERNAL\r\nAUTH EXTERNAL\r\n", "DATA\r\nERROR\r\n", AUTH_MORE },
	{ "data first",		0, "DATA\r\n", "ERROR\r\n", AUTH_MORE },
	{ "data after ok",	0, "AUTH EXTERNAL 31303030\r\nDATA\r\n", OK "ERROR\r\n", AUTH_MORE },
	{ "auth after ok",	0, "AUTH EXTERNAL 31303030\r\nAUTH\r\n", OK "ERROR\r\n", AUTH_MORE },
	{ "cancel",		0, "AUTH EXTERNAL\r\nCANCEL\r\nDATA\r\n", "DATA\r\nREJECTED EXTERNAL\r\nERROR\r\n", AUTH_MORE },
	{ "cancel after ok",	0, "AUTH EXTERNAL 31303030\r\nCANCEL\r\nBEGIN\r\n", OK "REJECTED EXTERNAL\r\n", AUTH_CLOSE },
	{ "error",		0, "ERROR what\r\n", "REJECTED EXTERNAL\r\n", AUTH_MORE },
	{ "unknown",		0, "HELLO\r\n\r\nauth\r\n", "ERROR\r\nERROR\r\nERROR\r\n", AUTH_MORE },
	{ "not ascii",		0, "AUTH EXTERNAL\xc3\xa4\r\n", "ERROR\r\n", AUTH_MORE },
	{ "newline inside",	0, "AUTH\nEXTERNAL\r\n", "ERROR\r\n", AUTH_MORE },
	{ "four rejections",	0, "AUTH\r\nAUTH\r\nAUTH\r\nAUTH\r\n", "REJECTED EXTERNAL\r\nREJECTED EXTERNAL\r\nREJECTED EXTERNAL\r\n", AUTH_CLOSE },
	{ "begin too early",	0, "BEGIN\r\n", "", AUTH_CLOSE },
	{ "begin in challenge",	0, "AUTH EXTERNAL\r\nBEGIN\r\n", "DATA\r\n", AUTH_CLOSE },
	{ "begin",		0, "AUTH EXTERNAL 31303030\r\nBEGIN\r\n", OK, AUTH_DONE },
	{ "fds",		FDS | PASSES, "AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n", "DATA\r\n" OK "AGREE_UNIX_FD\r\n", AUTH_DONE },
	{ "fds not possible",	0, "AUTH EXTERNAL 31303030\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n", OK "ERROR\r\n", AUTH_DONE },
	{ "fds too early",	FDS, "NEGOTIATE_UNIX_FD\r\nAUTH EXTERNAL 31303030\r\nBEGIN\r\n", "ERROR\r\n" OK, AUTH_DONE },
	{ "fds, cancelled",	FDS, "AUTH EXTERNAL 31303030\r\nNEGOTIATE_UNIX_FD\r\nCANCEL\r\nAUTH EXTERNAL 31303030\r\nBEGIN\r\n",
		OK "AGREE_UNIX_FD\r\nREJECTED EXTERNAL\r\n" OK, AUTH_DONE },
	{ "stdio lists",	ANYONE, "AUTH\r\n", "REJECTED EXTERNAL ANONYMOUS\r\n", AUTH_MORE },
	{ "stdio anonymous",	ANYONE, "AUTH ANONYMOUS\r\nBEGIN\r\n", OK, AUTH_DONE },
	{ "stdio anyone",	ANYONE, "AUTH EXTERNAL 30\r\nBEGIN\r\n", OK, AUTH_DONE },
};
/* clang-format on */

/* Feeds one run of bytes; stops where the machine does. */
static int feed(struct auth *auth, const char *data, size_t size, size_t *used,
		char *out)
{
	int r;

	*used = 0;
	do {
		const char *answer;
		size_t n;

		r = auth_feed(auth, data + *used, size - *used, &n, &answer);
		*used += n;
		if (r == AUTH_ANSWER)
			strcat(out, answer);
	} while (r == AUTH_ANSWER);
	return r;
}

static void talk(const struct conversation *c, size_t cut)
{
	char in[1024] = "", out[1024] = "";
	size_t size = 1 + strlen(c->in), used, rest;
	struct auth auth;
	int r;

	auth_init(&auth, GUID, 1000);
	auth.may_pass_fds = c->options & FDS;
	auth.trust_anyone = c->options & ANYONE;
	strcpy(in + 1, c->in);

	r = feed(&auth, in, cut, &used, out);
	if (r == AUTH_MORE)
		r = feed(&auth, in + cut, size - cut, &rest, out);

	cr_expect_str_eq(out, c->out, "%s, cut at %zu: %s", c->name, cut, out);
	cr_expect_eq(r, c->end, "%s, cut at %zu: %d", c->name, cut, r);
	cr_expect_eq(auth.passes_fds, !!(c->options & PASSES), "%s", c->name);
}

Test(auth, answers_the_same_wherever_the_stream_is_cut)
{
	for (size_t i = 0; i < sizeof(conversations) / sizeof(*conversations); i++)
		for (size_t cut = 0; cut <= 1 + strlen(conversations[i].in); cut++)
			talk(&conversations[i], cut);
}

Test(auth, leaves_the_first_message_alone)
{
	static const char in[] = "\0AUTH EXTERNAL 31303030\r\nBEGIN\r\nl\1";
	char out[256] = "";
	struct auth auth;
	size_t used;

	auth_init(&auth, GUID, 1000);
	cr_expect_eq(feed(&auth, in, sizeof(in) - 1, &used, out), AUTH_DONE);
	cr_expect_str_eq(out, OK);
	cr_expect_eq(used, sizeof(in) - 1 - 2);
}

Test(auth, wants_a_nul_first)
{
	char out[256] = "";
	struct auth auth;
	size_t used;

	auth_init(&auth, GUID, 1000);
	cr_expect_eq(feed(&auth, "AUTH\r\n", 6, &used, out), AUTH_CLOSE);
	cr_expect_str_empty(out);
}

Test(auth, ends_a_line_without_end)
{
	char in[2 * AUTH_LINE_MAX] = "", out[256] = "";
	struct auth auth;
	size_t used;

	memset(in + 1, 'A', sizeof(in) - 1);
	auth_init(&auth, GUID, 1000);
	cr_expect_eq(feed(&auth, in, sizeof(in), &used, out), AUTH_CLOSE);
	cr_expect_leq(used, 1 + AUTH_LINE_MAX);
}

Test(auth, ends_a_conversation_without_end)
{
	struct auth auth;
	char out[256];
	size_t used;
	int r = AUTH_MORE, n;

	auth_init(&auth, GUID, 1000);
	r = feed(&auth, "", 1, &used, out);
	for (n = 0; r == AUTH_MORE && n < AUTH_TOTAL_MAX; n++) {
		out[0] = 0;
		r = feed(&auth, "HELLO\r\n", 7, &used, out);
	}
	cr_expect_eq(r, AUTH_CLOSE);
	cr_expect_leq(n, AUTH_TOTAL_MAX / 7 + 1);
}
