/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a broadcast costs its sender: with N subscribers that it reaches, and
 * with a thousand that each wait for something else. Filters and masks are
 * those that the library makes for D-Bus signals and rules.
 */
#include <sys/ioctl.h>

#include "bench/peer.h"
#include "lib/bloom.h"

#define SUBSCRIBERS_MAX 1000
#define BLOOM_SIZE 64

static const struct kdbus_bloom_parameter bloom = { .size = BLOOM_SIZE, .n_hash = 8 };

struct audience {
	struct peer sender;
	struct letter letter;
	struct peer subscribers[SUBSCRIBERS_MAX];
	unsigned int n;
};

static void broadcast(void *data)
{
	struct audience *audience = data;

	letter_send(&audience->sender, &audience->letter);
}

static void drain(void *data)
{
	struct audience *audience = data;

	for (unsigned int i = 0; i < audience->n; i++)
		peer_drain(&audience->subscribers[i]);
}

/* A signal "Changed" of an interface. */
static void lay_out(struct audience *audience, const char *interface)
{
	static const char text[64];
	struct {
		uint64_t generation;
		uint64_t bits[BLOOM_SIZE / 8];
	} filter = { .generation = KB_BLOOM_GENERATION };

	kb_bloom_add(&bloom, filter.bits, "message-type", "signal");
	kb_bloom_add(&bloom, filter.bits, "interface", interface);
	kb_bloom_add(&bloom, filter.bits, "member", "Changed");
	kb_bloom_add(&bloom, filter.bits, "path", "/org/example/object");
	letter_init(&audience->letter, KDBUS_DST_ID_BROADCAST);
	audience->letter.room.msg.flags = KDBUS_MSG_SIGNAL;
	letter_vec(&audience->letter, text, sizeof(text));
	room_item(&audience->letter.room, KDBUS_ITEM_BLOOM_FILTER, &filter, sizeof(filter));
}

/*
 * Subscribes to the signal of an interface, from the owner of a name unless
 * @sender is NULL.
 */
static void subscribe(const struct peer *peer, const char *interface, const char *sender)
{
	uint64_t mask[2][BLOOM_SIZE / 8] = {};
	union room room;

	for (int generation = 0; generation < 2; generation++) {
		kb_bloom_add(&bloom, mask[generation], "message-type", "signal");
		kb_bloom_add(&bloom, mask[generation], "interface", interface);
		kb_bloom_add(&bloom, mask[generation], "member", "Changed");
	}
	room_init(&room, sizeof(room.match));
	room_item(&room, KDBUS_ITEM_BLOOM_MASK, mask, sizeof(mask));
	if (sender)
		room_item(&room, KDBUS_ITEM_NAME, sender, strlen(sender) + 1);
	MUST(ioctl(peer->fd, KDBUS_CMD_MATCH_ADD, &room));
}

/* What each of a thousand subscribers waits for. */
enum wish {
	THIS,		/* the signal that is sent */
	OTHERS,		/* the signal of an interface of its own */
	NAMED,		/* the same, of a sender of its own */
};

static void measure_audience(const char *key, unsigned int n, enum wish wish)
{
	static struct audience audience;
	const struct work work = {
		.once = broadcast,
		.between = drain,
		.rounds = n < 100 ? 100 : 20,
	};

	if (!wanted(key))
		return;
	audience.sender = peer_new(0);
	lay_out(&audience, "org.example.Interface");
	for (audience.n = 0; audience.n < n; audience.n++) {
		struct peer peer = peer_new_bare(MIB);
		char interface[64], sender[64];

		snprintf(interface, sizeof(interface), "org.example.Interface%u", audience.n);
		snprintf(sender, sizeof(sender), "org.example.Sender%u", audience.n);
		subscribe(&peer, wish == THIS ? "org.example.Interface" : interface, wish == NAMED ? sender : NULL);
		audience.subscribers[audience.n] = peer;
	}
	row(key, measure(&work, &audience));
	for (unsigned int i = 0; i < n; i++)
		peer_close(&audience.subscribers[i]);
	peer_close(&audience.sender);
}

int main(void)
{
	bus_start();
	measure_audience("broadcast-1", 1, THIS);
	measure_audience("broadcast-10", 10, THIS);
	measure_audience("broadcast-100", 100, THIS);
	measure_audience("broadcast-1000", 1000, THIS);
	measure_audience("broadcast-none", 1000, OTHERS);
	measure_audience("broadcast-none-named", 1000, NAMED);
	return 0;
}
