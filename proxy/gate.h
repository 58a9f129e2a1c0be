/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where messages meet the policy. */
#ifndef PROXY_GATE_H
#define PROXY_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct kb_message;

/* Positive answers of the gate. */
enum {
	GATE_E_DENIED = 1,	/* the policy says no; it is logged already */
	GATE_E_ABSENT,		/* there is nobody to ask about, nor to send to */
};

/**
 * struct gate_pass - what an answer is about
 * @id:		the connection, 0 for a broadcast
 * @starts:	it is an activator, which will start somebody
 */
struct gate_pass {
	uint64_t id;
	bool starts;
};

/**
 * gate_send() - may the client send this to its destination
 * @message:	with a destination other than the driver, or a broadcast
 *
 * The message must go to @out_pass's connection and no other; if a name has moved in
 * between, ask again.  Returns 0, one of the above, or an errno.
 */
int gate_send(struct client *client, const struct kb_message *message,
	      struct gate_pass *out_pass);

/* the same for a message to the driver, who is always there */
bool gate_send_to_driver(struct client *client,
			 const struct kb_message *message);

/**
 * gate_receive() - may the client receive this
 *
 * The sender's right to send it is looked at as well, unless another client's
 * gate did so already: nobody else would for a native peer.
 */
bool gate_receive(struct client *client, const struct kb_message *message);

/* may the client own this name */
bool gate_own(struct client *client, const char *name);

#endif /* PROXY_GATE_H */
