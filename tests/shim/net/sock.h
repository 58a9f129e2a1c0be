/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets. */
#ifndef SHIM_NET_SOCK_H
#define SHIM_NET_SOCK_H

#include <sys/socket.h>

#include <linux/fs.h>

#define SOCKET_I(inode) (&(inode)->socket)

#endif /* SHIM_NET_SOCK_H */
