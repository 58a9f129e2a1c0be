/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's half of the D-Bus SASL profile: a state machine over lines. */

#include <string.h>

#include "proxy/auth.h"

#define ANSWER_ERROR "ERROR\r\n"
#define ANSWER_DATA "DATA\r\n"
#define ANSWER_AGREE "AGREE_UNIX_FD\r\n"

void auth_init(struct auth *auth, const char *guid, uid_t uid)
{
	*auth = (struct auth){ .guid = guid, .uid = uid };
}

static int auth_reject(struct auth *auth, const char **out_answer)
{
	auth->state = AUTH_STATE_IDLE;
	auth->passes_fds = false;
	if (++auth->n_rejected > AUTH_REJECTIONS_MAX)
		return AUTH_CLOSE;

	*out_answer = auth->trust_anyone ? "REJECTED EXTERNAL ANONYMOUS\r\n" :
					   "REJECTED EXTERNAL\r\n";
	return AUTH_ANSWER;
}

static int auth_accept(struct auth *auth, const char **out_answer)
{
	char *p = auth->answer;

	p = stpcpy(p, "OK ");
	p = stpncpy(p, auth->guid, 32);
	strcpy(p, "\r\n");
	auth->state = AUTH_STATE_ACCEPTED;
	*out_answer = auth->answer;
	return AUTH_ANSWER;
}

static int unhex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * The identity is the decimal uid, hex-encoded.  Login names are not accepted:
 * to look one up could block, and no library sends one.
 */
static bool auth_identity_is_peer(const struct auth *auth, const char *hex)
{
	unsigned long long uid = 0;
	size_t size = strlen(hex);

	if (size % 2 != 0 || size > 2 * 10)
		return false;
	for (; *hex; hex += 2) {
		int high = unhex(hex[0]), low = unhex(hex[1]);
		char c;

		if (high < 0 || low < 0)
			return false;
		c = high << 4 | low;
		if (c < '0' || c > '9')
			return false;
		uid = uid * 10 + (c - '0');
	}
	return uid == auth->uid;
}

/* An empty identity asks for the one the socket shows. */
static int auth_check(struct auth *auth, const char *identity,
		      const char **out_answer)
{
	if (auth->trust_anyone || !*identity ||
	    auth_identity_is_peer(auth, identity))
		return auth_accept(auth, out_answer);
	return auth_reject(auth, out_answer);
}

/* commands; @rest is what follows the command and one space */

static int auth_cmd_error(struct auth *auth, const char *rest,
			  const char **out_answer)
{
	(void)auth;
	(void)rest;
	*out_answer = ANSWER_ERROR;
	return AUTH_ANSWER;
}

static int auth_cmd_close(struct auth *auth, const char *rest,
			  const char **out_answer)
{
	(void)auth;
	(void)rest;
	(void)out_answer;
	return AUTH_CLOSE;
}

static int auth_cmd_reject(struct auth *auth, const char *rest,
			   const char **out_answer)
{
	(void)rest;
	return auth_reject(auth, out_answer);
}

static const char *word_after(const char *text, const char *word)
{
	size_t size = strlen(word);

	if (strncmp(text, word, size) != 0)
		return NULL;
	if (text[size] == ' ')
		return text + size + 1;
	return text[size] ? NULL : text + size;
}

static int auth_cmd_auth(struct auth *auth, const char *rest,
			 const char **out_answer)
{
	const char *identity;

	if (auth->trust_anyone && word_after(rest, "ANONYMOUS"))
		return auth_accept(auth, out_answer);

	identity = word_after(rest, "EXTERNAL");
	if (!identity)
		return auth_reject(auth, out_answer);
	if (*identity)
		return auth_check(auth, identity, out_answer);

	auth->state = AUTH_STATE_CHALLENGED;
	*out_answer = ANSWER_DATA;
	return AUTH_ANSWER;
}

