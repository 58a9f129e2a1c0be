// SPDX-License-Identifier: GPL-2.0-only
/* A draft, rendered for one receiver. */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "flow/draft.h"
#include "object/conn.h"
#include "object/identity-write.h"
#include "object/identity.h"
#include "object/name.h"
#include "object/pool.h"
#include "util/item.h"

/* sent without the sender's consent */
#define IMPLICIT (KDBUS_ATTACH_CONN_DESCRIPTION | KDBUS_ATTACH_TIMESTAMP | \
		  KDBUS_ATTACH_NAMES | KDBUS_ATTACH_AUXGROUPS |		   \
		  KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS)

/* sent without the sender's consent to those who find it in /proc, too */
#define IN_PROC (KDBUS_ATTACH_TID_COMM | KDBUS_ATTACH_PID_COMM |	\
		 KDBUS_ATTACH_SECLABEL | KDBUS_ATTACH_CMDLINE |		\
		 KDBUS_ATTACH_CGROUP | KDBUS_ATTACH_AUDIT |		\
		 KDBUS_ATTACH_CAPS | KDBUS_ATTACH_EXE)

/* Gather credentials that some receiver wants and none wanted before. */
static int draft_identify(struct kdbus_draft *draft, u64 mask)
{
	struct kdbus_identity *identity;

	if (!draft->identity) {
		if (draft->src->faked)
			identity = kdbus_identity_ref(draft->src->identity);
		else
			identity = kdbus_identity_take(&draft->src->parked);
		if (IS_ERR(identity))
			return PTR_ERR(identity);
		draft->identity = identity;
	}
	return draft->src->faked ? 0 :
		kdbus_identity_gather(draft->identity, mask);
}

/**
 * kdbus_draft_detach() - read the last of the sender's memory
 * @draft:	draft of a user
 *
 * Payload and arguments of the process are copied now.  Whoever receives the
 * draft afterwards, delivery does not touch memory of user space.
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_draft_detach(struct kdbus_draft *draft)
{
	kdbus_draft_copy_payload(draft);
	return draft_identify(draft, KDBUS_IDENTITY_ALL);
}

/* What of the things a receiver wants may it have? */
static int draft_mask(struct kdbus_draft *draft, struct kdbus_conn *dst,
		      u64 *out_mask)
{
	u64 wanted, allowed;
	int r;

	if (!draft->src) {
		*out_mask = KDBUS_ATTACH_TIMESTAMP;
		return 0;
	}
	wanted = READ_ONCE(dst->attach_recv);
	/* who has wanted it since the last look wants it from the next message on */
	if (draft->held && wanted & KDBUS_ATTACH_CMDLINE &&
	    !kdbus_draft_is_ready(draft, wanted))
		wanted &= ~(u64)KDBUS_ATTACH_CMDLINE;
	allowed = READ_ONCE(draft->src->attach_send) | IMPLICIT;
	if (wanted & KDBUS_IDENTITY_ALL) {
		r = draft_identify(draft, wanted & KDBUS_IDENTITY_ALL);
		if (r)
			return r;
		if (wanted & ~allowed &&
		    kdbus_audience_sees(&dst->audience, draft->identity))
			allowed |= IN_PROC;
	}
	*out_mask = wanted & allowed;
	return 0;
}

static size_t description_size(const struct kdbus_draft *draft, u64 mask)
{
	const char *text = draft->src ? draft->src->description : NULL;

	if (!text || !(mask & KDBUS_ATTACH_CONN_DESCRIPTION))
		return 0;
	return KDBUS_ITEM_SIZE(strlen(text) + 1);
}

static int meta_reserve(struct kdbus_draft *draft, size_t size)
{
	void *meta;

	if (size <= draft->meta_room)
		return 0;
	meta = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!meta)
		return -ENOMEM;
	if (draft->meta != draft->small_meta)
		kvfree(draft->meta);
	draft->meta = meta;
	draft->meta_room = size;
	return 0;
}

/* where the last item ends */
static size_t meta_end(const struct kdbus_draft *draft)
{
	const u8 *start = draft->meta;
	struct kdbus_item *item;
	const u8 *end = start;

	kdbus_items_for_each(item, draft->meta, start + draft->meta_size)
		end = (u8 *)item + item->size;
	return end - start;
}

/* All receivers that ask are told the same time. */
static void *put_timestamp(struct kdbus_draft *draft, void *at)
{
	struct kdbus_timestamp *stamp = &draft->stamp;
	ktime_t sent;

	if (!stamp->monotonic_ns) {
		sent = ktime_get();
		stamp->monotonic_ns = ktime_to_ns(sent);
		stamp->realtime_ns = ktime_to_ns(ktime_mono_to_real(sent));
	}
	return kdbus_item_put(at, KDBUS_ITEM_TIMESTAMP, stamp, sizeof(*stamp));
}

