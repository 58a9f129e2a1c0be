/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's half of the D-Bus SASL profile: a state machine over lines. */
#ifndef PROXY_AUTH_H
#define PROXY_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* a longer line, or a longer conversation, ends the connection */
#define AUTH_LINE_MAX 1024
#define AUTH_TOTAL_MAX (16 * 1024)
#define AUTH_REJECTIONS_MAX 3

/* What auth_feed() found at the front of the bytes it was given. */
enum {
	AUTH_MORE,	/* everything is used up, the line is not complete */
	AUTH_ANSWER,	/* a line was used up, out_answer must be sent */
	AUTH_DONE,	/* BEGIN: the first unused byte starts the messages */
	AUTH_CLOSE,	/* hang up */
};

enum auth_state {
	AUTH_STATE_NUL,		/* nothing yet, the NUL byte is due */
	AUTH_STATE_IDLE,	/* waiting for AUTH */
	AUTH_STATE_CHALLENGED,	/* EXTERNAL began without an identity */
	AUTH_STATE_ACCEPTED,	/* OK was said, waiting for BEGIN */
	_N_AUTH_STATES,
};

/**
 * struct auth - one client's authentication
 *
 * The machine touches no descriptor: bytes go in, lines come out.  Who the peer
 * is was learned from the socket before, so the conversation can only confirm
 * it; nothing the client says is believed.
 *
 * @guid:		id of the bus, told in OK, 32 hex digits (borrowed)
 * @uid:		whom the socket says the peer is
 * @trust_anyone:	accept ANONYMOUS and any identity: there is no socket
 *			that could contradict (--stdio)
 * @may_pass_fds:	the transport can carry file descriptors
 * @passes_fds:		they were negotiated
 */
struct auth {
	const char *guid;
	uid_t uid;
	bool trust_anyone : 1;
	bool may_pass_fds : 1;
	bool passes_fds : 1;

	enum auth_state state;
	unsigned int n_rejected;
	size_t n_total;
	size_t line_size;
	char line[AUTH_LINE_MAX];
	char answer[sizeof("OK \r\n") + 32];
};

void auth_init(struct auth *auth, const char *guid, uid_t uid);

/**
 * auth_feed() - take bytes up to the end of one line
 * @data, @size:	what arrived
 * @out_used:		how many bytes of it were taken, always written
 * @out_answer:		what to send, written with AUTH_ANSWER; valid until the
 *			next call
 *
 * To be called again with the rest until it says something other than
 * AUTH_ANSWER.  Returns one of the values above; it cannot fail.
 */
int auth_feed(struct auth *auth, const char *data, size_t size,
	      size_t *out_used, const char **out_answer);

#endif /* PROXY_AUTH_H */
