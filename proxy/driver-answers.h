/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the driver answered a client, seen in passing. */
#ifndef PROXY_DRIVER_ANSWERS_H
#define PROXY_DRIVER_ANSWERS_H

struct client;
struct kb_message;

/* Why an answer of the driver is looked at. */
enum driver_asked {
	DRIVER_ASKED,		/* only for its sender */
	DRIVER_ASKED_REQUEST,	/* whether the client got a name, or queues */
	DRIVER_ASKED_RELEASE,
	DRIVER_ASKED_FEATURES,	/* to add what the proxy can do */
	DRIVER_ASKED_INTERFACES,
	DRIVER_ASKED_ALL,
};

/**
 * driver_answer() - see a reply to the client pass by
 * @message:	in GVariant; replaced if the proxy has to add to it
 *
 * Returns 0, or a negative errno if the answer cannot be told.
 */
int driver_answer(struct client *client, struct kb_message **message);

#endif /* PROXY_DRIVER_ANSWERS_H */
