/* SPDX-License-Identifier: LGPL-2.1-or-later WITH Linux-syscall-note */
/*
 * The kdbus ABI: ioctls, command structures, items and messages.
 *
 * Every structure is 8-byte aligned, holds no pointers and no implicit
 * padding, and so is the same for 32-bit and 64-bit callers.  All integers are
 * in native byte order.  kdbus(7) is the walk-through; kdbus.item(7) describes
 * the items, and one page per object the commands.
 */
#ifndef _LINUX_KDBUS_H
#define _LINUX_KDBUS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KDBUS_IOCTL_MAGIC		0x95
#define KDBUS_SRC_ID_KERNEL		(0)
#define KDBUS_DST_ID_NAME		(0)
#define KDBUS_MATCH_ID_ANY		(~0ULL)
#define KDBUS_DST_ID_BROADCAST		(~0ULL)
#define KDBUS_FLAG_NEGOTIATE		(1ULL << 63)

/* payloads of items */

/**
 * struct kdbus_notify_id_change - a connection came or went
 * @id:		id of the connection
 * @flags:	its KDBUS_HELLO_* flags, or KDBUS_NAME_* inside a name change
 */
struct kdbus_notify_id_change {
	__u64 id;
	__u64 flags;
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_notify_name_change - a name changed hands
 * @old_id:	who held it before, all zero if nobody
 * @new_id:	who holds it now, all zero if nobody
 * @name:	the name, NUL-terminated
 */
struct kdbus_notify_name_change {
	struct kdbus_notify_id_change old_id;
	struct kdbus_notify_id_change new_id;
	char name[0];
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_creds - user and group ids; ~0 (32 bit) stands for "unset"
 */
struct kdbus_creds {
	__u64 uid;
	__u64 euid;
	__u64 suid;
	__u64 fsuid;
	__u64 gid;
	__u64 egid;
	__u64 sgid;
	__u64 fsgid;
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_pids - process, thread and parent process; 0 if not visible
 */
struct kdbus_pids {
	__u64 pid;
	__u64 tid;
	__u64 ppid;
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_caps - four capability sets
 * @last_cap:	highest capability the kernel knows
 * @caps:	inheritable, permitted, effective and bounding set, each of as
 *		many 32-bit words as the kernel's sets have, lowest word first
 */
struct kdbus_caps {
	__u32 last_cap;
	__u32 caps[0];
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_audit - audit session and login uid; ~0 if unset
 */
struct kdbus_audit {
	__u32 sessionid;
	__u32 loginuid;
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_timestamp - when a message was sent
 * @seqnum:		grows with every message of the bus
 * @monotonic_ns:	CLOCK_MONOTONIC
 * @realtime_ns:	CLOCK_REALTIME
 */
struct kdbus_timestamp {
	__u64 seqnum;
	__u64 monotonic_ns;
	__u64 realtime_ns;
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_vec - a piece of payload
 * @size:	bytes
 * @address:	PAYLOAD_VEC: where the sender keeps it, 0 for zeroes
 * @offset:	PAYLOAD_OFF: bytes from the start of the struct kdbus_msg, ~0
 *		for zeroes
 */
struct kdbus_vec {
	__u64 size;
	union {
		__u64 address;
		__u64 offset;
	};
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_bloom_parameter - how filters of a bus are made
 * @size:	bytes of a filter, a multiple of 8
 * @n_hash:	hashes per string; for user space, the kernel only hands it on
 */
struct kdbus_bloom_parameter {
	__u64 size;
	__u64 n_hash;
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_bloom_filter - what a signal contains
 * @generation:	which mask of a receiver it is compared with
 * @data:	the filter, of the bus's bloom size
 */
struct kdbus_bloom_filter {
	__u64 generation;
	__u64 data[0];
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_memfd - payload inside a sealed memfd
 * @start:	first byte of the payload
 * @size:	bytes
 * @fd:		the descriptor
 * @__pad:	unused
 */
struct kdbus_memfd {
	__u64 start;
	__u64 size;
	int fd;
	__u32 __pad;
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_name - a well-known name and how it is held
 * @flags:	KDBUS_NAME_*
 * @name:	the name, NUL-terminated
 */
struct kdbus_name {
	__u64 flags;
	char name[0];
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_process - a process that has not been waited for yet
 * @pid:	its number, as the reader's pid namespace has it
 * @start_ns:	when it was started, in CLOCK_BOOTTIME
 */
struct kdbus_process {
	__u64 pid;
	__u64 start_ns;
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_usage - what a connection takes of what it may have
 * @pool_size:	bytes of its pool
 * @bytes:	of them, in messages that wait
 * @lost:	messages that found no room, since it was made
 * @msgs:	messages that wait
 * @fds:	descriptors in them
 * @names:	names it holds or waits for
 * @matches:	matches it has
 * @calls:	answers it waits for
 * @conns:	connections that its account pays for, itself included
 */
struct kdbus_usage {
	__u64 pool_size;
	__u64 bytes;
	__u64 lost;
	__u32 msgs;
	__u32 fds;
	__u32 names;
	__u32 matches;
	__u32 calls;
	__u32 conns;
} __attribute__((__aligned__(8)));

/* policy */

enum kdbus_policy_access_type {
	_KDBUS_POLICY_ACCESS_NULL,
	KDBUS_POLICY_ACCESS_USER,
	KDBUS_POLICY_ACCESS_GROUP,
	KDBUS_POLICY_ACCESS_WORLD,
};

enum kdbus_policy_type {
	KDBUS_POLICY_SEE,
	KDBUS_POLICY_TALK,
	KDBUS_POLICY_OWN,
};

/**
 * struct kdbus_policy_access - one grant
 * @type:	enum kdbus_policy_access_type: for whom
 * @access:	enum kdbus_policy_type: what; higher includes lower
 * @id:		uid or gid, as the caller sees it
 */
struct kdbus_policy_access {
	__u64 type;
	__u64 access;
	__u64 id;
} __attribute__((__aligned__(8)));

/* metadata */

enum kdbus_attach_flags {
	KDBUS_ATTACH_TIMESTAMP		= 1ULL << 0,
	KDBUS_ATTACH_CREDS		= 1ULL << 1,
	KDBUS_ATTACH_PIDS		= 1ULL << 2,
	KDBUS_ATTACH_AUXGROUPS		= 1ULL << 3,
	KDBUS_ATTACH_NAMES		= 1ULL << 4,
	KDBUS_ATTACH_TID_COMM		= 1ULL << 5,
	KDBUS_ATTACH_PID_COMM		= 1ULL << 6,
	KDBUS_ATTACH_EXE		= 1ULL << 7,
	KDBUS_ATTACH_CMDLINE		= 1ULL << 8,
	KDBUS_ATTACH_CGROUP		= 1ULL << 9,
	KDBUS_ATTACH_CAPS		= 1ULL << 10,
	KDBUS_ATTACH_SECLABEL		= 1ULL << 11,
	KDBUS_ATTACH_AUDIT		= 1ULL << 12,
	KDBUS_ATTACH_CONN_DESCRIPTION	= 1ULL << 13,
	_KDBUS_ATTACH_ALL		= (1ULL << 14) - 1,
	_KDBUS_ATTACH_ANY		= ~0ULL,
};

/* items */

enum kdbus_item_type {
	_KDBUS_ITEM_NULL,
	_KDBUS_ITEM_USER_BASE,
	KDBUS_ITEM_NEGOTIATE	= _KDBUS_ITEM_USER_BASE,
	KDBUS_ITEM_PAYLOAD_VEC,
	KDBUS_ITEM_PAYLOAD_OFF,
	KDBUS_ITEM_PAYLOAD_MEMFD,
	KDBUS_ITEM_FDS,
	KDBUS_ITEM_CANCEL_FD,
	KDBUS_ITEM_BLOOM_PARAMETER,
	KDBUS_ITEM_BLOOM_FILTER,
	KDBUS_ITEM_BLOOM_MASK,
	KDBUS_ITEM_DST_NAME,
	KDBUS_ITEM_MAKE_NAME,
	KDBUS_ITEM_ATTACH_FLAGS_SEND,
	KDBUS_ITEM_ATTACH_FLAGS_RECV,
	KDBUS_ITEM_ID,
	KDBUS_ITEM_NAME,
	KDBUS_ITEM_DST_ID,

