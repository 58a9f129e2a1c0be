/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files and what they are, as far as anybody asks. */
#ifndef SHIM_LINUX_FS_H
#define SHIM_LINUX_FS_H

#include <linux/path.h>
#include <linux/stat.h>
#include <linux/types.h>

#define FMODE_READ 0x1u
#define FMODE_PATH 0x4000u

/* so that a pool can be declared */
struct address_space {
	int unused;
};

struct sock {
	int sk_family;
};

struct socket {
	struct sock *sk;
};

struct super_block {
	unsigned long s_magic;
};

/* @seals and @socket: of what is shmem, and of what is a socket */
struct inode {
	umode_t i_mode;
	struct super_block *i_sb;
	u64 size;
	bool shmem;
	struct {
		unsigned int seals;
	} shmem_info;
	struct socket socket;
};

struct file {
	unsigned int f_mode;
	struct inode *inode;
	struct dentry *dentry;
	struct path f_path;
	int n_refs;
};

/* the test's: writes to the end of @buf, and says where */
char *d_path(const struct path *path, char *buf, int size);

#define file_inode(file) ((file)->inode)
#define file_dentry(file) ((file)->dentry)
#define i_size_read(inode) ((inode)->size)

#endif /* SHIM_LINUX_FS_H */
