/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the configuration again, while messages go on. */
#ifndef PROXY_RELOAD_H
#define PROXY_RELOAD_H

struct client;
struct kb_message;
struct proxy;
struct reload;

int reload_new(struct proxy *proxy, struct reload **out_reload);
struct reload *reload_free(struct reload *reload);

/**
 * reload_begin() - read the configuration again
 *
 * The files are read at once.  If the name service has to be asked whom the
 * rules are for, the old configuration stays in force until it has answered, or
 * had its time; nobody else waits.  Then all clients change over at once.
 *
 * Returns 0 if the new configuration is in force, RELOAD_E_LATER if it will
 * be, -EBADMSG if a file is broken, -ENOENT if the main file is gone (the old
 * configuration stays then), or -ENOMEM.
 */
int reload_begin(struct reload *reload);

enum {
	RELOAD_E_LATER = 1,
};

/**
 * reload_settle_later() - ask again whom the name service kept silent about
 *
 * For the configuration in force, if it has such rules.
 */
void reload_settle_later(struct reload *reload);

/**
 * reload_on_call() - the same for a client who waits for the end of it
 * @done:	called when it is over, maybe before this returns; @r is 0 or the
 *		error.  Not called if the client has gone by then.
 */
void reload_on_call(struct reload *reload, struct client *client,
		    struct kb_message *call,
		    void (*done)(struct client *client, struct kb_message *call,
				 int r));

/* The client goes, and its calls with it. */
void reload_forget(struct reload *reload, const struct client *client);

#endif /* PROXY_RELOAD_H */
