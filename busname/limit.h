/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often a service may be started.
 *
 * Two brakes.  A token bucket spaces out starts that go well, for services
 * that come and go quickly: whoever asks too early is told how long to wait,
 * and no message is refused.  A counter of failures stops starting a service
 * that cannot come up: after so many in a row within a short time, messages
 * are refused for a while.
 */
#ifndef BUSNAME_LIMIT_H
#define BUSNAME_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* The service manager's own start limit, and how long we believe it. */
#define LIMIT_FAILURES		5
#define LIMIT_FAILURE_NS	(10 * UINT64_C(1000000000))
#define LIMIT_REFUSE_NS		(30 * UINT64_C(1000000000))

/* Defaults of TriggerLimitIntervalSec= and TriggerLimitBurst=. */
#define LIMIT_INTERVAL_NS	(2 * UINT64_C(1000000000))
#define LIMIT_BURST		20

/**
 * struct limit - the two brakes of one name
 * @interval_ns:	in this time ...
 * @burst:		... so many starts; 0 in either means no limit
 * @spent_ns:		tokens used, as the time it takes to refill them
 * @last_ns:		when @spent_ns was right
 * @failures:		failed starts in a row
 * @first_failure_ns:	when the first of them was
 */
struct limit {
	uint64_t interval_ns;
	uint64_t burst;
	uint64_t spent_ns;
	uint64_t last_ns;
	unsigned int failures;
	uint64_t first_failure_ns;
};

/**
 * limit_take() - ask for a start
 * @now_ns:	CLOCK_MONOTONIC
 *
 * Return: 0 if the start is granted, else nanoseconds to wait before asking
 * again.
 */
uint64_t limit_take(struct limit *limit, uint64_t now_ns);

/* A start failed. Returns true if the service is to be left alone now. */
bool limit_failed(struct limit *limit, uint64_t now_ns);

/* A start went well, or somebody reset the failures. */
void limit_reset(struct limit *limit);

#endif /* BUSNAME_LIMIT_H */