	/* extensions: kdbus.item(7) */
	_KDBUS_ITEM_EXTENSION_BASE	= 0x0800,
	KDBUS_ITEM_BEHALF_ID	= _KDBUS_ITEM_EXTENSION_BASE,
	KDBUS_ITEM_PROCESS,
	KDBUS_ITEM_USAGE,

	/* keep in the order of enum kdbus_attach_flags */
	_KDBUS_ITEM_ATTACH_BASE	= 0x1000,
	KDBUS_ITEM_TIMESTAMP	= _KDBUS_ITEM_ATTACH_BASE,
	KDBUS_ITEM_CREDS,
	KDBUS_ITEM_PIDS,
	KDBUS_ITEM_AUXGROUPS,
	KDBUS_ITEM_OWNED_NAME,
	KDBUS_ITEM_TID_COMM,
	KDBUS_ITEM_PID_COMM,
	KDBUS_ITEM_EXE,
	KDBUS_ITEM_CMDLINE,
	KDBUS_ITEM_CGROUP,
	KDBUS_ITEM_CAPS,
	KDBUS_ITEM_SECLABEL,
	KDBUS_ITEM_AUDIT,
	KDBUS_ITEM_CONN_DESCRIPTION,

	_KDBUS_ITEM_POLICY_BASE	= 0x2000,
	KDBUS_ITEM_POLICY_ACCESS = _KDBUS_ITEM_POLICY_BASE,

