// SPDX-License-Identifier: LGPL-2.1-or-later
/* Replies: who owes what to whom, every end of a wait, deadlines in order. */
#include <linux/jiffies.h>

#include "object/reply.h"
#include "tests/unit/kernel/object/world.h"

#define MS	1000000ULL
#define TICK	(1000 / HZ * MS)
#define LATER	(10000 * MS)	/* a deadline that does not matter */

static struct kdbus_conn *caller, *callee, *other;

static void begin(void)
{
	world_begin();
	shim_now_ns = 1000 * MS;
	caller = world_conn(KDBUS_ORDINARY);
	callee = world_conn(KDBUS_ORDINARY);
	other = world_conn(KDBUS_ORDINARY);
}

/* nobody waits any more, and nobody else has a reference */
static void end(void)
{
	struct kdbus_reply *reply;

	while ((reply = kdbus_replies_take_any(caller)))
		kdbus_reply_unref(reply);
	cr_expect_eq(caller->calls.n, 0);
	cr_expect(list_empty(&callee->inbox.owed));
	cr_expect(list_empty(&other->inbox.owed));
	world_conn_end(caller);
	world_conn_end(callee);
	world_conn_end(other);
	world_end();
}

static void owe(struct kdbus_reply *reply)
{
	spin_lock(&reply->replier->inbox.lock);
	kdbus_reply_owe(reply);
	spin_unlock(&reply->replier->inbox.lock);
}

/* a request that was sent, and that the lists alone hold */
static struct kdbus_reply *request(u64 cookie, u64 deadline, bool sync)
{
	struct kdbus_reply *reply =
		kdbus_reply_new(caller, callee, cookie, deadline, sync);

	cr_assert_not(IS_ERR(reply));
	owe(reply);
	kdbus_reply_arm(reply);
	kdbus_reply_unref(reply);
	return reply;
}

static struct kdbus_reply *async(u64 cookie)
{
	return request(cookie, LATER, false);
}

static struct kdbus_reply *sync(u64 cookie)
{
	return request(cookie, LATER, true);
}

static struct kdbus_reply *take(u64 cookie)
{
	return kdbus_reply_take(caller, callee, cookie);
}

/* slots */

ShimTest(reply, a_connection_waits_for_128)
{
	struct kdbus_reply *reply;

	begin();
	for (int i = 0; i < KDBUS_REPLIES_MAX; i++)
		request(i, LATER, i % 2);
	cr_expect_eq(caller->calls.n, 128);
	reply = kdbus_reply_new(caller, callee, 128, LATER, false);
	cr_expect_eq(PTR_ERR(reply), -EMLINK);
	reply = kdbus_reply_new(caller, other, 128, LATER, true);
	cr_expect_eq(PTR_ERR(reply), -EMLINK, "whoever is asked");
	reply = kdbus_reply_new(other, callee, 128, LATER, false);
	cr_expect_not(IS_ERR(reply), "another caller is not stopped");
	kdbus_reply_close(reply);
	kdbus_reply_unref(reply);
	kdbus_reply_unref(take(0));
	async(128);
	cr_expect_eq(caller->calls.n, 128);
	end();
}

ShimTest(reply, who_goes_asks_nobody)
{
	struct kdbus_reply *reply;

	begin();
	kdbus_active_switch_off(&caller->active);
	reply = kdbus_reply_new(caller, callee, 1, LATER, false);
	cr_expect_eq(PTR_ERR(reply), -ECONNRESET);
	cr_expect_eq(caller->ref.count, 1);
	end();
}

ShimTest(reply, without_memory_there_is_no_slot)
{
	struct kdbus_reply *reply;

	begin();
	shim_fail_allocation(1);
	reply = kdbus_reply_new(caller, callee, 1, LATER, false);
	cr_expect_eq(PTR_ERR(reply), -ENOMEM);
	cr_expect_eq(caller->calls.n, 0);
	cr_expect_eq(caller->ref.count, 1);
	cr_expect_eq(callee->ref.count, 1);
	cr_expect_null(kdbus_reply_ref(NULL));
	cr_expect_null(kdbus_reply_unref(NULL));
	end();
}

/* answers */