static int auth_cmd_data(struct auth *auth, const char *rest,
			 const char **out_answer)
{
	return auth_check(auth, rest, out_answer);
}

static int auth_cmd_negotiate(struct auth *auth, const char *rest,
			      const char **out_answer)
{
	(void)rest;
	auth->passes_fds = auth->may_pass_fds;
	*out_answer = auth->may_pass_fds ? ANSWER_AGREE : ANSWER_ERROR;
	return AUTH_ANSWER;
}

static int auth_cmd_begin(struct auth *auth, const char *rest,
			  const char **out_answer)
{
	(void)auth;
	(void)rest;
	(void)out_answer;
	return AUTH_DONE;
}

/* One row per command, one column per state; the last row is for all others. */
/* clang-format off */
static const struct {
	const char *word;
	int (*in[_N_AUTH_STATES])(struct auth *auth, const char *rest,
				  const char **out_answer);
} auth_cmds[] = {
	/*		       -      IDLE		CHALLENGED	  ACCEPTED */
	{ "AUTH",	       { NULL, auth_cmd_auth,	 auth_cmd_error,  auth_cmd_error } },
	{ "DATA",	       { NULL, auth_cmd_error,	 auth_cmd_data,   auth_cmd_error } },
	{ "CANCEL",	       { NULL, auth_cmd_reject,  auth_cmd_reject, auth_cmd_reject } },
	{ "ERROR",	       { NULL, auth_cmd_reject,  auth_cmd_reject, auth_cmd_reject } },
	{ "NEGOTIATE_UNIX_FD", { NULL, auth_cmd_error,	 auth_cmd_error,  auth_cmd_negotiate } },
	{ "BEGIN",	       { NULL, auth_cmd_close,	 auth_cmd_close,  auth_cmd_begin } },
	{ NULL,		       { NULL, auth_cmd_error,	 auth_cmd_error,  auth_cmd_error } },
};
/* clang-format on */

static int auth_line(struct auth *auth, const char *line,
		     const char **out_answer)
{
	const char *rest = line;
	size_t i = 0;

	for (; auth_cmds[i].word; i++) {
		rest = word_after(line, auth_cmds[i].word);
		if (rest)
			break;
	}
	return auth_cmds[i].in[auth->state](auth, rest, out_answer);
}

/* Moves bytes into the line; true when it ended. */
static bool auth_fill(struct auth *auth, const char *data, size_t size,
		      size_t *used)
{
	while (*used < size && auth->line_size < AUTH_LINE_MAX) {
		char c = data[(*used)++];
		size_t n = auth->line_size;

		auth->n_total++;
		auth->line[auth->line_size++] = c;
		if (c == '\n' && n > 0 && auth->line[n - 1] == '\r') {
			auth->line[n - 1] = 0;
			return true;
		}
	}
	return false;
}

/* What is no plain text is no command, but it is answered like one. */
static bool line_is_ascii(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			return false;
	return true;
}

int auth_feed(struct auth *auth, const char *data, size_t size,
	      size_t *out_used, const char **out_answer)
{
	size_t text_size;

	*out_used = 0;
	if (auth->state == AUTH_STATE_NUL && size > 0) {
		if (data[0] != 0)
			return AUTH_CLOSE;
		*out_used = 1;
		auth->n_total = 1;
		auth->state = AUTH_STATE_IDLE;
	}

	if (!auth_fill(auth, data, size, out_used))
		return auth->line_size >= AUTH_LINE_MAX ||
				       auth->n_total >= AUTH_TOTAL_MAX ?
			       AUTH_CLOSE :
			       AUTH_MORE;
	if (auth->n_total > AUTH_TOTAL_MAX)
		return AUTH_CLOSE;

	text_size = auth->line_size - 2;
	auth->line_size = 0;
	if (!line_is_ascii(auth->line, text_size))
		return auth_cmd_error(auth, "", out_answer);
	return auth_line(auth, auth->line, out_answer);
}
