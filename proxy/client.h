/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One dbus1 client: its socket, its connection to the bus, what it is owed. */
#ifndef PROXY_CLIENT_H
#define PROXY_CLIENT_H

#include <linux/kdbus.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "proxy/auth.h"
#include "proxy/backlog.h"
#include "proxy/ledger.h"
#include "proxy/matches.h"
#include "proxy/names.h"
#include "proxy/peer.h"
#include "proxy/refusal.h"
#include "proxy/stream.h"
#include "proxy/xml-policy.h"

struct kb_conn;
struct kb_message;
struct proxy;

/* The life of a client, in order; MONITOR only for those who ask. */
enum client_state {
	CLIENT_AUTH,	/* says who it is */
	CLIENT_HELLO,	/* may speak messages, the first must be Hello */
	CLIENT_ACTIVE,	/* on the bus */
	CLIENT_MONITOR,	/* only listens, to everybody */
	CLIENT_CLOSING,	/* gets what is queued for it, then goes */
	CLIENT_DEAD,	/* everything closed, waits to be freed */
};

/**
 * struct client - one connection to the socket
 *
 * @view:	the policy as this client sees it, NULL if it needs none
 * @conn:	its connection to the bus, from Hello on
 * @matches:	rules it added; of a monitor, what it wants to see
 * @names:	it owns or waits for
 * @asked:	calls to the driver whose answers must be looked at
 * @waiting:	calls it waits for, if that is limited more than by the kernel
 * @owed:	calls it received under a serial that is not their cookie
 * @backlog:	what it sent while it waits for as many replies as it can
 * @last_peer:	owner of the name it last sent to, if that is a client, too
 * @last_serial: the last of those serials
 * @n_dropped:	signals the kernel could not queue, as of the last look
 * @io_in, @io_out: its socket; the same source unless there are two
 * @io_bus:	@conn
 * @events:	what its sources wait for, see pump_set_events()
 * @is_flooded:	its queue did not get empty when it last had its turn
 * @behind:	is there while it waits for its turn; what was read is not all
 *		handled yet, @is_behind
 * @activatable_changed: it is to be told, when its turn ends
 * @is_outside:	too many of its user have not said Hello: it waits to be spoken to
 * @turn_ns:	when it last had its turn, of @round messages
 * @timer:	authentication; then descriptors that do not come, or an output
 *		that is not read
 */
struct client {
	struct proxy *proxy;
	struct client *previous;
	struct client *next;
	struct client *next_by_id;

	enum client_state state;
	struct peer peer;
	struct auth *auth;
	struct stream stream;

	struct policy_view *view;
	struct kb_conn *conn;
	struct matches matches;
	struct names names;
	struct ledger asked;
	struct ledger waiting;
	struct ledger owed;
	struct backlog backlog;
	uint64_t last_peer;
	uint32_t last_serial;
	uint64_t n_dropped;
	struct refusals refusals;

	sd_event_source *io_in;
	sd_event_source *io_out;
	sd_event_source *io_bus;
	sd_event_source *behind;
	sd_event_source *timer;
	uint32_t events;
	bool is_flooded;
	uint64_t turn_ns;
	int round;
	bool is_outside;
	bool is_behind;
	bool activatable_changed;
	bool waits_for_fds;
	bool is_stuck;
	uint64_t stuck_until_ns;
};

/* Replies that the kernel lets a connection wait for. */
#define CLIENT_REPLIES_MAX 128

/*
 * How long a client may be busy with nothing but not reading, and how often it
 * is looked at meanwhile.
 */
#define CLIENT_STUCK_SEC 60
#define CLIENT_LOOK_SEC 5

/* life */

/**
 * client_new() - take a connected client in
 * @in_fd, @out_fd:	may be equal; taken over in any case
 */
int client_new(struct proxy *proxy, int in_fd, int out_fd,
	       struct client **out_client);

/**
 * client_close() - end a client, now
 *
 * Its connection to the bus and its socket are closed, the memory is freed once
 * control is back in the event loop.  Everybody who has a client in hand looks
 * at its state after a call that may have closed it.
 */
void client_close(struct client *client);

/* the same after everything queued was sent */
void client_close_gently(struct client *client);

/* frees a client in state CLIENT_DEAD that is in no list */
struct client *client_free(struct client *client);

/* the client with this connection, or NULL */
struct client *client_find(const struct proxy *proxy, uint64_t id);

static inline bool client_is_dead(const struct client *client)
{
	return client->state == CLIENT_DEAD;
}

/* on the bus */

/**
 * client_hello() - connect to the bus in the client's name
 *
 * @flags:	KDBUS_HELLO_* besides those that follow from the client
 *
 * Returns 0, -EMFILE if its user has too many connections, or another errno.
 */
int client_hello(struct client *client, uint64_t flags,
		 struct kb_conn **out_conn);

/* The connection becomes the client's, taken over; its state CLIENT_ACTIVE. */
void client_join(struct client *client, struct kb_conn *conn);

/* Closes the connection, if there is one; names and matches go with it. */
void client_leave(struct client *client);

/* Reads the policy again, after Hello and after a reload. */
int client_update_view(struct client *client);

/* the client's name, or "" before Hello */
const char *client_name(const struct client *client);

/* a serial for a call whose cookie cannot be shown */
uint32_t client_new_serial(struct client *client);

/**
 * client_may_call() - may it wait for one more reply (max_replies_per_connection)
 *
 * If not, that is logged.  The kernel's own limit is left to the kernel.
 */
bool client_may_call(struct client *client);

/* the same, of one that the kernel refused for its own limit, without a word */
bool client_may_call_later(const struct client *client);

/* a call was sent, its reply, or what takes its place, has come */
void client_sent_call(struct client *client, uint64_t serial);
void client_got_reply(struct client *client, uint64_t serial);

/* output */

/**
 * client_deliver() - queue a message for the client
 * @message:	as the client shall see it; its descriptors are taken
 *
 * Returns 0, -EBADMSG if its body is broken, -EMSGSIZE if it is too large for
 * dbus1, -EINVAL if its header says nothing a client could understand.
 */
int client_deliver(struct client *client, struct kb_message *message);

/* more is queued than the client may leave unread */
bool client_is_full(const struct client *client);

/* input */

/* more is kept than the client may send before others read it */
bool client_is_ahead(const struct client *client);

#endif /* PROXY_CLIENT_H */