	_KDBUS_ITEM_KERNEL_BASE	= 0x8000,
	KDBUS_ITEM_NAME_ADD	= _KDBUS_ITEM_KERNEL_BASE,
	KDBUS_ITEM_NAME_REMOVE,
	KDBUS_ITEM_NAME_CHANGE,
	KDBUS_ITEM_ID_ADD,
	KDBUS_ITEM_ID_REMOVE,
	KDBUS_ITEM_REPLY_TIMEOUT,
	KDBUS_ITEM_REPLY_DEAD,
};

/**
 * struct kdbus_item - one typed, sized piece of a command or a message
 * @size:	16 plus the bytes of payload, without the padding that follows
 * @type:	enum kdbus_item_type
 *
 * The next item starts at the next multiple of 8 behind this one.
 */
struct kdbus_item {
	__u64 size;
	__u64 type;
	union {
		__u8 data[0];
		__u32 data32[0];
		__u64 data64[0];
		char str[0];

		__u64 id;
		struct kdbus_vec vec;
		struct kdbus_creds creds;
		struct kdbus_pids pids;
		struct kdbus_audit audit;
		struct kdbus_caps caps;
		struct kdbus_timestamp timestamp;
		struct kdbus_name name;
		struct kdbus_bloom_parameter bloom_parameter;
		struct kdbus_bloom_filter bloom_filter;
		struct kdbus_memfd memfd;
		int fds[0];
		struct kdbus_notify_name_change name_change;
		struct kdbus_notify_id_change id_change;
		struct kdbus_policy_access policy_access;
		struct kdbus_process process;
		struct kdbus_usage usage;
	};
} __attribute__((__aligned__(8)));

/* messages */

enum kdbus_msg_flags {
	KDBUS_MSG_EXPECT_REPLY		= 1ULL << 0,
	KDBUS_MSG_NO_AUTO_START		= 1ULL << 1,
	KDBUS_MSG_SIGNAL		= 1ULL << 2,
};

enum kdbus_payload_type {
	KDBUS_PAYLOAD_KERNEL,
	KDBUS_PAYLOAD_DBUS		= 0x4442757344427573ULL, /* "DBusDBus" */
};

/**
 * struct kdbus_msg - a message: header, items, and (received) payload
 * @size:		bytes of header and items, never of payload
 * @flags:		KDBUS_MSG_*
 * @priority:		lower is more urgent
 * @dst_id:		receiver, KDBUS_DST_ID_NAME or KDBUS_DST_ID_BROADCAST
 * @src_id:		sender, 0 for the kernel
 * @payload_type:	enum kdbus_payload_type
 * @cookie:		the sender's own id of this message
 * @timeout_ns:		CLOCK_MONOTONIC deadline, if a reply is expected
 * @cookie_reply:	the request this answers, otherwise
 * @items:		DST_NAME, PAYLOAD_*, BLOOM_FILTER, FDS, metadata
 */
struct kdbus_msg {
	__u64 size;
	__u64 flags;
	__s64 priority;
	__u64 dst_id;
	__u64 src_id;
	__u64 payload_type;
	__u64 cookie;
	union {
		__u64 timeout_ns;
		__u64 cookie_reply;
	};
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_msg_info - where a message lies in the pool
 * @offset:		of the struct kdbus_msg
 * @msg_size:		bytes of the whole slice, payload included
 * @return_flags:	KDBUS_RECV_RETURN_INCOMPLETE_FDS
 */
struct kdbus_msg_info {
	__u64 offset;
	__u64 msg_size;
	__u64 return_flags;
} __attribute__((__aligned__(8)));

/* commands: @size, @flags and @return_flags begin each of them */

enum kdbus_send_flags {
	KDBUS_SEND_SYNC_REPLY		= 1ULL << 0,
};

enum kdbus_call_flags {
	KDBUS_CALL_FREE			= 1ULL << 0,
};

/**
 * struct kdbus_cmd_send - KDBUS_CMD_SEND; KDBUS_CMD_CALL, an extension:
 *			kdbus.message(7)
 * @msg_address:	of the struct kdbus_msg
 * @reply:		out: the reply, with KDBUS_SEND_SYNC_REPLY or of a CALL;
 *			in, with KDBUS_CALL_FREE: a slice to give back
 * @items:		CANCEL_FD
 */
struct kdbus_cmd_send {
	__u64 size;
	__u64 flags;
	__u64 return_flags;
	__u64 msg_address;
	struct kdbus_msg_info reply;
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

enum kdbus_recv_flags {
	KDBUS_RECV_PEEK			= 1ULL << 0,
	KDBUS_RECV_DROP			= 1ULL << 1,
	KDBUS_RECV_USE_PRIORITY		= 1ULL << 2,
};

enum kdbus_recv_return_flags {
	KDBUS_RECV_RETURN_INCOMPLETE_FDS	= 1ULL << 0,
	KDBUS_RECV_RETURN_DROPPED_MSGS		= 1ULL << 1,
};

/**
 * struct kdbus_cmd_recv - KDBUS_CMD_RECV
 * @priority:		with USE_PRIORITY: least urgent priority wanted
 * @dropped_msgs:	out: messages lost since the last RECV
 * @msg:		out: the message
 */
struct kdbus_cmd_recv {
	__u64 size;
	__u64 flags;
	__u64 return_flags;
	__s64 priority;
	__u64 dropped_msgs;
	struct kdbus_msg_info msg;
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

enum kdbus_serve_flags {
	KDBUS_SERVE_FREE		= 1ULL << 0,
	KDBUS_SERVE_USE_PRIORITY	= 1ULL << 1,
};

/* beside KDBUS_RECV_RETURN_DROPPED_MSGS */
enum kdbus_serve_return_flags {
	KDBUS_SERVE_RETURN_UNSENT	= 1ULL << 2,
};

/**
 * struct kdbus_cmd_serve - KDBUS_CMD_SERVE, an extension: kdbus.message(7)
 * @msg_address:	in: of a struct kdbus_msg to send first, or 0; out: 0
 * @timeout_ns:		wait for a message until then, by CLOCK_MONOTONIC; 0: do
 *			not wait, ~0: as long as it takes
 * @priority:		with USE_PRIORITY: least urgent priority wanted
 * @dropped_msgs:	out: messages lost since the last RECV
 * @msg:		in, with FREE: a slice to give back; out: the message
 */
struct kdbus_cmd_serve {
	__u64 size;
	__u64 flags;
	__u64 return_flags;
	__u64 msg_address;
	__u64 timeout_ns;
	__s64 priority;
	__u64 dropped_msgs;
	struct kdbus_msg_info msg;
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_cmd_free - KDBUS_CMD_FREE
 * @offset:	slice to give back
 */
struct kdbus_cmd_free {
	__u64 size;
	__u64 flags;
	__u64 return_flags;
	__u64 offset;
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

enum kdbus_hello_flags {
	KDBUS_HELLO_ACCEPT_FD		= 1ULL << 0,
	KDBUS_HELLO_ACTIVATOR		= 1ULL << 1,
	KDBUS_HELLO_POLICY_HOLDER	= 1ULL << 2,
	KDBUS_HELLO_MONITOR		= 1ULL << 3,
};

/**
 * struct kdbus_cmd_hello - KDBUS_CMD_HELLO
 * @attach_flags_send:	metadata this connection lets go out
 * @attach_flags_recv:	metadata it wants with messages
 * @bus_flags:		out: flags of BUS_MAKE
 * @id:			out: id of the connection
 * @pool_size:		bytes of receive pool, a multiple of the page size
 * @offset:		out: slice with the bus's parameters
 * @items_size:		out: its size
 * @id128:		out: UUID of the bus
 */
struct kdbus_cmd_hello {
	__u64 size;
	__u64 flags;
	__u64 return_flags;
	__u64 attach_flags_send;
	__u64 attach_flags_recv;
	__u64 bus_flags;
	__u64 id;
	__u64 pool_size;
	__u64 offset;
	__u64 items_size;
	__u8 id128[16];
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_info - a record of LIST, CONN_INFO or BUS_CREATOR_INFO
 * @size:	bytes of this record; the next starts at a multiple of 8
 * @id:		connection or bus
 * @flags:	KDBUS_HELLO_* or KDBUS_MAKE_*
 */
struct kdbus_info {
	__u64 size;
	__u64 id;
	__u64 flags;
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

enum kdbus_list_flags {
	KDBUS_LIST_UNIQUE		= 1ULL << 0,
	KDBUS_LIST_NAMES		= 1ULL << 1,
	KDBUS_LIST_ACTIVATORS		= 1ULL << 2,
	KDBUS_LIST_QUEUED		= 1ULL << 3,
};

/**
 * struct kdbus_cmd_list - KDBUS_CMD_LIST
 * @offset:	out: array of struct kdbus_info
 * @list_size:	out: its bytes
 */
struct kdbus_cmd_list {
	__u64 size;
	__u64 flags;
	__u64 return_flags;
	__u64 offset;
	__u64 list_size;
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

/**
 * struct kdbus_cmd_info - KDBUS_CMD_CONN_INFO, KDBUS_CMD_BUS_CREATOR_INFO
 * @id:			connection, or 0 if a name is given
 * @attach_flags:	metadata wanted
 * @offset:		out: a struct kdbus_info
 * @info_size:		out: its size
 */
struct kdbus_cmd_info {
	__u64 size;
	__u64 flags;
	__u64 return_flags;
	__u64 id;
	__u64 attach_flags;
	__u64 offset;
	__u64 info_size;
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

enum kdbus_cmd_match_flags {
	KDBUS_MATCH_REPLACE		= 1ULL << 0,
};

/**
 * struct kdbus_cmd_match - KDBUS_CMD_MATCH_ADD, KDBUS_CMD_MATCH_REMOVE
 * @cookie:	the caller's handle of the match
 * @items:	its rules
 */
struct kdbus_cmd_match {
	__u64 size;
	__u64 flags;
	__u64 return_flags;
	__u64 cookie;
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

enum kdbus_make_flags {
	KDBUS_MAKE_ACCESS_GROUP		= 1ULL << 0,
	KDBUS_MAKE_ACCESS_WORLD		= 1ULL << 1,
};

enum kdbus_name_flags {
	KDBUS_NAME_REPLACE_EXISTING	= 1ULL << 0,
	KDBUS_NAME_ALLOW_REPLACEMENT	= 1ULL << 1,
	KDBUS_NAME_QUEUE		= 1ULL << 2,
	KDBUS_NAME_IN_QUEUE		= 1ULL << 3,
	KDBUS_NAME_ACTIVATOR		= 1ULL << 4,
	KDBUS_NAME_PRIMARY		= 1ULL << 5,
	KDBUS_NAME_ACQUIRED		= 1ULL << 6,
};

/**
 * struct kdbus_cmd - commands that need nothing but flags and items
 */
struct kdbus_cmd {
	__u64 size;
	__u64 flags;
	__u64 return_flags;
	struct kdbus_item items[0];
} __attribute__((__aligned__(8)));

/* The direction bits are historical and do not say what is copied. */
enum kdbus_ioctl_type {
	KDBUS_CMD_BUS_MAKE =		_IOW(KDBUS_IOCTL_MAGIC, 0x00,
					     struct kdbus_cmd),
	KDBUS_CMD_ENDPOINT_MAKE =	_IOW(KDBUS_IOCTL_MAGIC, 0x10,
					     struct kdbus_cmd),
	KDBUS_CMD_ENDPOINT_UPDATE =	_IOW(KDBUS_IOCTL_MAGIC, 0x11,
					     struct kdbus_cmd),

