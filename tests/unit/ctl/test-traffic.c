// SPDX-License-Identifier: LGPL-2.1-or-later
/* What passes on a bus, added up. */
#include <criterion/criterion.h>

#include "ctl/traffic.h"

static struct kdbus_timestamp stamp;

/* A message as a monitor gets it, @ns after the beginning. */
static struct kb_message message(enum kb_message_type type, uint64_t from, uint64_t to,
				 uint64_t ns)
{
	stamp.monotonic_ns = 1000 + ns;
	return (struct kb_message){
		.type = type,
		.src_id = from,
		.dst_id = to,
		.body_size = 10,
		.meta = { .timestamp = &stamp },
	};
}

static void see(struct traffic *traffic, struct kb_message m)
{
	cr_assert_eq(traffic_see(traffic, &m), 0);
}

static void call(struct traffic *traffic, uint64_t from, uint64_t to, uint64_t cookie,
		 uint64_t ns)
{
	struct kb_message m = message(KB_METHOD_CALL, from, to, ns);

	m.cookie = cookie;
	see(traffic, m);
}

static void reply(struct traffic *traffic, uint64_t from, uint64_t to, uint64_t cookie,
		  uint64_t ns)
{
	struct kb_message m = message(KB_METHOD_RETURN, from, to, ns);

	m.reply_cookie = cookie;
	see(traffic, m);
}

static const struct traffic_edge *edge(const struct traffic *traffic, uint64_t from,
				       uint64_t to)
{
	for (size_t i = 0; i < traffic->n_edges; i++)
		if (traffic->edges[i].from == from && traffic->edges[i].to == to)
			return &traffic->edges[i];
	return NULL;
}

Test(traffic, a_call_and_its_answer_count_for_both)
{
	struct traffic *traffic = traffic_new();
	const struct traffic_peer *peer;

	call(traffic, 5, 6, 1, 0);
	reply(traffic, 6, 5, 1, 250);
	peer = traffic_find(traffic, 6);
	cr_assert(peer);
	cr_expect_eq(peer->turn.sent, 1);
	cr_expect_eq(peer->turn.received, 1);
	cr_expect_eq(peer->turn.bytes_sent, 10);
	cr_expect_eq(peer->turn.bytes_received, 10);
	cr_expect_eq(peer->turn.answers, 1);
	cr_expect_eq(traffic_time(&peer->turn), 250);
	cr_expect_eq(traffic_find(traffic, 5)->turn.answers, 0);
	cr_expect_eq(edge(traffic, 5, 6)->calls, 1);
	cr_expect_eq(edge(traffic, 6, 5)->answers, 1);
	cr_expect_eq(edge(traffic, 6, 5)->time_ns, 250);
	cr_expect_eq(traffic->n_seen, 2);
	cr_expect_null(traffic_find(traffic, 7));
	traffic_free(traffic);
}

Test(traffic, the_time_is_the_average_and_the_slowest)
{
	struct traffic *traffic = traffic_new();

	call(traffic, 5, 6, 1, 0);
	call(traffic, 5, 6, 2, 0);
	/* not in their order */
	reply(traffic, 6, 5, 2, 100);
	reply(traffic, 6, 5, 1, 300);
	cr_expect_eq(traffic_time(&traffic_find(traffic, 6)->total), 200);
	cr_expect_eq(traffic_find(traffic, 6)->total.time_max_ns, 300);
	traffic_free(traffic);
}

Test(traffic, an_answer_is_timed_once_and_by_its_own_call)
{
	struct traffic *traffic = traffic_new();

	call(traffic, 5, 6, 1, 0);
	call(traffic, 4, 6, 1, 50);
	reply(traffic, 6, 5, 1, 100);
	reply(traffic, 6, 5, 1, 900);
	reply(traffic, 6, 9, 1, 900);
	cr_expect_eq(traffic_find(traffic, 6)->total.sent, 3);
	cr_expect_eq(traffic_find(traffic, 6)->total.answers, 1);
	cr_expect_eq(traffic_find(traffic, 6)->total.time_ns, 100);
	traffic_free(traffic);
}

Test(traffic, a_turn_begins_anew_and_the_total_goes_on)
{
	struct traffic *traffic = traffic_new();

	call(traffic, 5, 6, 1, 0);
	traffic_turn(traffic);
	cr_expect_eq(traffic_find(traffic, 5)->turn.sent, 0);
	call(traffic, 5, 6, 2, 0);
	cr_expect_eq(traffic_find(traffic, 5)->turn.sent, 1);
	cr_expect_eq(traffic_find(traffic, 5)->total.sent, 2);
	traffic_free(traffic);
}