ShimTest(reply, only_who_was_asked_answers_what_was_asked_once)
{
	struct kdbus_reply *reply, *second;

	begin();
	reply = async(7);
	second = async(7);
	async(8);
	cr_expect_null(kdbus_reply_take(caller, other, 7));
	cr_expect_null(kdbus_reply_take(other, callee, 7));
	cr_expect_null(take(6));
	cr_expect_null(take(1ULL << 32 | 7));
	cr_expect_eq(caller->calls.n, 3);
	cr_expect_eq(take(7), second, "the last of equal ones first");
	cr_expect_eq(caller->calls.n, 2, "it makes room for the next");
	cr_expect_eq(second->state, KDBUS_REPLY_CLOSED);
	kdbus_reply_unref(second);
	cr_expect_eq(take(7), reply);
	kdbus_reply_unref(reply);
	cr_expect_null(take(7));
	cr_expect_eq(caller->calls.n, 1);
	end();
}

ShimTest(reply, the_answer_wakes_the_task_that_waits)
{
	struct kdbus_entry answer;
	struct kdbus_reply *reply;

	begin();
	reply = sync(7);
	cr_expect_eq(take(7), reply);
	cr_expect_eq(reply->state, KDBUS_REPLY_ANSWERING);
	cr_expect_eq(caller->calls.n, 1, "until it has looked");
	cr_expect(list_empty(&callee->inbox.owed));
	cr_expect_null(take(7), "one answer");
	cr_expect_eq(reply->wait.n_woken, 0);
	cr_expect_eq(kdbus_reply_answer(reply, 0, &answer), 0);
	cr_expect_eq(reply->wait.n_woken, 1);
	cr_expect_eq(reply->state, KDBUS_REPLY_DONE);
	cr_expect_eq(reply->result, 0);
	cr_expect_not(kdbus_reply_break(reply), "too late");
	cr_expect_eq(reply->result, 0);
	cr_expect_eq(kdbus_reply_close(reply), &answer);
	cr_expect_eq(caller->calls.n, 0);
	cr_expect_null(kdbus_reply_close(reply));
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, who_stopped_waiting_gets_no_answer)
{
	struct kdbus_entry answer;
	struct kdbus_reply *reply;

	begin();
	sync(7);
	reply = take(7);
	cr_expect_null(kdbus_reply_close(reply));
	cr_expect_eq(kdbus_reply_answer(reply, 0, &answer), -ECONNRESET);
	cr_expect_null(reply->answer);
	cr_expect_eq(reply->wait.n_woken, 0);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, an_error_is_an_answer)
{
	struct kdbus_reply *reply;

	begin();
	sync(7);
	reply = take(7);
	cr_expect_eq(kdbus_reply_answer(reply, -EREMOTEIO, NULL), 0);
	cr_expect_eq(reply->result, -EREMOTEIO);
	cr_expect_eq(reply->wait.n_woken, 1);
	kdbus_reply_close(reply);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, an_answer_nobody_fetched_is_a_mistake)
{
	struct kdbus_entry answer;
	struct kdbus_reply *reply;

	begin();
	sync(7);
	reply = take(7);
	kdbus_reply_answer(reply, 0, &answer);
	kdbus_reply_unref(kdbus_replies_take_any(caller));
	shim_expect_warning();
	kdbus_reply_unref(reply);
	end();
}

/* no answer */

ShimTest(reply, an_asynchronous_caller_is_told_once_that_there_is_none)
{
	struct kdbus_reply *reply;

	begin();
	reply = kdbus_reply_ref(async(7));
	cr_expect(kdbus_reply_break(reply));
	cr_expect_eq(caller->calls.n, 0);
	cr_expect(list_empty(&callee->inbox.owed));
	cr_expect_not(kdbus_reply_break(reply));
	cr_expect_null(take(7));
	cr_expect_eq(reply->ref.count, 1);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, a_synchronous_caller_is_woken_with_epipe)
{
	struct kdbus_reply *reply;

	begin();
	reply = kdbus_reply_ref(sync(7));
	cr_expect_not(kdbus_reply_break(reply));
	cr_expect_eq(reply->result, -EPIPE);
	cr_expect_eq(reply->state, KDBUS_REPLY_DONE);
	cr_expect_eq(reply->wait.n_woken, 1);
	cr_expect(list_empty(&callee->inbox.owed));
	cr_expect_eq(caller->calls.n, 1, "until it has looked");
	cr_expect_null(take(7), "late");
	cr_expect_null(kdbus_reply_close(reply));
	cr_expect_eq(reply->ref.count, 1);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, an_answer_on_its_way_is_not_broken)
{
	struct kdbus_reply *reply;

	begin();
	sync(7);
	reply = take(7);
	cr_expect_not(kdbus_reply_break(reply));
	cr_expect_eq(reply->state, KDBUS_REPLY_ANSWERING);
	cr_expect_eq(reply->wait.n_woken, 0);
	kdbus_reply_answer(reply, 0, NULL);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, who_dies_owes_everything_in_order)
{
	struct kdbus_reply *replies[5], *reply;

	begin();
	for (int i = 0; i < 5; i++)
		replies[i] = request(i, LATER, i % 2);
	kdbus_reply_unref(take(2));
	for (int i = 0; i < 5; i++) {
		if (i == 2)
			continue;
		reply = kdbus_reply_take_owed(callee);
		cr_expect_eq(reply, replies[i]);
		cr_expect_eq(kdbus_reply_break(reply), i % 2 == 0);
		kdbus_reply_unref(reply);
	}
	cr_expect_null(kdbus_reply_take_owed(callee));
	cr_expect_eq(caller->calls.n, 2, "those that sleep look themselves");
	end();
}

