/* SPDX-License-Identifier: GPL-2.0-only */
/* The sender's bytes, fds and memfds become one draft. */
#ifndef KDBUS_DRAFT_H
#define KDBUS_DRAFT_H

#include <linux/types.h>

#include <linux/kdbus.h>

struct kdbus_args;
struct kdbus_bus;
struct kdbus_conn;
struct kdbus_identity;
struct kdbus_parcel;
struct kdbus_slice;
struct kdbus_user;

#define KDBUS_PAYLOAD_MAX	(2 << 20)	/* bytes by copy */
#define KDBUS_MEMFDS_MAX	16
#define KDBUS_FDS_MAX		16

/**
 * struct kdbus_part - a piece of payload
 * @item:	its item in the message
 * @size:	bytes
 * @address:	where the sender keeps them; NULL for zeroes and memfds
 */
struct kdbus_part {
	struct kdbus_item *item;
	u64 size;
	const void __user *address;
};

/**
 * struct kdbus_draft - what a sender composed
 * @src:	sender, NULL for the kernel
 * @bus:	bus
 * @user:	account charged at the receivers
 * @msg:	header and items; offsets and size are set for each receiver
 * @head_size:	bytes of it, followed by zeroes up to a multiple of 8
 * @addressed:	its size, metadata included, for the last receiver; 0 at first
 * @dst_name:	name it is addressed to, or NULL
 * @filter:	bloom filter, or NULL
 * @parcel:	files, or NULL
 * @parts:	payload, piece by piece
 * @n_parts:	how many
 * @payload_size: bytes the payload takes in a pool, fillers included
 * @payload:	copy of it, once there may be more than one receiver
 * @copied:	an attempt at @payload was made
 * @copy_error:	how it ended
 * @held:	several receivers are held: nothing is fetched for one of them
 * @stamp:	number and time of the message; the times once some receiver asked
 * @identity:	credentials of the sender, as far as some receiver wanted them
 * @meta:	metadata as rendered last
 * @meta_size:	bytes, a multiple of 8
 * @meta_end:	the same without the padding of the last item
 * @meta_room:	bytes there is room for at @meta
 * @meta_mask:	what was asked for then
 * @meta_for:	by whom, with a reference; NULL if nothing was rendered
 * @few_parts:	@parts of most messages
 * @small_meta:	@meta of most messages
 *
 * A draft belongs to the one task that sends it.  A thousand receivers make no
 * second one: what differs between them is the metadata, and that only if they
 * want something else or live in other namespaces than the receiver before.
 *
 * Declare it __uninitialized: the buffers at its end need no start value.
 */
struct kdbus_draft {
	struct kdbus_conn *src;
	struct kdbus_bus *bus;
	struct kdbus_user *user;
	struct kdbus_msg *msg;
	size_t head_size;
	size_t addressed;
	const char *dst_name;
	const struct kdbus_bloom_filter *filter;
	struct kdbus_parcel *parcel;

	struct kdbus_part *parts;
	unsigned int n_parts;
	u64 payload_size;
	void *payload;
	bool copied;
	int copy_error;
	bool held;

	struct kdbus_timestamp stamp;
	struct kdbus_identity *identity;
	void *meta;
	size_t meta_size;
	size_t meta_end;
	size_t meta_room;
	u64 meta_mask;
	struct kdbus_conn *meta_for;

	struct kdbus_part few_parts[4];
	u64 small_meta[96];
};

extern const struct kdbus_args_rule kdbus_msg_rule;

/* lifetime */
int kdbus_draft_init(struct kdbus_draft *draft, struct kdbus_conn *src,
		     struct kdbus_args *args, bool sync);
void kdbus_draft_init_notice(struct kdbus_draft *draft, struct kdbus_bus *bus,
			     struct kdbus_msg *msg);
void kdbus_draft_deinit(struct kdbus_draft *draft);

/* for one receiver */
int kdbus_draft_address(struct kdbus_draft *draft, struct kdbus_conn *dst,
			u64 *out_size);
int kdbus_draft_write(struct kdbus_draft *draft, struct kdbus_conn *dst,
		      struct kdbus_slice *slice);

/* for many: copy the payload from the sender's memory once, not for each */
void kdbus_draft_copy_payload(struct kdbus_draft *draft);
bool kdbus_draft_is_ready(struct kdbus_draft *draft, u64 wanted);

/* while nobody is held who may want to go: read all there is to read */
int kdbus_draft_detach(struct kdbus_draft *draft);

#endif /* KDBUS_DRAFT_H */