Test(traffic, a_message_to_a_name_is_for_who_has_it_at_that_time)
{
	struct traffic *traffic = traffic_new();
	struct kb_message m = message(KB_METHOD_CALL, 5, 0, 0);
	struct kb_notification notice = { .type = KDBUS_ITEM_NAME_CHANGE,
					  .name = "org.example.B", .old_id = 6, .new_id = 8 };

	cr_assert_eq(traffic_set_owner(traffic, "org.example.B", 6), 0);
	cr_assert_eq(traffic_set_owner(traffic, "org.example.A", 7), 0);
	m.dst_name = "org.example.B";
	see(traffic, m);
	cr_assert_eq(traffic_notice(traffic, &notice), 0);
	see(traffic, m);
	notice.type = KDBUS_ITEM_NAME_REMOVE;
	cr_assert_eq(traffic_notice(traffic, &notice), 0);
	see(traffic, m);
	cr_expect_eq(edge(traffic, 5, 6)->calls, 1);
	cr_expect_eq(edge(traffic, 5, 8)->calls, 1);
	cr_expect_eq(edge(traffic, 5, TRAFFIC_UNKNOWN)->calls, 1);
	traffic_free(traffic);
}

Test(traffic, a_call_to_nobody_was_for_whoever_answers)
{
	struct traffic *traffic = traffic_new();
	struct kb_message m = message(KB_METHOD_CALL, 5, 0, 0);

	m.dst_name = "org.example.Started";
	m.cookie = 3;
	see(traffic, m);
	cr_expect_eq(traffic_find(traffic, TRAFFIC_UNKNOWN)->total.received, 1);
	reply(traffic, 2, 5, 3, 70);
	cr_expect_eq(edge(traffic, 5, 2)->calls, 1);
	cr_expect_eq(edge(traffic, 5, TRAFFIC_UNKNOWN)->calls, 0);
	cr_expect_eq(traffic_find(traffic, TRAFFIC_UNKNOWN)->total.received, 0);
	cr_expect_eq(traffic_find(traffic, 2)->total.received, 1);
	cr_expect_eq(traffic_find(traffic, 2)->total.time_ns, 70);
	traffic_free(traffic);
}

Test(traffic, signals_go_to_everybody)
{
	struct traffic *traffic = traffic_new();

	see(traffic, message(KB_SIGNAL, 5, KDBUS_DST_ID_BROADCAST, 0));
	see(traffic, message(KB_NOTIFICATION, 0, KDBUS_DST_ID_BROADCAST, 0));
	cr_expect_eq(edge(traffic, 5, TRAFFIC_EVERYBODY)->signals, 1);
	cr_expect_eq(traffic->n_seen, 1);
	traffic_free(traffic);
}

Test(traffic, many_peers_are_found_again)
{
	struct traffic *traffic = traffic_new();

	for (uint64_t i = 0; i < 500; i++)
		call(traffic, (i * 7919) % 500 + 1, 1000, i, 0);
	cr_expect_eq(traffic->n_peers, 501);
	for (uint64_t id = 1; id <= 500; id++)
		cr_expect_eq(traffic_find(traffic, id)->total.sent, 1);
	cr_expect_eq(traffic_find(traffic, 1000)->total.received, 500);
	traffic_free(traffic);
}

Test(traffic, calls_that_are_never_answered_are_forgotten)
{
	struct traffic *traffic = traffic_new();

	call(traffic, 5, 6, 1, 0);
	for (uint64_t i = 0; i < TRAFFIC_CALLS; i++)
		call(traffic, 5, 6, 100 + i, 0);
	reply(traffic, 6, 5, 1, 10);
	reply(traffic, 6, 5, 100, 10);
	cr_expect_eq(traffic_find(traffic, 6)->total.answers, 1);
	traffic_free(traffic);
}

Test(traffic, rates_are_per_second)
{
	struct traffic_count none = {};

	cr_expect_eq(traffic_rate(10, KB_NSEC_PER_SEC), 10);
	cr_expect_eq(traffic_rate(10, KB_NSEC_PER_SEC / 4), 40);
	cr_expect_eq(traffic_rate(3, 2 * KB_NSEC_PER_SEC), 1.5);
	cr_expect_eq(traffic_rate(3, 0), 0);
	cr_expect_eq(traffic_time(&none), 0);
}
