// SPDX-License-Identifier: LGPL-2.1-or-later
/* The bus in the kernel that this daemon makes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/bus.h"
#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/log.h"

#define CONTROL KB_KDBUSFS "/control"

static int open_control(void)
{
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC), r = -errno;

	if (fd >= 0)
		return fd;
	if (access(KB_KDBUSFS, F_OK) < 0)
		kb_log(LOG_ERR, "There is no " KB_KDBUSFS ": load the kernel's module, as root with 'modprobe kdbus', and mount kdbusfs there");
	else if (r == -ENOENT)
		kb_log(LOG_ERR, "Nothing is mounted on " KB_KDBUSFS ": as root, 'mount -t kdbusfs kdbusfs " KB_KDBUSFS "'");
	else
		kb_log_errno(LOG_ERR, r, "Cannot open " CONTROL);
	return r;
}

static int make(struct bus *bus, bool world)
{
	char name[64];
	uint64_t number;
	int r;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	snprintf(name, sizeof(name), "%u-daemon-%016llx", (unsigned int)geteuid(),
		 (unsigned long long)number);
	r = kb_cmd_bus_make(bus->fd, name, world ? KDBUS_MAKE_ACCESS_WORLD : 0, NULL,
			    _KDBUS_ATTACH_ANY);
	if (r == -EMFILE)
		kb_log(LOG_ERR, "This user has as many buses as one may have");
	else if (r < 0)
		kb_log_errno(LOG_ERR, r, "Cannot make the bus %s", name);
	if (r >= 0 && asprintf(&bus->address, "kernel:path=" KB_KDBUSFS "/%s/bus", name) < 0) {
		bus->address = NULL;
		r = -ENOMEM;
	}
	return r;
}

/* Clients compare the id in the address with the one the proxy tells them. */
static int learn_guid(struct bus *bus)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	int r;

	r = kb_conn_open(bus->address, NULL, &conn);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "Cannot connect to %s", bus->address);
	for (size_t i = 0; i < sizeof(conn->bus_id); i++)
		snprintf(bus->guid + 2 * i, 3, "%02x", conn->bus_id[i]);
	return 0;
}

int bus_make(struct bus *bus, bool world)
{
	int r;

	*bus = (struct bus){ .fd = open_control() };
	if (bus->fd < 0)
		return bus->fd;
	r = make(bus, world);
	if (r >= 0)
		r = learn_guid(bus);
	if (r < 0)
		bus_deinit(bus);
	return r;
}

void bus_deinit(struct bus *bus)
{
	free(bus->address);
	bus->address = NULL;
	bus->fd = kb_close(bus->fd);
}
