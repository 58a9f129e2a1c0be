/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Could kdbus be the bus? The bus, the driver and the proxy are asked.
 */
#ifndef CTL_PROBE_H
#define CTL_PROBE_H

#include <stdint.h>

#include "lib/switch.h"

#define PROBE_REASON_SIZE 512

/**
 * probe_bus() - call the driver, by the kernel and then through a proxy
 * @it:		whose bus
 * @timeout_ns:	for each of the two
 * @reason:	why not, on failure
 *
 * The proxy is one of our own with a single client, started as the service
 * manager starts it.
 *
 * Return: 0 or a negative errno.
 */
int probe_bus(const struct kb_switch *it, uint64_t timeout_ns, char reason[PROBE_REASON_SIZE]);

#endif /* CTL_PROBE_H */
