// SPDX-License-Identifier: GPL-2.0-only
/* A parcel: the files that travel with a message. */

#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/net.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "object/node.h"
#include "object/parcel.h"
#include "object/pool.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/**
 * kdbus_parcel_new() - make an empty parcel
 * @max_files:	files that will be added at most
 *
 * Return: a reference, or ERR_PTR(-ENOMEM).
 */
struct kdbus_parcel *kdbus_parcel_new(unsigned int max_files)
{
	struct kdbus_parcel *parcel;

	parcel = kzalloc(struct_size(parcel, files, max_files),
			 GFP_KERNEL_ACCOUNT);
	if (!parcel)
		return ERR_PTR(-ENOMEM);
	kref_init(&parcel->ref);
	return parcel;
}

struct kdbus_parcel *kdbus_parcel_ref(struct kdbus_parcel *parcel)
{
	if (parcel)
		kref_get(&parcel->ref);
	return parcel;
}

static void parcel_free(struct kref *ref)
{
	struct kdbus_parcel *parcel =
		container_of(ref, struct kdbus_parcel, ref);
	unsigned int i;

	for (i = 0; i < parcel->n_files; i++)
		fput(parcel->files[i].file);
	kfree(parcel);
}

struct kdbus_parcel *kdbus_parcel_unref(struct kdbus_parcel *parcel)
{
	if (parcel)
		kref_put(&parcel->ref, parcel_free);
	return NULL;
}

static void parcel_add(struct kdbus_parcel *parcel, struct file *file, u32 at,
		       bool memfd)
{
	struct kdbus_parcel_file *entry = &parcel->files[parcel->n_files++];

	entry->file = file;
	entry->at = at;
	entry->memfd = memfd;
	parcel->n_fds += !memfd;
}

/* Only what nobody can change any more may be payload, and who gets it has to be
 * able to read it. */
static int check_memfd(struct file *file, u64 start, u64 size)
{
	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (!shmem_file(file))
		return -EMEDIUMTYPE;
	if ((SHMEM_I(file_inode(file))->seals & SEALS) != SEALS)
		return -ETXTBSY;
	if (start + size > i_size_read(file_inode(file)))
		return -EFAULT;
	return 0;
}

/**
 * kdbus_parcel_add_memfd() - take a memfd
 * @parcel:	parcel with room for it
 * @fd:		descriptor of the caller
 * @start:	first byte of the payload
 * @size:	bytes of payload; @start + @size does not overflow
 * @at:		where in the message the receiver finds its descriptor
 *
 * Return: 0; -EBADF, also if it is not open for reading; -EMEDIUMTYPE if the file
 * cannot be sealed, -ETXTBSY if it is not sealed, -EFAULT if it is shorter.
 */
int kdbus_parcel_add_memfd(struct kdbus_parcel *parcel, int fd, u64 start,
			   u64 size, u32 at)
{
	struct file *file = fget(fd);
	int r;

	if (!file)
		return -EBADF;
	r = check_memfd(file, start, size);
	if (r) {
		fput(file);
		return r;
	}
	parcel_add(parcel, file, at, true);
	return 0;
}

/* A ring holds files that were registered with it.  Only its name tells. */
static bool is_io_uring(struct file *file)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       !strcmp(file_dentry(file)->d_name.name, "[io_uring]");
}

/*
 * A queue of messages must not be able to hold itself alive.  So no file that
 * can carry files may travel: neither ours, nor an AF_UNIX socket, nor a ring.
 */
static bool may_travel(struct file *file)
{
	struct inode *inode = file_inode(file);
	struct socket *socket;

	if (file->f_mode & FMODE_PATH)
		return true;
	if (is_io_uring(file))
		return false;
	if (S_ISSOCK(inode->i_mode)) {
		socket = SOCKET_I(inode);
		return !socket->sk || socket->sk->sk_family != AF_UNIX;
	}
	return !S_ISREG(inode->i_mode) ||
	       inode->i_sb->s_magic != KDBUS_SUPER_MAGIC;
}

/**
 * kdbus_parcel_add_fd() - take a descriptor
 * @parcel:	parcel with room for it
 * @fd:		descriptor of the caller
 * @at:		where in the message the receiver finds its descriptor
 *
 * Return: 0; -EBADF; -EOPNOTSUPP for a file that may not travel.
 */
int kdbus_parcel_add_fd(struct kdbus_parcel *parcel, int fd, u32 at)
{
	struct file *file;

	file = fd < 0 ? NULL : fget_raw(fd);
	if (!file)
		return -EBADF;
	if (!may_travel(file)) {
		fput(file);
		return -EOPNOTSUPP;
	}
	parcel_add(parcel, file, at, false);
	return 0;
}

/**
 * kdbus_parcel_install() - give the caller descriptors for the files
 * @parcel:	parcel, or NULL
 * @accept_fds:	whether all are wanted, or memfds only
 * @pool:	pool of the receiver
 * @slice:	its message, where the numbers are written; -1 stands for a
 *		file that was not installed
 *
 * Return: false if the caller has no room for some of them, or a security
 * module forbids them.
 */
bool kdbus_parcel_install(const struct kdbus_parcel *parcel, bool accept_fds,
			  struct kdbus_pool *pool, struct kdbus_slice *slice)
{
	const struct kdbus_parcel_file *entry;
	bool complete = true;
	unsigned int i;
	int fd;

	for (i = 0; parcel && i < parcel->n_files; i++) {
		entry = &parcel->files[i];
		fd = -1;
		if (entry->memfd || accept_fds) {
			fd = receive_fd(entry->file, NULL, O_CLOEXEC);
			if (fd < 0) {
				fd = -1;
				complete = false;
			}
		}
		/* the slice was written before, so this cannot fail */
		kdbus_pool_write(pool, slice, entry->at, &fd, sizeof(fd));
	}
	return complete;
}