	KDBUS_CMD_HELLO =		_IOWR(KDBUS_IOCTL_MAGIC, 0x80,
					      struct kdbus_cmd_hello),
	KDBUS_CMD_UPDATE =		_IOW(KDBUS_IOCTL_MAGIC, 0x81,
					     struct kdbus_cmd),
	KDBUS_CMD_BYEBYE =		_IOW(KDBUS_IOCTL_MAGIC, 0x82,
					     struct kdbus_cmd),
	KDBUS_CMD_FREE =		_IOW(KDBUS_IOCTL_MAGIC, 0x83,
					     struct kdbus_cmd_free),
	KDBUS_CMD_CONN_INFO =		_IOR(KDBUS_IOCTL_MAGIC, 0x84,
					     struct kdbus_cmd_info),
	KDBUS_CMD_BUS_CREATOR_INFO =	_IOR(KDBUS_IOCTL_MAGIC, 0x85,
					     struct kdbus_cmd_info),
	KDBUS_CMD_LIST =		_IOR(KDBUS_IOCTL_MAGIC, 0x86,
					     struct kdbus_cmd_list),

	KDBUS_CMD_SEND =		_IOW(KDBUS_IOCTL_MAGIC, 0x90,
					     struct kdbus_cmd_send),
	KDBUS_CMD_RECV =		_IOR(KDBUS_IOCTL_MAGIC, 0x91,
					     struct kdbus_cmd_recv),

	KDBUS_CMD_NAME_ACQUIRE =	_IOW(KDBUS_IOCTL_MAGIC, 0xa0,
					     struct kdbus_cmd),
	KDBUS_CMD_NAME_RELEASE =	_IOW(KDBUS_IOCTL_MAGIC, 0xa1,
					     struct kdbus_cmd),

	KDBUS_CMD_MATCH_ADD =		_IOW(KDBUS_IOCTL_MAGIC, 0xb0,
					     struct kdbus_cmd_match),
	KDBUS_CMD_MATCH_REMOVE =	_IOW(KDBUS_IOCTL_MAGIC, 0xb1,
					     struct kdbus_cmd_match),

	/* extensions: kdbus.message(7) */
	KDBUS_CMD_SERVE =		_IOWR(KDBUS_IOCTL_MAGIC, 0xf0,
					      struct kdbus_cmd_serve),
	KDBUS_CMD_CALL =		_IOWR(KDBUS_IOCTL_MAGIC, 0xf1,
					      struct kdbus_cmd_send),
};

#endif /* _LINUX_KDBUS_H */