ShimTest(reply, nobody_owes_to_who_stopped_waiting)
{
	begin();
	cr_expect_null(kdbus_reply_close(sync(7)));
	cr_expect_null(kdbus_reply_take_owed(callee));
	cr_expect_null(take(7));
	end();
}

/* it was answered, or ended, before its request was in the queue */
ShimTest(reply, what_is_over_is_not_owed)
{
	struct kdbus_reply *reply;

	begin();
	reply = kdbus_reply_new(caller, callee, 7, LATER, false);
	kdbus_reply_close(reply);
	owe(reply);
	cr_expect_null(kdbus_reply_take_owed(callee));
	kdbus_reply_unref(reply);
	end();
}

/* names move, and with them the duty to answer */

ShimTest(reply, the_duty_to_answer_moves)
{
	struct kdbus_reply *reply;

	begin();
	reply = async(7);
	cr_expect(kdbus_reply_move(reply, other));
	cr_expect(list_empty(&callee->inbox.owed));
	cr_expect_eq(callee->ref.count, 1, "it has nothing to do with it");
	cr_expect_eq(other->ref.count, 2);
	cr_expect_null(take(7));
	cr_expect_eq(kdbus_reply_take(caller, other, 7), reply);
	cr_expect(list_empty(&other->inbox.owed));
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, nobody_owes_to_a_connection_that_is_gone)
{
	struct kdbus_reply *reply;

	begin();
	reply = kdbus_reply_ref(async(7));
	other->inbox.closed = true;
	cr_expect_not(kdbus_reply_move(reply, other));
	cr_expect_null(kdbus_reply_take_owed(other));
	cr_expect(kdbus_reply_break(reply), "the caller is told");
	cr_expect_eq(caller->calls.n, 0);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, what_is_over_does_not_move)
{
	struct kdbus_reply *reply;

	begin();
	reply = kdbus_reply_ref(async(7));
	kdbus_reply_close(reply);
	cr_expect(kdbus_reply_move(reply, other), "nothing is due");
	cr_expect_eq(reply->replier, callee);
	cr_expect_null(kdbus_reply_take_owed(other));
	kdbus_reply_unref(reply);
	end();
}

/* interruption */

ShimTest(reply, an_interrupted_wait_is_resumed_by_its_cookie)
{
	struct kdbus_reply *reply;

	begin();
	cr_expect_null(kdbus_reply_resume(caller, 7), "nothing waits");
	async(7);
	cr_expect_null(kdbus_reply_resume(caller, 7), "it never waited");
	reply = sync(7);
	cr_expect_null(kdbus_reply_resume(caller, 7), "it still waits");
	kdbus_reply_interrupt(reply);
	cr_expect_null(kdbus_reply_resume(caller, 8));
	cr_expect_null(kdbus_reply_resume(callee, 7));
	cr_expect_eq(kdbus_reply_resume(caller, 7), reply);
	cr_expect_null(kdbus_reply_resume(caller, 7), "one task");
	cr_expect_eq(reply->ref.count, 3);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, an_answer_waits_for_who_was_interrupted)
{
	struct kdbus_entry answer;
	struct kdbus_reply *reply;

	begin();
	reply = sync(7);
	kdbus_reply_interrupt(reply);
	kdbus_reply_take(caller, callee, 7);
	cr_expect_eq(kdbus_reply_answer(reply, 0, &answer), 0);
	kdbus_reply_unref(reply);
	cr_expect_eq(kdbus_reply_resume(caller, 7), reply);
	cr_expect_eq(reply->state, KDBUS_REPLY_DONE);
	cr_expect_eq(kdbus_reply_close(reply), &answer);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, who_goes_wakes_all_its_tasks)
{
	struct kdbus_reply *replies[3];

	begin();
	for (int i = 0; i < 3; i++)
		replies[i] = sync(i);
	kdbus_replies_wake(caller);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(replies[i]->wait.n_woken, 1);
	end();
}

