/* SPDX-License-Identifier: GPL-2.0-only */
/* A parcel: the files that travel with a message. */
#ifndef KDBUS_PARCEL_H
#define KDBUS_PARCEL_H

#include <linux/kref.h>
#include <linux/types.h>

struct file;
struct kdbus_pool;
struct kdbus_slice;

/**
 * struct kdbus_parcel_file - one of the files
 * @file:	the file, with a reference
 * @at:		where in the message its descriptor is written
 * @memfd:	carries payload; given to every receiver
 */
struct kdbus_parcel_file {
	struct file *file;
	u32 at;
	bool memfd;
};

/**
 * struct kdbus_parcel - the files that travel with a message
 * @ref:	references; receivers of a broadcast share a parcel
 * @n_files:	all of them
 * @n_fds:	those that are not memfds
 * @files:	files in the order of their items; never changes
 */
struct kdbus_parcel {
	struct kref ref;
	unsigned int n_files;
	unsigned int n_fds;
	struct kdbus_parcel_file files[];
};

struct kdbus_parcel *kdbus_parcel_new(unsigned int max_files);
struct kdbus_parcel *kdbus_parcel_ref(struct kdbus_parcel *parcel);
struct kdbus_parcel *kdbus_parcel_unref(struct kdbus_parcel *parcel);

/* take a file of the caller; for what may travel, see the functions */
int kdbus_parcel_add_memfd(struct kdbus_parcel *parcel, int fd, u64 start,
			   u64 size, u32 at);
int kdbus_parcel_add_fd(struct kdbus_parcel *parcel, int fd, u32 at);

bool kdbus_parcel_install(const struct kdbus_parcel *parcel, bool accept_fds,
			  struct kdbus_pool *pool, struct kdbus_slice *slice);

#endif /* KDBUS_PARCEL_H */