/* Write the metadata items, unless the receiver before had the same. */
static int draft_render(struct kdbus_draft *draft, struct kdbus_conn *dst)
{
	const struct kdbus_audience *audience = &dst->audience;
	size_t process = 0, names = 0, description, size;
	u64 mask;
	u8 *at;
	int r;

	r = draft_mask(draft, dst, &mask);
	if (r)
		return r;
	if (draft->meta_for && mask == draft->meta_mask &&
	    kdbus_audience_equal(&draft->meta_for->audience, audience))
		return 0;

	if (!mask && !draft->meta_for)
		return 0;

	draft->meta_for = kdbus_conn_unref(draft->meta_for);
	draft->meta_mask = 0;
	draft->meta_size = 0;
	draft->meta_end = 0;
	if (!mask)
		return 0;
	if (mask & KDBUS_IDENTITY_ALL)
		process = kdbus_identity_size(draft->identity, audience, mask);
	if (draft->src && mask & KDBUS_ATTACH_NAMES)
		names = kdbus_names_items_size(draft->src);
	description = description_size(draft, mask);
	size = process + names + description +
	       KDBUS_ITEM_SIZE(sizeof(draft->stamp));
	r = meta_reserve(draft, size);
	if (r)
		return r;

	at = draft->meta;
	if (process)
		at += kdbus_identity_write(draft->identity, audience, mask, at);
	if (names)
		at += kdbus_names_items_write(draft->src, at, names);
	if (description)
		at = kdbus_item_put(at, KDBUS_ITEM_CONN_DESCRIPTION,
				    draft->src->description,
				    strlen(draft->src->description) + 1);
	if (mask & KDBUS_ATTACH_TIMESTAMP)
		at = put_timestamp(draft, at);
	draft->meta_size = at - (u8 *)draft->meta;
	draft->meta_end = mask & KDBUS_ATTACH_TIMESTAMP ? draft->meta_size :
							  meta_end(draft);
	draft->meta_mask = mask;
	draft->meta_for = kdbus_conn_ref(dst);
	return 0;
}

/* Tell the message where its payload is going to lie. */
static void draft_set_offsets(struct kdbus_draft *draft)
{
	u64 at = KDBUS_ALIGN8(draft->msg->size);
	struct kdbus_part *part;
	unsigned int i;

	for (i = 0; i < draft->n_parts; i++) {
		part = &draft->parts[i];
		if (part->address) {
			part->item->vec.offset = at;
			at += part->size;
			continue;
		}
		if (part->item->type == KDBUS_ITEM_PAYLOAD_OFF)
			part->item->vec.offset = ~0ULL;
		at += part->size % 8;
	}
}

/**
 * kdbus_draft_address() - complete header and items for a receiver
 * @draft:	draft
 * @dst:	receiver
 * @out_size:	bytes of the whole message, a multiple of 8
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_draft_address(struct kdbus_draft *draft, struct kdbus_conn *dst,
			u64 *out_size)
{
	size_t size = draft->head_size;
	int r;

	r = draft_render(draft, dst);
	if (r)
		return r;
	if (draft->meta_size)
		size = KDBUS_ALIGN8(size) + draft->meta_end;
	if (draft->addressed != size) {
		draft->msg->size = size;
		draft_set_offsets(draft);
		draft->addressed = size;
	}
	*out_size = KDBUS_ALIGN8(KDBUS_ALIGN8(size) + draft->payload_size);
	return 0;
}

static int write_parts(struct kdbus_draft *draft, struct kdbus_cursor *cursor)
{
	const struct kdbus_part *part;
	unsigned int i;
	int r = 0;

	for (i = 0; !r && i < draft->n_parts; i++) {
		part = &draft->parts[i];
		if (part->address)
			r = kdbus_cursor_write_user(cursor, part->address,
						    part->size);
		else
			r = kdbus_cursor_zero(cursor, part->size % 8);
	}
	return r;
}

static int write_payload(struct kdbus_draft *draft, struct kdbus_cursor *cursor)
{
	if (!draft->copied)
		return write_parts(draft, cursor);
	return draft->copy_error ?:
		kdbus_cursor_write(cursor, draft->payload, draft->payload_size);
}

/**
 * kdbus_draft_write() - write a message into a receiver's pool
 * @draft:	draft that was addressed to @dst last
 * @dst:	receiver
 * @slice:	slice of the size that kdbus_draft_address() told
 *
 * Order: header and items, metadata, payload, each padded to a multiple of 8.
 *
 * Return: 0, -EFAULT if the sender's memory cannot be read, -ENOMEM.
 */
int kdbus_draft_write(struct kdbus_draft *draft, struct kdbus_conn *dst,
		      struct kdbus_slice *slice)
{
	struct kdbus_cursor cursor;
	int r;

	kdbus_cursor_init(&cursor, dst->pool, slice);
	r = kdbus_cursor_write(&cursor, draft->msg,
			       KDBUS_ALIGN8(draft->head_size));
	if (!r && draft->meta_size)
		r = kdbus_cursor_write(&cursor, draft->meta, draft->meta_size);
	if (!r && draft->payload_size)
		r = write_payload(draft, &cursor);
	return r ?: kdbus_cursor_zero(&cursor, cursor.left);
}