/* deadlines */

static unsigned long armed_in(void)
{
	cr_assert(caller->calls.expiry.pending);
	cr_assert_neq(caller->calls.next, UINT64_MAX);
	return caller->calls.expiry.when - jiffies;
}

ShimTest(reply, a_deadline_is_rounded_up_to_a_tick)
{
	static const struct {
		u64 deadline;
		unsigned long ticks;
	} cases[] = {
		{ 0, 0 },
		{ 1000 * MS - 1, 0 },
		{ 1000 * MS, 0 },
		{ 1000 * MS + 1, 1 },
		{ 1000 * MS + TICK - 1, 1 },
		{ 1000 * MS + TICK, 2 },
		{ 1000 * MS + 10 * TICK, 11 },
		{ 1000 * MS + (600 * HZ - 1) * TICK, 600 * HZ },
		{ 1000 * MS + 600 * HZ * TICK, 600 * HZ + 1 },
		{ 1ULL << 63, 600 * HZ + 1 },
		{ U64_MAX - 1, 600 * HZ + 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin();
		request(1, cases[i].deadline, false);
		cr_expect_eq(armed_in(), cases[i].ticks, "%llu",
			     cases[i].deadline);
		end();
	}
}

ShimTest(reply, the_earliest_deadline_counts)
{
	begin();
	request(1, 1000 * MS + 50 * TICK, false);
	cr_expect_eq(armed_in(), 51);
	request(2, 1000 * MS + 80 * TICK, false);
	request(3, 1000 * MS + 50 * TICK, true);
	cr_expect_eq(caller->calls.expiry.n_armed, 1, "early enough");
	request(4, 1000 * MS + 20 * TICK, true);
	cr_expect_eq(armed_in(), 21);
	cr_expect_eq(caller->calls.expiry.n_armed, 2);
	end();
}

ShimTest(reply, who_goes_or_has_been_answered_needs_no_timer)
{
	struct kdbus_reply *reply;

	begin();
	reply = kdbus_reply_new(caller, callee, 7, LATER, false);
	owe(reply);
	kdbus_reply_unref(take(7));
	kdbus_reply_arm(reply);
	cr_expect_not(caller->calls.expiry.pending);
	kdbus_reply_unref(reply);

	reply = kdbus_reply_new(caller, callee, 7, LATER, false);
	kdbus_active_switch_off(&caller->active);
	kdbus_reply_arm(reply);
	cr_expect_not(caller->calls.expiry.pending);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, a_deadline_reached_ends_it_and_the_next_is_seen_to)
{
	struct kdbus_reply *early, *late;

	begin();
	late = request(2, 1300 * MS, false);
	early = request(1, 1200 * MS, false);
	shim_now_ns = 1200 * MS - 1;
	cr_expect_null(kdbus_replies_take_expired(caller));
	cr_expect_eq(armed_in(), 1, "a little later");
	shim_now_ns = 1200 * MS;
	cr_expect_eq(kdbus_replies_take_expired(caller), early);
	cr_expect_eq(early->state, KDBUS_REPLY_CLOSED);
	cr_expect_eq(caller->calls.n, 1);
	cr_expect_null(take(1), "late");
	kdbus_reply_unref(early);
	cr_expect_null(kdbus_replies_take_expired(caller));
	cr_expect_eq(armed_in(), 100 * MS / TICK + 1);
	shim_now_ns = 1500 * MS;
	cr_expect_eq(kdbus_replies_take_expired(caller), late);
	kdbus_reply_unref(late);
	cr_expect_null(kdbus_replies_take_expired(caller));
	cr_expect_eq(caller->calls.next, UINT64_MAX, "nothing to wait for");
	end();
}

ShimTest(reply, a_request_that_is_not_sent_yet_does_not_expire)
{
	struct kdbus_reply *reply;

	begin();
	reply = kdbus_reply_new(caller, callee, 7, 1, false);
	cr_expect_null(kdbus_replies_take_expired(caller));
	kdbus_reply_arm(reply);
	cr_expect_eq(kdbus_replies_take_expired(caller), reply);
	kdbus_reply_unref(reply);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, a_task_that_waits_is_told)
{
	struct kdbus_reply *reply;

	begin();
	reply = request(7, 1200 * MS, true);
	shim_now_ns = 1200 * MS;
	cr_expect_null(kdbus_replies_take_expired(caller));
	cr_expect_eq(reply->wait.n_woken, 1);
	cr_expect(reply->expired);
	cr_expect_eq(reply->state, KDBUS_REPLY_OPEN);
	cr_expect_eq(caller->calls.next, UINT64_MAX, "and once is enough");
	/* but it was interrupted instead */
	caller->calls.expiry.pending = false;
	kdbus_reply_interrupt(reply);
	cr_expect_eq(armed_in(), 0);
	cr_expect_eq(kdbus_replies_take_expired(caller), reply);
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, an_answer_nobody_fetches_expires_too)
{
	struct kdbus_entry answer;
	struct kdbus_reply *reply;

	begin();
	reply = request(7, 1200 * MS, true);
	kdbus_reply_interrupt(reply);
	take(7);
	kdbus_reply_answer(reply, 0, &answer);
	kdbus_reply_unref(reply);
	shim_now_ns = 1200 * MS;
	cr_expect_eq(kdbus_replies_take_expired(caller), reply);
	cr_expect_eq(reply->answer, &answer, "the caller frees it");
	reply->answer = NULL;
	kdbus_reply_unref(reply);
	end();
}

ShimTest(reply, who_goes_takes_all_that_is_left)
{
	struct kdbus_reply *reply;
	int n = 0;

	begin();
	for (int i = 0; i < 6; i++)
		request(i, LATER, i % 2);
	while ((reply = kdbus_replies_take_any(caller))) {
		cr_expect_eq(reply->state, KDBUS_REPLY_CLOSED);
		cr_expect_eq(reply->ref.count, 1);
		kdbus_reply_unref(reply);
		n++;
	}
	cr_expect_eq(n, 6);
	cr_expect_null(kdbus_reply_take_owed(callee));
	end();
}

/* as flow/await.c does it when the timer fires */
static void expire(u64 *deadlines, u64 *n_late)
{
	struct kdbus_reply *reply;

	caller->calls.expiry.pending = false;
	while ((reply = kdbus_replies_take_expired(caller))) {
		cr_assert_eq(reply->deadline, deadlines[reply->cookie]);
		cr_assert_leq(reply->deadline, shim_now_ns, "too early");
		cr_assert_leq(shim_now_ns - reply->deadline, 2 * TICK,
			      "%llu too late", shim_now_ns - reply->deadline);
		*n_late += shim_now_ns > reply->deadline;
		deadlines[reply->cookie] = 0;
		kdbus_reply_unref(reply);
	}
}

/* @first: jiffies at the start, so that they wrap on the way */
static void run_clock(unsigned long first)
{
	u64 deadlines[KDBUS_REPLIES_MAX] = {}, n_late = 0, n_asked = 0;

	begin();
	shim_first_jiffy = first;
	for (int step = 0; step < 6000; step++) {
		u32 cookie = test_next(KDBUS_REPLIES_MAX);
		u64 after = (u64)test_next(1000000) * (test_next(8) ? 100 : 9000);

		if (!deadlines[cookie]) {
			deadlines[cookie] = shim_now_ns + after;
			request(cookie, deadlines[cookie], false);
			n_asked++;
		} else if (!test_next(3)) {
			kdbus_reply_unref(take(cookie));
			deadlines[cookie] = 0;
		}
		shim_now_ns += test_next(TICK / 2);
		if (caller->calls.expiry.pending &&
		    time_after_eq(jiffies, caller->calls.expiry.when))
			expire(deadlines, &n_late);
	}
	cr_expect_gt(n_asked, 1000);
	cr_expect_gt(n_late, 500);
	end();
}

ShimTest(reply, random_deadlines_are_met_within_two_ticks)
{
	run_clock(0);
	run_clock(-500UL);	/* 0 after 500 ticks */
	run_clock((1UL << 31) - 700);
}
